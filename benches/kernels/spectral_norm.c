//! The spectral norm of an infinite matrix, cut to N columns, by the power method: integer to
//! double conversions and divisions in an inner loop.

#include "kernel.h"
#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

enum { N = 500 };

static double entry(int row, int column) {
    int diagonal = row + column;
    return 1.0 / (diagonal * (diagonal + 1) / 2 + row + 1);
}

static void multiply(const double *in, double *out, int transposed) {
    for (int i = 0; i < N; i++) {
        double sum = 0;
        for (int j = 0; j < N; j++) sum += (transposed ? entry(j, i) : entry(i, j)) * in[j];
        out[i] = sum;
    }
}

int main(int argc, char **argv) {
    unsigned repetitions = kernel_repetitions(argc, argv, 36);
    uint64_t checksum = 1;
    static double u[N], v[N], between[N];
    for (unsigned repetition = 0; repetition < repetitions; repetition++) {
        for (int i = 0; i < N; i++) u[i] = 1 + repetition;
        for (int step = 0; step < 10; step++) {
            multiply(u, between, 0);
            multiply(between, v, 1);
            multiply(v, between, 0);
            multiply(between, u, 1);
        }
        double uv = 0, vv = 0;
        for (int i = 0; i < N; i++) {
            uv += u[i] * v[i];
            vv += v[i] * v[i];
        }
        double norm = sqrt(uv / vv);
        uint64_t bits;
        memcpy(&bits, &norm, sizeof bits);
        checksum = kernel_mix(checksum, bits);
    }
    return kernel_report("spectral_norm", checksum);
}
