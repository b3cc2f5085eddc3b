//! Dense matrix multiplication in doubles and in 32-bit integers, rows times rows (i-k-j order),
//! and a transposed variant that walks columns.

#include "kernel.h"

enum { SIZE = 256 };

static double left[SIZE][SIZE], right[SIZE][SIZE], product[SIZE][SIZE];
static int32_t whole_left[SIZE][SIZE], whole_right[SIZE][SIZE], whole_product[SIZE][SIZE];

static void multiply_doubles(void) {
    for (int i = 0; i < SIZE; i++) {
        for (int j = 0; j < SIZE; j++) product[i][j] = 0;
        for (int k = 0; k < SIZE; k++) {
            double factor = left[i][k];
            for (int j = 0; j < SIZE; j++) product[i][j] += factor * right[k][j];
        }
    }
}

static void multiply_integers(void) {
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            uint32_t sum = 0;
            for (int k = 0; k < SIZE; k++)
                sum += (uint32_t)whole_left[i][k] * (uint32_t)whole_right[k][j];
            whole_product[i][j] = (int32_t)sum;
        }
}

int main(int argc, char **argv) {
    unsigned repetitions = kernel_repetitions(argc, argv, 30);
    uint64_t checksum = 1;
    uint32_t state = 88172645u;
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            // Small whole numbers: sums are exact, so that a fused multiply-add changes nothing.
            left[i][j] = kernel_random(&state) % 64;
            right[i][j] = kernel_random(&state) % 64;
            whole_left[i][j] = (int32_t)kernel_random(&state);
            whole_right[i][j] = (int32_t)kernel_random(&state);
        }
    for (unsigned repetition = 0; repetition < repetitions; repetition++) {
        multiply_doubles();
        multiply_integers();
        for (int i = 0; i < SIZE; i++) {
            checksum = kernel_mix(checksum, (uint64_t)product[i][(i * 7) % SIZE]);
            checksum = kernel_mix(checksum, (uint32_t)whole_product[i][(i * 11) % SIZE]);
            left[i][i] = (double)((repetition + i) % 64);
            whole_left[i][i] = whole_product[i][i];
        }
    }
    return kernel_report("matrix", checksum);
}
