#define _GNU_SOURCE
#include "sink_http.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int hex(int digit) {
    return isdigit(digit) ? digit - '0' : tolower(digit) - 'a' + 10;
}

/* Copy up to one of `ends`, with percent signs decoded. */
static void copy_decoded(const char *from, const char *ends, char *to, size_t room) {
    while (*from && !strchr(ends, *from) && room > 1) {
        if (from[0] == '%' && isxdigit(from[1]) && isxdigit(from[2])) {
            *to++ = (char)(hex(from[1]) * 16 + hex(from[2]));
            from += 3;
        } else {
            *to++ = *from++;
        }
        room--;
    }
    *to = 0;
}

/* The value of a query parameter in a request line, or NULL. */
static const char *parameter(const char *target, const char *name) {
    size_t size = strlen(name), end = strcspn(target, " ");
    for (const char *at = memchr(target, '?', end); at && at < target + end;) {
        at++;
        if (strncmp(at, name, size) == 0 && at[size] == '=') return at + size + 1;
        at += strcspn(at, "& ");
        if (*at == ' ') break;
    }
    return NULL;
}

/* The value of a header field, or NULL. */
static const char *field(const char *head, const char *name) {
    size_t size = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line && line[2]; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, size) != 0 || line[2 + size] != ':') continue;
        line += 3 + size;
        return line + strspn(line, " \t");
    }
    return NULL;
}

static void parse_content_range(const char *value, struct request *request) {
    if (!value || strncasecmp(value, "bytes ", 6) != 0) return;
    const char *total = value + 6 + strcspn(value + 6, "/\r");
    request->has_range = 1;
    request->is_query = value[6] == '*' && request->content_length == 0;
    request->range_start = strtoull(value + 6, NULL, 10);
    if (*total == '/' && isdigit(total[1])) {
        request->has_total = 1;
        request->range_total = strtoull(total + 1, NULL, 10);
    }
}

static void parse_fields(const char *head, unsigned port, struct request *request) {
    const char *length = field(head, "content-length"), *host = field(head, "host");
    const char *scheme = field(head, "x-forwarded-proto");
    request->content_length = length ? strtoull(length, NULL, 10) : 0;
    snprintf(request->host, sizeof request->host, "127.0.0.1:%u", port);
    if (host) copy_decoded(host, "\r", request->host, sizeof request->host);
    snprintf(request->scheme, sizeof request->scheme, "http");
    if (scheme) copy_decoded(scheme, "\r", request->scheme, sizeof request->scheme);
    parse_content_range(field(head, "content-range"), request);
}

static void parse_query(const char *target, struct request *request) {
    const char *type = parameter(target, "uploadType"), *name = parameter(target, "name");
    const char *id = parameter(target, "upload_id"), *part = parameter(target, "partNumber");
    if (!id) id = parameter(target, "uploadId");
    if (type) copy_decoded(type, "& ", request->upload_type, sizeof request->upload_type);
    if (name) copy_decoded(name, "& ", request->name, sizeof request->name);
    if (id) request->upload_id = (unsigned)strtoul(id, NULL, 10);
    if (part) request->part_number = (unsigned)strtoul(part, NULL, 10);
}

int parse_request(const char *head, unsigned port, struct request *request) {
    memset(request, 0, sizeof *request);
    const char *target = strchr(head, ' ');
    if (!target || field(head, "transfer-encoding")) return 0;
    target++;
    request->is_put = strncmp(head, "PUT ", 4) == 0;
    request->is_read = strncmp(head, "GET ", 4) == 0;
    if (!request->is_put && !request->is_read && strncmp(head, "POST ", 5) != 0) return 0;
    request->is_json_upload = strncmp(target, "/upload/", 8) == 0 ||
                              strncmp(target, "/resumable/upload/", 18) == 0;
    if (!request->is_json_upload) {
        const char *name = strstr(target, "/o/");
        if (!name || strncmp(target, "/storage/v1/", 12) != 0) name = strchr(target + 1, '/');
        else name += 2;
        if (name) copy_decoded(name + 1, "? ", request->name, sizeof request->name);
    }
    parse_query(target, request);
    parse_fields(head, port, request);
    return 1;
}

void json_name(const char *json, size_t size, char name[NAME_LIMIT_BYTES]) {
    const char *end = json + size, *at = memmem(json, size, "\"name\"", 6);
    if (!at) return;
    at = memchr(at + 6, '"', end - (at + 6));
    const char *close = at ? memchr(at + 1, '"', end - (at + 1)) : NULL;
    if (!close || close - at > NAME_LIMIT_BYTES) return;
    memcpy(name, at + 1, close - at - 1);
    name[close - at - 1] = 0;
}

/* Past the empty line that ends a part's header, or NULL. */
static const char *past_part_head(const char *from, const char *end, const char *empty_line) {
    const char *found = memmem(from, end - from, empty_line, strlen(empty_line));
    return found ? found + strlen(empty_line) : NULL;
}

int split_multipart(const char *body, size_t size, char name[NAME_LIMIT_BYTES], const char **media,
                    size_t *media_size) {
    const char *end = body + size, *line = memchr(body, '\n', size);
    if (!line) return 0;
    int crlf = line > body && line[-1] == '\r';
    const char *empty_line = crlf ? "\r\n\r\n" : "\n\n";
    size_t line_end = crlf ? 2 : 1, boundary = (size_t)(line - body) - (size_t)crlf;
    const char *resource = past_part_head(body, end, empty_line);
    const char *next = resource ? memmem(resource, end - resource, body, boundary) : NULL;
    if (!next) return 0;
    json_name(resource, next - resource, name);
    *media = past_part_head(next, end, empty_line);
    while (end > body && (end[-1] == '\n' || end[-1] == '\r')) end--;
    if (!*media || (size_t)(end - *media) < line_end + boundary + 2) return 0;
    end -= boundary + 2;
    if (memcmp(end, body, boundary) != 0) return 0;
    *media_size = (size_t)(end - *media) - line_end;
    return 1;
}
