//! What the resources of WASI 0.2 are made of: open files, streams, sockets.
//!
//! What can be done with each is in the module of its interface.

use super::buffer::Source;
use crate::host::descriptors::Kind;
use crate::host::system::SYSTEM;
use crate::sys::net::Family;
use rustix::fd::{AsRawFd, BorrowedFd};
use rustix::io::Errno;

/// Why a stream gives no more: its last operation failed, or it has ended (`None`).
pub type StreamError = Option<Errno>;

/// What a pollable waits for.
#[derive(Clone, Copy)]
pub enum Wait {
    /// Nothing: it is ready.
    Nothing,
    /// Until the monotonic clock shows this time.
    Until(u64),
    /// Until the system's descriptor has bytes to read or is at its end.
    Readable(i32),
    /// Until the system's descriptor has room to write.
    Writable(i32),
    /// What a part of the runtime says that it waits for, now: it is asked with its number.
    Ask(fn(u32) -> Wait, u32),
}

impl Wait {
    /// What it waits for at this moment.
    pub fn now(self) -> Wait {
        match self {
            Wait::Ask(ask, number) => ask(number),
            known => known,
        }
    }

    /// Whether there is nothing to wait for at this moment.
    pub fn is_nothing(self) -> bool {
        matches!(self.now(), Wait::Nothing)
    }
}

/// An open file of the host, held open until it is released.
#[derive(Clone, Copy)]
pub struct File {
    /// The system's number.
    raw: i32,
    /// The reference that keeps it open.
    index: u32,
}

impl File {
    /// What a number of the table of descriptors stands for.
    pub fn of(number: u32) -> Result<File, Errno> {
        let descriptor = SYSTEM.fds.get(number).map_err(|_| Errno::BADF)?;
        let raw = descriptor.host().as_raw_fd();
        Ok(File {
            raw,
            index: descriptor.into_index(),
        })
    }

    /// The system's descriptor.
    pub fn fd(&self) -> BorrowedFd<'static> {
        // SAFETY: the object that holds the file keeps it open, and borrows of it end with a call.
        unsafe { BorrowedFd::borrow_raw(self.raw) }
    }

    /// Gives it up.
    pub fn release(self) {
        SYSTEM.fds.release(self.index);
    }
}

/// A `descriptor`.
#[derive(Clone, Copy)]
pub struct Descriptor {
    pub file: File,
    /// Its number in the table of descriptors.
    pub number: u32,
    /// Whether it is a granted folder, whose number stays when the descriptor is dropped.
    pub granted: bool,
    pub kind: Kind,
    /// Whether nothing may be changed through it.
    pub read_only: bool,
    /// Whether it was opened to read, and to write.
    pub read: bool,
    pub write: bool,
}

impl Descriptor {
    pub fn is_directory(&self) -> bool {
        self.kind == Kind::Directory
    }

    /// Fails for a directory.
    pub fn file(&self) -> Result<BorrowedFd<'static>, Errno> {
        match self.is_directory() {
            true => Err(Errno::BADF),
            false => Ok(self.file.fd()),
        }
    }

    /// The directory; fails for a file.
    pub fn directory(&self) -> Result<BorrowedFd<'static>, Errno> {
        match self.is_directory() {
            true => Ok(self.file.fd()),
            false => Err(Errno::NOTDIR),
        }
    }

    /// Fails when nothing may be changed through it.
    pub fn require_mutable(&self) -> Result<(), Errno> {
        match self.read_only {
            true => Err(Errno::ROFS),
            false => Ok(()),
        }
    }
}

/// A `directory-entry-stream`.
#[derive(Clone, Copy)]
pub struct Entries {
    pub file: File,
    /// Where the next entry is.
    pub position: u64,
}

/// Where bytes are read and go to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Position {
    /// Wherever the system is: a pipe, a terminal, a socket.
    None,
    /// At an offset of a file, which the stream keeps.
    At(u64),
    /// At the end of a file, wherever that is by then.
    End,
}

/// An `input-stream`.
#[derive(Clone, Copy)]
pub enum Input {
    /// Of a file of the system's.
    File { file: File, position: Position },
    /// Of a part of the runtime.
    Body(BodyInput),
}

/// An `input-stream` of a part of the runtime: what reads it, so that only programs that can have one
/// have that part.
#[derive(Clone, Copy)]
pub struct BodyInput {
    /// Its number there.
    pub number: u32,
    /// What to wait for before reading.
    pub wait: fn(u32) -> Wait,
    /// Reads bytes: how many, 0 when they must be waited for.
    pub read: fn(u32, &mut [u8]) -> Result<usize, StreamError>,
}

/// An `output-stream`.
#[derive(Clone, Copy)]
pub struct Output {
    pub place: OutputPlace,
    /// Bytes that the last `check-write` permits to write.
    pub permitted: u32,
}

/// Where an `output-stream` leads to.
#[derive(Clone, Copy)]
pub enum OutputPlace {
    /// A file of the system's.
    File { file: File, position: Position },
    /// A part of the runtime.
    Body(BodyOutput),
}

impl Output {
    /// A stream to a file of the system's.
    pub fn file(file: File, position: Position) -> Output {
        Output {
            place: OutputPlace::File { file, position },
            permitted: 0,
        }
    }
}

/// An `output-stream` to a part of the runtime, as [`BodyInput`].
#[derive(Clone, Copy)]
pub struct BodyOutput {
    /// Its number there.
    pub number: u32,
    /// How many bytes may be written.
    pub room: fn(u32) -> Result<usize, StreamError>,
    /// What to wait for when there is no room.
    pub wait: fn(u32) -> Wait,
    /// Writes bytes for which there is room.
    pub write: fn(u32, Source<'_>) -> Result<(), StreamError>,
    /// Sends what was written; whether that was all.
    pub flush: fn(u32) -> Result<bool, StreamError>,
    /// What to wait for when that was not all.
    pub unsent: fn(u32) -> Wait,
}

/// A `tcp-socket`.
#[derive(Clone, Copy)]
pub struct Tcp {
    pub file: File,
    /// Its number in the table of descriptors.
    pub number: u32,
    pub family: Family,
    pub state: TcpState,
    /// Connections that wait until they are accepted.
    pub backlog: u32,
}

/// What a socket is in the middle of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TcpState {
    Unbound,
    Binding,
    Bound,
    Connecting,
    Connected,
    StartingToListen,
    Listening,
    /// A connection could not be made.
    Closed,
}

/// A `udp-socket`.
#[derive(Clone, Copy)]
pub struct Udp {
    pub file: File,
    /// Its number in the table of descriptors.
    pub number: u32,
    pub family: Family,
    pub state: UdpState,
    /// Whom it exchanges datagrams with, if with one alone.
    pub connected: bool,
}

/// What a socket is in the middle of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum UdpState {
    Unbound,
    Binding,
    Bound,
}

/// An `incoming-datagram-stream` or `outgoing-datagram-stream`.
#[derive(Clone, Copy)]
pub struct Datagrams {
    pub file: File,
    pub family: Family,
    /// Whether the socket exchanges datagrams with one peer alone.
    pub connected: bool,
    /// Datagrams that the last `check-send` permits to send.
    pub permitted: u32,
}

/// A `resolve-address-stream`.
#[derive(Clone, Copy)]
pub struct Names {
    pub slot: usize,
    /// How many addresses were given.
    pub given: usize,
}
