//! WASI preview 1 for programs translated by wasm2c: just what the kernels and drivers import,
//! straight over POSIX and without a sandbox. It exists to be measured against, not to be used.
//!
//! Folders are granted by the environment variable `W2C_DIRS`: `HOST::GUEST`, several separated by
//! newlines. The guest sees no environment.

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

typedef struct Z_wasi_snapshot_preview1_instance_t {
    int argc;
    char **argv;
} Wasi;

#define WASI(name) Z_wasi_snapshot_preview1Z_##name

static Z_guest_instance_t guest;

enum { MAX_FDS = 256, MAX_IOVS = 64 };

/// What a guest descriptor stands for: a host descriptor, and the guest path when it is preopened.
static struct {
    int host;
    char *preopen;
} fds[MAX_FDS];

static uint8_t *memory_at(u32 address) { return Z_guestZ_memory(&guest)->data + address; }
static void put32(u32 address, u32 value) { memcpy(memory_at(address), &value, 4); }
static void put64(u32 address, u64 value) { memcpy(memory_at(address), &value, 8); }

static u32 get32(u32 address) {
    u32 value;
    memcpy(&value, memory_at(address), 4);
    return value;
}

/// The WASI errno of the last failed system call.
static u32 last_error(void) {
    switch (errno) {
    case 0: return 0;
    case EACCES: return 2;
    case EAGAIN: return 6;
    case EBADF: return 8;
    case EEXIST: return 20;
    case EINTR: return 27;
    case EINVAL: return 28;
    case EIO: return 29;
    case EISDIR: return 31;
    case ELOOP: return 32;
    case EMFILE: return 33;
    case ENOENT: return 44;
    case ENOMEM: return 48;
    case ENOSPC: return 51;
    case ENOTDIR: return 54;
    case ENOTEMPTY: return 55;
    case EPERM: return 63;
    case EPIPE: return 64;
    case EROFS: return 69;
    case ESPIPE: return 70;
    default: return 29;
    }
}

static u32 outcome(int result) { return result < 0 ? last_error() : 0; }

static int host_fd(u32 fd) { return fd < MAX_FDS ? fds[fd].host : -1; }

/// A path of the guest as a C string in a buffer that the next call overwrites.
static const char *path_at(u32 address, u32 length) {
    static char buffers[2][4096];
    static int next;
    char *buffer = buffers[next++ & 1];
    if (length >= sizeof buffers[0]) length = sizeof buffers[0] - 1;
    memcpy(buffer, memory_at(address), length);
    buffer[length] = 0;
    return buffer;
}

static int iovs_at(u32 address, u32 count, struct iovec *iovs) {
    if (count > MAX_IOVS) count = MAX_IOVS;
    for (u32 i = 0; i < count; i++) {
        iovs[i].iov_base = memory_at(get32(address + 8 * i));
        iovs[i].iov_len = get32(address + 8 * i + 4);
    }
    return (int)count;
}

u32 WASI(args_sizes_get)(Wasi *wasi, u32 count, u32 size) {
    u32 bytes = 0;
    for (int i = 0; i < wasi->argc; i++) bytes += (u32)strlen(wasi->argv[i]) + 1;
    put32(count, (u32)wasi->argc);
    put32(size, bytes);
    return 0;
}

u32 WASI(args_get)(Wasi *wasi, u32 pointers, u32 buffer) {
    for (int i = 0; i < wasi->argc; i++) {
        u32 length = (u32)strlen(wasi->argv[i]) + 1;
        put32(pointers + 4 * (u32)i, buffer);
        memcpy(memory_at(buffer), wasi->argv[i], length);
        buffer += length;
    }
    return 0;
}

u32 WASI(environ_sizes_get)(Wasi *wasi, u32 count, u32 size) {
    put32(count, 0);
    put32(size, 0);
    return 0;
}

u32 WASI(environ_get)(Wasi *wasi, u32 pointers, u32 buffer) { return 0; }

u32 WASI(clock_time_get)(Wasi *wasi, u32 clock, u64 precision, u32 result) {
    static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,
                                       CLOCK_THREAD_CPUTIME_ID};
    struct timespec now;
    if (clock > 3 || clock_gettime(clocks[clock], &now) < 0) return 28;
    put64(result, (u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec);
    return 0;
}

u32 WASI(random_get)(Wasi *wasi, u32 buffer, u32 length) {
    for (u32 done = 0; done < length;) {
        ssize_t got = getrandom(memory_at(buffer + done), length - done, 0);
        if (got < 0) return last_error();
        done += (u32)got;
    }
    return 0;
}

void WASI(proc_exit)(Wasi *wasi, u32 code) { _exit((int)code); }

u32 WASI(fd_close)(Wasi *wasi, u32 fd) {
    int result = close(host_fd(fd));
    if (fd < MAX_FDS) fds[fd].host = -1;
    return outcome(result);
}

u32 WASI(fd_sync)(Wasi *wasi, u32 fd) { return outcome(fsync(host_fd(fd))); }

u32 WASI(fd_read)(Wasi *wasi, u32 fd, u32 iovs, u32 count, u32 result) {
    struct iovec host[MAX_IOVS];
    ssize_t got = readv(host_fd(fd), host, iovs_at(iovs, count, host));
    if (got < 0) return last_error();
    put32(result, (u32)got);
    return 0;
}

u32 WASI(fd_write)(Wasi *wasi, u32 fd, u32 iovs, u32 count, u32 result) {
    struct iovec host[MAX_IOVS];
    ssize_t got = writev(host_fd(fd), host, iovs_at(iovs, count, host));
    if (got < 0) return last_error();
    put32(result, (u32)got);
    return 0;
}

u32 WASI(fd_seek)(Wasi *wasi, u32 fd, u64 offset, u32 whence, u32 result) {
    off_t at = lseek(host_fd(fd), (off_t)offset, (int)whence);
    if (at < 0) return last_error();
    put64(result, (u64)at);
    return 0;
}

u32 WASI(fd_renumber)(Wasi *wasi, u32 fd, u32 to) {
    if (host_fd(fd) < 0 || host_fd(to) < 0) return 8;
    close(fds[to].host);
    fds[to] = fds[fd];
    fds[fd].host = -1;
    return 0;
}

static u32 file_type(mode_t mode) {
    return S_ISREG(mode) ? 4 : S_ISDIR(mode) ? 3 : S_ISCHR(mode) ? 2 : S_ISLNK(mode) ? 7 : 0;
}

u32 WASI(fd_fdstat_get)(Wasi *wasi, u32 fd, u32 result) {
    struct stat stat;
    if (fstat(host_fd(fd), &stat) < 0) return last_error();
    int flags = fcntl(host_fd(fd), F_GETFL);
    put64(result, file_type(stat.st_mode) | (u64)(flags & O_APPEND ? 1 : 0) << 16);
    put64(result + 8, ~0ULL);
    put64(result + 16, ~0ULL);
    return 0;
}

u32 WASI(fd_fdstat_set_flags)(Wasi *wasi, u32 fd, u32 flags) {
    return outcome(fcntl(host_fd(fd), F_SETFL, (flags & 1 ? O_APPEND : 0) | (flags & 4 ? O_NONBLOCK : 0)));
}

static void put_filestat(u32 at, const struct stat *stat) {
    put64(at, stat->st_dev);
    put64(at + 8, stat->st_ino);
    put64(at + 16, file_type(stat->st_mode));
    put64(at + 24, stat->st_nlink);
    put64(at + 32, (u64)stat->st_size);
    put64(at + 40, (u64)stat->st_atim.tv_sec * 1000000000u + (u64)stat->st_atim.tv_nsec);
    put64(at + 48, (u64)stat->st_mtim.tv_sec * 1000000000u + (u64)stat->st_mtim.tv_nsec);
    put64(at + 56, (u64)stat->st_ctim.tv_sec * 1000000000u + (u64)stat->st_ctim.tv_nsec);
}

u32 WASI(fd_filestat_get)(Wasi *wasi, u32 fd, u32 result) {
    struct stat stat;
    if (fstat(host_fd(fd), &stat) < 0) return last_error();
    put_filestat(result, &stat);
    return 0;
}

u32 WASI(fd_filestat_set_size)(Wasi *wasi, u32 fd, u64 size) {
    return outcome(ftruncate(host_fd(fd), (off_t)size));
}

u32 WASI(fd_prestat_get)(Wasi *wasi, u32 fd, u32 result) {
    if (fd >= MAX_FDS || !fds[fd].preopen) return 8;
    put32(result, 0);
    put32(result + 4, (u32)strlen(fds[fd].preopen));
    return 0;
}

u32 WASI(fd_prestat_dir_name)(Wasi *wasi, u32 fd, u32 path, u32 length) {
    if (fd >= MAX_FDS || !fds[fd].preopen) return 8;
    memcpy(memory_at(path), fds[fd].preopen, length);
    return 0;
}

u32 WASI(path_open)(Wasi *wasi, u32 fd, u32 lookup, u32 path, u32 length, u32 oflags, u64 rights,
                    u64 inheriting, u32 fdflags, u32 result) {
    int read = rights >> 1 & 1, write = rights >> 6 & 1;
    int flags = write ? (read ? O_RDWR : O_WRONLY) : O_RDONLY;
    flags |= (oflags & 1 ? O_CREAT : 0) | (oflags & 2 ? O_DIRECTORY : 0) |
             (oflags & 4 ? O_EXCL : 0) | (oflags & 8 ? O_TRUNC : 0) | (fdflags & 1 ? O_APPEND : 0) |
             (lookup & 1 ? 0 : O_NOFOLLOW) | O_CLOEXEC;
    if (oflags & 2) flags &= ~O_ACCMODE;
    int opened = openat(host_fd(fd), path_at(path, length), flags, 0666);
    if (opened < 0) return last_error();
    for (u32 slot = 3; slot < MAX_FDS; slot++)
        if (fds[slot].host < 0) {
            fds[slot].host = opened;
            put32(result, slot);
            return 0;
        }
    close(opened);
    return 33;
}

u32 WASI(path_filestat_get)(Wasi *wasi, u32 fd, u32 lookup, u32 path, u32 length, u32 result) {
    struct stat stat;
    int flags = lookup & 1 ? 0 : AT_SYMLINK_NOFOLLOW;
    if (fstatat(host_fd(fd), path_at(path, length), &stat, flags) < 0) return last_error();
    put_filestat(result, &stat);
    return 0;
}

u32 WASI(path_filestat_set_times)(Wasi *wasi, u32 fd, u32 lookup, u32 path, u32 length, u64 accessed,
                                  u64 modified, u32 flags) {
    struct timespec times[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
    u64 given[2] = {accessed, modified};
    for (int i = 0; i < 2; i++) {
        if (flags >> (2 * i) & 1)
            times[i] = (struct timespec){(time_t)(given[i] / 1000000000u), (long)(given[i] % 1000000000u)};
        if (flags >> (2 * i + 1) & 1) times[i].tv_nsec = UTIME_NOW;
    }
    return outcome(utimensat(host_fd(fd), path_at(path, length), times, 0));
}

u32 WASI(path_create_directory)(Wasi *wasi, u32 fd, u32 path, u32 length) {
    return outcome(mkdirat(host_fd(fd), path_at(path, length), 0777));
}

u32 WASI(path_remove_directory)(Wasi *wasi, u32 fd, u32 path, u32 length) {
    return outcome(unlinkat(host_fd(fd), path_at(path, length), AT_REMOVEDIR));
}

u32 WASI(path_unlink_file)(Wasi *wasi, u32 fd, u32 path, u32 length) {
    return outcome(unlinkat(host_fd(fd), path_at(path, length), 0));
}

u32 WASI(path_rename)(Wasi *wasi, u32 old_fd, u32 old, u32 old_length, u32 new_fd, u32 new,
                      u32 new_length) {
    const char *from = path_at(old, old_length);
    return outcome(renameat(host_fd(old_fd), from, host_fd(new_fd), path_at(new, new_length)));
}

u32 WASI(path_readlink)(Wasi *wasi, u32 fd, u32 path, u32 length, u32 buffer, u32 size, u32 result) {
    ssize_t got = readlinkat(host_fd(fd), path_at(path, length), (char *)memory_at(buffer), size);
    if (got < 0) return last_error();
    put32(result, (u32)got);
    return 0;
}

/// Only what sleeping needs: the first subscription, and only if it is a clock.
u32 WASI(poll_oneoff)(Wasi *wasi, u32 in, u32 out, u32 count, u32 result) {
    if (count != 1 || *memory_at(in + 8) != 0) return 58;
    u64 user_data, timeout;
    memcpy(&user_data, memory_at(in), 8);
    memcpy(&timeout, memory_at(in + 24), 8);
    struct timespec left = {(time_t)(timeout / 1000000000u), (long)(timeout % 1000000000u)};
    nanosleep(&left, NULL);
    memset(memory_at(out), 0, 32);
    memcpy(memory_at(out), &user_data, 8);
    put32(result, 1);
    return 0;
}

static void grant_folders(void) {
    char *grants = getenv("W2C_DIRS");
    u32 next = 3;
    for (char *grant = grants ? strtok(grants, "\n") : NULL; grant; grant = strtok(NULL, "\n")) {
        char *middle = strstr(grant, "::");
        if (!middle || next == MAX_FDS) continue;
        *middle = 0;
        int folder = open(grant, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0) {
            fprintf(stderr, "cannot open the folder %s: %s\n", grant, strerror(errno));
            exit(1);
        }
        fds[next].host = folder;
        fds[next++].preopen = middle + 2;
    }
}

int main(int argc, char **argv) {
    Wasi wasi = {argc, argv};
    for (int fd = 0; fd < MAX_FDS; fd++) fds[fd].host = fd < 3 ? fd : -1;
    grant_folders();
    wasm_rt_init();
    Z_guest_init_module();
    Z_guest_instantiate(&guest, &wasi);
    Z_guestZ__start(&guest);
    return 0;
}
