//! The only code that turns a guest pointer into memory.
//!
//! A guest pointer is a number that the guest chose. [`GuestMemory`] checks it against the current
//! size of the memory, in 64 bits, and gives a [`GuestPtr`], [`GuestArray`] or [`GuestSlice`] that
//! stays valid: memories never shrink and never move. Nothing here makes a Rust reference into
//! guest memory, because the guest (other threads of it included) may write to it at any time:
//! bytes are copied in and out, or given to the kernel as address and length.

use crate::sys::io::IoVec;
use core::marker::PhantomData;
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering, compiler_fence};
use wasmc_abi::layout::MemoryState;

#[cfg(not(target_endian = "little"))]
compile_error!("guest memory is little-endian, and values are copied as they are");

/// Why a guest pointer leads nowhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Not all of what it refers to lies in the memory.
    OutOfBounds,
    /// Its address is no multiple of what its type asks for.
    Misaligned,
}

/// Types that are copied as bytes.
///
/// # Safety
/// Every sequence of bytes must be a value, and there must be no padding.
pub unsafe trait Plain: Copy {}

// SAFETY: integers have neither padding nor invalid values.
unsafe impl Plain for u8 {}
// SAFETY: as above.
unsafe impl Plain for u16 {}
// SAFETY: as above.
unsafe impl Plain for u32 {}
// SAFETY: as above.
unsafe impl Plain for u64 {}

/// The memory of the instance that called.
#[derive(Clone, Copy)]
pub struct GuestMemory<'a> {
    base: *mut u8,
    size: u64,
    state: PhantomData<&'a MemoryState>,
}

impl<'a> GuestMemory<'a> {
    /// A view of a memory; one without bytes when the instance has none.
    ///
    /// # Safety
    /// `state` must be null or a memory whose first `size` bytes stay readable and writable during
    /// `'a`, and to which no Rust reference exists.
    pub unsafe fn new(state: *const MemoryState) -> Self {
        let (mut base, mut size) = (0, 0);
        if !state.is_null() {
            // SAFETY: the caller vouches for the state. Another thread may grow the memory
            // meanwhile: the size is read as the growing thread writes it.
            unsafe {
                base = (*state).base;
                let field = (&raw const (*state).size).cast_mut();
                size = AtomicU64::from_ptr(field).load(Ordering::Acquire);
            }
        }
        GuestMemory {
            base: ptr::with_exposed_provenance_mut(base as usize),
            size,
            state: PhantomData,
        }
    }

    /// `len` bytes at `address`, or [`Fault::OutOfBounds`].
    pub fn slice(&self, address: u32, len: u32) -> Result<GuestSlice<'a>, Fault> {
        self.range(u64::from(address), u64::from(len))
    }

    /// A value at `address`, aligned or not, or [`Fault::OutOfBounds`].
    pub fn ptr<T: Plain>(&self, address: u32) -> Result<GuestPtr<'a, T>, Fault> {
        let slice = self.range(u64::from(address), size_of::<T>() as u64)?;
        Ok(GuestPtr {
            pointer: slice.start.cast(),
            memory: PhantomData,
        })
    }

    /// A value at `address`: [`Fault::Misaligned`] when it is not aligned, or [`Fault::OutOfBounds`].
    pub fn aligned_ptr<T: Plain>(&self, address: u32) -> Result<GuestPtr<'a, T>, Fault> {
        if !(address as usize).is_multiple_of(align_of::<T>()) {
            return Err(Fault::Misaligned);
        }
        self.ptr(address)
    }

    /// `len` values at `address`: [`Fault::Misaligned`] when they are not aligned, or
    /// [`Fault::OutOfBounds`].
    pub fn aligned_array<T: Plain>(
        &self,
        address: u32,
        len: u32,
    ) -> Result<GuestArray<'a, T>, Fault> {
        if !(address as usize).is_multiple_of(align_of::<T>()) {
            return Err(Fault::Misaligned);
        }
        self.array(address, len)
    }

    /// `len` values at `address`, aligned or not, or [`Fault::OutOfBounds`].
    pub fn array<T: Plain>(&self, address: u32, len: u32) -> Result<GuestArray<'a, T>, Fault> {
        let slice = self.range(u64::from(address), u64::from(len) * size_of::<T>() as u64)?;
        Ok(GuestArray {
            start: slice.start.cast(),
            len: len as usize,
            memory: PhantomData,
        })
    }

    fn range(&self, address: u64, len: u64) -> Result<GuestSlice<'a>, Fault> {
        // Neither operand exceeds 2^38, so that the sum cannot overflow.
        if address + len > self.size {
            return Err(Fault::OutOfBounds);
        }
        Ok(GuestSlice {
            start: self.base.wrapping_add(address as usize),
            len: len as usize,
            memory: PhantomData,
        })
    }
}

/// A value in guest memory, within bounds.
#[derive(Clone, Copy)]
pub struct GuestPtr<'a, T> {
    pointer: *mut T,
    memory: PhantomData<GuestMemory<'a>>,
}

impl<T: Plain> GuestPtr<'_, T> {
    /// Copies the value out.
    pub fn read(self) -> T {
        // SAFETY: the value is within the memory, and any bytes are a value.
        let value = unsafe { self.pointer.read_unaligned() };
        keep_copy();
        value
    }

    /// Copies a value in.
    pub fn write(self, value: T) {
        // SAFETY: the place is within the memory, to which no reference exists.
        unsafe { self.pointer.write_unaligned(value) }
    }
}

/// Keeps the optimiser from reading guest memory once more in the place of a copy: another thread
/// of the guest may have changed it after the copy was checked. Security-relevant; no instruction.
fn keep_copy() {
    compiler_fence(Ordering::SeqCst);
}

/// Values in guest memory, within bounds.
#[derive(Clone, Copy)]
pub struct GuestArray<'a, T> {
    start: *mut T,
    len: usize,
    memory: PhantomData<GuestMemory<'a>>,
}

impl<'a, T: Plain> GuestArray<'a, T> {
    /// The number of values.
    pub fn len(self) -> usize {
        self.len
    }

    /// The place of a value.
    pub fn get(self, index: usize) -> Result<GuestPtr<'a, T>, Fault> {
        if index >= self.len {
            return Err(Fault::OutOfBounds);
        }
        Ok(GuestPtr {
            pointer: self.start.wrapping_add(index),
            memory: PhantomData,
        })
    }

    /// The places of all values.
    pub fn iter(self) -> impl Iterator<Item = GuestPtr<'a, T>> {
        (0..self.len).map(move |index| GuestPtr {
            pointer: self.start.wrapping_add(index),
            memory: PhantomData,
        })
    }
}

/// Bytes in guest memory, within bounds.
#[derive(Clone, Copy)]
pub struct GuestSlice<'a> {
    start: *mut u8,
    len: usize,
    memory: PhantomData<GuestMemory<'a>>,
}

impl<'a> GuestSlice<'a> {
    /// The number of bytes.
    pub fn len(self) -> usize {
        self.len
    }

    /// Copies bytes out: as many as both have. Returns how many.
    pub fn copy_to(self, bytes: &mut [u8]) -> usize {
        let len = self.len.min(bytes.len());
        // SAFETY: both ranges have `len` bytes; no Rust object lies in guest memory, so that they
        // do not overlap.
        unsafe { ptr::copy_nonoverlapping(self.start, bytes.as_mut_ptr(), len) }
        keep_copy();
        len
    }

    /// Copies bytes in: as many as both have. Returns how many.
    pub fn copy_from(self, bytes: &[u8]) -> usize {
        let len = self.len.min(bytes.len());
        // SAFETY: as in `copy_to`.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.start, len) }
        len
    }

    /// The value at an offset, aligned or not; `None` when it does not lie within.
    pub fn get<T: Plain>(self, at: usize) -> Option<T> {
        let rest = self.skip(at);
        if rest.len < size_of::<T>() {
            return None;
        }
        // SAFETY: the value is within the memory, and any bytes are a value.
        let value = unsafe { rest.start.cast::<T>().read_unaligned() };
        keep_copy();
        Some(value)
    }

    /// Copies a value to an offset; none that does not lie within.
    pub fn put<T: Plain>(self, at: usize, value: T) {
        let rest = self.skip(at);
        if rest.len >= size_of::<T>() {
            // SAFETY: the place is within the memory, to which no reference exists.
            unsafe { rest.start.cast::<T>().write_unaligned(value) }
        }
    }

    /// The bytes from `at` on; none when there are fewer.
    pub fn skip(self, at: usize) -> GuestSlice<'a> {
        let at = at.min(self.len);
        GuestSlice {
            start: self.start.wrapping_add(at),
            len: self.len - at,
            memory: PhantomData,
        }
    }

    /// The same bytes for the kernel to read or write.
    pub fn io_vec(self) -> IoVec<'a> {
        // SAFETY: the bytes are within the memory, to which no reference exists, during `'a`.
        unsafe { IoVec::new(self.start, self.len) }
    }
}
