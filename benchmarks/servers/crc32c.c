#include "crc32c.h"

#include <string.h>
#if defined(__SSE4_2__) && defined(__x86_64__)
#include <nmmintrin.h>
#define STEP(state, word) _mm_crc32_u64(state, word)
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#define STEP(state, word) __crc32cd((uint32_t)(state), word)
#endif

#define POLYNOMIAL 0x82f63b78u /* reflected: the bit of x^0 is the highest */
#define LANE_BYTES 8192u

static uint32_t bytewise[256];
static uint32_t lane_shift[4][256];

/* a · b modulo the polynomial; a must not be 0. */
static uint32_t multiply(uint32_t a, uint32_t b) {
    uint32_t product = 0;
    for (uint32_t bit = 1u << 31;; bit >>= 1) {
        if (a & bit) {
            product ^= b;
            if ((a & (bit - 1)) == 0) return product;
        }
        b = b & 1 ? (b >> 1) ^ POLYNOMIAL : b >> 1;
    }
}

/* x^(8 · size) modulo the polynomial: what `size` zero bytes do to a checksum. */
static uint32_t power_of(uint64_t size) {
    uint32_t result = 1u << 31, base = 1u << 23;
    for (; size; size >>= 1) {
        if (size & 1) result = multiply(base, result);
        base = multiply(base, base);
    }
    return result;
}

void crc32c_begin(void) {
    uint32_t power = power_of(LANE_BYTES);
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t value = byte;
        for (int bit = 0; bit < 8; bit++) value = value & 1 ? (value >> 1) ^ POLYNOMIAL : value >> 1;
        bytewise[byte] = value;
        for (int place = 0; place < 4; place++)
            lane_shift[place][byte] = multiply(power, byte << (8 * place));
    }
}

uint32_t crc32c_join(uint32_t first, uint32_t second, uint64_t size) {
    return multiply(power_of(size), first) ^ second;
}

static uint32_t few_bytes(uint32_t state, const uint8_t *data, size_t size) {
    for (; size; size--) state = bytewise[(state ^ *data++) & 255] ^ (state >> 8);
    return state;
}

#ifdef STEP
static uint64_t word_at(const uint8_t *data) {
    uint64_t word;
    memcpy(&word, data, sizeof word);
    return word;
}

static uint32_t behind_a_lane(uint32_t state) {
    return lane_shift[0][state & 255] ^ lane_shift[1][(state >> 8) & 255] ^
           lane_shift[2][(state >> 16) & 255] ^ lane_shift[3][state >> 24];
}

static uint32_t three_lanes(uint32_t state, const uint8_t *data) {
    uint64_t one = state, two = 0, three = 0;
    for (size_t at = 0; at < LANE_BYTES; at += 8) {
        one = STEP(one, word_at(data + at));
        two = STEP(two, word_at(data + LANE_BYTES + at));
        three = STEP(three, word_at(data + 2 * LANE_BYTES + at));
    }
    state = behind_a_lane((uint32_t)one) ^ (uint32_t)two;
    return behind_a_lane(state) ^ (uint32_t)three;
}

static uint32_t extend_state(uint32_t state, const uint8_t *data, size_t size) {
    for (; size >= 3 * LANE_BYTES; size -= 3 * LANE_BYTES, data += 3 * LANE_BYTES)
        state = three_lanes(state, data);
    uint64_t wide = state;
    for (; size >= 8; size -= 8, data += 8) wide = STEP(wide, word_at(data));
    return few_bytes((uint32_t)wide, data, size);
}
#else
#define extend_state few_bytes
#endif

uint32_t crc32c_extend(uint32_t crc, const void *data, size_t size) {
    return ~extend_state(~crc, data, size);
}
