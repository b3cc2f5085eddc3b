//! Hash tables: an open-addressing table of 64-bit keys that grows, a chained table of strings,
//! and SHA-256 over their contents.

#include "kernel.h"
#include <string.h>

typedef struct {
    uint64_t *keys;
    uint32_t *values;
    uint32_t capacity, count;
} Table;

static uint64_t scramble(uint64_t key) {
    key ^= key >> 33;
    key *= 0xff51afd7ed558ccdULL;
    key ^= key >> 29;
    return key;
}

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (!memory) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return memory;
}

/// The slot that holds `key`, or the empty one where it belongs (key 0 marks an empty slot).
static uint32_t find_slot(const Table *table, uint64_t key) {
    uint32_t mask = table->capacity - 1, slot = (uint32_t)scramble(key) & mask;
    while (table->keys[slot] && table->keys[slot] != key) slot = (slot + 1) & mask;
    return slot;
}

static void grow(Table *table) {
    Table larger = {.capacity = table->capacity * 2, .count = table->count};
    larger.keys = allocate(larger.capacity, sizeof *larger.keys);
    larger.values = allocate(larger.capacity, sizeof *larger.values);
    for (uint32_t slot = 0; slot < table->capacity; slot++)
        if (table->keys[slot]) {
            uint32_t place = find_slot(&larger, table->keys[slot]);
            larger.keys[place] = table->keys[slot];
            larger.values[place] = table->values[slot];
        }
    free(table->keys);
    free(table->values);
    *table = larger;
}

static void add(Table *table, uint64_t key, uint32_t amount) {
    if (table->count * 4 >= table->capacity * 3) grow(table);
    uint32_t slot = find_slot(table, key);
    if (!table->keys[slot]) {
        table->keys[slot] = key;
        table->count++;
    }
    table->values[slot] += amount;
}

typedef struct Entry {
    struct Entry *next;
    uint32_t count;
    char name[20];
} Entry;

enum { BUCKETS = 4096 };
static Entry *buckets[BUCKETS];

static void count_name(const char *name) {
    uint32_t hash = 5381;
    for (const char *at = name; *at; at++) hash = hash * 33 + (uint8_t)*at;
    Entry **link = &buckets[hash % BUCKETS];
    for (; *link; link = &(*link)->next)
        if (strcmp((*link)->name, name) == 0) {
            (*link)->count++;
            return;
        }
    *link = allocate(1, sizeof **link);
    (*link)->count = 1;
    strcpy((*link)->name, name);
}

static uint64_t drain_names(void) {
    uint64_t checksum = 0;
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        Entry *entry = buckets[bucket];
        buckets[bucket] = NULL;
        while (entry) {
            Entry *next = entry->next;
            checksum = kernel_mix(checksum, entry->count + (uint64_t)strlen(entry->name));
            free(entry);
            entry = next;
        }
    }
    return checksum;
}

static uint32_t round_constants[64];

/// The constants of SHA-256 are the fractions of cube roots of the first 64 primes, found here by
/// integer search so that no table has to be copied in.
static void make_constants(void) {
    int found = 0;
    for (unsigned candidate = 2; found < 64; candidate++) {
        int prime = 1;
        for (unsigned divisor = 2; divisor * divisor <= candidate; divisor++)
            if (candidate % divisor == 0) prime = 0;
        if (!prime) continue;
        // The largest root with root^3 <= candidate << 96 is the cube root scaled by 2^32.
        unsigned __int128 target = (unsigned __int128)candidate << 96;
        uint64_t root = 0;
        for (int bit = 35; bit >= 0; bit--) {
            uint64_t wider = root | (1ULL << bit);
            unsigned __int128 square = (unsigned __int128)wider * wider;
            if (square <= target / wider) root = wider;
        }
        round_constants[found++] = (uint32_t)root;
    }
}

static uint32_t rotate(uint32_t value, int by) { return value >> by | value << (32 - by); }

static void sha256_block(uint32_t hash[8], const uint8_t *block) {
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    memcpy(s, hash, sizeof s);
    for (int i = 0; i < 64; i++) {
        uint32_t e = rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25);
        uint32_t a = rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22);
        uint32_t one = s[7] + e + ((s[4] & s[5]) ^ (~s[4] & s[6])) + round_constants[i] + w[i];
        uint32_t two = a + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        for (int j = 7; j > 0; j--) s[j] = s[j - 1];
        s[4] += one;
        s[0] = one + two;
    }
    for (int i = 0; i < 8; i++) hash[i] += s[i];
}

int main(int argc, char **argv) {
    unsigned repetitions = kernel_repetitions(argc, argv, 8);
    uint64_t checksum = 1;
    uint32_t state = 123456789u;
    make_constants();
    for (unsigned repetition = 0; repetition < repetitions; repetition++) {
        Table table = {.capacity = 16};
        table.keys = allocate(table.capacity, sizeof *table.keys);
        table.values = allocate(table.capacity, sizeof *table.values);
        for (int i = 0; i < 600000; i++)
            add(&table, (uint64_t)(kernel_random(&state) % 200000) * 0x9e3779b97f4a7c15ULL + 1, 1);
        for (uint32_t slot = 0; slot < table.capacity; slot += 61)
            checksum = kernel_mix(checksum, table.keys[slot] + table.values[slot]);
        uint32_t digest[8] = {1, 2, 3, 4, 5, 6, 7, 8};
        const uint8_t *bytes = (const uint8_t *)table.keys;
        for (uint32_t at = 0; at + 64 <= table.capacity * 8; at += 64) sha256_block(digest, bytes + at);
        for (int i = 0; i < 8; i++) checksum = kernel_mix(checksum, digest[i]);
        free(table.keys);
        free(table.values);
        char name[20] = "name-";
        for (int i = 0; i < 200000; i++) {
            uint32_t number = kernel_random(&state) % 10000;
            int at = 5;
            do name[at++] = (char)('0' + number % 10);
            while (number /= 10);
            name[at] = 0;
            count_name(name);
        }
        checksum = kernel_mix(checksum, drain_names());
    }
    return kernel_report("hash", checksum);
}
