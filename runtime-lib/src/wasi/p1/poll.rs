//! Waiting for several things at once.

use super::Wasi;
use super::clock::clock;
use super::errno::Errno;
use super::types::{Event, FD_READWRITE_HANGUP, Rights, SubclockFlags, Subscription};
use crate::guest::pointer::{GuestArray, GuestMemory};
use crate::host::descriptors::{FdTable, Kind, MAX_FDS};
use crate::sys::fs::{self, Whence};
use crate::sys::poll::{self, Entry};
use crate::sys::scratch::Scratch;
use crate::sys::time::{self, Clock};
use rustix::fd::{AsRawFd, BorrowedFd};

/// Event types.
const CLOCK: u8 = 0;
const FD_READ: u8 = 1;
const FD_WRITE: u8 = 2;

/// Subscriptions that need a little of the stack, and a page or several: more need memory of their
/// own, which is mapped for each call.
const FEW: usize = 64;
const SEVERAL: usize = 512;
/// Most subscriptions: more than every descriptor in both ways. What a call needs for each is not
/// part of the guest's memory, and must not make up for a limit of that.
const MAX_SUBSCRIPTIONS: usize = 4 * MAX_FDS;

/// Waits until one of the subscriptions comes true, and writes an event for each that has.
///
/// A subscription that cannot be waited for is an event with an error.
pub fn poll_oneoff(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    subscriptions: u32,
    events: u32,
    nsubscriptions: u32,
    nevents: u32,
) -> Result<(), Errno> {
    if nsubscriptions == 0 {
        return Err(Errno::INVAL);
    }
    let subscriptions = memory.array::<Subscription>(subscriptions, nsubscriptions)?;
    let events = memory.array::<Event>(events, nsubscriptions)?;
    let nevents = memory.ptr::<u32>(nevents)?;
    let count = subscriptions.len();
    if count > MAX_SUBSCRIPTIONS {
        return Err(Errno::INVAL);
    }
    let happened = match count {
        ..=FEW => wait_with_room::<FEW>(&wasi.fds, subscriptions, events)?,
        _ => wait_with_room::<SEVERAL>(&wasi.fds, subscriptions, events)?,
    };
    nevents.write(happened);
    Ok(())
}

// Not inlined: a program that only sleeps touches no more of the stack than it needs.
#[inline(never)]
fn wait_with_room<const N: usize>(
    table: &FdTable,
    subscriptions: GuestArray<'_, Subscription>,
    events: GuestArray<'_, Event>,
) -> Result<u32, Errno> {
    let count = subscriptions.len();
    let mut waits = Scratch::<Wait, N>::new();
    let mut entries = Scratch::<Entry, N>::new();
    let waiting = Waiting {
        table,
        waits: waits.fill(Wait::NOTHING, count)?,
        entries: entries.fill(Entry::NONE, count)?,
        used: 0,
    };
    wait(waiting, subscriptions, events)
}

/// Waits until something happens: how many events were written.
fn wait(
    mut waiting: Waiting<'_>,
    subscriptions: GuestArray<'_, Subscription>,
    events: GuestArray<'_, Event>,
) -> Result<u32, Errno> {
    let mut failed = false;
    for (at, subscription) in subscriptions.iter().enumerate() {
        failed |= !waiting.subscribe(at, &subscription.read())?;
    }
    loop {
        let timeout = if failed { Some(0) } else { waiting.timeout() };
        match poll::wait(waiting.entries(), timeout) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(errno) => return Err(errno.into()),
        }
        let happened = waiting.report(events)?;
        // None may have: the kernel's wait can fall short of what the clock says.
        if happened > 0 {
            return Ok(happened);
        }
    }
}

/// Waits like [`poll_oneoff`]: WasmEdge's name for the same thing, with aligned pointers.
pub fn epoll_oneoff(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    subscriptions: u32,
    events: u32,
    nsubscriptions: u32,
    nevents: u32,
) -> Result<(), Errno> {
    memory.aligned_array::<Subscription>(subscriptions, nsubscriptions)?;
    memory.aligned_array::<Event>(events, nsubscriptions)?;
    memory.aligned_ptr::<u32>(nevents)?;
    poll_oneoff(wasi, memory, subscriptions, events, nsubscriptions, nevents)
}

/// What one subscription waits for.
#[derive(Clone, Copy)]
struct Wait {
    userdata: u64,
    event_type: u8,
    /// Why it cannot be waited for.
    error: Option<Errno>,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    Nothing,
    /// Until the clock shows this time.
    Time {
        clock: Clock,
        deadline: u64,
    },
    /// Until the host's descriptor is ready; `index` is the reference that keeps it open.
    Descriptor {
        index: u32,
        host: i32,
        kind: Kind,
    },
}

impl Wait {
    const NOTHING: Wait = Wait {
        userdata: 0,
        event_type: CLOCK,
        error: None,
        what: What::Nothing,
    };
}

/// What a call waits for.
///
/// The first `used` of the `entries` have the host's descriptors, ascending, each once: the kernel
/// takes no more entries than the process may have descriptors open.
struct Waiting<'a> {
    table: &'a FdTable,
    waits: &'a mut [Wait],
    entries: &'a mut [Entry],
    used: usize,
}

impl Waiting<'_> {
    /// Adds a subscription; false when it cannot be waited for.
    fn subscribe(&mut self, at: usize, subscription: &Subscription) -> Result<bool, Errno> {
        let what = match subscription.tag {
            CLOCK => time_to_wait_for(subscription),
            FD_READ | FD_WRITE => self.descriptor(subscription),
            _ => return Err(Errno::INVAL),
        };
        let wait = self.waits.get_mut(at).ok_or(Errno::FAULT)?;
        *wait = Wait {
            userdata: subscription.userdata,
            event_type: subscription.tag,
            error: what.err(),
            what: what.unwrap_or(What::Nothing),
        };
        Ok(wait.error.is_none())
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

    fn descriptor(&mut self, subscription: &Subscription) -> Result<What, Errno> {
        let descriptor = self
            .table
            .get_with(subscription.id, Rights::POLL_FD_READWRITE)?;
        let right = match (subscription.tag, descriptor.kind()) {
            // A listening socket becomes readable when there is a connection to accept.
            (_, Kind::Socket) => Rights::NONE,
            (FD_READ, _) => Rights::FD_READ,
            _ => Rights::FD_WRITE,
        };
        descriptor.require(right)?;
        let host = descriptor.host();
        self.add(entry(subscription.tag, host));
        let host = host.as_raw_fd();
        Ok(What::Descriptor {
            kind: descriptor.kind(),
            index: descriptor.into_index(),
            host,
        })
    }

    /// Nanoseconds until the first deadline, if there is one.
    ///
    /// A clock of computing time stands still while its thread sleeps: the wait itself has to
    /// compute, so there is no sleeping with such a deadline.
    fn timeout(&self) -> Option<u64> {
        let times = self.waits.iter().filter_map(|wait| match wait.what {
            What::Time {
                clock: Clock::ProcessCpu | Clock::ThreadCpu,
                ..
            } => Some(0),
            What::Time { clock, deadline } => Some(deadline.saturating_sub(time::now(clock))),
            _ => None,
        });
        times.min()
    }

    /// Writes the events that have happened: how many.
    fn report(&self, events: GuestArray<'_, Event>) -> Result<u32, Errno> {
        let mut count = 0;
        for wait in self.waits.iter() {
            let mut event = Event {
                userdata: wait.userdata,
                error: 0,
                event_type: wait.event_type,
                padding: [0; 5],
                nbytes: 0,
                flags: 0,
                padding2: [0; 6],
            };
            match wait.what {
                What::Nothing => {}
                What::Time { clock, deadline } if time::now(clock) < deadline => continue,
                What::Time { .. } => {}
                What::Descriptor { host, kind, .. } => {
                    // SAFETY: `index` keeps the descriptor open.
                    let host = unsafe { BorrowedFd::borrow_raw(host) };
                    let entry = self.answer(entry(wait.event_type, host));
                    if !entry.is_ready() {
                        continue;
                    }
                    event.nbytes = match wait.event_type {
                        _ if entry.invalid() => 0,
                        FD_READ => readable(host, kind),
                        // How many cannot be found out; at least one.
                        _ => 1,
                    };
                    if entry.invalid() {
                        event.error = Errno::BADF.code();
                    } else if entry.hung_up() || entry.failed() {
                        event.flags = FD_READWRITE_HANGUP;
                    }
                }
            }
            if let Some(errno) = wait.error {
                event.error = errno.code();
            }
            events.get(count)?.write(event);
            count += 1;
        }
        Ok(count as u32)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        for wait in self.waits.iter() {
            if let What::Descriptor { index, .. } = wait.what {
                self.table.release(index);
            }
        }
    }
}

/// What the kernel is asked for a subscription to a descriptor.
fn entry(event_type: u8, host: BorrowedFd<'_>) -> Entry {
    match event_type {
        FD_READ => Entry::readable(host),
        _ => Entry::writable(host),
    }
}

fn time_to_wait_for(subscription: &Subscription) -> Result<What, Errno> {
    let clock = clock(subscription.id)?;
    let flags = SubclockFlags::from_bits(subscription.flags.into()).ok_or(Errno::INVAL)?;
    let timeout = subscription.timeout;
    if flags.contains(SubclockFlags::ABSTIME) {
        return Ok(What::Time {
            clock,
            deadline: timeout,
        });
    }
    let clock = match clock {
        // A span of time passes whatever happens to the time of day.
        Clock::Realtime => Clock::Monotonic,
        clock => clock,
    };
    Ok(What::Time {
        clock,
        deadline: time::now(clock).saturating_add(timeout),
    })
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
