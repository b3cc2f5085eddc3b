//! Where the body of a message goes: what the guest has written of it before the head is sent, and how
//! what it writes afterwards is framed.

use super::error::HttpError;
use super::fields::Fields;
use crate::host::heap::{Block, Heap, MAX_BLOCK};

/// Bodies that may be written at a time.
pub const MAX_OUTLETS: usize = 64;
/// Bytes that are kept of a body whose head was not sent yet.
pub const EARLY: usize = MAX_BLOCK;
/// Room below which there is none: what is written at a time has that many bytes at most when it cannot
/// be in parts.
pub const LEAST_ROOM: usize = 4096;

/// What became of a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Nothing uses this place. (The table is zero at first.)
    Free,
    /// The guest writes it.
    Open,
    /// The guest has said that it is complete.
    Finished,
    /// The guest has given it up, or it cannot be sent.
    Broken,
}

/// How the end of a body is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Coding {
    /// There is none to send: an answer to `HEAD`, or with a status that has none.
    Nothing,
    /// By its length, which the head says.
    Length,
    /// In chunks.
    Chunked,
    /// By the end of the connection.
    Close,
}

/// A body that is being written.
#[derive(Clone, Copy)]
pub struct Outlet {
    pub state: State,
    /// Whether its head was sent, so that it goes to the connection.
    pub is_bound: bool,
    /// What was written before.
    early: Block,
    early_len: u32,
    /// Bytes that were written.
    pub written: u64,
    /// Bytes that its head promises; `u64::MAX` when it promises nothing.
    promised: u64,
    /// What follows the body.
    pub trailers: Fields,
    /// How many refer to it: its message, and whoever writes it.
    pub holders: u32,
}

impl Outlet {
    /// An unused place.
    pub const FREE: Outlet = Outlet {
        state: State::Free,
        is_bound: false,
        early: Block::NONE,
        early_len: 0,
        written: 0,
        promised: 0,
        trailers: Fields::NONE,
        holders: 0,
    };

    /// A body that is about to be written, of so many bytes if they are known.
    pub fn open(length: Option<u64>) -> Outlet {
        Outlet {
            state: State::Open,
            promised: length.unwrap_or(u64::MAX),
            holders: 2,
            ..Outlet::FREE
        }
    }

    /// Bytes that its head promises.
    pub fn promised(&self) -> Option<u64> {
        (self.promised != u64::MAX).then_some(self.promised)
    }

    /// How many more bytes are kept before the head is sent.
    pub fn early_room(&self) -> usize {
        match EARLY - self.early_len as usize {
            0..LEAST_ROOM => 0,
            room => room,
        }
    }

    /// What was written before the head is sent.
    pub fn early(self, heap: &Heap) -> &[u8] {
        let len = self.early_len as usize;
        heap.bytes(self.early).get(..len).unwrap_or_default()
    }

    /// Notes that so many bytes are about to be written; fails when that is more than was promised, or
    /// when nothing can be written any more.
    pub fn count(&mut self, len: usize) -> Result<(), HttpError> {
        if self.state != State::Open {
            return Err(HttpError::Terminated);
        }
        let written = self.written.saturating_add(len as u64);
        if written > self.promised {
            self.state = State::Broken;
            return Err(HttpError::BodySize);
        }
        self.written = written;
        Ok(())
    }

    /// Keeps bytes until the head is sent: `fill` copies them.
    pub fn keep(
        &mut self,
        heap: &mut Heap,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<(), HttpError> {
        if self.early.is_none() {
            self.early = heap.allocate(EARLY).ok_or(HttpError::Internal)?;
        }
        let start = self.early_len as usize;
        let room = heap.bytes_mut(self.early).get_mut(start..start + len);
        fill(room.ok_or(HttpError::Internal)?);
        self.early_len += len as u32;
        Ok(())
    }

    /// Gives back what it keeps, and the place.
    pub fn release(&mut self, heap: &mut Heap) {
        heap.free(self.early);
        self.trailers.free(heap);
        *self = Outlet::FREE;
    }

    /// Gives back what was written before the head was sent.
    pub fn release_early(&mut self, heap: &mut Heap) {
        heap.free(self.early);
        self.early = Block::NONE;
        self.early_len = 0;
    }
}
