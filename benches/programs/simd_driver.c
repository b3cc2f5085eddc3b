//! Vector instructions of 128 bits: an image filter on bytes, a matrix product on floats, and a dot
//! product of 16-bit numbers, in the vector types that gcc and clang have for every machine.

#include "../kernels/kernel.h"
#include <string.h>

typedef uint8_t Bytes __attribute__((vector_size(16)));
typedef uint16_t Shorts __attribute__((vector_size(16)));
typedef int32_t Ints __attribute__((vector_size(16)));
typedef float Floats __attribute__((vector_size(16)));

enum { WIDTH = 512, HEIGHT = 256, SIDE = 128, LENGTH = 4096 };

static uint8_t image[HEIGHT][WIDTH], blurred[HEIGHT][WIDTH];
static float left[SIDE][SIDE], right[SIDE][SIDE], product[SIDE][SIDE];
static uint16_t numbers[LENGTH];

static Bytes bytes_at(const uint8_t *at) {
    Bytes bytes;
    memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

/// The average of two vectors of bytes, rounded down, without a wider type.
static Bytes average(Bytes a, Bytes b) { return (a & b) + ((a ^ b) >> 1); }

static void blur(void) {
    for (int y = 1; y < HEIGHT - 1; y++)
        for (int x = 16; x < WIDTH - 16; x += 16) {
            Bytes up = bytes_at(&image[y - 1][x]), down = bytes_at(&image[y + 1][x]);
            Bytes before = bytes_at(&image[y][x - 1]), after = bytes_at(&image[y][x + 1]);
            Bytes middle = bytes_at(&image[y][x]);
            Bytes around = average(average(up, down), average(before, after));
            Bytes above = (Bytes)(middle > around);
            Bytes sharp = ((middle - around) & above) | ((around - middle) & ~above);
            Bytes result = average(average(around, middle), sharp);
            memcpy(&blurred[y][x], &result, sizeof result);
        }
    memcpy(image, blurred, sizeof image);
}

static void multiply(void) {
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j += 8) {
            Floats sum[2] = {{0}, {0}};
            for (int k = 0; k < SIDE; k++) {
                Floats factor = {left[i][k], left[i][k], left[i][k], left[i][k]}, row[2];
                memcpy(row, &right[k][j], sizeof row);
                sum[0] += factor * row[0];
                sum[1] += factor * row[1];
            }
            memcpy(&product[i][j], sum, sizeof sum);
        }
}

static uint32_t dot(uint16_t factor) {
    Ints sum = {0};
    Shorts factors = {factor, 3, factor, 5, factor, 7, factor, 11};
    for (int i = 0; i < LENGTH; i += 8) {
        Shorts values;
        memcpy(&values, &numbers[i], sizeof values);
        values = (values * factors) ^ (values >> 3);
        Ints parts;
        memcpy(&parts, &values, sizeof parts);
        sum += parts & 0xffff;
        sum ^= parts >> 16;
    }
    return (uint32_t)(sum[0] ^ sum[1] ^ sum[2] ^ sum[3]);
}

int main(int argc, char **argv) {
    unsigned repetitions = kernel_repetitions(argc, argv, 2000);
    uint64_t checksum = 1;
    uint32_t state = 0xbadcafeu;
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) image[y][x] = (uint8_t)kernel_random(&state);
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            // Small whole numbers: sums are exact, whatever their order.
            left[i][j] = (float)(kernel_random(&state) % 64);
            right[i][j] = (float)(kernel_random(&state) % 64);
        }
    for (int i = 0; i < LENGTH; i++) numbers[i] = (uint16_t)kernel_random(&state);
    for (unsigned repetition = 0; repetition < repetitions; repetition++) {
        blur();
        left[repetition % SIDE][0] += 1;
        multiply();
        checksum = kernel_mix(checksum, image[HEIGHT / 2][repetition % (WIDTH - 64) + 32]);
        checksum = kernel_mix(checksum, (uint64_t)product[repetition % SIDE][repetition * 7 % SIDE]);
        for (int i = 0; i < 8; i++) checksum = kernel_mix(checksum, dot((uint16_t)(repetition + i)));
        image[repetition % HEIGHT][repetition % WIDTH] ^= (uint8_t)checksum;
    }
    return kernel_report("simd", checksum);
}
