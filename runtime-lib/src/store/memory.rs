//! Memories: reservation, initial contents, growth.

use super::alias;
use super::shortage::Shortage;
use crate::guest::trap;
use crate::mem;
use crate::sys::lock::Lock;
use crate::sys::mm::{self, Access, page_size};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use rustix::io::Errno;
use wasmc_abi::layout::{MemoryState, memory_flags};
use wasmc_abi::traps::Trap;

/// Bytes of an image from which its pages are moved rather than copied. Measured: with 64 KiB,
/// moving saves 16 µs if the program writes to none of them and costs 7 µs if it writes to all.
const MOVE_THRESHOLD: usize = 64 * 1024;

/// Maps a memory's first `size` bytes and reserves the rest of its slot.
pub fn create(memory: &mut MemoryState, size: usize) -> Result<(), Shortage> {
    let base = memory.base as usize;
    let reservation = memory.reservation as usize;
    let accessible = size.next_multiple_of(page_size());
    let max = memory.max as usize;
    if is_aliased(memory) && alias::create(base, accessible, max, reservation).is_ok() {
        memory.size = size as u64;
        return Ok(());
    }
    // Two mappings: to make a part of one accessible takes the kernel longer.
    if reservation > accessible {
        let (rest, len) = (base + accessible, reservation - accessible);
        mm::map_at(rest, len, Access::None).map_err(|errno| Shortage {
            address: base,
            bytes: reservation,
            reservation: true,
            errno,
        })?;
    }
    if accessible > 0 {
        mm::map_at(base, accessible, Access::ReadWrite).map_err(|errno| Shortage {
            address: base,
            bytes: size,
            reservation: false,
            errno,
        })?;
    }
    memory.size = size as u64;
    Ok(())
}

/// Whether a memory is mapped a second time, for debuggers.
fn is_aliased(memory: &MemoryState) -> bool {
    memory.flags & memory_flags::ALIASED != 0
}

/// Where a memory lies.
#[derive(Clone, Copy)]
struct Place {
    base: usize,
    /// Whether its addresses are reserved; otherwise pages are mapped as it grows.
    is_reserved: bool,
    is_aliased: bool,
}

/// Makes the bytes from `old` to `new` of a memory accessible.
fn make_accessible(place: Place, old: usize, new: usize) -> Result<(), Errno> {
    let page = page_size();
    let base = place.base;
    let up = |bytes: usize| bytes.checked_next_multiple_of(page).ok_or(Errno::NOMEM);
    let (old, new) = (up(old)?, up(new)?);
    if new <= old {
        return Ok(());
    }
    if place.is_reserved {
        // SAFETY: the range lies in the memory's own reservation.
        unsafe { mm::protect(base + old, new - old, Access::ReadWrite)? };
        if place.is_aliased {
            alias::grown(base + old, new - old);
        }
        Ok(())
    } else {
        mm::map_at(base + old, new - old, Access::ReadWrite)
    }
}

/// Puts an image into a memory: by moving its pages when that is cheaper and possible. If `keeps`,
/// `source` stays as it is.
///
/// # Safety
/// The `len` bytes from `offset` must belong to the memory; unless `keeps`, `source` must not be used
/// again.
pub unsafe fn place_image(
    memory: &MemoryState,
    offset: u64,
    source: *const u8,
    len: usize,
    keeps: bool,
) -> Result<(), Shortage> {
    let target = memory.base as usize + offset as usize;
    let aligned = (source as usize | target | len).is_multiple_of(page_size());
    // SAFETY: as the caller vouches.
    unsafe {
        // Other pages in the place of shared ones would be seen at one of the two addresses only.
        if len >= MOVE_THRESHOLD && aligned && !is_aliased(memory) {
            let moved = match keeps {
                true => mm::move_pages_of_file(source as usize, target, len),
                false => mm::move_pages(source as usize, target, len),
            };
            if moved.is_ok() {
                return mm::protect(target, len, Access::ReadWrite).map_err(|errno| Shortage {
                    address: target,
                    bytes: len,
                    reservation: false,
                    errno,
                });
            }
            IMAGES_ARE_COPIES.store(true, Ordering::Relaxed);
            // A system that cannot move pages may have unmapped the target before it found out.
            mm::replace(target, len).map_err(|errno| Shortage {
                address: target,
                bytes: len,
                reservation: false,
                errno,
            })?;
        }
        mem::memcpy(target as *mut u8, source, len);
    }
    Ok(())
}

/// Whether pages of images could not be moved, so that memories do not have the pages of the file.
static IMAGES_ARE_COPIES: AtomicBool = AtomicBool::new(false);

/// Bytes at the beginning of a memory that are made anew by writing to them: what programs use most, and
/// then need not ask the system for again. *Measured*: a page that is written to costs a thirtieth of
/// one that comes from the system.
const WRITTEN: usize = 256 * 1024;

/// Makes a memory what it is before anything is put into it: `size` bytes of zeros, or of images whose
/// pages were moved there.
///
/// # Safety
/// It must be the state of an instantiated memory that was made with this size, whose guest runs no
/// more.
pub unsafe fn empty(memory: &MemoryState, size: usize) {
    let page = page_size();
    let base = memory.base as usize;
    let first = size.next_multiple_of(page);
    let now = (memory.size as usize).next_multiple_of(page);
    // SAFETY: all of this is accessible, and nobody uses it.
    unsafe {
        if is_aliased(memory) {
            // What is mapped twice is not given back.
            mem::memset(base as *mut u8, 0, first);
        } else {
            let written = first.min(WRITTEN);
            mem::memset(base as *mut u8, 0, written);
            if written < now {
                mm::forget(base + written, now - written);
            }
        }
        if first < now {
            // Beyond the memory's end there is nothing for its guest.
            match memory.reservation > 0 {
                true => drop(mm::protect(base + first, now - first, Access::None)),
                false => mm::unmap(base + first, now - first),
            }
        }
    }
}

/// Puts an image into a memory that was [emptied](empty).
///
/// # Safety
/// As for [`place_image`], which has kept the source.
pub unsafe fn place_image_again(memory: &MemoryState, offset: u64, source: *const u8, len: usize) {
    let offset = offset as usize;
    let target = memory.base as usize + offset;
    let aligned = (source as usize | target | len).is_multiple_of(page_size());
    let moved = len >= MOVE_THRESHOLD
        && aligned
        && !is_aliased(memory)
        && !IMAGES_ARE_COPIES.load(Ordering::Relaxed);
    let copied = match moved {
        // The rest has come back from the file.
        true => len.min(WRITTEN.saturating_sub(offset)),
        false => len,
    };
    // SAFETY: as the caller vouches.
    unsafe { mem::memcpy(target as *mut u8, source, copied) };
}

/// Copies an active segment into a memory.
///
/// # Safety
/// The bytes up to the memory's size must be accessible, and `source` have `len` bytes.
pub unsafe fn copy_segment(
    memory: &MemoryState,
    offset: u64,
    source: *const u8,
    len: usize,
) -> Result<(), Trap> {
    let end = offset.checked_add(len as u64);
    if end.is_none_or(|end| end > memory.size) {
        return Err(Trap::MemoryOutOfBounds);
    }
    let target = memory.base as usize + offset as usize;
    // SAFETY: as the caller vouches; the end was compared with the size.
    unsafe { mem::memcpy(target as *mut u8, source, len) };
    Ok(())
}

/// Grows a memory by `delta` pages: the old size in pages, or -1.
///
/// # Safety
/// `memory` must be the state of an instantiated memory.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_memory_grow(memory: *mut MemoryState, delta: i64) -> i64 {
    static GROWING: Lock<()> = Lock::new(());
    trap::ensure_headroom();
    GROWING.with(|()| {
        // SAFETY: as the caller vouches. Only the size changes, and only here; other threads read
        // it meanwhile.
        let (place, size) = unsafe {
            let place = Place {
                base: (*memory).base as usize,
                is_reserved: (*memory).reservation > 0,
                is_aliased: is_aliased(&*memory),
            };
            (place, AtomicU64::from_ptr(&raw mut (*memory).size))
        };
        // SAFETY: these never change.
        let (page_log2, max) = unsafe { ((*memory).page_log2, (*memory).max) };
        let old = size.load(Ordering::Relaxed);
        let old_pages = (old >> page_log2) as i64;
        if delta == 0 {
            return old_pages;
        }
        let Some(new) = grown(old, delta as u64, page_log2, max) else {
            return -1;
        };
        if make_accessible(place, old as usize, new as usize).is_err() {
            return -1;
        }
        // Whoever sees the new size may use what it covers.
        size.store(new, Ordering::Release);
        old_pages
    })
}

/// The size in bytes after growth by `delta` pages, if it is allowed.
fn grown(size: u64, delta: u64, page_log2: u32, max: u64) -> Option<u64> {
    let delta_bytes = delta.checked_mul(1u64.checked_shl(page_log2)?)?;
    size.checked_add(delta_bytes).filter(|&new| new <= max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_up_to_the_maximum() {
        assert_eq!(grown(0x10000, 1, 16, 0x20000), Some(0x20000));
        assert_eq!(grown(0x10000, 2, 16, 0x20000), None);
        assert_eq!(grown(0x10000, u64::MAX, 16, u64::MAX), None);
        assert_eq!(
            grown(0x10000, 1 << 47, 16, u64::MAX),
            Some((1 << 63) + 0x10000)
        );
        assert_eq!(grown(u64::MAX - 1, 2, 0, u64::MAX), None);
        assert_eq!(grown(3, 2, 0, 5), Some(5));
    }
}
