//! Pointer chasing: a list whose nodes lie in random order in more memory than the caches hold near
//! the core, a binary search tree, and a skewed walk over both.

#include "kernel.h"

typedef struct Node {
    struct Node *next, *left, *right;
    uint32_t key, value;
} Node;

enum { NODES = 1 << 16 };
static Node nodes[NODES];
static uint32_t order[NODES];

static void shuffle(uint32_t *state) {
    for (uint32_t i = 0; i < NODES; i++) order[i] = i;
    for (uint32_t i = NODES - 1; i > 0; i--) {
        uint32_t j = kernel_random(state) % (i + 1), swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
}

static Node *build(uint32_t *state) {
    shuffle(state);
    Node *root = NULL;
    for (uint32_t i = 0; i < NODES; i++) {
        Node *node = &nodes[order[i]];
        node->next = &nodes[order[(i + 1) % NODES]];
        node->left = node->right = NULL;
        node->key = kernel_random(state);
        node->value = i;
        Node **place = &root;
        while (*place) place = node->key < (*place)->key ? &(*place)->left : &(*place)->right;
        *place = node;
    }
    return root;
}

static uint64_t walk(const Node *node, uint32_t count) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum += node->key ^ node->value;
        node = node->next;
    }
    return sum;
}

static uint64_t search(const Node *root, uint32_t count, uint32_t *state) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t key = kernel_random(state);
        const Node *best = root;
        for (const Node *node = root; node; node = key < node->key ? node->left : node->right) best = node;
        sum += best->value;
    }
    return sum;
}

int main(int argc, char **argv) {
    unsigned repetitions = kernel_repetitions(argc, argv, 8);
    uint64_t checksum = 1;
    uint32_t state = 0xdecafu;
    for (unsigned repetition = 0; repetition < repetitions; repetition++) {
        Node *root = build(&state);
        checksum = kernel_mix(checksum, walk(root, 40 * NODES));
        checksum = kernel_mix(checksum, search(root, 2 * NODES, &state));
    }
    return kernel_report("pointers", checksum);
}
