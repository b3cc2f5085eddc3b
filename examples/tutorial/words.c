// Counts the lines and words of a file.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: words FILE\n");
        return 2;
    }
    FILE *file = fopen(argv[1], "r");
    if (!file) {
        perror(argv[1]);
        return 1;
    }
    long lines = 0, words = 0;
    int inside = 0;
    for (int c; (c = getc(file)) != EOF;) {
        lines += c == '\n';
        words += !isspace(c) && !inside;
        inside = !isspace(c);
    }
    fclose(file);
    printf("%s: %ld lines, %ld words\n", argv[1], lines, words);
    return 0;
}
