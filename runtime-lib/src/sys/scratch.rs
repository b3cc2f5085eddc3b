//! Memory for the duration of a call: on the stack for few values, mapped for many.

use core::mem::MaybeUninit;
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};

/// Room for values, of which up to `N` need no system call.
pub struct Scratch<T, const N: usize> {
    few: [MaybeUninit<T>; N],
    /// Address of the mapped values; null when there are few.
    many: *mut T,
    len: usize,
}

impl<T, const N: usize> Scratch<T, N> {
    /// Room for no values.
    #[inline(always)]
    pub fn new() -> Self {
        Scratch {
            few: [const { MaybeUninit::uninit() }; N],
            many: core::ptr::null_mut(),
            len: 0,
        }
    }

    /// `len` times the value.
    pub fn fill(&mut self, value: T, len: usize) -> Result<&mut [T], Errno>
    where
        T: Copy,
    {
        self.unmap();
        if len > N {
            let bytes = len.checked_mul(size_of::<T>()).ok_or(Errno::NOMEM)?;
            // SAFETY: a new mapping at an address that the kernel chooses.
            let mapped = unsafe {
                rustix::mm::mmap_anonymous(
                    core::ptr::null_mut(),
                    bytes,
                    ProtFlags::READ | ProtFlags::WRITE,
                    MapFlags::PRIVATE,
                )?
            };
            self.many = mapped.cast();
            self.len = len;
        }
        let start = if self.many.is_null() {
            self.few.as_mut_ptr()
        } else {
            self.many.cast()
        };
        // SAFETY: both have room for `len` values, and are used by nothing else. Pages are aligned
        // for every type.
        let values: &mut [MaybeUninit<T>] = unsafe { core::slice::from_raw_parts_mut(start, len) };
        for slot in values.iter_mut() {
            slot.write(value);
        }
        // SAFETY: the values have just been written.
        Ok(unsafe { core::slice::from_raw_parts_mut(start.cast(), len) })
    }

    fn unmap(&mut self) {
        if !self.many.is_null() {
            // SAFETY: the mapping was made by `fill`, whose result no longer lives.
            let _ = unsafe { rustix::mm::munmap(self.many.cast(), self.len * size_of::<T>()) };
            self.many = core::ptr::null_mut();
        }
    }
}

impl<T, const N: usize> Drop for Scratch<T, N> {
    fn drop(&mut self) {
        self.unmap();
    }
}
