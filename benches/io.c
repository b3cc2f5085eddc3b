/* What reading and writing cost: from standard input, to standard output, both as the caller set
   them up (/dev/zero, /dev/null, pipes, files).

       io read|write BYTES CALLS     nanoseconds a call, on standard error

   The same source is compiled natively and to WebAssembly: see benches/README.md. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    int reads = !strcmp(argv[1], "read");
    size_t bytes = strtoul(argv[2], NULL, 10);
    unsigned long calls = strtoul(argv[3], NULL, 10);
    unsigned long long done = 0;
    char *buffer = calloc(1, bytes);
    if (!buffer) return 1;
    double start = now();
    for (unsigned long at = 0; at < calls; at++) {
        ssize_t len = reads ? read(0, buffer, bytes) : write(1, buffer, bytes);
        if (len < 0) return 1;
        done += (unsigned long long)len;
    }
    double time = now() - start;
    fprintf(stderr, "%.1f ns a call, %.2f GB/s\n", time / (double)calls, (double)done / time);
    return done != (unsigned long long)bytes * calls;
}
