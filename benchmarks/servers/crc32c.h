/* CRC-32C (Castagnoli) with the processor's instruction, and without it where there is none.
 *
 * The checksum of what arrives must not be what limits an upload: three lanes hide the latency
 * of the instruction (three cycles on x86-64), and are joined by a shift table. */
#ifndef CRC32C_H
#define CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Make the tables; once, before anything else. */
void crc32c_begin(void);

/* The checksum of `data` behind bytes whose checksum was `crc` (0 for none). */
uint32_t crc32c_extend(uint32_t crc, const void *data, size_t size);

/* The checksum of two byte strings in a row, of the checksums of each; `size` is the second's. */
uint32_t crc32c_join(uint32_t first, uint32_t second, uint64_t size);

#endif
