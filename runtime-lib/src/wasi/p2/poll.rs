//! `wasi:io/poll`: waiting for one of several things.

use super::objects;
use super::resources::Wait;
use crate::guest::call::Call;
use crate::guest::trap;
use crate::sys::lock::Lock;
use crate::sys::poll::{self as system, Entry};
use crate::sys::scratch::Scratch;
use crate::sys::time::{self, Clock};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use wasmc_abi::p2::Resource;
use wasmc_abi::p2_layout::LIST;
use wasmc_abi::traps::Trap;

/// Pollables that need a little of the stack: more need memory that is mapped for each call.
const FEW: usize = 64;
/// Most pollables: more than there can be handles.
const MAX: u32 = wasmc_abi::component::MAX_HANDLES;

/// Says whether what a pollable waits for has happened.
pub fn pollable_ready(call: &Call<'_>, this: u32) -> u32 {
    let wait = objects::pollable(call.borrow(this, Resource::Pollable));
    let mut ready = [false];
    any(&[wait], &mut [Entry::NONE], &mut ready, Waiting::No);
    u32::from(ready[0])
}

/// Waits until what a pollable waits for has happened.
pub fn pollable_block(call: &Call<'_>, this: u32) {
    block(objects::pollable(call.borrow(this, Resource::Pollable)));
}

/// Waits until something of a list has happened, and gives the indices of what has.
pub fn poll(call: &Call<'_>, pollables: u32, pollables_len: u32, ret: u32) {
    let place = call.place(ret, LIST.size, LIST.align);
    let list = call.list(pollables, pollables_len, 4, 4);
    if pollables_len == 0 {
        trap::raise(Trap::EmptyPoll);
    }
    if pollables_len > MAX {
        trap::raise(Trap::TooManyHandles);
    }
    let len = pollables_len as usize;
    let mut waits = Scratch::<Wait, FEW>::new();
    let mut entries = Scratch::<Entry, FEW>::new();
    let mut ready = Scratch::<bool, FEW>::new();
    let (Ok(waits), Ok(entries), Ok(ready)) = (
        waits.fill(Wait::Nothing, len),
        entries.fill(Entry::NONE, len),
        ready.fill(false, len),
    ) else {
        trap::raise(Trap::TooManyHandles)
    };
    for (wait, at) in waits.iter_mut().zip(0..) {
        let handle = list.get::<u32>(at * 4);
        *wait = objects::pollable(call.borrow(handle, Resource::Pollable));
    }
    any(waits, entries, ready, Waiting::Yes);
    let count = ready.iter().filter(|&&ready| ready).count() as u32;
    let (address, indices) = call.allocate(count * 4, 4);
    let happened = ready.iter().zip(0u32..).filter(|&(&ready, _)| ready);
    for ((_, index), at) in happened.zip(0..) {
        indices.put(at * 4, index);
    }
    place.put(0, address);
    place.put(4, count);
}

/// Waits for one thing.
pub fn block(wait: Wait) {
    any(&[wait], &mut [Entry::NONE], &mut [false], Waiting::Yes);
}

/// Whether something has happened already.
pub fn is_ready(wait: Wait) -> bool {
    let mut ready = [false];
    any(&[wait], &mut [Entry::NONE], &mut ready, Waiting::No);
    ready[0]
}

/// Whether a call waits until something has happened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waiting {
    Yes,
    No,
}

/// What is done before the guest waits.
static BEFORE_WAITING: Lock<Option<fn()>> = Lock::new(None);

/// Lets `action` be done before the guest waits.
pub fn before_waiting(action: fn()) {
    BEFORE_WAITING.with(|before| *before = Some(action));
}

/// Finds out which of the things have happened; with [`Waiting::Yes`] at least one. The slices have
/// the same length.
fn any(waits: &[Wait], entries: &mut [Entry], ready: &mut [bool], waiting: Waiting) {
    if waiting == Waiting::Yes
        && let Some(before) = BEFORE_WAITING.with(|before| *before)
    {
        before();
    }
    let is_asked = |wait: &&Wait| matches!(wait, Wait::Ask(..));
    loop {
        let mut used = 0;
        let mut deadline = (waiting == Waiting::No).then_some(0);
        // What is asked comes last: its entries need not be found again.
        let known = waits.iter().filter(|wait| !is_asked(wait));
        for wait in known.chain(waits.iter().filter(is_asked)) {
            let entry = match wait.now() {
                Wait::Nothing | Wait::Ask(..) => {
                    deadline = Some(0);
                    continue;
                }
                Wait::Until(time) => {
                    deadline = Some(deadline.map_or(time, |deadline: u64| deadline.min(time)));
                    continue;
                }
                // SAFETY: the object that is waited for keeps the descriptor open.
                Wait::Readable(fd) => Entry::readable(unsafe { BorrowedFd::borrow_raw(fd) }),
                // SAFETY: as above.
                Wait::Writable(fd) => Entry::writable(unsafe { BorrowedFd::borrow_raw(fd) }),
            };
            if let Some(slot) = entries.get_mut(used) {
                *slot = entry;
                used += 1;
            }
        }
        let entries = entries.get_mut(..used).unwrap_or_default();
        let timeout = deadline.map(|time| match time {
            0 => 0,
            time => time.saturating_sub(time::now(Clock::Monotonic)),
        });
        if used > 0 || timeout != Some(0) {
            match system::wait(entries, timeout) {
                Ok(_) => {}
                Err(Errno::INTR) => trap::end_if_expired(),
                // More descriptors than the process may have.
                Err(_) => trap::raise(Trap::TooManyHandles),
            }
        }
        let mut happened = entries.iter();
        let mut some = false;
        for (ready, &wait) in ready.iter_mut().zip(waits) {
            *ready = match wait {
                Wait::Nothing => true,
                Wait::Until(time) => time::now(Clock::Monotonic) >= time,
                Wait::Readable(_) | Wait::Writable(_) => {
                    happened.next().is_some_and(|entry| entry.is_ready())
                }
                Wait::Ask(..) => wait.is_nothing(),
            };
            some |= *ready;
        }
        // None may have: the kernel's wait can fall short of what the clock says.
        if some || waiting == Waiting::No {
            return;
        }
    }
}
