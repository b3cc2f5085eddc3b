/* A pool of threads that takes jobs from a queue: lines of the Mandelbrot set. The sum of all
 * iterations is printed; it does not depend on the number of threads, the argument.
 *
 *     zig cc -target wasm32-freestanding -mcpu=generic+atomics+bulk_memory+mutable_globals -O3 \
 *         -nostdlib -Wl,--no-entry,--shared-memory,--import-memory,--max-memory=16777216 \
 *         -Wl,--export=_start pool.c -o pool.wasm
 *     wasmc compile pool.wasm -o pool && ./pool 2
 *
 * and natively (the sum is exact, without fused multiply-add):
 *
 *     cc -O3 -ffp-contract=off -DNATIVE -pthread pool.c -o pool-native */
#include "threads.h"

enum { SIZE = 1000, LIMIT = 1000, QUEUE = 16, MAX_THREADS = 16 };

static mutex_t mutex = MUTEX_INIT;
static condition_t changed = CONDITION_INIT;
static int queue[QUEUE], queued, is_done;
static unsigned long long total;

static unsigned long long line(int y) {
    unsigned long long sum = 0;
    double ci = 2.0 * y / SIZE - 1.0;
    for (int x = 0; x < SIZE; x++) {
        double cr = 3.0 * x / SIZE - 2.0, zr = 0, zi = 0;
        int n = 0;
        while (n < LIMIT && zr * zr + zi * zi < 4.0) {
            double t = zr * zr - zi * zi + cr;
            zi = 2 * zr * zi + ci;
            zr = t;
            n++;
        }
        sum += n;
    }
    return sum;
}

static void work(void *unused) {
    (void)unused;
    mutex_lock(&mutex);
    for (;;) {
        while (queued == 0 && !is_done)
            condition_wait(&changed, &mutex);
        if (queued == 0)
            break;
        int y = queue[--queued];
        condition_wake_all(&changed);
        mutex_unlock(&mutex);
        unsigned long long sum = line(y);
        mutex_lock(&mutex);
        total += sum;
    }
    mutex_unlock(&mutex);
}

static int run(int threads) {
    static thread_t pool[MAX_THREADS];
    for (int i = 0; i < threads; i++)
        if (thread_start(&pool[i], work, 0))
            return 1;
    mutex_lock(&mutex);
    for (int y = 0; y < SIZE; y++) {
        while (queued == QUEUE)
            condition_wait(&changed, &mutex);
        queue[queued++] = y;
        condition_wake_all(&changed);
    }
    is_done = 1;
    condition_wake_all(&changed);
    mutex_unlock(&mutex);
    for (int i = 0; i < threads; i++)
        thread_join(&pool[i]);
    return 0;
}

static int count_of(const char *text) {
    int count = 0;
    while (*text >= '0' && *text <= '9' && count < 100)
        count = count * 10 + (*text++ - '0');
    return count < 1 ? 1 : count > MAX_THREADS ? MAX_THREADS : count;
}

#ifdef NATIVE

int main(int argc, char **argv) {
    int failed = run(argc > 1 ? count_of(argv[1]) : 2);
    printf("%llu\n", total);
    return failed;
}

#else

void _start(void) {
    static char *args[16];
    static char bytes[1024];
    uint32_t count, size;
    int threads = 2;
    if (wasi_args_sizes_get(&count, &size) == 0 && count > 1 && count <= 16 && size <= sizeof bytes &&
        wasi_args_get(args, bytes) == 0)
        threads = count_of(args[1]);
    if (run(threads))
        wasi_proc_exit(1);
    char text[24], *at = text + sizeof text;
    *--at = '\n';
    do
        *--at = '0' + total % 10;
    while (total /= 10);
    struct {
        const char *start;
        uint32_t len;
    } buffer = {at, text + sizeof text - at};
    int32_t written;
    wasi_fd_write(1, &buffer, 1, &written);
}

#endif
