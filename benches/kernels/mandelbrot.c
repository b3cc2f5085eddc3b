//! The Mandelbrot set on a grid: a tight loop of double multiplications with an unpredictable exit.

#include "kernel.h"

#pragma STDC FP_CONTRACT OFF

enum { SIZE = 400, LIMIT = 200 };

int main(int argc, char **argv) {
    unsigned repetitions = kernel_repetitions(argc, argv, 40);
    uint64_t checksum = 1;
    for (unsigned repetition = 0; repetition < repetitions; repetition++) {
        double shift = (double)repetition / 1024;
        for (int row = 0; row < SIZE; row++)
            for (int column = 0; column < SIZE; column++) {
                double cr = 3.0 * column / SIZE - 2.25 + shift, ci = 3.0 * row / SIZE - 1.5;
                double zr = 0, zi = 0, zr2 = 0, zi2 = 0;
                int steps = 0;
                while (steps < LIMIT && zr2 + zi2 <= 4) {
                    zi = 2 * zr * zi + ci;
                    zr = zr2 - zi2 + cr;
                    zr2 = zr * zr;
                    zi2 = zi * zi;
                    steps++;
                }
                checksum = kernel_mix(checksum, (uint64_t)steps);
            }
    }
    return kernel_report("mandelbrot", checksum);
}
