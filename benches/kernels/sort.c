//! Sorting: a quicksort with an insertion sort for short runs, a heapsort, and `qsort` with a
//! comparison function (an indirect call for each comparison).

#include "kernel.h"
#include <string.h>

enum { COUNT = 200000 };

static uint32_t input[COUNT], work[COUNT];

static void quick_sort(uint32_t *values, int low, int high) {
    while (high - low > 16) {
        uint32_t a = values[low], b = values[(low + high) / 2], c = values[high];
        uint32_t pivot = a < b ? (b < c ? b : (a < c ? c : a)) : (a < c ? a : (b < c ? c : b));
        int i = low, j = high;
        while (i <= j) {
            while (values[i] < pivot) i++;
            while (values[j] > pivot) j--;
            if (i <= j) {
                uint32_t swapped = values[i];
                values[i++] = values[j];
                values[j--] = swapped;
            }
        }
        if (j - low < high - i) {
            quick_sort(values, low, j);
            low = i;
        } else {
            quick_sort(values, i, high);
            high = j;
        }
    }
    for (int i = low + 1; i <= high; i++) {
        uint32_t value = values[i];
        int j = i - 1;
        for (; j >= low && values[j] > value; j--) values[j + 1] = values[j];
        values[j + 1] = value;
    }
}

static void sift_down(uint32_t *values, int root, int count) {
    uint32_t value = values[root];
    for (int child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && values[child + 1] > values[child]) child++;
        if (values[child] <= value) break;
        values[root] = values[child];
    }
    values[root] = value;
}

static void heap_sort(uint32_t *values, int count) {
    for (int root = count / 2 - 1; root >= 0; root--) sift_down(values, root, count);
    for (int end = count - 1; end > 0; end--) {
        uint32_t largest = values[0];
        values[0] = values[end];
        values[end] = largest;
        sift_down(values, 0, end);
    }
}

static int compare_values(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static uint64_t checksum_of(const uint32_t *values) {
    uint64_t checksum = 0;
    for (int i = 0; i < COUNT; i += 997) checksum = kernel_mix(checksum, values[i]);
    return checksum;
}

int main(int argc, char **argv) {
    unsigned repetitions = kernel_repetitions(argc, argv, 12);
    uint64_t checksum = 1;
    uint32_t state = 2463534242u;
    for (unsigned repetition = 0; repetition < repetitions; repetition++) {
        for (int i = 0; i < COUNT; i++) input[i] = kernel_random(&state);
        memcpy(work, input, sizeof work);
        quick_sort(work, 0, COUNT - 1);
        checksum = kernel_mix(checksum, checksum_of(work));
        memcpy(work, input, sizeof work);
        heap_sort(work, COUNT);
        checksum = kernel_mix(checksum, checksum_of(work));
        memcpy(work, input, sizeof work);
        qsort(work, COUNT, sizeof work[0], compare_values);
        checksum = kernel_mix(checksum, checksum_of(work));
    }
    return kernel_report("sort", checksum);
}
