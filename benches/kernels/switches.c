//! A dense switch in a loop: an interpreter of a small stack machine that runs a prime sieve, a
//! string reversal and a Collatz search written in its bytecode.

#include "kernel.h"

typedef enum {
    PUSH, DUP, DROP, SWAP, OVER, ADD, SUB, MUL, DIVIDE, REST, AND, XOR, SHIFT, LESS, EQUAL, NOT,
    LOAD, STORE, GET, SET, JUMP, JUMP_IF, CALL, RETURN, HALT,
} Code;

enum { CELLS = 4096 };

typedef struct {
    int32_t stack[64], locals[16], cells[CELLS];
    int calls[32];
} Machine;

static int32_t interpret(Machine *machine, const int32_t *code) {
    int32_t *top = machine->stack;
    int at = 0, depth = 0;
    for (;;) {
        switch ((Code)code[at++]) {
        case PUSH: *++top = code[at++]; break;
        case DUP: top[1] = top[0]; top++; break;
        case DROP: top--; break;
        case SWAP: { int32_t value = top[0]; top[0] = top[-1]; top[-1] = value; break; }
        case OVER: top[1] = top[-1]; top++; break;
        case ADD: top--; *top = (int32_t)((uint32_t)top[0] + (uint32_t)top[1]); break;
        case SUB: top--; *top = (int32_t)((uint32_t)top[0] - (uint32_t)top[1]); break;
        case MUL: top--; *top = (int32_t)((uint32_t)top[0] * (uint32_t)top[1]); break;
        case DIVIDE: top--; *top = top[1] ? top[0] / top[1] : 0; break;
        case REST: top--; *top = top[1] ? top[0] % top[1] : 0; break;
        case AND: top--; *top &= top[1]; break;
        case XOR: top--; *top ^= top[1]; break;
        case SHIFT: top--; *top = (int32_t)((uint32_t)top[0] >> (top[1] & 31)); break;
        case LESS: top--; *top = top[0] < top[1]; break;
        case EQUAL: top--; *top = top[0] == top[1]; break;
        case NOT: *top = !*top; break;
        case LOAD: *top = machine->cells[*top & (CELLS - 1)]; break;
        case STORE: machine->cells[*top & (CELLS - 1)] = top[-1]; top -= 2; break;
        case GET: *++top = machine->locals[code[at++]]; break;
        case SET: machine->locals[code[at++]] = *top--; break;
        case JUMP: at = code[at]; break;
        case JUMP_IF: at = *top-- ? code[at] : at + 1; break;
        case CALL: machine->calls[depth++] = at + 1; at = code[at]; break;
        case RETURN: at = machine->calls[--depth]; break;
        case HALT: return *top;
        }
    }
}

/// Counts the primes below 4096: local 0 is the number, 1 the multiple, 2 the count.
static const int32_t sieve[] = {
    /*  0 */ PUSH, 0, SET, 0,
    /*  4 */ PUSH, 0, GET, 0, STORE, GET, 0, PUSH, 1, ADD, SET, 0,
    /* 16 */ GET, 0, PUSH, CELLS, LESS, JUMP_IF, 4,
    /* 23 */ PUSH, 2, SET, 0, PUSH, 0, SET, 2,
    /* 31 */ GET, 0, LOAD, JUMP_IF, 66,
    /* 36 */ GET, 2, PUSH, 1, ADD, SET, 2, GET, 0, SET, 1,
    /* 47 */ PUSH, 1, GET, 1, STORE, GET, 1, GET, 0, ADD, SET, 1,
    /* 59 */ GET, 1, PUSH, CELLS, LESS, JUMP_IF, 47,
    /* 66 */ GET, 0, PUSH, 1, ADD, SET, 0, GET, 0, PUSH, CELLS, LESS, JUMP_IF, 31,
    /* 80 */ GET, 2, HALT,
};

/// The longest Collatz chain below 300: local 0 is the start, 1 the number, 2 the length, 3 the best.
static const int32_t collatz[] = {
    /*  0 */ PUSH, 1, SET, 0, PUSH, 0, SET, 3,
    /*  8 */ GET, 0, SET, 1, PUSH, 0, SET, 2,
    /* 16 */ GET, 1, PUSH, 1, AND, JUMP_IF, 32,
    /* 23 */ GET, 1, PUSH, 2, DIVIDE, SET, 1, JUMP, 42,
    /* 32 */ GET, 1, PUSH, 3, MUL, PUSH, 1, ADD, SET, 1,
    /* 42 */ GET, 2, PUSH, 1, ADD, SET, 2, PUSH, 1, GET, 1, LESS, JUMP_IF, 16,
    /* 56 */ GET, 2, GET, 3, LESS, JUMP_IF, 67, GET, 2, SET, 3,
    /* 67 */ GET, 0, PUSH, 1, ADD, SET, 0, GET, 0, PUSH, 300, LESS, JUMP_IF, 8,
    /* 81 */ GET, 3, HALT,
};

/// Reverses 512 cells and folds them, with a call for each: local 0 is the place.
static const int32_t reverse[] = {
    /*  0 */ PUSH, 0, SET, 0,
    /*  4 */ CALL, 23, GET, 0, PUSH, 1, ADD, SET, 0, GET, 0, PUSH, 256, LESS, JUMP_IF, 4,
    /* 20 */ PUSH, 1, HALT,
    /* 23 */ GET, 0, LOAD, PUSH, 511, GET, 0, SUB, LOAD, GET, 0, STORE, PUSH, 511, GET, 0, SUB, STORE,
    /* 41 */ GET, 0, LOAD, GET, 0, PUSH, 3, MUL, XOR, PUSH, 1, SHIFT, GET, 0, STORE, RETURN,
};

int main(int argc, char **argv) {
    unsigned repetitions = kernel_repetitions(argc, argv, 900);
    static Machine machine;
    uint64_t checksum = 1;
    uint32_t state = 0xfeedu;
    for (unsigned repetition = 0; repetition < repetitions; repetition++) {
        checksum = kernel_mix(checksum, (uint64_t)interpret(&machine, sieve));
        checksum = kernel_mix(checksum, (uint64_t)interpret(&machine, collatz));
        for (int i = 0; i < 512; i++) machine.cells[i] = (int32_t)(kernel_random(&state) & 0xffff);
        for (int i = 0; i < 20; i++) interpret(&machine, reverse);
        for (int i = 0; i < 512; i++) checksum = kernel_mix(checksum, (uint32_t)machine.cells[i]);
    }
    return kernel_report("switches", checksum);
}
