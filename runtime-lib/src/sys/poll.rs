//! Waiting for descriptors and time.

use crate::arch;
use rustix::fd::{AsRawFd, BorrowedFd};
use rustix::io::Errno;

/// Number of the system call `ppoll`.
#[cfg(target_arch = "x86_64")]
const PPOLL: usize = 271;
/// Number of the system call `ppoll`.
#[cfg(target_arch = "aarch64")]
const PPOLL: usize = 73;

const POLLIN: i16 = 1;
const POLLOUT: i16 = 4;
const POLLERR: i16 = 8;
const POLLHUP: i16 = 16;
const POLLNVAL: i16 = 32;
const POLLRDHUP: i16 = 0x2000;

/// The kernel's `struct pollfd`: what to wait for, and what happened.
///
/// An entry holds the number of a descriptor that its maker keeps open until the wait is over.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Entry {
    fd: i32,
    events: i16,
    happened: i16,
}

impl Entry {
    /// Nothing.
    pub const NONE: Entry = Entry {
        fd: -1,
        events: 0,
        happened: 0,
    };

    /// Bytes to read, or an end of file.
    pub fn readable(fd: BorrowedFd<'_>) -> Entry {
        Entry {
            fd: fd.as_raw_fd(),
            events: POLLIN | POLLRDHUP,
            happened: 0,
        }
    }

    /// Room to write.
    pub fn writable(fd: BorrowedFd<'_>) -> Entry {
        Entry {
            fd: fd.as_raw_fd(),
            events: POLLOUT,
            happened: 0,
        }
    }

    /// The number of the descriptor.
    pub fn fd(&self) -> i32 {
        self.fd
    }

    /// Waits for what the other entry of the same descriptor waits for, too.
    pub fn add(&mut self, other: Entry) {
        self.events |= other.events;
    }

    /// This entry with what happened, as far as it concerns it, of one that also waited for more.
    pub fn answered_by(self, other: Entry) -> Entry {
        const ALWAYS: i16 = POLLERR | POLLHUP | POLLNVAL;
        Entry {
            happened: other.happened & (self.events | ALWAYS),
            ..self
        }
    }

    /// Whether what was waited for, or an error or hang-up, happened.
    pub fn is_ready(self) -> bool {
        self.happened != 0
    }

    /// Whether the other side has closed.
    pub fn hung_up(self) -> bool {
        self.happened & (POLLHUP | POLLRDHUP) != 0
    }

    /// Whether the descriptor is in error.
    pub fn failed(self) -> bool {
        self.happened & POLLERR != 0
    }

    /// Whether there was no such descriptor.
    pub fn invalid(self) -> bool {
        self.happened & POLLNVAL != 0
    }
}

/// The kernel's `struct timespec`.
#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

/// Waits until one of the entries is ready or the nanoseconds have passed: how many are ready.
pub fn wait(entries: &mut [Entry], timeout: Option<u64>) -> Result<usize, Errno> {
    let mut time = Timespec {
        seconds: 0,
        nanoseconds: 0,
    };
    let mut time_pointer = 0;
    if let Some(timeout) = timeout {
        time.seconds = (timeout / 1_000_000_000) as i64;
        time.nanoseconds = (timeout % 1_000_000_000) as i64;
        time_pointer = &raw mut time as usize;
    }
    // SAFETY: the kernel writes to the entries and the time. Without a signal mask it does not
    // look at the fifth argument, the mask's size.
    let result = unsafe {
        arch::syscall(
            PPOLL,
            entries.as_mut_ptr() as usize,
            entries.len(),
            time_pointer,
            0,
        )
    };
    if result < 0 {
        return Err(Errno::from_raw_os_error(-(result as i32)));
    }
    Ok(result as usize)
}
