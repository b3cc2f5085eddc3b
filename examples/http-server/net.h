/* What the server needs of the network, twice: over WasmEdge's functions for sockets, and over
   POSIX, so that the same server can be compiled natively and compared. */

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

enum { NET_READ = 1, NET_WRITE = 2 };

/* What is awaited of a descriptor, and what has come true. */
struct net_interest {
    int fd;
    unsigned char want;
    unsigned char ready;
};

enum { NET_AGAIN = -1, NET_FAILED = -2 };

/* A socket that listens on every address and does not block. */
static int net_listen(uint16_t port);
/* The next connection, which does not block; NET_AGAIN when there is none. */
static int net_accept(int fd);
/* How many bytes, 0 at the end, NET_AGAIN or NET_FAILED. */
static long net_receive(int fd, void *bytes, size_t len);
static long net_send(int fd, const void *bytes, size_t len);
/* Waits until something comes true. */
static int net_wait(struct net_interest *interests, size_t count);

#ifdef __wasi__

#include <wasi/api.h>

#define IMPORT(name) \
    __attribute__((import_module("wasi_snapshot_preview1"), import_name(name)))

struct address {
    const uint8_t *bytes;
    uint32_t len;
};

IMPORT("sock_open") uint32_t sock_open(uint32_t family, uint32_t type, int32_t *fd);
IMPORT("sock_bind") uint32_t sock_bind(int32_t fd, struct address *address, uint32_t port);
IMPORT("sock_listen") uint32_t sock_listen(int32_t fd, uint32_t backlog);
IMPORT("sock_accept") uint32_t sock_accept_v1(int32_t fd, int32_t *connection);
IMPORT("sock_setsockopt")
uint32_t sock_setsockopt(int32_t fd, int32_t level, int32_t name, const int32_t *flag, uint32_t size);

enum { INET4 = 1, STREAM = 2, REUSEADDR = 0 };

static int net_listen(uint16_t port) {
    static const uint8_t any[4];
    struct address address = {any, sizeof any};
    const int32_t on = 1;
    int32_t fd;
    if (sock_open(INET4, STREAM, &fd)) return NET_FAILED;
    if (sock_setsockopt(fd, 0, REUSEADDR, &on, sizeof on) || sock_bind(fd, &address, port) ||
        sock_listen(fd, 1024) || __wasi_fd_fdstat_set_flags(fd, __WASI_FDFLAGS_NONBLOCK)) {
        close(fd);
        return NET_FAILED;
    }
    return fd;
}

static int net_accept(int fd) {
    int32_t connection;
    if (sock_accept_v1(fd, &connection)) return NET_AGAIN;
    if (__wasi_fd_fdstat_set_flags(connection, __WASI_FDFLAGS_NONBLOCK)) {
        close(connection);
        return NET_AGAIN;
    }
    return connection;
}

static long net_receive(int fd, void *bytes, size_t len) {
    __wasi_iovec_t buffer = {bytes, len};
    __wasi_size_t received;
    __wasi_roflags_t flags;
    switch (__wasi_sock_recv(fd, &buffer, 1, 0, &received, &flags)) {
    case __WASI_ERRNO_SUCCESS: return received;
    case __WASI_ERRNO_AGAIN: return NET_AGAIN;
    default: return NET_FAILED;
    }
}

static long net_send(int fd, const void *bytes, size_t len) {
    __wasi_ciovec_t buffer = {bytes, len};
    __wasi_size_t sent;
    switch (__wasi_sock_send(fd, &buffer, 1, 0, &sent)) {
    case __WASI_ERRNO_SUCCESS: return sent;
    case __WASI_ERRNO_AGAIN: return NET_AGAIN;
    default: return NET_FAILED;
    }
}

static int net_wait(struct net_interest *interests, size_t count) {
    static __wasi_subscription_t subscriptions[2 * NET_MAX];
    static __wasi_event_t events[2 * NET_MAX];
    size_t used = 0, happened;
    for (size_t at = 0; at < count; at++) {
        interests[at].ready = 0;
        for (int bit = NET_READ; bit <= NET_WRITE; bit <<= 1) {
            if (!(interests[at].want & bit)) continue;
            __wasi_subscription_t *subscription = &subscriptions[used++];
            subscription->userdata = at;
            subscription->u.tag =
                bit == NET_READ ? __WASI_EVENTTYPE_FD_READ : __WASI_EVENTTYPE_FD_WRITE;
            subscription->u.u.fd_read.file_descriptor = interests[at].fd;
        }
    }
    if (__wasi_poll_oneoff(subscriptions, events, used, &happened)) return NET_FAILED;
    for (size_t at = 0; at < happened; at++) {
        interests[events[at].userdata].ready |=
            events[at].type == __WASI_EVENTTYPE_FD_READ ? NET_READ : NET_WRITE;
    }
    return 0;
}

#else

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

static int net_listen(uint16_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return NET_FAILED;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 1024) ||
        fcntl(fd, F_SETFL, O_NONBLOCK)) {
        close(fd);
        return NET_FAILED;
    }
    return fd;
}

static int net_accept(int fd) {
    int connection = accept(fd, NULL, NULL);
    if (connection < 0) return NET_AGAIN;
    if (fcntl(connection, F_SETFL, O_NONBLOCK)) {
        close(connection);
        return NET_AGAIN;
    }
    return connection;
}

static long net_receive(int fd, void *bytes, size_t len) {
    ssize_t received = recv(fd, bytes, len, 0);
    if (received >= 0) return received;
    return errno == EAGAIN ? NET_AGAIN : NET_FAILED;
}

static long net_send(int fd, const void *bytes, size_t len) {
    ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    return errno == EAGAIN ? NET_AGAIN : NET_FAILED;
}

static int net_wait(struct net_interest *interests, size_t count) {
    static struct pollfd entries[NET_MAX];
    for (size_t at = 0; at < count; at++) {
        unsigned char want = interests[at].want;
        entries[at].fd = interests[at].fd;
        entries[at].events = (want & NET_READ ? POLLIN : 0) | (want & NET_WRITE ? POLLOUT : 0);
    }
    if (poll(entries, count, -1) < 0 && errno != EINTR) return NET_FAILED;
    for (size_t at = 0; at < count; at++) {
        short happened = entries[at].revents;
        interests[at].ready = (happened & ~POLLOUT ? NET_READ : 0) |
                              (happened & ~POLLIN ? NET_WRITE : 0);
        interests[at].ready &= interests[at].want;
    }
    return 0;
}

#endif
