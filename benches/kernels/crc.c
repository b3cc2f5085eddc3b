//! Checksums over a buffer: CRC-32 bit by bit, by a byte table and by eight tables at once,
//! CRC-64 by a table, and Adler-32.

#include "kernel.h"

enum { LENGTH = 1 << 20 };

static uint8_t data[LENGTH];
static uint32_t table32[8][256];
static uint64_t table64[256];

static void fill_tables(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t narrow = i;
        uint64_t wide = i;
        for (int bit = 0; bit < 8; bit++) {
            narrow = narrow & 1 ? (narrow >> 1) ^ 0xedb88320u : narrow >> 1;
            wide = wide & 1 ? (wide >> 1) ^ 0xc96c5795d7870f42ULL : wide >> 1;
        }
        table32[0][i] = narrow;
        table64[i] = wide;
    }
    for (int slice = 1; slice < 8; slice++)
        for (int i = 0; i < 256; i++) {
            uint32_t before = table32[slice - 1][i];
            table32[slice][i] = (before >> 8) ^ table32[0][before & 255];
        }
}

static uint32_t crc32_bits(const uint8_t *bytes, int length) {
    uint32_t crc = ~0u;
    for (int i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1)));
    }
    return ~crc;
}

static uint32_t crc32_table(const uint8_t *bytes, int length) {
    uint32_t crc = ~0u;
    for (int i = 0; i < length; i++) crc = (crc >> 8) ^ table32[0][(crc ^ bytes[i]) & 255];
    return ~crc;
}

static uint32_t read_little(const uint8_t *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint32_t crc32_slices(const uint8_t *bytes, int length) {
    uint32_t crc = ~0u;
    for (int i = 0; i < length; i += 8) {
        uint32_t low = read_little(bytes + i) ^ crc, high = read_little(bytes + i + 4);
        crc = table32[7][low & 255] ^ table32[6][low >> 8 & 255] ^ table32[5][low >> 16 & 255] ^
              table32[4][low >> 24] ^ table32[3][high & 255] ^ table32[2][high >> 8 & 255] ^
              table32[1][high >> 16 & 255] ^ table32[0][high >> 24];
    }
    return ~crc;
}

static uint64_t crc64_table(const uint8_t *bytes, int length) {
    uint64_t crc = ~0ULL;
    for (int i = 0; i < length; i++) crc = (crc >> 8) ^ table64[(crc ^ bytes[i]) & 255];
    return ~crc;
}

static uint32_t adler32(const uint8_t *bytes, int length) {
    uint32_t a = 1, b = 0;
    while (length > 0) {
        int run = length < 5552 ? length : 5552;
        length -= run;
        while (run--) b += a += *bytes++;
        a %= 65521;
        b %= 65521;
    }
    return b << 16 | a;
}

int main(int argc, char **argv) {
    unsigned repetitions = kernel_repetitions(argc, argv, 50);
    uint64_t checksum = 1;
    uint32_t state = 77777u;
    fill_tables();
    for (int i = 0; i < LENGTH; i++) data[i] = (uint8_t)kernel_random(&state);
    for (unsigned repetition = 0; repetition < repetitions; repetition++) {
        checksum = kernel_mix(checksum, crc32_bits(data, LENGTH / 2));
        checksum = kernel_mix(checksum, crc32_table(data, LENGTH));
        checksum = kernel_mix(checksum, crc32_slices(data, LENGTH));
        checksum = kernel_mix(checksum, crc64_table(data, LENGTH));
        checksum = kernel_mix(checksum, adler32(data, LENGTH));
        data[repetition % LENGTH] ^= (uint8_t)checksum;
    }
    return kernel_report("crc", checksum);
}
