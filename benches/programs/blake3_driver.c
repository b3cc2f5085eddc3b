//! BLAKE3 of a file: `blake3 FILE TIMES`, each time over the file and the hash before.

#include "driver.h"
#include "blake3.h"

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: %s FILE TIMES\n", argv[0]);
        return 2;
    }
    Buffer in = driver_read(argv[1]);
    uint8_t hash[BLAKE3_OUT_LEN] = {0};
    for (int times = atoi(argv[2]); times > 0; times--) {
        blake3_hasher hasher;
        blake3_hasher_init(&hasher);
        blake3_hasher_update(&hasher, in.bytes, in.length);
        blake3_hasher_update(&hasher, hash, sizeof hash);
        blake3_hasher_finalize(&hasher, hash, sizeof hash);
    }
    for (size_t i = 0; i < sizeof hash; i++) printf("%02x", hash[i]);
    putchar('\n');
    return 0;
}
