//! Tables: their storage, growth and filling.

use super::shortage::Shortage;
use crate::guest::trap;
use crate::sys::mm::{self, Access, page_size};
use rustix::io::Errno;
use wasmc_abi::layout::{TABLE_MAX_ELEMENTS, TableState, table_flags};

/// Bytes of an element.
const ELEMENT: u64 = 8;
/// A table in a slot is mapped in multiples of this, or of a page if that is larger, so that not
/// every growth is a system call.
const CHUNK: usize = 64 * 1024;

/// The elements of a table.
pub fn elements(table: &TableState) -> *mut u64 {
    if table.base == 0 {
        table.storage.get().cast_mut()
    } else {
        table.base as usize as *mut u64
    }
}

/// Gives a table `size` elements. Fixed storage holds its elements already; those of a slot become
/// `init`.
pub fn create(table: &mut TableState, size: u64, init: u64) -> Result<(), Shortage> {
    if table.base != 0 || is_mapped(table) {
        extend(table, size)?;
        if init != 0 {
            // SAFETY: the elements were just mapped.
            unsafe { fill(elements(table), init, size) };
        }
    }
    table.size = size;
    Ok(())
}

/// Whether a table lies wherever there is room.
fn is_mapped(table: &TableState) -> bool {
    table.flags & table_flags::MAPPED != 0
}

/// Bytes that are mapped for a table of that many elements.
fn mapped_bytes(size: u64) -> usize {
    let chunk = CHUNK.max(page_size());
    ((size * ELEMENT) as usize).next_multiple_of(chunk)
}

/// Gives back a table that lies wherever there was room.
///
/// # Safety
/// Nothing may use it any more.
pub unsafe fn unmap(table: &TableState) {
    if is_mapped(table) && table.base != 0 {
        // SAFETY: `extend` has mapped it for a table of its size.
        unsafe { mm::unmap(table.base as usize, mapped_bytes(table.size)) };
    }
}

/// Makes a table what it is before it is created: its slot is given back, and what is null at first is
/// null. `zeros` is where such tables lie.
///
/// # Safety
/// It must be a table of an instance whose guest runs no more.
pub unsafe fn empty(table: &TableState, zeros: core::ops::Range<usize>) {
    if table.base != 0 {
        // SAFETY: `extend` has mapped it for a table of its size.
        unsafe { mm::unmap(table.base as usize, mapped_bytes(table.size)) };
        return;
    }
    let elements = elements(table);
    if zeros.contains(&(elements as usize)) {
        // SAFETY: the elements lie in the program's writable state.
        unsafe { fill(elements, 0, table.size) };
    }
}

/// Maps what a table needs to grow to `size` elements.
fn extend(table: &mut TableState, size: u64) -> Result<(), Shortage> {
    if size > TABLE_MAX_ELEMENTS {
        return Err(Shortage {
            address: table.base as usize,
            bytes: usize::try_from(size.saturating_mul(ELEMENT)).unwrap_or(usize::MAX),
            reservation: false,
            errno: Errno::NOMEM,
        });
    }
    let (mapped, needed) = (mapped_bytes(table.size), mapped_bytes(size));
    if needed <= mapped {
        return Ok(());
    }
    if is_mapped(table) {
        let base = match mapped {
            0 => mm::map(needed),
            // SAFETY: `extend` has mapped it for a table of its size; code reads the address anew
            // after growth.
            _ => unsafe { mm::lengthen(table.base as usize, mapped, needed) },
        };
        table.base = base.map_err(|errno| Shortage {
            address: table.base as usize,
            bytes: needed,
            reservation: false,
            errno,
        })? as u64;
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
/// `table` must be the state of an instantiated table that grows, which no other thread uses.
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
