/* An HTTP server over WasmEdge's functions for sockets: one thread, many connections, kept alive.

       GET /        a greeting
       POST /echo   the body that was sent

   The port is the first argument, else the variable PORT, else 8080. As a program of wasmc:

       python3 -m ziglang cc -target wasm32-wasi -O3 server.c -o server.wasm
       wasmc compile server.wasm -o server --listen 0.0.0.0:8080
       ./server                                                                       */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Most connections, and descriptors that are waited for. */
enum { CONNECTIONS = 1000, NET_MAX = CONNECTIONS + 1 };

#include "net.h"

/* Bytes of a request's head, and of answers that wait to be sent. */
enum { IN = 16 * 1024, OUT = 32 * 1024, HEAD = 512 };

struct connection {
    int fd;
    size_t in_len;
    size_t out_at, out_len;
    /* Bytes of the request's body that are still to come, and whether they are sent back. */
    unsigned long long body_left;
    int echo;
    /* The connection ends after the answer; it goes on, which HTTP/1.0 has to be told. */
    int closing, announce;
    char in[IN];
    char out[OUT];
};

static struct connection *connections[CONNECTIONS];
static size_t connection_count;

static size_t room(const struct connection *c) { return OUT - c->out_len; }

static void put(struct connection *c, const char *bytes, size_t len) {
    memcpy(c->out + c->out_len, bytes, len);
    c->out_len += len;
}

static void answer_head(struct connection *c, const char *status, unsigned long long len) {
    char head[HEAD];
    int head_len = snprintf(head, sizeof head,
                            "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %llu\r\n%s\r\n",
                            status, len,
                            c->closing ? "Connection: close\r\n"
                            : c->announce ? "Connection: keep-alive\r\n" : "");
    put(c, head, (size_t)head_len);
}

static void answer(struct connection *c, const char *status, const char *body) {
    size_t len = strlen(body);
    answer_head(c, status, len);
    put(c, body, len);
}

static void refuse(struct connection *c, const char *status) {
    c->closing = 1;
    c->body_left = 0;
    answer(c, status, "");
}

static void drop_input(struct connection *c, size_t len) {
    memmove(c->in, c->in + len, c->in_len - len);
    c->in_len -= len;
}

/* The value of a header line if it has this name. */
static const char *header(const char *line, const char *name) {
    size_t len = strlen(name);
    if (strncasecmp(line, name, len) || line[len] != ':') return NULL;
    line += len + 1;
    return line + strspn(line, " \t");
}

/* Reads the head of a request, which ends with a NUL, and begins the answer. */
static void request(struct connection *c, char *head) {
    char method[8], path[256];
    int minor, expects = 0, has_len = 0;
    char *line = strstr(head, "\r\n");
    unsigned long long len = 0;
    *line = 0;
    if (sscanf(head, "%7s %255s HTTP/1.%1d", method, path, &minor) != 3) {
        refuse(c, "400 Bad Request");
        return;
    }
    c->closing = minor == 0;
    c->announce = 0;
    while (line) {
        char *next = strstr(line += 2, "\r\n");
        const char *value;
        if (next) *next = 0;
        if ((value = header(line, "Content-Length"))) {
            char *end;
            if (*value < '0' || *value > '9' || has_len++) {
                refuse(c, "400 Bad Request");
                return;
            }
            len = strtoull(value, &end, 10);
            if (*end || len > 1ull << 40) {
                refuse(c, "413 Content Too Large");
                return;
            }
        } else if (header(line, "Transfer-Encoding")) {
            refuse(c, "501 Not Implemented");
            return;
        } else if ((value = header(line, "Connection"))) {
            if (!strcasecmp(value, "close")) c->closing = 1;
            if (!strcasecmp(value, "keep-alive")) c->closing = 0, c->announce = minor == 0;
        } else if ((value = header(line, "Expect"))) {
            expects = !strcasecmp(value, "100-continue");
        }
        line = next;
    }
    c->body_left = len;
    c->echo = 0;
    if (!strcmp(path, "/") && !strcmp(method, "GET")) {
        answer(c, "200 OK", "Hello from WebAssembly, compiled by wasmc.\n");
    } else if (!strcmp(path, "/echo") && !strcmp(method, "POST")) {
        static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        if (expects) put(c, go_on, sizeof go_on - 1);
        answer_head(c, "200 OK", len);
        c->echo = 1;
    } else if (!strcmp(path, "/") || !strcmp(path, "/echo")) {
        answer(c, "405 Method Not Allowed", "");
    } else {
        answer(c, "404 Not Found", "");
    }
}

/* Works on what has been received, as far as there is room for answers. */
static void work(struct connection *c) {
    for (;;) {
        if (c->body_left) {
            size_t len = c->in_len < c->body_left ? c->in_len : (size_t)c->body_left;
            if (c->echo && len > room(c)) len = room(c);
            if (!len) return;
            if (c->echo) put(c, c->in, len);
            drop_input(c, len);
            c->body_left -= len;
            continue;
        }
        if (c->closing || room(c) < 2 * HEAD) return;
        char *end = NULL;
        for (char *at = c->in; (at = memchr(at, '\r', (size_t)(c->in + c->in_len - at))); at++) {
            if (c->in + c->in_len - at >= 4 && !memcmp(at, "\r\n\r\n", 4)) {
                end = at;
                break;
            }
        }
        if (!end) {
            if (c->in_len == IN) refuse(c, "431 Request Header Fields Too Large");
            return;
        }
        size_t len = (size_t)(end - c->in) + 4;
        end[2] = 0;
        if (memchr(c->in, 0, (size_t)(end - c->in))) refuse(c, "400 Bad Request");
        else request(c, c->in);
        drop_input(c, len);
    }
}

/* Sends what is ready; 0 when the connection is over. */
static int flush(struct connection *c) {
    while (c->out_at < c->out_len) {
        long sent = net_send(c->fd, c->out + c->out_at, c->out_len - c->out_at);
        if (sent == NET_AGAIN) return 1;
        if (sent < 0) return 0;
        c->out_at += (size_t)sent;
    }
    c->out_at = c->out_len = 0;
    return !c->closing || c->body_left;
}

static int serve(struct connection *c, unsigned char ready) {
    if (ready & NET_READ && c->in_len < IN) {
        long received = net_receive(c->fd, c->in + c->in_len, IN - c->in_len);
        if (received == 0 || received == NET_FAILED) return 0;
        if (received > 0) c->in_len += (size_t)received;
    }
    for (;;) {
        size_t before = c->in_len;
        work(c);
        if (!flush(c)) return 0;
        /* What waited for room has some now. */
        if (c->out_len || c->in_len == before || !c->in_len) return 1;
    }
}

static void greet(int fd) {
    struct connection *c = malloc(sizeof *c);
    if (!c) {
        close(fd);
        return;
    }
    c->fd = fd;
    c->in_len = c->out_at = c->out_len = 0;
    c->body_left = 0;
    c->closing = c->announce = c->echo = 0;
    connections[connection_count++] = c;
}

int main(int argc, char **argv) {
    static struct net_interest interests[NET_MAX];
    const char *text = argc > 1 ? argv[1] : getenv("PORT");
    int port = text ? atoi(text) : 8080;
    int listener = net_listen((uint16_t)port);
    if (listener < 0) {
        fprintf(stderr, "cannot listen on port %d\n", port);
        return 1;
    }
    fprintf(stderr, "listening on port %d\n", port);
    for (;;) {
        size_t count = connection_count;
        for (size_t at = 0; at < count; at++) {
            const struct connection *c = connections[at];
            interests[at].fd = c->fd;
            /* Nothing more is read before there is room for what it asks. */
            interests[at].want = c->out_len ? NET_WRITE : NET_READ;
        }
        interests[count].fd = listener;
        interests[count].want = count < CONNECTIONS ? NET_READ : 0;
        if (net_wait(interests, count + (count < CONNECTIONS)) < 0) {
            fprintf(stderr, "cannot wait\n");
            return 1;
        }
        /* From the last on: a connection that ends is replaced by one that was looked at. */
        for (size_t at = count; at-- > 0;) {
            struct connection *c = connections[at];
            if (interests[at].ready && !serve(c, interests[at].ready)) {
                close(c->fd);
                free(c);
                connections[at] = connections[--connection_count];
            }
        }
        if (count < CONNECTIONS && interests[count].ready) {
            int fd;
            while (connection_count < CONNECTIONS && (fd = net_accept(listener)) >= 0) greet(fd);
        }
    }
}
