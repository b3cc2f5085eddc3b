//! bzip2 over whole files.

#include "driver.h"
#include "bzlib.h"

/// BZ_NO_STDIO leaves the report of an internal error to its user.
void bz_internal_error(int code) { driver_fail("bzip2: internal error %d", code); }

static size_t compressor_bound(size_t length) { return length + length / 100 + 600; }

static size_t check(int result, unsigned length) {
    if (result != BZ_OK) driver_fail("bzip2: error %d", result);
    return length;
}

static size_t compressor_pack(Buffer out, Buffer in, int level) {
    unsigned length = (unsigned)out.length;
    int result = BZ2_bzBuffToBuffCompress((char *)out.bytes, &length, (char *)in.bytes,
                                          (unsigned)in.length, level, 0, 0);
    return check(result, length);
}

static size_t compressor_unpack(Buffer out, Buffer in) {
    unsigned length = (unsigned)out.length;
    int result = BZ2_bzBuffToBuffDecompress((char *)out.bytes, &length, (char *)in.bytes,
                                            (unsigned)in.length, 0, 0);
    return check(result, length);
}

#include "compressor.h"
