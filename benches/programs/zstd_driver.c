//! Zstandard over whole files.

#include "driver.h"
#include "zstd.h"

static size_t compressor_bound(size_t length) { return ZSTD_compressBound(length); }

static size_t check(size_t result) {
    if (ZSTD_isError(result)) driver_fail("zstd: %s", ZSTD_getErrorName(result));
    return result;
}

static size_t compressor_pack(Buffer out, Buffer in, int level) {
    return check(ZSTD_compress(out.bytes, out.length, in.bytes, in.length, level));
}

static size_t compressor_unpack(Buffer out, Buffer in) {
    return check(ZSTD_decompress(out.bytes, out.length, in.bytes, in.length));
}

#include "compressor.h"
