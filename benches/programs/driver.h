//! What the program drivers share: whole files in memory, failing with a message, a checksum.

#ifndef WASMC_DRIVER_H
#define WASMC_DRIVER_H

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// Prints `error: ...` and ends the program with status 1.
__attribute__((noreturn, format(printf, 1, 2))) static inline void driver_fail(const char *format,
                                                                               ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("error: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

typedef struct {
    uint8_t *bytes;
    size_t length;
} Buffer;

static inline Buffer driver_allocate(size_t length) {
    Buffer buffer = {malloc(length ? length : 1), length};
    if (!buffer.bytes) driver_fail("out of memory (%zu bytes)", length);
    return buffer;
}

static inline Buffer driver_read(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) driver_fail("cannot open %s: %s", path, strerror(errno));
    if (fseek(file, 0, SEEK_END) != 0) driver_fail("cannot seek in %s", path);
    long length = ftell(file);
    if (length < 0) driver_fail("cannot tell the length of %s", path);
    rewind(file);
    Buffer buffer = driver_allocate((size_t)length);
    if (fread(buffer.bytes, 1, buffer.length, file) != buffer.length)
        driver_fail("cannot read %s", path);
    fclose(file);
    return buffer;
}

static inline void driver_write(const char *path, const uint8_t *bytes, size_t length) {
    FILE *file = fopen(path, "wb");
    if (!file) driver_fail("cannot create %s: %s", path, strerror(errno));
    if (fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        driver_fail("cannot write %s", path);
}

/// FNV-1a over bytes.
static inline uint64_t driver_checksum(const uint8_t *bytes, size_t length) {
    uint64_t checksum = 0xcbf29ce484222325ULL;
    for (size_t i = 0; i < length; i++) checksum = (checksum ^ bytes[i]) * 0x100000001b3ULL;
    return checksum;
}

#endif
