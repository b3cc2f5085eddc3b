//! Waiting for several things at once.

use super::clock::clock;
use super::errno::Errno;
use super::types::{Event, FD_READWRITE_HANGUP, SubclockFlags, Subscription};
use crate::guest::pointer::{GuestArray, GuestMemory};
use crate::host::descriptors::{FdTable, MAX_FDS};
use crate::host::poll::{self, Direction, Wait, Waiting};
use crate::host::system::System;
use crate::sys::poll::Entry;
use crate::sys::scratch::Scratch;

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
    system: &System,
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
        ..=FEW => wait_with_room::<FEW>(&system.fds, subscriptions, events)?,
        _ => wait_with_room::<SEVERAL>(&system.fds, subscriptions, events)?,
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
    let mut told = Scratch::<Told, N>::new();
    let mut waits = Scratch::<Wait, N>::new();
    let mut entries = Scratch::<Entry, N>::new();
    let waiting = Waiting::new(
        table,
        waits.fill(Wait::Nothing, count)?,
        entries.fill(Entry::NONE, count)?,
    );
    wait(
        waiting,
        table,
        told.fill(Told::NOTHING, count)?,
        subscriptions,
        events,
    )
}

/// Waits until something happens: how many events were written.
fn wait<'t>(
    mut waiting: Waiting<'t>,
    table: &'t FdTable,
    told: &mut [Told],
    subscriptions: GuestArray<'_, Subscription>,
    events: GuestArray<'_, Event>,
) -> Result<u32, Errno> {
    let mut failed = false;
    for (at, (subscription, told)) in subscriptions.iter().zip(told.iter_mut()).enumerate() {
        let subscription = subscription.read();
        let outcome = subscribe(&mut waiting, table, at, &subscription)?;
        *told = Told {
            userdata: subscription.userdata,
            event_type: subscription.tag,
            error: outcome.err(),
        };
        failed |= told.error.is_some();
    }
    loop {
        waiting.wait(failed)?;
        let happened = report(&waiting, told, events)?;
        if happened > 0 {
            return Ok(happened);
        }
    }
}

/// What an event repeats of a subscription.
#[derive(Clone, Copy)]
struct Told {
    userdata: u64,
    event_type: u8,
    /// Why it cannot be waited for.
    error: Option<Errno>,
}

impl Told {
    const NOTHING: Told = Told {
        userdata: 0,
        event_type: CLOCK,
        error: None,
    };
}

/// Waits for what a subscription says, too; the inner error says why that cannot be waited for,
/// which the guest is told by an event.
fn subscribe<'t>(
    waiting: &mut Waiting<'t>,
    table: &'t FdTable,
    at: usize,
    subscription: &Subscription,
) -> Result<Result<(), Errno>, Errno> {
    let direction = match subscription.tag {
        CLOCK => {
            let wait = time_to_wait_for(subscription);
            return Ok(wait.map(|wait| waiting.set(at, wait)));
        }
        FD_READ => Direction::Read,
        FD_WRITE => Direction::Write,
        _ => return Err(Errno::INVAL),
    };
    let outcome = table
        .get(subscription.id)
        .and_then(|descriptor| waiting.descriptor(at, descriptor, direction));
    Ok(outcome.map_err(Errno::from))
}

/// Writes the events that have happened: how many.
fn report(
    waiting: &Waiting<'_>,
    told: &[Told],
    events: GuestArray<'_, Event>,
) -> Result<u32, Errno> {
    let mut count = 0;
    for (at, told) in told.iter().enumerate() {
        let Some(happened) = waiting.happened(at) else {
            continue;
        };
        let error = match happened.invalid {
            true => Some(Errno::BADF),
            false => told.error,
        };
        events.get(count)?.write(Event {
            userdata: told.userdata,
            error: error.map_or(0, Errno::code),
            event_type: told.event_type,
            padding: [0; 5],
            nbytes: happened.bytes,
            flags: match happened.hung_up {
                true => FD_READWRITE_HANGUP,
                false => 0,
            },
            padding2: [0; 6],
        });
        count += 1;
    }
    Ok(count as u32)
}

/// Waits like [`poll_oneoff`]: WasmEdge's name for the same thing, with aligned pointers.
pub fn epoll_oneoff(
    system: &System,
    memory: &GuestMemory<'_>,
    subscriptions: u32,
    events: u32,
    nsubscriptions: u32,
    nevents: u32,
) -> Result<(), Errno> {
    memory.aligned_array::<Subscription>(subscriptions, nsubscriptions)?;
    memory.aligned_array::<Event>(events, nsubscriptions)?;
    memory.aligned_ptr::<u32>(nevents)?;
    poll_oneoff(
        system,
        memory,
        subscriptions,
        events,
        nsubscriptions,
        nevents,
    )
}

fn time_to_wait_for(subscription: &Subscription) -> Result<Wait, Errno> {
    let clock = clock(subscription.id)?;
    let flags = SubclockFlags::from_bits(subscription.flags.into()).ok_or(Errno::INVAL)?;
    let timeout = subscription.timeout;
    if flags.contains(SubclockFlags::ABSTIME) {
        return Ok(Wait::Time {
            clock,
            deadline: timeout,
        });
    }
    Ok(poll::after(clock, timeout))
}
