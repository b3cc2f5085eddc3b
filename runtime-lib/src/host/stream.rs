//! What may the guest do to a standard stream, whose open file description others share?
//!
//! This is security-relevant. A shell gives the same description to several programs and keeps it
//! itself: its position, whether it appends and whether it blocks are theirs as well, and whatever
//! file it happens to be of was not granted. So a stream allows what a pipe does, reading or writing,
//! waiting and asking what it is, and its flags are never changed: whether the guest's own calls wait
//! is noted in its table of descriptors and kept by asking the kernel first.

use super::descriptors::{FdRef, Waits};
use super::rights::Rights;
use crate::sys::fs::Modes;
use crate::sys::io::IoVec;
use crate::sys::poll::{self, Entry};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;

/// Rights that mean something for a standard stream.
pub const RIGHTS: Rights = Rights::FD_READ
    .union(Rights::FD_WRITE)
    .union(Rights::FD_FDSTAT_SET_FLAGS)
    .union(Rights::FD_FILESTAT_GET)
    .union(Rights::POLL_FD_READWRITE);

/// Bytes that the kernel takes from a write without waiting once it has said that there is room
/// (`PIPE_BUF`).
const ROOM: usize = 4096;

/// How the guest's calls wait when it wants these modes; those of the description are `current`.
/// Fails when the modes differ in more.
pub fn waits(wanted: Modes, current: Modes) -> Result<Waits, Errno> {
    if wanted.append != current.append {
        return Err(Errno::NOTSUP);
    }
    Ok(match (wanted.nonblock, current.nonblock) {
        (true, false) => Waits::Never,
        (false, true) => Waits::Always,
        _ => Waits::AsOpened,
    })
}

/// The modes that the guest sees.
pub fn modes(descriptor: &FdRef<'_>, current: Modes) -> Modes {
    let nonblock = match descriptor.waits() {
        Waits::AsOpened => current.nonblock,
        Waits::Never => true,
        Waits::Always => false,
    };
    Modes {
        nonblock,
        ..current
    }
}

/// Calls `transfer`, which reads or writes the buffers, so that it waits as the guest wants.
#[cold]
#[inline(never)]
pub fn transfer(
    descriptor: &FdRef<'_>,
    ready: fn(BorrowedFd<'_>) -> Entry,
    buffers: &[IoVec<'_>],
    transfer: fn(BorrowedFd<'_>, &[IoVec<'_>]) -> Result<usize, Errno>,
) -> Result<usize, Errno> {
    let host = descriptor.host();
    if descriptor.waits() == Waits::Never {
        // Another program may take the bytes or the room in between: then this waits.
        if !wait(ready(host), Some(0))? {
            return Err(Errno::AGAIN);
        }
        let some = buffers.iter().find(|buffer| buffer.len() > 0);
        let some = some.unwrap_or(&IoVec::EMPTY).first(ROOM);
        return transfer(host, &[some]);
    }
    loop {
        match transfer(host, buffers) {
            Err(Errno::AGAIN) => wait(ready(host), None)?,
            result => return result,
        };
    }
}

/// Waits until the entry is ready; false when the time is up.
fn wait(entry: Entry, timeout: Option<u64>) -> Result<bool, Errno> {
    loop {
        match poll::wait(&mut [entry], timeout) {
            Err(Errno::INTR) => {}
            result => return result.map(|ready| ready > 0),
        }
    }
}
