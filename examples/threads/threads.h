/* Threads, mutexes and conditions in a hundred lines: over wasi-threads and the atomic instructions
 * of WebAssembly, or over pthreads with -DNATIVE. */
#pragma once

#ifdef NATIVE

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

typedef pthread_t thread_t;
typedef pthread_mutex_t mutex_t;
typedef pthread_cond_t condition_t;
#define MUTEX_INIT PTHREAD_MUTEX_INITIALIZER
#define CONDITION_INIT PTHREAD_COND_INITIALIZER

static void *(*thread_start_address(void (*function)(void *)))(void *) {
    return (void *(*)(void *))function;
}
static int thread_start(thread_t *thread, void (*function)(void *), void *argument) {
    return pthread_create(thread, 0, thread_start_address(function), argument);
}
static void thread_join(thread_t *thread) { pthread_join(*thread, 0); }
static void mutex_lock(mutex_t *mutex) { pthread_mutex_lock(mutex); }
static void mutex_unlock(mutex_t *mutex) { pthread_mutex_unlock(mutex); }
static void condition_wait(condition_t *condition, mutex_t *mutex) {
    pthread_cond_wait(condition, mutex);
}
static void condition_wake_all(condition_t *condition) { pthread_cond_broadcast(condition); }

#else

#include <stdint.h>

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))

IMPORT("wasi", "thread-spawn") int32_t wasi_thread_spawn(void *argument);
IMPORT("wasi_snapshot_preview1", "fd_write")
int32_t wasi_fd_write(int32_t fd, const void *buffers, int32_t count, int32_t *written);
IMPORT("wasi_snapshot_preview1", "args_sizes_get")
int32_t wasi_args_sizes_get(uint32_t *count, uint32_t *bytes);
IMPORT("wasi_snapshot_preview1", "args_get") int32_t wasi_args_get(char **args, char *bytes);
IMPORT("wasi_snapshot_preview1", "proc_exit") _Noreturn void wasi_proc_exit(int32_t status);

enum { STACK_BYTES = 64 * 1024 };

typedef struct {
    char *stack_top; /* first: the assembly below reads it */
    void (*function)(void *);
    void *argument;
    int32_t running;
    _Alignas(16) char stack[STACK_BYTES];
} thread_t;

/* A new thread begins with the stack pointer of the first one: it takes its own before any C. */
__asm__(".globaltype __stack_pointer, i32\n"
        ".functype thread_run (i32) -> ()\n"
        ".globl wasi_thread_start\n"
        ".export_name wasi_thread_start, wasi_thread_start\n"
        ".type wasi_thread_start,@function\n"
        "wasi_thread_start:\n"
        ".functype wasi_thread_start (i32, i32) -> ()\n"
        "local.get 1\n"
        "i32.load 0\n"
        "global.set __stack_pointer\n"
        "local.get 1\n"
        "call thread_run\n"
        "end_function\n");

__attribute__((used)) void thread_run(thread_t *thread) {
    thread->function(thread->argument);
    __atomic_store_n(&thread->running, 0, __ATOMIC_SEQ_CST);
    __builtin_wasm_memory_atomic_notify(&thread->running, 1);
}

static int thread_start(thread_t *thread, void (*function)(void *), void *argument) {
    thread->stack_top = thread->stack + STACK_BYTES;
    thread->function = function;
    thread->argument = argument;
    thread->running = 1;
    return wasi_thread_spawn(thread) < 0;
}

static void thread_join(thread_t *thread) {
    while (__atomic_load_n(&thread->running, __ATOMIC_SEQ_CST))
        __builtin_wasm_memory_atomic_wait32(&thread->running, 1, -1);
}

/* 0 free, 1 held, 2 held and wanted. */
typedef int32_t mutex_t;
/* Changes with every wake-up. */
typedef int32_t condition_t;
#define MUTEX_INIT 0
#define CONDITION_INIT 0

static void mutex_lock(mutex_t *mutex) {
    int32_t expected = 0;
    if (__atomic_compare_exchange_n(mutex, &expected, 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        return;
    while (__atomic_exchange_n(mutex, 2, __ATOMIC_SEQ_CST))
        __builtin_wasm_memory_atomic_wait32(mutex, 2, -1);
}

static void mutex_unlock(mutex_t *mutex) {
    if (__atomic_exchange_n(mutex, 0, __ATOMIC_SEQ_CST) == 2)
        __builtin_wasm_memory_atomic_notify(mutex, 1);
}

static void condition_wait(condition_t *condition, mutex_t *mutex) {
    int32_t before = __atomic_load_n(condition, __ATOMIC_SEQ_CST);
    mutex_unlock(mutex);
    __builtin_wasm_memory_atomic_wait32(condition, before, -1);
    mutex_lock(mutex);
}

static void condition_wake_all(condition_t *condition) {
    __atomic_fetch_add(condition, 1, __ATOMIC_SEQ_CST);
    __builtin_wasm_memory_atomic_notify(condition, -1);
}

#endif
