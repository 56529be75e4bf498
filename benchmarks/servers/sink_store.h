/* What the sink remembers: lengths and checksums of objects, and of uploads under way. */
#ifndef SINK_STORE_H
#define SINK_STORE_H

#include <stdint.h>

#define NAME_LIMIT_BYTES 256
#define PART_LIMIT 10000

struct object {
    char name[NAME_LIMIT_BYTES];
    uint64_t size;
    uint32_t crc;
    struct object *next;
};

struct part {
    uint64_t size;
    uint32_t crc;
};

/* A resumable session, or a multipart upload with its parts. */
struct upload {
    unsigned id;
    char name[NAME_LIMIT_BYTES];
    uint64_t size;
    uint32_t crc;
    struct part *parts;
    struct upload *next;
};

struct object *object_named(const char *name);
void keep_object(const char *name, uint64_t size, uint32_t crc);

unsigned begin_upload(const char *name);
struct upload *upload_of(unsigned id); /* NULL when there is none */
int keep_part(struct upload *upload, unsigned number, uint64_t size, uint32_t crc);
void join_parts(struct upload *upload); /* sets its size and checksum */
void end_upload(struct upload *upload);

void base64_of_crc(uint32_t crc, char text[9]);

#endif
