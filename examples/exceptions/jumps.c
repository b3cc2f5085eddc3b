// setjmp and longjmp: built by `scripts/material exceptions` in both encodings.
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

static jmp_buf outer, inner;
static int depth_reached;

__attribute__((noinline)) static void deep(int depth, int value) {
    char frame[200];
    memset(frame, depth, sizeof frame);
    depth_reached = depth + frame[100] - frame[101];
    if (depth == 50) longjmp(outer, value);
    deep(depth + 1, value);
}

// Every value comes back, 0 as 1; locals that are volatile keep what was stored last.
static void values(void) {
    static const int sent[] = {1, -1, 0, 2147483647, -2147483647 - 1, 7};
    for (unsigned i = 0; i < sizeof sent / sizeof *sent; i++) {
        volatile int stored = 0;
        int got = setjmp(outer);
        if (got == 0) {
            stored = 100 + (int)i;
            deep(0, sent[i]);
        }
        printf("sent %d, got %d, stored %d, depth %d\n", sent[i], got, stored, depth_reached);
    }
}

// Two live buffers; the inner one is left by way of the outer.
static void two(void) {
    volatile int rounds = 0;
    int from_outer = setjmp(outer);
    printf("outer %d\n", from_outer);
    if (from_outer == 3) return;
    int from_inner = setjmp(inner);
    printf("inner %d, round %d\n", from_inner, rounds);
    rounds++;
    if (from_inner < 2) longjmp(inner, from_inner + 1);
    longjmp(outer, from_outer + 1);
}

__attribute__((noinline)) static int guarded(int (*run)(int), int argument) {
    jmp_buf saved;
    memcpy(saved, outer, sizeof saved);
    volatile int result = -1;
    if (setjmp(outer) == 0) result = run(argument);
    memcpy(outer, saved, sizeof saved);
    return result;
}

static int divide(int by) {
    if (by == 0) longjmp(outer, 1);
    return 1000 / by;
}

static int recurse(int left) {
    if (left == 0) return divide(0);
    return guarded(recurse, left - 1) + guarded(divide, left);
}

// Calls through pointers within each other, each with a buffer of its own.
static void protected_calls(void) {
    for (int by = 0; by < 4; by++) printf("1000 / %d = %d\n", by, guarded(divide, by));
    printf("recursion: %d\n", guarded(recurse, 6));
}

static void many(void) {
    volatile long sum = 0;
    for (volatile int i = 0; i < 20000; i++) {
        int got = setjmp(outer);
        if (got == 0) longjmp(outer, i % 5 + 1);
        sum += got;
    }
    printf("sum %ld\n", sum);
}

int main(void) {
    values();
    two();
    protected_calls();
    many();
    return 0;
}
