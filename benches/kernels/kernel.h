//! What every kernel shares: the repetition argument, a deterministic random source, the result line.
//!
//! A kernel is one C file with a `main`: it repeats its work as often as its optional argument
//! says and prints `NAME CHECKSUM`, so that every engine's output can be compared byte for byte.

#ifndef WASMC_KERNEL_H
#define WASMC_KERNEL_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/// The number of repetitions: the first argument, or `otherwise` when there is none.
static inline unsigned kernel_repetitions(int argc, char **argv, unsigned otherwise) {
    if (argc < 2) return otherwise;
    long given = strtol(argv[1], NULL, 10);
    if (given < 1 || given > 1000000000L) {
        fprintf(stderr, "usage: %s [REPETITIONS]\n", argv[0]);
        exit(2);
    }
    return (unsigned)given;
}

/// A xorshift generator: the same sequence everywhere, and cheap beside the work measured.
static inline uint32_t kernel_random(uint32_t *state) {
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

/// Mixes a value into a checksum (one FNV-1a step over 32 bits at a time).
static inline uint64_t kernel_mix(uint64_t checksum, uint64_t value) {
    return (checksum ^ value) * 0x100000001b3ULL;
}

/// Prints the one line of output.
static inline int kernel_report(const char *name, uint64_t checksum) {
    printf("%s %016llx\n", name, (unsigned long long)checksum);
    return 0;
}

#endif
