//! Starts programs many times and tells how long each start takes, or how much memory it needs.
//!
//!     launch time COUNT PROGRAM...   one line each: median, 10th percentile, fastest (nanoseconds),
//!                                    largest ru_maxrss (KiB)
//!     launch memory PROGRAM...       one line each: peak and final resident, private (KiB)
//!     launch peak FILE COMMAND...    runs a command with its arguments and this environment, writes
//!                                    its peak resident memory (KiB) to FILE, ends with its status
//!
//! Time is from before posix_spawn until the program was waited for; the programs take turns in
//! changing order, so that a change of the machine's mood hits all, and no program always follows
//! the same one. Memory is read from /proc while the program is stopped at
//! its exit, which is exact; ru_maxrss, what tools like time(1) print, begins with what the launcher
//! itself had resident, and the kernel rounds it generously.
//! Standard output and error of the programs go to /dev/null.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char *const no_environment[] = {NULL};

static void fail(const char *what) {
    fprintf(stderr, "launch: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t time_one(char *program, const posix_spawn_file_actions_t *actions, long *resident) {
    struct rusage usage;
    char *arguments[] = {program, NULL};
    pid_t child;
    int status;
    uint64_t start = now();
    errno = posix_spawn(&child, program, actions, NULL, arguments, no_environment);
    if (errno) fail(program);
    if (wait4(child, &status, 0, &usage) < 0) fail("wait4");
    uint64_t taken = now() - start;
    if (usage.ru_maxrss > *resident) *resident = usage.ru_maxrss;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "launch: %s ended with wait status %#x\n", program, status);
        exit(1);
    }
    return taken;
}

static int ascending(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static void time_all(long count, char **programs, int number) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    uint64_t *taken = calloc((size_t)count * (size_t)number, sizeof *taken);
    long *resident = calloc((size_t)number, sizeof *resident);
    if (!taken || !resident) fail("calloc");
    int *order = calloc((size_t)number, sizeof *order);
    if (!order) fail("calloc");
    for (int i = 0; i < number; i++) order[i] = i;
    uint64_t state = 88172645463325252u;
    for (long round = -20; round < count; round++) {
        // Each round has an order of its own: what a program leaves in the caches must not always
        // meet the same one.
        for (int i = number - 1; i > 0; i--) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            int other = (int)(state % (uint64_t)(i + 1)), chosen = order[i];
            order[i] = order[other], order[other] = chosen;
        }
        for (int i = 0; i < number; i++) {
            uint64_t time = time_one(programs[order[i]], &actions, &resident[order[i]]);
            if (round >= 0) taken[order[i] * count + round] = time;
        }
    }
    free(order);
    for (int i = 0; i < number; i++) {
        uint64_t *mine = taken + i * count;
        qsort(mine, (size_t)count, sizeof *mine, ascending);
        printf("%s %llu %llu %llu %ld\n", programs[i], (unsigned long long)mine[count / 2],
               (unsigned long long)mine[count / 10], (unsigned long long)mine[0], resident[i]);
    }
    free(resident);
    free(taken);
}

/// The sum of the fields named `field` in a file below /proc/PID.
static long read_field(pid_t child, const char *file, const char *field) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)child, file);
    FILE *stream = fopen(path, "r");
    if (!stream) fail(path);
    long sum = 0;
    while (fgets(line, sizeof line, stream))
        if (strncmp(line, field, strlen(field)) == 0) sum += atol(line + strlen(field) + 1);
    fclose(stream);
    return sum;
}

/// What is read while the program is stopped at its exit.
typedef void (*AtExit)(pid_t child, const char *name);

static void print_memory(pid_t child, const char *program) {
    printf("%s %ld %ld %ld\n", program, read_field(child, "status", "VmHWM:"),
           read_field(child, "smaps_rollup", "Rss:"),
           read_field(child, "smaps_rollup", "Private_Clean:") +
               read_field(child, "smaps_rollup", "Private_Dirty:"));
}

static void write_peak(pid_t child, const char *path) {
    FILE *file = fopen(path, "w");
    if (!file) fail(path);
    fprintf(file, "%ld\n", read_field(child, "status", "VmHWM:"));
    fclose(file);
}

/// Runs a program under ptrace; returns its wait status.
static int traced(char **arguments, char *const *environment, int quiet, AtExit at_exit,
                  const char *name) {
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        if (quiet) {
            int null = open("/dev/null", O_WRONLY);
            dup2(null, 1);
            dup2(null, 2);
        }
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        execve(arguments[0], arguments, environment);
        _exit(127);
    }
    int status;
    if (waitpid(child, &status, 0) < 0) fail("waitpid");
    if (ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)(long)(PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL)) < 0)
        fail("ptrace");
    for (int signal = 0;;) {
        if (ptrace(PTRACE_CONT, child, NULL, (void *)(long)signal) < 0) fail("ptrace");
        if (waitpid(child, &status, __WALL) < 0) fail("waitpid");
        if (!WIFSTOPPED(status)) return status;
        signal = WSTOPSIG(status);
        if (status >> 8 == (SIGTRAP | (PTRACE_EVENT_EXIT << 8))) {
            at_exit(child, name);
            signal = 0;
        } else if (signal == SIGTRAP) {
            signal = 0;
        }
    }
}

int main(int argc, char **argv) {
    if (argc > 3 && strcmp(argv[1], "time") == 0 && atol(argv[2]) > 0) {
        time_all(atol(argv[2]), argv + 3, argc - 3);
    } else if (argc > 2 && strcmp(argv[1], "memory") == 0) {
        for (int i = 2; i < argc; i++) {
            char *arguments[] = {argv[i], NULL};
            traced(arguments, no_environment, 1, print_memory, argv[i]);
        }
    } else if (argc > 3 && strcmp(argv[1], "peak") == 0) {
        int status = traced(argv + 3, environ, 0, write_peak, argv[2]);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    } else {
        fprintf(stderr, "usage: launch time COUNT PROGRAM... | launch memory PROGRAM... | "
                        "launch peak FILE COMMAND...\n");
        return 2;
    }
    return 0;
}
