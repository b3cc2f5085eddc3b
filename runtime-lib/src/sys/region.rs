//! Memory that is mapped once and used in parts: a part is an offset and a length.

use super::mm;
use core::ptr;
use rustix::io::Errno;

/// Zeroed memory of its own.
pub struct Region {
    /// Its address; 0 for none.
    address: usize,
    len: usize,
}

impl Region {
    /// No memory.
    pub const NONE: Region = Region { address: 0, len: 0 };

    /// Maps so many bytes, which become real when they are touched.
    pub fn map(len: usize) -> Result<Region, Errno> {
        let address = mm::map(len.max(1))?;
        Ok(Region { address, len })
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it is none.
    pub fn is_none(&self) -> bool {
        self.address == 0
    }

    /// The `len` bytes from `start` on; none when they do not lie within.
    pub fn bytes(&self, start: usize, len: usize) -> &[u8] {
        match start.checked_add(len) {
            Some(end) if end <= self.len && len > 0 => {
                let first = ptr::with_exposed_provenance(self.address + start);
                // SAFETY: the bytes lie in the mapping, which is readable and writable and is reached
                // through this value alone.
                unsafe { core::slice::from_raw_parts(first, len) }
            }
            _ => &[],
        }
    }

    /// The `len` bytes from `start` on, to change them; none when they do not lie within.
    pub fn bytes_mut(&mut self, start: usize, len: usize) -> &mut [u8] {
        match start.checked_add(len) {
            Some(end) if end <= self.len && len > 0 => {
                let first = ptr::with_exposed_provenance_mut(self.address + start);
                // SAFETY: as in `bytes`.
                unsafe { core::slice::from_raw_parts_mut(first, len) }
            }
            _ => &mut [],
        }
    }

    /// Makes the bytes from `start` on, a multiple of the size of a page, zeros that take no memory.
    pub fn forget_from(&mut self, start: usize) {
        if start < self.len {
            // SAFETY: the mapping is this value's, which is borrowed alone.
            unsafe { mm::forget(self.address + start, self.len - start) };
        }
    }
}
