//! Waiting for several things at once: descriptors and times.

use super::descriptors::{FdRef, FdTable, Kind};
use super::error::Error;
use super::rights::Rights;
use crate::sys::fs::{self, Whence};
use crate::sys::poll::{self, Entry};
use crate::sys::time::{self, Clock};
use rustix::fd::{AsRawFd, BorrowedFd};
use rustix::io::Errno;

/// What to wait for at a descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Something to read, or a connection to accept.
    Read,
    /// Room to write.
    Write,
}

impl Direction {
    /// What the kernel is asked for.
    fn entry(self, host: BorrowedFd<'_>) -> Entry {
        match self {
            Direction::Read => Entry::readable(host),
            Direction::Write => Entry::writable(host),
        }
    }
}

/// One thing to wait for.
#[derive(Clone, Copy)]
pub enum Wait {
    /// What has happened already.
    Nothing,
    /// Until the clock shows this time, in nanoseconds.
    Time {
        /// The clock.
        clock: Clock,
        /// The time.
        deadline: u64,
    },
    /// Until the host's descriptor is ready; made by [`Waiting::descriptor`].
    Descriptor(Reference),
}

/// A descriptor that is waited for, which stays open meanwhile.
#[derive(Clone, Copy)]
pub struct Reference {
    /// What keeps it open.
    index: u32,
    host: i32,
    kind: Kind,
    direction: Direction,
}

/// What has happened to a thing that was waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Happened {
    /// Bytes that can be read without waiting, as far as that can be found out; 1 for writing, as
    /// how many cannot be found out.
    pub bytes: u64,
    /// The other side has closed, or the descriptor is in error.
    pub hung_up: bool,
    /// There is no such descriptor.
    pub invalid: bool,
}

/// The time that is a span from now on. A span of time passes whatever happens to the time of day.
pub fn after(clock: Clock, nanoseconds: u64) -> Wait {
    let clock = match clock {
        Clock::Realtime => Clock::Monotonic,
        clock => clock,
    };
    Wait::Time {
        clock,
        deadline: time::now(clock).saturating_add(nanoseconds),
    }
}

/// What is waited for at once.
///
/// The first `used` of the `entries` have the host's descriptors, ascending, each once: the kernel
/// takes no more entries than the process may have descriptors open.
pub struct Waiting<'a> {
    table: &'a FdTable,
    waits: &'a mut [Wait],
    entries: &'a mut [Entry],
    used: usize,
}

impl<'a> Waiting<'a> {
    /// Room for as many things as both slices have elements: [`Wait::Nothing`] and
    /// [`Entry::NONE`].
    pub fn new(table: &'a FdTable, waits: &'a mut [Wait], entries: &'a mut [Entry]) -> Self {
        Waiting {
            table,
            waits,
            entries,
            used: 0,
        }
    }

    /// Waits for this, too: the `at`th thing, set once.
    pub fn set(&mut self, at: usize, wait: Wait) {
        if let Some(slot) = self.waits.get_mut(at) {
            *slot = wait;
        }
    }

    /// Waits at a descriptor, if its rights cover that: the `at`th thing, set once.
    pub fn descriptor(
        &mut self,
        at: usize,
        descriptor: FdRef<'a>,
        direction: Direction,
    ) -> Result<(), Error> {
        descriptor.require(Rights::POLL_FD_READWRITE)?;
        let right = match (direction, descriptor.kind()) {
            // A listening socket becomes readable when there is a connection to accept.
            (_, Kind::Socket) => Rights::NONE,
            (Direction::Read, _) => Rights::FD_READ,
            (Direction::Write, _) => Rights::FD_WRITE,
        };
        descriptor.require(right)?;
        let slot = self.waits.get_mut(at).ok_or(Errno::FAULT)?;
        let host = descriptor.host().as_raw_fd();
        let entry = direction.entry(descriptor.host());
        *slot = Wait::Descriptor(Reference {
            kind: descriptor.kind(),
            host,
            direction,
            index: descriptor.into_index(),
        });
        self.add(entry);
        Ok(())
    }

    /// Waits until something may have happened: [`happened`](Self::happened) tells what. Nothing
    /// may have, as the kernel's wait can fall short of what the clock says. With `look` it does
    /// not wait.
    pub fn wait(&mut self, look: bool) -> Result<(), Error> {
        loop {
            let timeout = if look { Some(0) } else { self.timeout() };
            match poll::wait(self.entries(), timeout) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// What has happened to the `at`th thing, if something has.
    pub fn happened(&self, at: usize) -> Option<Happened> {
        const PLAIN: Happened = Happened {
            bytes: 0,
            hung_up: false,
            invalid: false,
        };
        match *self.waits.get(at)? {
            Wait::Nothing => Some(PLAIN),
            Wait::Time { clock, deadline } => (time::now(clock) >= deadline).then_some(PLAIN),
            Wait::Descriptor(reference) => {
                // SAFETY: `index` keeps the descriptor open.
                let host = unsafe { BorrowedFd::borrow_raw(reference.host) };
                let entry = self.answer(reference.direction.entry(host));
                if !entry.is_ready() {
                    return None;
                }
                if entry.invalid() {
                    return Some(Happened {
                        invalid: true,
                        ..PLAIN
                    });
                }
                Some(Happened {
                    bytes: match reference.direction {
                        Direction::Read => readable(host, reference.kind),
                        // How many cannot be found out; at least one.
                        Direction::Write => 1,
                    },
                    hung_up: entry.hung_up() || entry.failed(),
                    invalid: false,
                })
            }
        }
    }

    fn entries(&mut self) -> &mut [Entry] {
        self.entries.get_mut(..self.used).unwrap_or_default()
    }

    /// Adds an entry, or what it waits for to that of the same descriptor.
    fn add(&mut self, entry: Entry) {
        match self.entries().binary_search_by_key(&entry.fd(), Entry::fd) {
            Ok(at) => {
                if let Some(same) = self.entries.get_mut(at) {
                    same.add(entry);
                }
            }
            Err(at) => {
                if let Some(tail @ [.., _]) = self.entries.get_mut(at..=self.used) {
                    tail.rotate_right(1);
                    if let Some(free) = tail.first_mut() {
                        *free = entry;
                    }
                    self.used += 1;
                }
            }
        }
    }

    /// What has happened of that which an entry waits for.
    fn answer(&self, wanted: Entry) -> Entry {
        let entries = self.entries.get(..self.used).unwrap_or_default();
        let found = entries.binary_search_by_key(&wanted.fd(), Entry::fd).ok();
        let entry = found.and_then(|at| entries.get(at));
        entry.map_or(wanted, |entry| wanted.answered_by(*entry))
    }

    /// Nanoseconds until the first deadline, if there is one.
    ///
    /// A clock of computing time stands still while its thread sleeps: the wait itself has to
    /// compute, so there is no sleeping with such a deadline.
    fn timeout(&self) -> Option<u64> {
        let times = self.waits.iter().filter_map(|wait| match *wait {
            Wait::Time {
                clock: Clock::ProcessCpu | Clock::ThreadCpu,
                ..
            } => Some(0),
            Wait::Time { clock, deadline } => Some(deadline.saturating_sub(time::now(clock))),
            _ => None,
        });
        times.min()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        for wait in self.waits.iter() {
            if let Wait::Descriptor(reference) = wait {
                self.table.release(reference.index);
            }
        }
    }
}

/// Bytes that can be read without waiting, as far as that can be found out.
fn readable(host: BorrowedFd<'_>, kind: Kind) -> u64 {
    if kind == Kind::File {
        let size = fs::stat(host).map_or(0, |stat| stat.size);
        let position = fs::seek(host, 0, Whence::Current).unwrap_or(0);
        return size.saturating_sub(position);
    }
    fs::readable_bytes(host).unwrap_or(0)
}
