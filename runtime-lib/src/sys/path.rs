//! Paths as text: a buffer for one, and the parts of one.

use core::ffi::CStr;
use core::mem::MaybeUninit;
use rustix::io::Errno;

/// Most bytes of a path, the NUL at its end included.
pub const PATH_MAX: usize = 4096;

/// A path as text, with a NUL at its end.
pub struct PathBuffer {
    /// Bytes before the NUL.
    len: usize,
    bytes: [MaybeUninit<u8>; PATH_MAX],
}

impl PathBuffer {
    /// An empty path.
    #[inline(always)]
    pub fn new() -> PathBuffer {
        let mut path = PathBuffer {
            len: 0,
            bytes: [const { MaybeUninit::uninit() }; PATH_MAX],
        };
        path.set_len(0);
        path
    }

    /// Sets the text. An empty one and one with a NUL are refused.
    pub fn set(&mut self, text: &[u8]) -> Result<(), Errno> {
        self.fill(text.len(), |room| room.copy_from_slice(text))
    }

    /// Sets the text to the `len` bytes that `copy` copies. An empty one and one with a NUL are
    /// refused.
    pub fn fill(&mut self, len: usize, copy: impl FnOnce(&mut [u8])) -> Result<(), Errno> {
        self.set_len(0);
        if len == 0 {
            return Err(Errno::NOENT);
        }
        if len >= PATH_MAX {
            return Err(Errno::NAMETOOLONG);
        }
        let room = self.bytes.get_mut(..len).ok_or(Errno::NAMETOOLONG)?;
        room.fill(MaybeUninit::new(0));
        // SAFETY: the bytes have just been written.
        copy(unsafe { core::slice::from_raw_parts_mut(room.as_mut_ptr().cast(), len) });
        self.set_len(len);
        if self.as_bytes().contains(&0) {
            return Err(Errno::INVAL);
        }
        Ok(())
    }

    /// The text.
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: the first `len` bytes have been written.
        unsafe { core::slice::from_raw_parts(self.bytes.as_ptr().cast(), self.len) }
    }

    /// The text with its NUL.
    pub fn as_c_str(&self) -> &CStr {
        self.c_str(0)
    }

    /// The text from `start` up to the next NUL.
    pub(super) fn c_str(&self, start: usize) -> &CStr {
        // SAFETY: the first `len` bytes and a NUL behind them have been written.
        let bytes =
            unsafe { core::slice::from_raw_parts(self.bytes.as_ptr().cast(), self.len + 1) };
        let tail = bytes.get(start..).unwrap_or_default();
        CStr::from_bytes_until_nul(tail).unwrap_or_default()
    }

    /// Undoes the cuts of [`super::resolve`]: there is no other NUL in a path.
    pub(super) fn mend(&mut self) {
        for slot in self.bytes.iter_mut().take(self.len) {
            // SAFETY: the first `len` bytes have been written.
            if unsafe { slot.assume_init_read() } == 0 {
                slot.write(b'/');
            }
        }
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), Errno> {
        let end = self.len + bytes.len();
        if end >= PATH_MAX {
            return Err(Errno::NAMETOOLONG);
        }
        for (slot, &byte) in self.bytes.iter_mut().skip(self.len).zip(bytes) {
            slot.write(byte);
        }
        self.set_len(end);
        Ok(())
    }

    /// Ends the path behind `len` bytes, which must have been written; `len` is below [`PATH_MAX`].
    pub(super) fn set_len(&mut self, len: usize) {
        self.len = len;
        self.put(len, 0);
    }

    pub(super) fn put(&mut self, at: usize, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(at) {
            slot.write(byte);
        }
    }
}

/// The parts of a path: `parent` `/` `name` and slashes.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    /// Bytes of the parent; 0 when the name is relative to the directory itself.
    pub(super) parent: usize,
    /// Where the name begins.
    pub(super) name: usize,
    /// Where the name ends.
    pub(super) end: usize,
    /// Whether slashes follow: the path must lead to a directory.
    pub(super) slashes: bool,
}

impl Parts {
    pub(super) fn of(path: &[u8]) -> Parts {
        let trim = |end: usize| {
            let bytes = path.get(..end).unwrap_or_default();
            bytes
                .iter()
                .rposition(|&byte| byte != b'/')
                .map_or(0, |at| at + 1)
        };
        let end = trim(path.len());
        let name = path
            .get(..end)
            .unwrap_or_default()
            .iter()
            .rposition(|&byte| byte == b'/')
            .map_or(0, |at| at + 1);
        Parts {
            parent: trim(name),
            name,
            end,
            slashes: end < path.len(),
        }
    }

    /// Whether the name is `.` or `..`, which is no entry of the parent.
    pub(super) fn is_dots(self, path: &[u8]) -> bool {
        matches!(path.get(self.name..self.end), Some(b"." | b".."))
    }
}
