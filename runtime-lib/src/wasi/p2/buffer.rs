//! What streams move: bytes of the guest, zeros, or what was read into a buffer of the runtime's.

use crate::guest::pointer::GuestSlice;
use crate::sys::lock::Lock;

/// Most bytes of a read, and of the writes that `check-write` permits.
pub const CHUNK: usize = 64 * 1024;

/// What was read, before the guest has memory for it.
pub static BUFFER: Lock<[u8; CHUNK]> = Lock::new([0; CHUNK]);

/// What is written.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    Guest(GuestSlice<'a>),
    /// The first so many bytes of the buffer.
    Buffer(usize),
    Zeros(usize),
}

impl Source<'_> {
    /// How many bytes there are.
    pub fn len(&self) -> usize {
        match *self {
            Source::Guest(bytes) => bytes.len(),
            Source::Buffer(len) | Source::Zeros(len) => len,
        }
    }

    /// Copies the bytes to where there is room for all of them.
    pub fn copy_to(&self, room: &mut [u8]) {
        match *self {
            Source::Guest(bytes) => {
                bytes.copy_to(room);
            }
            Source::Buffer(len) => BUFFER.with(|buffer| {
                let len = len.min(room.len());
                if let (Some(to), Some(from)) = (room.get_mut(..len), buffer.get(..len)) {
                    to.copy_from_slice(from);
                }
            }),
            Source::Zeros(_) => room.fill(0),
        }
    }
}
