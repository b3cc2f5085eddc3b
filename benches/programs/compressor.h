//! The command line of both compressors; each defines `compressor_bound`, `compressor_pack` and
//! `compressor_unpack` before it includes this file.
//!
//!     PROGRAM pack IN OUT LEVEL     compress a file
//!     PROGRAM unpack IN OUT LENGTH  decompress it into at most LENGTH bytes
//!     PROGRAM round IN LEVEL TIMES  compress and decompress in memory, compare, print a checksum

#ifndef WASMC_COMPRESSOR_H
#define WASMC_COMPRESSOR_H

#include "driver.h"

static long number(const char *text) {
    char *end;
    long value = strtol(text, &end, 10);
    if (*end || value < 0) driver_fail("not a number: %s", text);
    return value;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: %s pack IN OUT LEVEL | unpack IN OUT LENGTH | round IN LEVEL TIMES\n",
                argv[0]);
        return 2;
    }
    Buffer in = driver_read(argv[2]);
    if (strcmp(argv[1], "pack") == 0) {
        Buffer packed = driver_allocate(compressor_bound(in.length));
        packed.length = compressor_pack(packed, in, (int)number(argv[4]));
        driver_write(argv[3], packed.bytes, packed.length);
        printf("%zu -> %zu\n", in.length, packed.length);
    } else if (strcmp(argv[1], "unpack") == 0) {
        Buffer out = driver_allocate((size_t)number(argv[4]));
        out.length = compressor_unpack(out, in);
        driver_write(argv[3], out.bytes, out.length);
        printf("%zu -> %zu\n", in.length, out.length);
    } else if (strcmp(argv[1], "round") == 0) {
        Buffer packed = driver_allocate(compressor_bound(in.length));
        Buffer out = driver_allocate(in.length);
        size_t packed_length = 0;
        for (long times = number(argv[4]); times > 0; times--) {
            Buffer used = packed;
            used.length = packed_length = compressor_pack(packed, in, (int)number(argv[3]));
            if (compressor_unpack(out, used) != in.length ||
                memcmp(out.bytes, in.bytes, in.length) != 0)
                driver_fail("the round trip changed the data");
        }
#ifdef COMPRESSOR_DEPENDS_ON_WORD_SIZE
        // What was packed differs from machine to machine; what was unpacked has been compared.
        printf("%zu bytes, checksum %016llx\n", in.length,
               (unsigned long long)driver_checksum(out.bytes, in.length));
#else
        printf("%zu -> %zu, checksum %016llx\n", in.length, packed_length,
               (unsigned long long)driver_checksum(packed.bytes, packed_length));
#endif
    } else {
        driver_fail("unknown command: %s", argv[1]);
    }
    return 0;
}

#endif
