//! Memories: reservation, initial contents, growth.

use super::alias;
use super::shortage::Shortage;
use crate::guest::trap;
use crate::mem;
use crate::sys::lock::Lock;
use crate::sys::mm::{self, Access, page_size};
use crate::sys::pagemap::{PageMap, Pages};
use core::ops::Range;
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

/// Puts an image into a memory: by moving its pages when that is cheaper and possible.
///
/// # Safety
/// The `len` bytes from `offset` must belong to the memory; `source` must not be used again.
pub unsafe fn place_image(
    memory: &MemoryState,
    offset: u64,
    source: *const u8,
    len: usize,
) -> Result<(), Shortage> {
    // SAFETY: as the caller vouches.
    unsafe {
        place(memory, offset, source, len, |to| {
            mm::move_pages(source as usize, to, len)
        })
    }
}

/// The same, after which `source` is as before.
///
/// # Safety
/// The `len` bytes from `offset` must belong to the memory.
pub unsafe fn place_image_to_keep(
    memory: &MemoryState,
    offset: u64,
    source: *const u8,
    len: usize,
) -> Result<(), Shortage> {
    // SAFETY: as the caller vouches.
    unsafe {
        place(memory, offset, source, len, |to| {
            let moved = mm::move_pages_of_file(source as usize, to, len);
            if moved.is_err() {
                IMAGES_ARE_COPIES.store(true, Ordering::Relaxed);
            }
            moved
        })
    }
}

/// # Safety
/// The `len` bytes from `offset` must belong to the memory; `move_to` must move the pages at `source` to
/// an address.
#[inline(always)]
unsafe fn place(
    memory: &MemoryState,
    offset: u64,
    source: *const u8,
    len: usize,
    move_to: impl FnOnce(usize) -> Result<(), Errno>,
) -> Result<(), Shortage> {
    let target = memory.base as usize + offset as usize;
    let aligned = (source as usize | target | len).is_multiple_of(page_size());
    // SAFETY: as the caller vouches.
    unsafe {
        // Other pages in the place of shared ones would be seen at one of the two addresses only.
        if len >= MOVE_THRESHOLD && aligned && !is_aliased(memory) {
            if move_to(target).is_ok() {
                return mm::protect(target, len, Access::ReadWrite).map_err(|errno| Shortage {
                    address: target,
                    bytes: len,
                    reservation: false,
                    errno,
                });
            }
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

/// Whether an image of a memory is its file's pages, where they lie; otherwise it was copied.
fn is_moved(memory: &MemoryState, image: &Image) -> bool {
    let target = memory.base as usize + image.offset;
    image.len >= MOVE_THRESHOLD
        && (image.source as usize | target | image.len).is_multiple_of(page_size())
        && !is_aliased(memory)
        && !IMAGES_ARE_COPIES.load(Ordering::Relaxed)
}

/// What a memory begins with, from an offset on.
#[derive(Clone, Copy)]
pub struct Image {
    pub offset: usize,
    pub source: *const u8,
    pub len: usize,
}

/// Makes a memory what it was when its images were put into it: `size` bytes.
///
/// # Safety
/// It must be the state of an instantiated memory that was made with this size and these images, whose
/// sources were kept. No guest may run.
pub unsafe fn renew(
    memory: &MemoryState,
    size: usize,
    images: impl Iterator<Item = Image> + Clone,
    written: &mut Written,
) {
    let page = page_size();
    let base = memory.base as usize;
    let first = base + size.next_multiple_of(page);
    let end = base + (memory.size as usize).next_multiple_of(page);
    // What is mapped twice cannot be given back.
    let mut may_keep = match is_aliased(memory) {
        true => usize::MAX,
        false => KEPT,
    };
    written.for_each(base, end, |range, is_known| {
        // Where it is not known what was written to, what lies further up is rarely used.
        let most = match is_known || is_aliased(memory) {
            true => may_keep,
            false => (base + UNKNOWN_KEPT).saturating_sub(range.start),
        };
        let middle = range.start + most.min(range.len());
        may_keep -= may_keep.min(middle - range.start);
        // SAFETY: the range lies in the memory, all of which is accessible and used by nobody; the
        // sources are as the caller vouches.
        unsafe {
            mem::memset(range.start as *mut u8, 0, middle - range.start);
            if middle < range.end {
                mm::forget(middle, range.end - middle);
            }
            for image in images.clone() {
                let copied = match is_moved(memory, &image) {
                    // The rest has come back from the file.
                    true => range.start..middle,
                    false => range.clone(),
                };
                copy_part(base, &image, copied);
            }
        }
    });
    if first < end {
        // SAFETY: beyond the memory's end there is nothing for its guest.
        unsafe {
            match memory.reservation > 0 {
                true => drop(mm::protect(first, end - first, Access::None)),
                false => mm::unmap(first, end - first),
            }
        }
    }
}

/// Copies what of an image belongs into a range of addresses.
///
/// # Safety
/// The range must be writable, and the image be that of the memory at `base`.
unsafe fn copy_part(base: usize, image: &Image, range: Range<usize>) {
    let place = base + image.offset;
    let start = range.start.max(place);
    let end = range.end.min(place + image.len);
    if start < end {
        // SAFETY: as the caller vouches.
        unsafe {
            let source = image.source.add(start - place);
            mem::memcpy(start as *mut u8, source, end - start);
        }
    }
}

/// Bytes of a memory that stay with the process when it is renewed, although they were written to.
/// *Measured*: a page that is written to again costs a thirtieth of one that comes from the system.
const KEPT: usize = 4 << 20;
/// The same, where it is not known which pages were written to: the lowest.
const UNKNOWN_KEPT: usize = 256 << 10;
/// Ranges of pages that are asked for at a time.
const RANGES: usize = 128;

/// Which pages of memories were written to.
pub struct Written {
    map: Option<PageMap>,
    found: [Pages; RANGES],
}

impl Written {
    /// Finds out whether the system can tell. To be called before the process is confined.
    pub fn new() -> Written {
        Written {
            map: PageMap::open(),
            found: [Pages::default(); RANGES],
        }
    }

    /// Calls `action` with ranges of addresses from `start` to `end` that together hold all pages that
    /// were written to, and with whether these are all that they hold.
    fn for_each(&mut self, start: usize, end: usize, mut action: impl FnMut(Range<usize>, bool)) {
        let mut at = start;
        while at < end {
            let scanned = self
                .map
                .as_ref()
                .map(|map| map.written(at, end, &mut self.found));
            // Without progress the rest is unknown.
            let scanned = scanned.and_then(Result::ok).filter(|&(_, next)| next > at);
            let Some((count, next)) = scanned else {
                action(at..end, false);
                return;
            };
            for pages in self.found.iter().take(count) {
                // The kernel gives whole pages of the range that it was asked for.
                action(pages.start.max(at)..pages.end.min(end), true);
            }
            at = next;
        }
    }
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
