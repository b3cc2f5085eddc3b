//! Tables: their storage, growth and filling.

use crate::memory::Shortage;
use crate::start::page_size;
use crate::sys::mm::{self, Access};
use crate::trap;
use rustix::io::Errno;
use wasmc_abi::layout::{TABLE_MAX_ELEMENTS, TableState};

/// Bytes of an element.
const ELEMENT: u64 = 8;
/// A table in a slot is mapped in multiples of this, or of a page if that is larger, so that not
/// every growth is a system call.
const CHUNK: usize = 64 * 1024;

/// The elements of a table.
pub fn elements(table: &TableState) -> *mut u64 {
    if table.base == 0 {
        table.storage.get().cast_mut().cast()
    } else {
        table.base as usize as *mut u64
    }
}

/// Gives a table `size` elements. Fixed storage holds its elements already; those of a slot become
/// `init`.
pub fn create(table: &mut TableState, size: u64, init: u64) -> Result<(), Shortage> {
    if table.base != 0 {
        extend(table, size)?;
        if init != 0 {
            // SAFETY: the elements were just mapped.
            unsafe { fill(elements(table), init, size) };
        }
    }
    table.size = size;
    Ok(())
}

/// Maps what a table in a slot needs to grow to `size` elements.
fn extend(table: &TableState, size: u64) -> Result<(), Shortage> {
    if size > TABLE_MAX_ELEMENTS {
        return Err(Shortage {
            address: table.base as usize,
            bytes: usize::try_from(size.saturating_mul(ELEMENT)).unwrap_or(usize::MAX),
            reservation: false,
            errno: Errno::NOMEM,
        });
    }
    let chunk = CHUNK.max(page_size());
    let mapped = ((table.size * ELEMENT) as usize).next_multiple_of(chunk);
    let needed = ((size * ELEMENT) as usize).next_multiple_of(chunk);
    if needed <= mapped {
        return Ok(());
    }
    let (address, bytes) = (table.base as usize + mapped, needed - mapped);
    mm::map_at(address, bytes, Access::ReadWrite).map_err(|errno| Shortage {
        address,
        bytes,
        reservation: false,
        errno,
    })
}

/// Grows a table by `delta` elements set to `init`: the old size, or -1.
///
/// # Safety
/// `table` must be the state of an instantiated table in a slot, which no other thread uses.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_table_grow(table: *mut TableState, delta: i64, init: i64) -> i64 {
    trap::ensure_headroom();
    // SAFETY: as the caller vouches.
    let table = unsafe { &mut *table };
    let old = table.size;
    let delta = delta as u64;
    let max = table.max.min(TABLE_MAX_ELEMENTS);
    let Some(new) = old.checked_add(delta).filter(|&new| new <= max) else {
        // Nothing is always possible, also to a table that was made larger than tables may grow.
        return if delta == 0 { old as i64 } else { -1 };
    };
    if extend(table, new).is_err() {
        return -1;
    }
    // SAFETY: the elements are mapped, and not in use before the size says so.
    unsafe { fill(elements(table).add(old as usize), init as u64, delta) };
    table.size = new;
    old as i64
}

/// Sets `count` elements from `dst` to `value`.
///
/// # Safety
/// The elements must lie in a table.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_table_fill(dst: *mut u64, value: i64, count: i64) {
    // SAFETY: as the caller vouches.
    unsafe { fill(dst, value as u64, count as u64) }
}

/// # Safety
/// As for [`wasmc_table_fill`].
unsafe fn fill(dst: *mut u64, value: u64, count: u64) {
    for at in 0..count as usize {
        // SAFETY: as the caller vouches.
        unsafe { dst.add(at).write(value) };
    }
}
