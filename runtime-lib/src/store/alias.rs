//! A memory that is mapped twice: where it lies, and at the guest's own addresses, so that debuggers
//! follow the guest's pointers. Programs compiled with `-g` have one.
//!
//! ```text
//! | 64 KiB … the memory's bytes … | … | base … the memory's bytes … |
//!   addresses as the guest has them     addresses that code uses
//! ```
//!
//! Nothing of the guest reaches the lower addresses: what it accesses lies at the base or above.

use crate::sys::mm::{self, Access, page_size};
use rustix::io::Errno;

/// Where the system lets programs map pages: below lie addresses that only null pointers have.
const LOWEST: usize = 64 * 1024;

/// Maps the first `accessible` bytes of a memory at `base` that may have `max`, reserves the rest of
/// its slot, `reservation` bytes, and maps the whole once more at the guest's addresses as far as
/// these are free.
pub fn create(base: usize, accessible: usize, max: usize, reservation: usize) -> Result<(), Errno> {
    let len = max.min(reservation);
    let len = len.checked_next_multiple_of(page_size());
    let len = len.ok_or(Errno::NOMEM)?;
    let file = mm::shared_zeros(len)?;
    mm::map_file_at(base, &file, 0, len, Access::None)?;
    // SAFETY: the range was just mapped.
    let opened = unsafe {
        mm::protect(base, accessible, Access::ReadWrite)
            // Without this a core file would have every byte that the memory may ever have.
            .and_then(|()| mm::keep_out_of_dumps(base + accessible, len - accessible))
    };
    let reserved = opened.and_then(|()| match reservation - len {
        0 => Ok(()),
        rest => mm::map_at(base + len, rest, Access::None),
    });
    if let Err(errno) = reserved {
        // SAFETY: the mapping was just made, and nothing uses it.
        unsafe { mm::unmap(base, len) };
        return Err(errno);
    }
    let end = len.min(base);
    if end > LOWEST
        && mm::map_file_at(LOWEST, &file, LOWEST, end - LOWEST, Access::ReadWrite).is_ok()
    {
        // SAFETY: the range was just mapped.
        let kept_out = unsafe { mm::keep_out_of_dumps(LOWEST, end - LOWEST) };
        if kept_out.is_err() {
            // SAFETY: as above, and nothing uses it.
            unsafe { mm::unmap(LOWEST, end - LOWEST) };
        }
    }
    Ok(())
}

/// Lets core files have bytes that the memory has grown by.
pub fn grown(address: usize, len: usize) {
    // A core file without them is the worst that can happen.
    // SAFETY: the range belongs to the memory.
    let _ = unsafe { mm::put_into_dumps(address, len) };
}
