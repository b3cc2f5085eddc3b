//! LZ4 over whole files: the fast compressor at level 0, the thorough one above.

#include "driver.h"
#include "lz4.h"
#include "lz4hc.h"

static size_t compressor_bound(size_t length) { return (size_t)LZ4_compressBound((int)length); }

static size_t check(int length) {
    if (length <= 0) driver_fail("lz4: error %d", length);
    return (size_t)length;
}

static size_t compressor_pack(Buffer out, Buffer in, int level) {
    const char *from = (const char *)in.bytes;
    char *to = (char *)out.bytes;
    if (level == 0) return check(LZ4_compress_default(from, to, (int)in.length, (int)out.length));
    return check(LZ4_compress_HC(from, to, (int)in.length, (int)out.length, level));
}

static size_t compressor_unpack(Buffer out, Buffer in) {
    return check(LZ4_decompress_safe((const char *)in.bytes, (char *)out.bytes, (int)in.length,
                                     (int)out.length));
}

// It hashes five bytes at a time where a register holds eight, else four.
#define COMPRESSOR_DEPENDS_ON_WORD_SIZE
#include "compressor.h"
