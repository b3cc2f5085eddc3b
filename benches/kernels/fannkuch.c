//! Pancake flips over every permutation of N numbers: short loops over small arrays of bytes and
//! integers, with branches that are hard to predict.

#include "kernel.h"

enum { N = 9 };

/// Counts the flips until 0 comes first; `order` is left alone.
static int count_flips(const int *order) {
    int flipped[N], flips = 0;
    for (int i = 0; i < N; i++) flipped[i] = order[i];
    for (int first; (first = flipped[0]) != 0; flips++)
        for (int low = 0, high = first; low < high; low++, high--) {
            int value = flipped[low];
            flipped[low] = flipped[high];
            flipped[high] = value;
        }
    return flips;
}

/// Visits all permutations (by counting in the factorial number system), and returns the largest
/// number of flips and the alternating sum in one value.
static uint64_t visit_all(void) {
    int order[N], count[N] = {0}, largest = 0, sum = 0, sign = 1;
    for (int i = 0; i < N; i++) order[i] = i;
    for (;;) {
        int flips = count_flips(order);
        if (flips > largest) largest = flips;
        sum += sign * flips;
        sign = -sign;
        int place = 1;
        for (;; place++) {
            if (place == N) return (uint64_t)(uint32_t)sum << 32 | (uint32_t)largest;
            int first = order[0];
            for (int i = 0; i < place; i++) order[i] = order[i + 1];
            order[place] = first;
            if (++count[place] <= place) break;
            count[place] = 0;
        }
    }
}

int main(int argc, char **argv) {
    unsigned repetitions = kernel_repetitions(argc, argv, 40);
    uint64_t checksum = 1;
    for (unsigned repetition = 0; repetition < repetitions; repetition++)
        checksum = kernel_mix(checksum, visit_all());
    return kernel_report("fannkuch", checksum);
}
