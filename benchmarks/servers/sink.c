/* An upload server that keeps nothing but the length and the crc32c of what it was sent.
 *
 * It answers what the clients need of the JSON API (media, multipart and resumable inserts, an
 * object's resource) and of the XML API (PUT, multipart uploads), with the true figures, so that
 * clients that compare them can. One thread, epoll: far cheaper than any client it measures.
 *
 *     sink        prints its port, and serves until it is killed
 *
 * It refuses to know tokens, conditions, chunked bodies, and where the bytes went. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crc32c.h"
#include "sink_http.h"
#include "sink_store.h"

#define RECEIVE_BYTES (256 * 1024)
#define COLLECT_LIMIT_BYTES (64 * 1024 * 1024)

enum body_use { DISCARD, CHECKSUM, COLLECT };

struct connection {
    int socket;
    size_t head_size;
    char head[HEAD_LIMIT_BYTES + 1];
    struct request request; /* points into head */
    enum body_use use;
    uint64_t remaining;
    uint32_t crc;
    char *body; /* when collected */
    size_t body_size;
};

static uint16_t port;

static int answer(struct connection *to, int status, const char *fields, const char *body) {
    char text[8192];
    int size = snprintf(text, sizeof text, "HTTP/1.1 %d Answer\r\nContent-Length: %zu\r\n%s\r\n%s", status,
                        strlen(body), fields, body);
    /* It always fits into the socket's buffer: a client waits for its answer. */
    return size < (int)sizeof text && send(to->socket, text, size, MSG_NOSIGNAL) == size;
}

static int answer_object(struct connection *to, const char *name, int as_xml) {
    char text[2048], fields[512], crc[9];
    struct object *object = object_named(name);
    if (!object) return answer(to, 404, "", "{\"error\": {\"code\": 404, \"message\": \"none\"}}");
    base64_of_crc(object->crc, crc);
    snprintf(fields, sizeof fields,
             "Content-Type: %s\r\nETag: \"CAE=\"\r\nx-goog-generation: 1\r\n"
             "x-goog-metageneration: 1\r\nx-goog-hash: crc32c=%s\r\n"
             "x-goog-stored-content-length: %llu\r\n",
             as_xml ? "application/xml" : "application/json", crc, (unsigned long long)object->size);
    if (as_xml) return answer(to, 200, fields, "");
    snprintf(text, sizeof text,
             "{\"kind\": \"storage#object\", \"id\": \"bench/%s/1\", \"name\": \"%s\", "
             "\"bucket\": \"bench\", \"generation\": \"1\", \"metageneration\": \"1\", "
             "\"contentType\": \"application/octet-stream\", \"storageClass\": \"STANDARD\", "
             "\"size\": \"%llu\", \"crc32c\": \"%s\", \"etag\": \"CAE=\", "
             "\"timeCreated\": \"2026-01-01T00:00:00Z\", \"updated\": \"2026-01-01T00:00:00Z\"}",
             name, name, (unsigned long long)object->size, crc);
    return answer(to, 200, fields, text);
}

/* Whether it goes on with a session; most clients PUT, gcsfs POSTs. */
static int is_chunk(const struct request *request) {
    return request->is_json_upload && (request->is_put || request->upload_id);
}

/* What is to be done with the body, from the request's head. */
static enum body_use use_of_body(const struct request *request) {
    if (request->is_json_upload) {
        if (strcmp(request->upload_type, "media") == 0 || is_chunk(request)) return CHECKSUM;
        return COLLECT; /* multipart, or the resource that begins a session */
    }
    return request->is_put ? CHECKSUM : DISCARD;
}

static int begin_session(struct connection *from) {
    struct request *request = &from->request;
    char fields[1024], name[NAME_LIMIT_BYTES];
    snprintf(name, sizeof name, "%s", request->name);
    if (!name[0]) json_name(from->body, from->body_size, name);
    if (!name[0]) return answer(from, 400, "", "no name");
    snprintf(fields, sizeof fields,
             "Location: %s://%s/upload/storage/v1/b/bench/o?uploadType=resumable&upload_id=%u\r\n"
             "X-GUploader-UploadID: 1\r\n",
             request->scheme, request->host, begin_upload(name));
    return answer(from, 200, fields, "");
}

static int answer_progress(struct connection *to, const struct upload *upload) {
    char fields[64] = "";
    if (upload->size)
        snprintf(fields, sizeof fields, "Range: bytes=0-%llu\r\n",
                 (unsigned long long)upload->size - 1);
    return answer(to, 308, fields, "");
}

/* A request of a resumable session is all there. */
static int end_of_chunk(struct connection *from) {
    struct request *request = &from->request;
    struct upload *upload = upload_of(request->upload_id);
    if (!upload) return answer(from, 404, "", "no such session");
    uint64_t sent = request->content_length;
    if (request->is_query) sent = 0;
    else if (request->range_start != upload->size) return answer(from, 503, "", "a gap");
    else upload->crc = from->crc;
    upload->size += sent;
    if (request->has_range && !(request->has_total && request->range_total == upload->size))
        return answer_progress(from, upload);
    char name[NAME_LIMIT_BYTES];
    snprintf(name, sizeof name, "%s", upload->name);
    keep_object(name, upload->size, upload->crc);
    end_upload(upload);
    return answer_object(from, name, 0);
}

static int end_of_multipart(struct connection *from) {
    char name[NAME_LIMIT_BYTES] = "";
    const char *media;
    size_t size;
    if (!split_multipart(from->body, from->body_size, name, &media, &size))
        return answer(from, 400, "", "not multipart/related");
    if (!name[0]) snprintf(name, sizeof name, "%s", from->request.name);
    keep_object(name, size, crc32c_extend(0, media, size));
    return answer_object(from, name, 0);
}

static int end_of_json_upload(struct connection *from) {
    struct request *request = &from->request;
    if (is_chunk(request)) return end_of_chunk(from);
    if (strcmp(request->upload_type, "resumable") == 0) return begin_session(from);
    if (strcmp(request->upload_type, "multipart") == 0) return end_of_multipart(from);
    keep_object(request->name, request->content_length, from->crc);
    return answer_object(from, request->name, 0);
}

/* PUT of an object or of a part, and the POSTs before and after parts. */
static int end_of_xml(struct connection *from) {
    struct request *request = &from->request;
    struct upload *upload = upload_of(request->upload_id);
    char text[1024], crc[9];
    if (request->is_put && upload) {
        if (!keep_part(upload, request->part_number, request->content_length, from->crc))
            return answer(from, 400, "", "no such part number");
        base64_of_crc(from->crc, crc);
        snprintf(text, sizeof text, "ETag: \"%u\"\r\nx-goog-hash: crc32c=%s\r\n",
                 request->part_number, crc);
        return answer(from, 200, text, "");
    }
    if (request->is_put) {
        keep_object(request->name, request->content_length, from->crc);
        return answer_object(from, request->name, 1);
    }
    if (upload) {
        join_parts(upload);
        keep_object(upload->name, upload->size, upload->crc);
        end_upload(upload);
        snprintf(text, sizeof text,
                 "<CompleteMultipartUploadResult><Bucket>bench</Bucket><Key>%s</Key>"
                 "<ETag>\"CAE=\"</ETag></CompleteMultipartUploadResult>", request->name);
        return answer(from, 200, "Content-Type: application/xml\r\nx-goog-generation: 1\r\n", text);
    }
    snprintf(text, sizeof text,
             "<InitiateMultipartUploadResult><Bucket>bench</Bucket><Key>%s</Key>"
             "<UploadId>%u</UploadId></InitiateMultipartUploadResult>",
             request->name, begin_upload(request->name));
    return answer(from, 200, "Content-Type: application/xml\r\n", text);
}

static int end_of_request(struct connection *from) {
    struct request *request = &from->request;
    if (request->is_json_upload) return end_of_json_upload(from);
    if (request->is_read) return answer_object(from, request->name, 0);
    return end_of_xml(from);
}

static int begin_request(struct connection *from) {
    struct request *request = &from->request;
    if (!parse_request(from->head, port, request)) return 0;
    from->use = use_of_body(request);
    from->remaining = request->content_length;
    from->crc = 0;
    from->body_size = 0;
    if (from->use == COLLECT) {
        if (from->remaining > COLLECT_LIMIT_BYTES) return 0;
        from->body = malloc(from->remaining + 1);
        if (!from->body) return 0;
    }
    struct upload *upload = upload_of(request->upload_id);
    if (upload && request->is_json_upload) from->crc = upload->crc;
    return 1;
}

static void take_body(struct connection *from, const char *data, size_t size) {
    if (from->use == CHECKSUM) from->crc = crc32c_extend(from->crc, data, size);
    if (from->use == COLLECT) memcpy(from->body + from->body_size, data, size);
    from->body_size += size;
    from->remaining -= size;
}

/* Take bytes of a head; how many, or -1 when it is none. */
static ssize_t take_head(struct connection *from, const char *data, size_t size) {
    size_t before = from->head_size, room = HEAD_LIMIT_BYTES - before;
    size_t taken = size < room ? size : room;
    memcpy(from->head + before, data, taken);
    from->head[before + taken] = 0;
    char *end = strstr(from->head + (before < 3 ? 0 : before - 3), "\r\n\r\n");
    if (!end) {
        from->head_size += taken;
        return taken == size ? (ssize_t)taken : -1;
    }
    end[2] = 0;
    from->head_size = HEAD_LIMIT_BYTES + 1; /* whole */
    return begin_request(from) ? (end + 4 - from->head) - (ssize_t)before : -1;
}

/* Everything that can be done with these bytes; 0 when the connection is to be closed. */
static int take(struct connection *from, const char *data, size_t size) {
    while (size) {
        if (from->head_size <= HEAD_LIMIT_BYTES) {
            ssize_t taken = take_head(from, data, size);
            if (taken < 0) return 0;
            data += taken;
            size -= taken;
            if (from->head_size <= HEAD_LIMIT_BYTES) continue;
        }
        size_t piece = size < from->remaining ? size : from->remaining;
        take_body(from, data, piece);
        data += piece;
        size -= piece;
        if (from->remaining) continue;
        int kept = end_of_request(from);
        free(from->body);
        from->body = NULL;
        from->head_size = 0;
        if (!kept) return 0;
    }
    return 1;
}

static void close_connection(struct connection *connection) {
    close(connection->socket);
    free(connection->body);
    free(connection);
}

static void receive(struct connection *from) {
    static char buffer[RECEIVE_BYTES];
    ssize_t size = recv(from->socket, buffer, sizeof buffer, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0 || !take(from, buffer, size)) close_connection(from);
}

static void accept_one(int listener, int poller) {
    int one = 1, socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct connection *connection = socket < 0 ? NULL : calloc(1, sizeof *connection);
    if (!connection) return;
    connection->socket = socket;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, socket, &event)) close_connection(connection);
}

static int listen_on_loopback(void) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 1024) ||
        getsockname(listener, (struct sockaddr *)&address, &size)) {
        perror("sink");
        exit(1);
    }
    port = ntohs(address.sin_port);
    return listener;
}

int main(void) {
    struct epoll_event events[256], listening = {.events = EPOLLIN, .data.ptr = NULL};
    crc32c_begin();
    signal(SIGPIPE, SIG_IGN);
    int listener = listen_on_loopback(), poller = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &listening);
    printf("%u\n", port);
    fflush(stdout);
    for (;;) {
        int count = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr) receive(events[i].data.ptr);
            else accept_one(listener, poller);
        }
    }
}
