//! Calls: deep and wide recursion with few instructions in each function, and calls through a table
//! of function pointers that no optimiser can resolve.

#include "kernel.h"

#define NOINLINE __attribute__((noinline))

static NOINLINE uint32_t fibonacci(uint32_t n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static NOINLINE int takeuchi(int x, int y, int z) {
    if (y >= x) return z;
    return takeuchi(takeuchi(x - 1, y, z), takeuchi(y - 1, z, x), takeuchi(z - 1, x, y));
}

/// Mutual recursion with many arguments, more than some conventions pass in registers.
static NOINLINE uint64_t odd(uint64_t n, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                             uint64_t f, uint64_t g);

static NOINLINE uint64_t even(uint64_t n, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                              uint64_t f, uint64_t g) {
    if (n == 0) return a ^ b ^ c ^ d ^ e ^ f ^ g;
    return 1 + odd(n - 1, b, c, d, e, f, g, a + n);
}

static NOINLINE uint64_t odd(uint64_t n, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                             uint64_t f, uint64_t g) {
    if (n == 0) return a + b + c + d + e + f + g;
    return 3 + even(n - 1, g, a, b, c, d, e, f ^ n);
}

typedef uint32_t (*Step)(uint32_t);
static NOINLINE uint32_t add(uint32_t x) { return x + 0x9e3779b9u; }
static NOINLINE uint32_t rotate(uint32_t x) { return x << 7 | x >> 25; }
static NOINLINE uint32_t multiply(uint32_t x) { return x * 0x85ebca6bu; }
static NOINLINE uint32_t fold(uint32_t x) { return x ^ x >> 15; }
static NOINLINE uint32_t complement(uint32_t x) { return ~x; }
static NOINLINE uint32_t halve(uint32_t x) { return x / 2 + 1; }
static NOINLINE uint32_t square(uint32_t x) { return x * x + 1; }
static NOINLINE uint32_t keep(uint32_t x) { return x; }

static Step steps[8] = {add, rotate, multiply, fold, complement, halve, square, keep};

int main(int argc, char **argv) {
    unsigned repetitions = kernel_repetitions(argc, argv, 24);
    uint64_t checksum = 1;
    uint32_t state = 0x1234567u;
    for (unsigned repetition = 0; repetition < repetitions; repetition++) {
        // What the table holds is not known before the program runs.
        uint32_t a = kernel_random(&state) & 7, b = kernel_random(&state) & 7;
        Step swapped = steps[a];
        steps[a] = steps[b];
        steps[b] = swapped;
        uint32_t value = repetition;
        for (int i = 0; i < 6000000; i++) value = steps[(value ^ (uint32_t)i) & 7](value);
        checksum = kernel_mix(checksum, value);
        checksum = kernel_mix(checksum, fibonacci(27));
        checksum = kernel_mix(checksum, (uint64_t)takeuchi(18, 12, 6));
        for (int i = 0; i < 100; i++) checksum = kernel_mix(checksum, even(8000, 1, 2, 3, 4, 5, 6, 7));
    }
    return kernel_report("calls", checksum);
}
