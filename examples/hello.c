//! The smallest C program: one line on standard output.

#include <stdio.h>

int main(void) {
    puts("hello, world");
    return 0;
}
