//! Five bodies under gravity, advanced by small steps: scalar double arithmetic with divisions and
//! square roots, everything in a few cache lines.

#include "kernel.h"
#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

typedef struct {
    double x[3], v[3], mass;
} Body;

enum { BODIES = 5 };

/// A star and four planets in made-up but stable orbits (units: distance, year, star mass).
static Body bodies[BODIES] = {
    {{0, 0, 0}, {0, 0, 0}, 39.5},
    {{4.8, -1.2, -0.1}, {0.6, 2.8, -0.02}, 0.037},
    {{8.3, 4.1, -0.4}, {-1.0, 1.8, 0.01}, 0.011},
    {{12.9, -15.1, -0.2}, {1.1, 0.9, -0.01}, 0.0017},
    {{15.4, -25.9, 0.2}, {1.0, 0.6, -0.03}, 0.0020},
};

static void advance(double step) {
    for (int i = 0; i < BODIES; i++) {
        Body *a = &bodies[i];
        for (int j = i + 1; j < BODIES; j++) {
            Body *b = &bodies[j];
            double dx = a->x[0] - b->x[0], dy = a->x[1] - b->x[1], dz = a->x[2] - b->x[2];
            double square = dx * dx + dy * dy + dz * dz;
            double pull = step / (square * sqrt(square));
            double on_a = b->mass * pull, on_b = a->mass * pull;
            a->v[0] -= dx * on_a;
            a->v[1] -= dy * on_a;
            a->v[2] -= dz * on_a;
            b->v[0] += dx * on_b;
            b->v[1] += dy * on_b;
            b->v[2] += dz * on_b;
        }
    }
    for (int i = 0; i < BODIES; i++)
        for (int axis = 0; axis < 3; axis++) bodies[i].x[axis] += step * bodies[i].v[axis];
}

static double energy(void) {
    double sum = 0;
    for (int i = 0; i < BODIES; i++) {
        Body *a = &bodies[i];
        sum += 0.5 * a->mass * (a->v[0] * a->v[0] + a->v[1] * a->v[1] + a->v[2] * a->v[2]);
        for (int j = i + 1; j < BODIES; j++) {
            double dx = a->x[0] - bodies[j].x[0], dy = a->x[1] - bodies[j].x[1];
            double dz = a->x[2] - bodies[j].x[2];
            sum -= a->mass * bodies[j].mass / sqrt(dx * dx + dy * dy + dz * dz);
        }
    }
    return sum;
}

int main(int argc, char **argv) {
    unsigned repetitions = kernel_repetitions(argc, argv, 80);
    uint64_t checksum = 1;
    for (unsigned repetition = 0; repetition < repetitions; repetition++) {
        for (int step = 0; step < 100000; step++) advance(0.001);
        double now = energy();
        uint64_t bits;
        memcpy(&bits, &now, sizeof bits);
        checksum = kernel_mix(checksum, bits);
    }
    return kernel_report("nbody", checksum);
}
