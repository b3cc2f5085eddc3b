//! Text: words are made, joined, searched (Horspool), reversed, upper-cased, compared, counted,
//! printed into and parsed from a buffer, mostly through libc's byte functions.

#include "kernel.h"
#include <ctype.h>
#include <string.h>

enum { TEXT = 1 << 18, WORDS = 4096, WORD = 16 };

static char text[TEXT + 1], copy[TEXT + 1];
static char words[WORDS][WORD];

static int make_text(uint32_t *state) {
    int length = 0;
    for (int word = 0; word < WORDS; word++) {
        int letters = 2 + (int)(kernel_random(state) % 12);
        for (int i = 0; i < letters; i++) words[word][i] = (char)('a' + kernel_random(state) % 6);
        words[word][letters] = 0;
    }
    while (length + WORD < TEXT) {
        const char *word = words[kernel_random(state) % WORDS];
        int letters = (int)strlen(word);
        memcpy(text + length, word, (size_t)letters);
        length += letters;
        text[length++] = ' ';
    }
    text[length] = 0;
    return length;
}

static int count_horspool(const char *haystack, int length, const char *needle) {
    int letters = (int)strlen(needle), found = 0, skip[256];
    for (int i = 0; i < 256; i++) skip[i] = letters;
    for (int i = 0; i + 1 < letters; i++) skip[(uint8_t)needle[i]] = letters - 1 - i;
    for (int at = 0; at + letters <= length;) {
        int i = letters - 1;
        while (i >= 0 && haystack[at + i] == needle[i]) i--;
        found += i < 0;
        at += skip[(uint8_t)haystack[at + letters - 1]];
    }
    return found;
}

static void reverse_words(char *at) {
    while (*at) {
        // Not strcspn: some libcs measure the whole rest of the text at each call.
        char *end = at;
        while (*end && *end != ' ') end++;
        for (char *low = at, *high = end - 1; low < high; low++, high--) {
            char letter = *low;
            *low = *high;
            *high = letter;
        }
        at = *end ? end + 1 : end;
    }
}

static uint64_t print_and_parse(uint32_t *state) {
    char line[128];
    uint64_t sum = 0;
    for (int i = 0; i < 2000; i++) {
        uint32_t number = kernel_random(state);
        int length = snprintf(line, sizeof line, "%s=%u, %x; %-12s|%8d", words[i % WORDS], number,
                              number, words[(i * 7) % WORDS], (int)(number % 100000));
        char *value = strchr(line, '=') + 1;
        sum = kernel_mix(sum, strtoul(value, NULL, 10) + (uint64_t)length);
        sum = kernel_mix(sum, strtoul(strchr(value, ',') + 2, NULL, 16));
    }
    return sum;
}

int main(int argc, char **argv) {
    unsigned repetitions = kernel_repetitions(argc, argv, 250);
    uint64_t checksum = 1;
    uint32_t state = 19650218u;
    int length = make_text(&state);
    for (unsigned repetition = 0; repetition < repetitions; repetition++) {
        const char *needle = words[kernel_random(&state) % WORDS];
        checksum = kernel_mix(checksum, (uint64_t)count_horspool(text, length, needle));
        memcpy(copy, text, (size_t)length + 1);
        reverse_words(copy);
        for (int i = 0; i < length; i++) copy[i] = (char)toupper((uint8_t)copy[i]);
        checksum = kernel_mix(checksum, (uint64_t)strcmp(copy, text) >> 63);
        unsigned letters[256] = {0};
        for (int i = 0; i < length; i++) letters[(uint8_t)copy[i]]++;
        checksum = kernel_mix(checksum, letters['A' + repetition % 6]);
        unsigned same = 0;
        for (int i = 1; i < WORDS; i++) same += strcmp(words[i - 1], words[i]) < 0;
        checksum = kernel_mix(checksum, same);
        checksum = kernel_mix(checksum, print_and_parse(&state));
        text[kernel_random(&state) % (uint32_t)length] = 'b';
    }
    return kernel_report("string", checksum);
}
