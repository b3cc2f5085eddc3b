//! A mix in the class of CoreMark: linked lists sorted by callbacks, small 16-bit matrices, a state
//! machine over numbers in text, and CRC-16 over every result.

#include "kernel.h"
#include <string.h>

static uint16_t crc16(uint16_t crc, uint16_t value) {
    for (int bit = 0; bit < 16; bit++) {
        uint16_t carry = (uint16_t)((crc ^ value) & 1);
        crc = (uint16_t)(crc >> 1 ^ (carry ? 0xa001 : 0));
        value >>= 1;
    }
    return crc;
}

typedef struct Item {
    struct Item *next;
    int16_t key, place;
} Item;

enum { ITEMS = 256 };
static Item items[ITEMS];

typedef int (*Compare)(const Item *, const Item *);

static int by_key(const Item *a, const Item *b) { return a->key - b->key; }
static int by_place(const Item *a, const Item *b) { return a->place - b->place; }

/// Merge sort of a singly linked list, bottom up.
static Item *sort_list(Item *list, Compare compare) {
    for (int width = 1;; width *= 2) {
        Item *rest = list, *head = NULL, **tail = &head;
        int merges = 0;
        while (rest) {
            Item *left = rest;
            int left_count = 0, right_count = width;
            while (rest && left_count < width) {
                rest = rest->next;
                left_count++;
            }
            Item *right = rest;
            while (left_count > 0 || (right_count > 0 && right)) {
                int take_left = right_count == 0 || !right ||
                                (left_count > 0 && compare(left, right) <= 0);
                Item **from = take_left ? &left : &right;
                *(take_left ? &left_count : &right_count) -= 1;
                *tail = *from;
                tail = &(*from)->next;
                *from = (*from)->next;
            }
            rest = right;
            merges++;
        }
        *tail = NULL;
        list = head;
        if (merges <= 1) return list;
    }
}

static uint16_t work_list(uint16_t crc, uint32_t *state) {
    for (int i = 0; i < ITEMS; i++) {
        items[i].key = (int16_t)(kernel_random(state) & 0x7fff);
        items[i].place = (int16_t)i;
        items[i].next = i + 1 < ITEMS ? &items[i + 1] : NULL;
    }
    Item *list = sort_list(items, by_key);
    for (const Item *item = list; item; item = item->next)
        if (item->place % 8 == 0) crc = crc16(crc, (uint16_t)item->key);
    Item *reversed = NULL;
    while (list) {
        Item *next = list->next;
        list->next = reversed;
        reversed = list;
        list = next;
    }
    list = sort_list(reversed, by_place);
    int found = 0;
    for (int wanted = 0; wanted < 64; wanted++)
        for (const Item *item = list; item; item = item->next)
            if (item->key % 64 == wanted) {
                found += item->place;
                break;
            }
    return crc16(crc, (uint16_t)found);
}

enum { SIDE = 24 };
static int16_t left[SIDE][SIDE], right[SIDE][SIDE];
static int32_t product[SIDE][SIDE];

static uint16_t work_matrix(uint16_t crc, uint32_t *state) {
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            left[i][j] = (int16_t)(kernel_random(state) % 1000);
            right[i][j] = (int16_t)(kernel_random(state) % 1000);
        }
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            int32_t sum = 0;
            for (int k = 0; k < SIDE; k++) sum += (int32_t)left[i][k] * right[k][j];
            product[i][j] = sum;
        }
    for (int i = 0; i < SIDE; i++) {
        int32_t bits = 0;
        for (int j = 0; j < SIDE; j++) bits += (product[i][j] >> 2 & 15) * (product[i][j] >> 5 & 127);
        crc = crc16(crc, (uint16_t)bits);
    }
    return crc;
}

typedef enum { START, SIGN, WHOLE, POINT, FRACTION, EXPONENT, POWER, INVALID, STATES } State;

static State step(State at, char c) {
    int digit = c >= '0' && c <= '9', sign = c == '+' || c == '-';
    switch (at) {
    case START: return digit ? WHOLE : sign ? SIGN : c == '.' ? POINT : INVALID;
    case SIGN: return digit ? WHOLE : c == '.' ? POINT : INVALID;
    case WHOLE: return digit ? WHOLE : c == '.' ? FRACTION : c == 'e' ? EXPONENT : INVALID;
    case POINT: return digit ? FRACTION : INVALID;
    case FRACTION: return digit ? FRACTION : c == 'e' ? EXPONENT : INVALID;
    case EXPONENT: return digit || sign ? POWER : INVALID;
    case POWER: return digit ? POWER : INVALID;
    default: return INVALID;
    }
}

static uint16_t work_states(uint16_t crc, uint32_t *state) {
    static const char *const shapes[] = {"5012", "-874", "+122.5", "35.54e3", ".123e-12",
                                         "-.45e+7", "T0.3e-1F", "5.500e", "0x12", "1,5"};
    char text[2048];
    int length = 0;
    while (length < 2000) {
        const char *shape = shapes[kernel_random(state) % 10];
        while (*shape) text[length++] = *shape++;
        text[length++] = ' ';
    }
    uint32_t finals[STATES] = {0}, transitions[STATES] = {0};
    State at = START;
    for (int i = 0; i < length; i++) {
        if (text[i] == ' ') {
            finals[at]++;
            at = START;
            continue;
        }
        State next = step(at, text[i]);
        if (next != at) transitions[next]++;
        at = next;
    }
    for (int i = 0; i < STATES; i++) crc = crc16(crc16(crc, (uint16_t)finals[i]), (uint16_t)transitions[i]);
    return crc;
}

int main(int argc, char **argv) {
    unsigned repetitions = kernel_repetitions(argc, argv, 12000);
    uint64_t checksum = 1;
    uint32_t state = 0x2545f491u;
    for (unsigned repetition = 0; repetition < repetitions; repetition++) {
        uint16_t crc = work_list((uint16_t)checksum, &state);
        crc = work_matrix(crc, &state);
        crc = work_states(crc, &state);
        checksum = kernel_mix(checksum, crc);
    }
    return kernel_report("mix", checksum);
}
