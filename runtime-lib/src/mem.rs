//! The memory functions that rustc refers to by their C names, and that `memory.copy` and
//! `memory.fill` become.
//!
//! Up to 128 bytes are loaded completely before the first store, so that overlap needs no thought;
//! beyond, pieces of 64 bytes go in the direction that reads every byte before it is overwritten.

use crate::arch::{self, Vector};

/// Bytes of a [`Vector`].
const VECTOR: usize = size_of::<Vector>();

/// Copies `len` bytes from `src` to `dst`; the ranges may overlap.
///
/// # Safety
/// As for `core::ptr::copy`.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn memmove(dst: *mut u8, src: *const u8, len: usize) -> *mut u8 {
    // SAFETY: every access lies in the `len` bytes at `src` or `dst`, which the caller vouches for.
    unsafe {
        if len <= 2 * VECTOR {
            copy_short(dst, src, len);
        } else if len <= 8 * VECTOR {
            copy_middle(dst, src, len);
        } else {
            // Upwards unless the target starts within the source. Downwards also when the target
            // starts a little after the source modulo 4096: there the CPU takes each load to
            // depend on the store just before, which makes it several times slower.
            let distance = (dst as usize).wrapping_sub(src as usize);
            if distance < len || distance & 0xf00 == 0 && distance.wrapping_neg() >= len {
                copy_down(dst, src, len);
            } else {
                copy_up(dst, src, len);
            }
        }
    }
    dst
}

/// Copies `len` bytes from `src` to `dst`.
///
/// # Safety
/// As for `core::ptr::copy_nonoverlapping`.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn memcpy(dst: *mut u8, src: *const u8, len: usize) -> *mut u8 {
    // SAFETY: as the caller vouches.
    unsafe { memmove(dst, src, len) }
}

/// Sets `len` bytes at `dst` to the low byte of `value`.
///
/// # Safety
/// As for `core::ptr::write_bytes`.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn memset(dst: *mut u8, value: i32, len: usize) -> *mut u8 {
    let byte = value as u8;
    let word = u64::from(byte) * 0x0101_0101_0101_0101;
    // SAFETY: every access lies in the `len` bytes at `dst`, which the caller vouches for.
    unsafe {
        let end = dst.add(len);
        if len < 16 {
            if len >= 8 {
                put(dst, word);
                put(end.sub(8), word);
            } else if len >= 4 {
                put(dst, word as u32);
                put(end.sub(4), word as u32);
            } else if len >= 2 {
                put(dst, word as u16);
                put(end.sub(2), word as u16);
            } else if len == 1 {
                *dst = byte;
            }
            return dst;
        }
        let vector = arch::splat(byte);
        put(dst, vector);
        put(end.sub(VECTOR), vector);
        if len <= 2 * VECTOR {
            return dst;
        }
        // Aligned from here; the ends are done, and may be written again.
        let mut at = dst.add(VECTOR - (dst as usize & (VECTOR - 1)));
        if len >= arch::COPY_LONG {
            let words = (end as usize - at as usize) / 8;
            arch::fill_long(at, word, words);
            return dst;
        }
        while at as usize + 4 * VECTOR <= end as usize {
            put(at, vector);
            put(at.add(VECTOR), vector);
            put(at.add(2 * VECTOR), vector);
            put(at.add(3 * VECTOR), vector);
            at = arch::opaque(at.add(4 * VECTOR));
        }
        while at as usize + VECTOR <= end as usize {
            put(at, vector);
            at = arch::opaque(at.add(VECTOR));
        }
    }
    dst
}

/// Compares `len` bytes: negative, zero or positive.
///
/// # Safety
/// Both ranges must be readable.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn memcmp(a: *const u8, b: *const u8, len: usize) -> i32 {
    let mut at = 0;
    // SAFETY: every access lies in the ranges, which the caller vouches for.
    unsafe {
        while at + 8 <= len {
            let (x, y): (u64, u64) = (get(a.add(at)), get(b.add(at)));
            if x != y {
                return if x.swap_bytes() < y.swap_bytes() {
                    -1
                } else {
                    1
                };
            }
            at += 8;
        }
        while at < len {
            let (x, y) = (*a.add(at), *b.add(at));
            if x != y {
                return i32::from(x) - i32::from(y);
            }
            at += 1;
        }
    }
    0
}

/// Compares `len` bytes: zero when they are the same.
///
/// # Safety
/// Both ranges must be readable.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn bcmp(a: *const u8, b: *const u8, len: usize) -> i32 {
    // SAFETY: as the caller vouches.
    unsafe { memcmp(a, b, len) }
}

/// The number of bytes before the NUL at or after `start`.
///
/// # Safety
/// A NUL must follow, and every byte before it be readable.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn strlen(start: *const u8) -> usize {
    let mut at = start.cast_mut();
    // SAFETY: no byte beyond the first NUL is read.
    unsafe {
        while *at != 0 {
            at = arch::opaque(at.add(1));
        }
    }
    at as usize - start as usize
}

/// Up to two vectors.
#[inline(always)]
unsafe fn copy_short(dst: *mut u8, src: *const u8, len: usize) {
    // SAFETY: two loads of the size at hand, one from each end, cover the range.
    unsafe {
        if len >= 16 {
            copy_ends::<Vector>(dst, src, len);
        } else if len >= 8 {
            copy_ends::<u64>(dst, src, len);
        } else if len >= 4 {
            copy_ends::<u32>(dst, src, len);
        } else if len >= 2 {
            copy_ends::<u16>(dst, src, len);
        } else if len == 1 {
            *dst = *src;
        }
    }
}

/// Between two and eight vectors.
#[inline(always)]
unsafe fn copy_middle(dst: *mut u8, src: *const u8, len: usize) {
    // SAFETY: as many vectors from each end as the length needs cover the range; all are loaded
    // before the first is stored.
    unsafe {
        let (src_end, dst_end) = (src.add(len), dst.add(len));
        let a: Vector = get(src);
        let b: Vector = get(src.add(VECTOR));
        let y: Vector = get(src_end.sub(2 * VECTOR));
        let z: Vector = get(src_end.sub(VECTOR));
        if len > 4 * VECTOR {
            let c: Vector = get(src.add(2 * VECTOR));
            let d: Vector = get(src.add(3 * VECTOR));
            let w: Vector = get(src_end.sub(4 * VECTOR));
            let x: Vector = get(src_end.sub(3 * VECTOR));
            put(dst.add(2 * VECTOR), c);
            put(dst.add(3 * VECTOR), d);
            put(dst_end.sub(4 * VECTOR), w);
            put(dst_end.sub(3 * VECTOR), x);
        }
        put(dst, a);
        put(dst.add(VECTOR), b);
        put(dst_end.sub(2 * VECTOR), y);
        put(dst_end.sub(VECTOR), z);
    }
}

/// More than eight vectors, upwards: `dst` is below `src` or beyond its end.
#[inline(always)]
unsafe fn copy_up(dst: *mut u8, src: *const u8, len: usize) {
    // SAFETY: the first vector and the last four are loaded before anything is stored; between
    // them, each round loads four vectors before it stores them at lower addresses, or apart.
    unsafe {
        let (src_end, dst_end) = (src.add(len), dst.add(len));
        let first: Vector = get(src);
        let last: [Vector; 4] = get4(src_end.sub(4 * VECTOR));
        // Aligned stores from here.
        let skip = VECTOR - (dst as usize & (VECTOR - 1));
        let mut from = src.add(skip);
        let mut to = dst.add(skip);
        let distance = (src as usize).wrapping_sub(dst as usize);
        if len >= arch::COPY_LONG && distance >= 4 * VECTOR {
            arch::copy_long(to, from, (len - skip) / 8);
        } else {
            while to as usize + 4 * VECTOR < dst_end as usize {
                put4(to, get4(from));
                to = to.add(4 * VECTOR);
                from = from.add(4 * VECTOR);
            }
        }
        put4(dst_end.sub(4 * VECTOR), last);
        put(dst, first);
    }
}

/// More than eight vectors, downwards: `dst` lies within the source.
#[inline(always)]
unsafe fn copy_down(dst: *mut u8, src: *const u8, len: usize) {
    // SAFETY: the mirror image of `copy_up`.
    unsafe {
        let (src_end, dst_end) = (src.add(len), dst.add(len));
        let first: [Vector; 4] = get4(src);
        let last: Vector = get(src_end.sub(VECTOR));
        let skip = dst_end as usize & (VECTOR - 1);
        let mut from = src_end.sub(skip);
        let mut to = dst_end.sub(skip);
        while to as usize > dst as usize + 4 * VECTOR {
            to = to.sub(4 * VECTOR);
            from = from.sub(4 * VECTOR);
            put4(to, get4(from));
        }
        put4(dst, first);
        put(dst_end.sub(VECTOR), last);
    }
}

/// One load from each end, then the stores.
#[inline(always)]
unsafe fn copy_ends<T>(dst: *mut u8, src: *const u8, len: usize) {
    // SAFETY: the caller has made sure that `len` is one to two times the size of `T`.
    unsafe {
        let first: T = get(src);
        let last: T = get(src.add(len - size_of::<T>()));
        put(dst, first);
        put(dst.add(len - size_of::<T>()), last);
    }
}

#[inline(always)]
unsafe fn get<T>(at: *const u8) -> T {
    // SAFETY: the caller vouches for the bytes; all types used here are plain data.
    unsafe { at.cast::<T>().read_unaligned() }
}

#[inline(always)]
unsafe fn put<T>(at: *mut u8, value: T) {
    // SAFETY: the caller vouches for the bytes.
    unsafe { at.cast::<T>().write_unaligned(value) }
}

#[inline(always)]
unsafe fn get4(at: *const u8) -> [Vector; 4] {
    // SAFETY: the caller vouches for the bytes.
    unsafe {
        [
            get(at),
            get(at.add(VECTOR)),
            get(at.add(2 * VECTOR)),
            get(at.add(3 * VECTOR)),
        ]
    }
}

#[inline(always)]
unsafe fn put4(at: *mut u8, vectors: [Vector; 4]) {
    let [a, b, c, d] = vectors;
    // SAFETY: the caller vouches for the bytes.
    unsafe {
        put(at, a);
        put(at.add(VECTOR), b);
        put(at.add(2 * VECTOR), c);
        put(at.add(3 * VECTOR), d);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths around every border between ways of copying.
    fn lengths() -> impl Iterator<Item = usize> {
        (0..300).chain([511, 512, 1000, 2047, 2048, 2049, 4096, 5003])
    }

    #[test]
    fn moves_with_any_overlap() {
        const SIZE: usize = 14000;
        let original: Vec<u8> = (0..SIZE).map(|at| (at * 7 + at / 256) as u8).collect();
        for len in lengths() {
            for src in [2000, 2001, 2007, 2015] {
                let near = (0..70).flat_map(|by| [src - by, src + by]);
                let far = [
                    src - len.min(src),
                    src + len,
                    src + len / 2,
                    src - len / 3,
                    src + 5500,
                ];
                for dst in near.chain(far) {
                    let (mut ours, mut host) = (original.clone(), original.clone());
                    let start = ours.as_mut_ptr();
                    // SAFETY: both ranges lie in the vector.
                    let result = unsafe { memmove(start.add(dst), start.add(src), len) };
                    assert_eq!(result, start.wrapping_add(dst));
                    host.copy_within(src..src + len, dst);
                    assert!(ours == host, "{len} bytes from {src} to {dst}");
                }
            }
        }
    }

    #[test]
    fn fills() {
        for len in lengths() {
            for at in 64..82 {
                let mut bytes = vec![1u8; 6000];
                // SAFETY: the range lies in the vector.
                unsafe { memset(bytes.as_mut_ptr().add(at), 0x1ab, len) };
                let (before, rest) = bytes.split_at(at);
                let (filled, after) = rest.split_at(len);
                assert!(
                    before.iter().chain(after).all(|&byte| byte == 1),
                    "{len} at {at}"
                );
                assert!(filled.iter().all(|&byte| byte == 0xab), "{len} at {at}");
            }
        }
    }

    #[test]
    fn compares() {
        let a: Vec<u8> = (0..100).collect();
        for len in 0..100 {
            for at in 0..len {
                for change in [1, 0x80, 0xff] {
                    let mut b = a.clone();
                    b[at] = b[at].wrapping_add(change);
                    // SAFETY: both ranges are readable.
                    let order = unsafe { memcmp(a.as_ptr(), b.as_ptr(), len) };
                    assert_eq!(order.signum(), a.cmp(&b) as i32);
                }
            }
            // SAFETY: as above.
            assert_eq!(unsafe { bcmp(a.as_ptr(), a.clone().as_ptr(), len) }, 0);
        }
        // SAFETY: the string ends with a NUL.
        assert_eq!(unsafe { strlen(c"sixteen".as_ptr().cast()) }, 7);
    }
}
