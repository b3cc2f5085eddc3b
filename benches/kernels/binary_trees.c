//! Allocation: many short-lived binary trees beside one that lives on, through malloc and free.

#include "kernel.h"

typedef struct Tree {
    struct Tree *left, *right;
} Tree;

static Tree *make_tree(int depth) {
    Tree *tree = malloc(sizeof *tree);
    if (!tree) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    tree->left = depth ? make_tree(depth - 1) : NULL;
    tree->right = depth ? make_tree(depth - 1) : NULL;
    return tree;
}

static uint32_t count_nodes(const Tree *tree) {
    return tree->left ? 1 + count_nodes(tree->left) + count_nodes(tree->right) : 1;
}

static void free_tree(Tree *tree) {
    if (tree->left) {
        free_tree(tree->left);
        free_tree(tree->right);
    }
    free(tree);
}

int main(int argc, char **argv) {
    unsigned repetitions = kernel_repetitions(argc, argv, 10);
    uint64_t checksum = 1;
    for (unsigned repetition = 0; repetition < repetitions; repetition++) {
        Tree *lasting = make_tree(15);
        for (int depth = 4; depth <= 14; depth += 2) {
            uint32_t nodes = 0;
            for (int i = 0; i < 1 << (18 - depth); i++) {
                Tree *tree = make_tree(depth);
                nodes += count_nodes(tree);
                free_tree(tree);
            }
            checksum = kernel_mix(checksum, nodes);
        }
        checksum = kernel_mix(checksum, count_nodes(lasting));
        free_tree(lasting);
    }
    return kernel_report("binary_trees", checksum);
}
