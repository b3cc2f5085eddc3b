/* Ten loops over memory, for benches/targets: each function has one innermost loop.
 *
 * The same source is compiled to WebAssembly and natively. Natively an address is, as in
 * WebAssembly, a number of 32 bits, and memory begins at a constant address. */

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#if defined(__wasm__)
#define BASE 0ul
#elif defined(__aarch64__)
#define BASE 0x100000000ul
#else
#define BASE 0x3c080000ul
#endif
#define AT(type, address) (*(type *)(BASE + (u32)(address)))
#define LOOP __attribute__((noinline))

LOOP u32 sum(u32 p, u32 n) {
    u32 s = 0;
    for (u32 i = 0; i < n; i++) s += AT(u32, p + i * 4);
    return s;
}

LOOP double dot(u32 p, u32 q, u32 n) {
    double s = 0;
    for (u32 i = 0; i < n; i++) s += AT(double, p + i * 8) * AT(double, q + i * 8);
    return s;
}

LOOP void cipher(u32 to, u32 from, u32 n, u32 key) {
    for (u32 i = 0; i < n; i++) {
        AT(u8, to + i) = AT(u8, from + i) ^ key;
        key = key * 5 + 1;
    }
}

LOOP u32 length(u32 p) {
    u32 q = p;
    while (AT(u8, q)) q++;
    return q - p;
}

LOOP u32 fnv(u32 p, u32 n) {
    u32 h = 0x811c9dc5;
    for (u32 i = 0; i < n; i++) h = (h ^ AT(u8, p + i)) * 16777619;
    return h;
}

LOOP u32 crc(u32 table, u32 p, u32 n) {
    u32 c = ~0u;
    for (u32 i = 0; i < n; i++) c = AT(u32, table + ((c ^ AT(u8, p + i)) & 255) * 4) ^ c >> 8;
    return ~c;
}

LOOP u32 list(u32 p) {
    u32 s = 0;
    for (; p; p = AT(u32, p + 4)) s += AT(u32, p);
    return s;
}

LOOP void histogram(u32 counts, u32 p, u32 n) {
    for (u32 i = 0; i < n; i++) AT(u32, counts + AT(u8, p + i) * 4)++;
}

LOOP void sieve(u32 p, u32 step, u32 n) {
    for (u32 i = step * step; i < n; i += step) AT(u8, p + i) = 1;
}

LOOP float product(u32 a, u32 b, u32 row, u32 column, u32 n) {
    float s = 0;
    for (u32 k = 0; k < n; k++)
        s += AT(float, a + (row * n + k) * 4) * AT(float, b + (k * n + column) * 4);
    return s;
}

/* Calls every function, so that all of them are compiled, with arguments that nothing knows. */
volatile u32 argument;
volatile double result;

void _start(void) {
    u32 x = argument;
    result = sum(x, x) + dot(x, x, x) + length(x) + fnv(x, x) + crc(x, x, x) + list(x)
             + product(x, x, x, x, x);
    cipher(x, x, x, x);
    histogram(x, x, x);
    sieve(x, x, x);
}
