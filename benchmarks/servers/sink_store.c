#include "sink_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crc32c.h"

#define BUCKETS 16384u

static struct object *objects[BUCKETS];
static struct upload *uploads;
static unsigned last_id;

static void *allocated(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (memory) return memory;
    perror("sink");
    exit(1);
}

static struct object **place_of(const char *name) {
    return &objects[crc32c_extend(0, name, strlen(name)) % BUCKETS];
}

struct object *object_named(const char *name) {
    struct object *object = *place_of(name);
    while (object && strcmp(object->name, name) != 0) object = object->next;
    return object;
}

void keep_object(const char *name, uint64_t size, uint32_t crc) {
    struct object *object = object_named(name);
    if (!object) {
        struct object **place = place_of(name);
        object = allocated(1, sizeof *object);
        snprintf(object->name, sizeof object->name, "%s", name);
        object->next = *place;
        *place = object;
    }
    object->size = size;
    object->crc = crc;
}

unsigned begin_upload(const char *name) {
    struct upload *upload = allocated(1, sizeof *upload);
    upload->id = ++last_id;
    snprintf(upload->name, sizeof upload->name, "%s", name);
    upload->next = uploads;
    uploads = upload;
    return upload->id;
}

struct upload *upload_of(unsigned id) {
    struct upload *upload = uploads;
    while (upload && upload->id != id) upload = upload->next;
    return upload;
}

int keep_part(struct upload *upload, unsigned number, uint64_t size, uint32_t crc) {
    if (number < 1 || number > PART_LIMIT) return 0;
    if (!upload->parts) upload->parts = allocated(PART_LIMIT, sizeof *upload->parts);
    upload->parts[number - 1] = (struct part){size, crc};
    return 1;
}

void join_parts(struct upload *upload) {
    upload->size = 0;
    upload->crc = 0;
    for (unsigned number = 0; upload->parts && number < PART_LIMIT; number++) {
        struct part part = upload->parts[number];
        if (!part.size) continue;
        upload->crc = crc32c_join(upload->crc, part.crc, part.size);
        upload->size += part.size;
    }
}

void end_upload(struct upload *upload) {
    struct upload **place = &uploads;
    while (*place != upload) place = &(*place)->next;
    *place = upload->next;
    free(upload->parts);
    free(upload);
}

void base64_of_crc(uint32_t crc, char text[9]) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint64_t bits = (uint64_t)crc << 4; /* 32 bits, filled up to 36: six digits */
    for (int place = 0; place < 6; place++) text[place] = digits[(bits >> (30 - 6 * place)) & 63];
    memcpy(text + 6, "==", 3);
}
