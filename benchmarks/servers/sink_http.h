/* As much of HTTP/1.1, and of the service's paths, as clients send to the sink. */
#ifndef SINK_HTTP_H
#define SINK_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "sink_store.h"

#define HEAD_LIMIT_BYTES (16 * 1024)

struct request {
    int is_put, is_read;     /* else POST */
    int is_json_upload;      /* below /upload/ */
    char name[NAME_LIMIT_BYTES];
    char upload_type[16];
    char host[128], scheme[8];
    unsigned upload_id, part_number;
    uint64_t content_length;
    int has_range, is_query, has_total; /* of Content-Range */
    uint64_t range_start, range_total;
};

/* Understand a head that ends with CRLF; 0 when it cannot be. */
int parse_request(const char *head, unsigned port, struct request *request);

/* The name in an object resource; `name` is left alone when there is none. */
void json_name(const char *json, size_t size, char name[NAME_LIMIT_BYTES]);

/* The media of a multipart/related body of two parts, with line ends CRLF or LF; 0 if it is none. */
int split_multipart(const char *body, size_t size, char name[NAME_LIMIT_BYTES], const char **media,
                    size_t *media_size);

#endif
