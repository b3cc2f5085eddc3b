//! Waiting at an address of a memory, and waking those that wait there.
//!
//! Waiters stand in queues of our own, found by the address: the kernel's would compare 32 bits
//! only, and would make every notification a system call, also those that nobody waits for. A
//! waiter compares the value with its queue locked, and a notification locks it too, so that a
//! thread that changes the value and then notifies misses no one.
//!
//! A waiter is on the stack of its thread. Whoever takes it out of the queue may use it until it
//! has set `woken`, and not after: the thread goes on then, and may end.

use crate::guest::trap;
use crate::sys::futex::{self, Wake};
use crate::sys::lock::Lock;
use crate::sys::time::{self, Clock};
use core::ptr;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Results of a wait, as `memory.atomic.wait32` gives them.
const WOKEN: i32 = 0;
const NOT_EQUAL: i32 = 1;
const TIMED_OUT: i32 = 2;

/// Number of queues, a power of two.
const QUEUES: usize = 64;

/// A thread that waits.
struct Waiter {
    next: *mut Waiter,
    address: usize,
    /// Whether it was notified.
    woken: AtomicU32,
}

/// Waiters in the order in which they came; those of other addresses may be among them.
struct Queue {
    first: *mut Waiter,
}

// SAFETY: waiters stay where they are until they are taken out of the queue and woken.
unsafe impl Send for Queue {}

static WAITING: [Lock<Queue>; QUEUES] = [const {
    Lock::new(Queue {
        first: ptr::null_mut(),
    })
}; QUEUES];

fn queue(address: usize) -> &'static Lock<Queue> {
    // Fibonacci hashing: the upper bits depend on all bits of the address.
    let hash = (address as u64 >> 2).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    &WAITING[(hash >> (64 - QUEUES.trailing_zeros())) as usize % QUEUES]
}

impl Queue {
    /// Adds a waiter at the end.
    ///
    /// # Safety
    /// It must stay where it is until it is taken out.
    unsafe fn push(&mut self, waiter: *mut Waiter) {
        let mut link: *mut *mut Waiter = &raw mut self.first;
        // SAFETY: all waiters of the queue exist.
        unsafe {
            while !(*link).is_null() {
                link = &raw mut (**link).next;
            }
            *link = waiter;
        }
    }

    /// Takes out the first `count` of those that `wanted` chooses: a list in their order, and how
    /// many they are.
    fn take(&mut self, count: u32, wanted: impl Fn(*mut Waiter) -> bool) -> (*mut Waiter, u32) {
        let mut taken = ptr::null_mut();
        let mut end: *mut *mut Waiter = &raw mut taken;
        let mut found = 0;
        let mut link: *mut *mut Waiter = &raw mut self.first;
        // SAFETY: all waiters of the queue exist.
        unsafe {
            while !(*link).is_null() && found < count {
                let waiter = *link;
                if wanted(waiter) {
                    *link = (*waiter).next;
                    (*waiter).next = ptr::null_mut();
                    *end = waiter;
                    end = &raw mut (*waiter).next;
                    found += 1;
                } else {
                    link = &raw mut (*waiter).next;
                }
            }
        }
        (taken, found)
    }
}

/// Wakes at most `count` (unsigned) waiters: how many.
///
/// # Safety
/// `address` must be that of four aligned bytes of a memory.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_memory_notify(address: *mut u32, count: i32) -> i32 {
    trap::ensure_headroom();
    let address = address as usize;
    let (mut waiter, found) = queue(address).with(|queue| {
        // SAFETY: all waiters of the queue exist.
        queue.take(count as u32, |waiter| unsafe {
            (*waiter).address == address
        })
    });
    while !waiter.is_null() {
        // SAFETY: a waiter that was taken out exists until it is woken. After that only the number
        // of its address is used: a wake-up for what lies there then is one for no reason, and all
        // who sleep at words look again.
        unsafe {
            let next = (*waiter).next;
            let word = (*waiter).woken.as_ptr();
            AtomicU32::from_ptr(word).store(1, Ordering::Release);
            futex::wake(word, 1);
            waiter = next;
        }
    }
    found as i32
}

/// Waits while the value is `expected`, for at most `timeout` nanoseconds, or for ever if that is
/// negative.
///
/// # Safety
/// `address` must be that of four aligned bytes of a memory.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_memory_wait32(
    address: *mut u32,
    expected: i32,
    timeout: i64,
) -> i32 {
    trap::ensure_headroom();
    // SAFETY: as the caller vouches.
    let word = unsafe { AtomicU32::from_ptr(address) };
    let is_expected = || word.load(Ordering::SeqCst) == expected as u32;
    wait(address as usize, is_expected, timeout)
}

/// As [`wasmc_memory_wait32`] for a value of 64 bits.
///
/// # Safety
/// `address` must be that of eight aligned bytes of a memory.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_memory_wait64(
    address: *mut u64,
    expected: i64,
    timeout: i64,
) -> i32 {
    trap::ensure_headroom();
    // SAFETY: as the caller vouches.
    let word = unsafe { AtomicU64::from_ptr(address) };
    let is_expected = || word.load(Ordering::SeqCst) == expected as u64;
    wait(address as usize, is_expected, timeout)
}

fn wait(address: usize, is_expected: impl Fn() -> bool, timeout: i64) -> i32 {
    let timeout = u64::try_from(timeout).ok();
    let deadline = timeout.map(|timeout| time::now(Clock::Monotonic).saturating_add(timeout));
    let mut waiter = Waiter {
        next: ptr::null_mut(),
        address,
        woken: AtomicU32::new(0),
    };
    let waiter = &raw mut waiter;
    // SAFETY: the waiter lives on until the end of this function, which is not reached before it
    // was taken out of the queue and, if by another thread, woken.
    unsafe {
        let waits = queue(address).with(|queue| {
            let waits = is_expected();
            if waits {
                queue.push(waiter);
            }
            waits
        });
        if !waits {
            return NOT_EQUAL;
        }
        let woken = &(*waiter).woken;
        let mut deadline = deadline;
        while woken.load(Ordering::Acquire) == 0 {
            let left = deadline.map(|end| end.saturating_sub(time::now(Clock::Monotonic)));
            let over = match left {
                Some(0) => true,
                left => futex::wait(woken, 0, left) == Wake::Timeout,
            };
            if over && woken.load(Ordering::Acquire) == 0 {
                let (taken, _) =
                    queue(address).with(|queue| queue.take(1, |other| other == waiter));
                if !taken.is_null() {
                    return TIMED_OUT;
                }
                // Another thread has just taken it out, and is about to wake it.
                deadline = None;
            }
        }
        WOKEN
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::Duration;

    #[test]
    fn a_wait_compares_first() {
        let mut value = 7u64;
        let address = &raw mut value;
        // SAFETY: the value is aligned and lives on.
        unsafe {
            assert_eq!(wasmc_memory_wait32(address.cast(), 8, -1), NOT_EQUAL);
            assert_eq!(wasmc_memory_wait64(address, 7 | 1 << 32, -1), NOT_EQUAL);
            assert_eq!(wasmc_memory_wait32(address.cast(), 7, 0), TIMED_OUT);
            assert_eq!(wasmc_memory_wait64(address, 7, 1_000_000), TIMED_OUT);
            assert_eq!(wasmc_memory_notify(address.cast(), -1), 0);
        }
    }

    #[test]
    fn waiters_are_woken_and_counted() {
        static WORDS: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];
        let address = |at: usize| WORDS[at].as_ptr();
        // SAFETY: the words are aligned and live on.
        let notify = |at, count| unsafe { wasmc_memory_notify(address(at).cast(), count) };
        thread::scope(|scope| {
            let waiters: Vec<_> = (0..6)
                .map(|number| {
                    scope.spawn(move || {
                        // SAFETY: as above.
                        unsafe {
                            match number % 2 {
                                0 => wasmc_memory_wait32(WORDS[0].as_ptr().cast(), 0, -1),
                                _ => wasmc_memory_wait64(WORDS[0].as_ptr(), 0, 60_000_000_000),
                            }
                        }
                    })
                })
                .collect();
            assert_eq!(notify(1, -1), 0);
            let mut woken = 0;
            while woken < 4 {
                woken += notify(0, (4 - woken).min(2));
                thread::sleep(Duration::from_millis(1));
            }
            // Two are left, or have yet to come.
            while woken < 6 {
                woken += notify(0, -1);
                thread::yield_now();
            }
            for waiter in waiters {
                assert_eq!(waiter.join().expect("no panic"), WOKEN);
            }
            assert_eq!(notify(0, -1), 0);
        });
    }

    #[test]
    fn time_outs_race_with_notifications() {
        static WORD: AtomicU32 = AtomicU32::new(0);
        thread::scope(|scope| {
            let waiters: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        // SAFETY: the word is aligned and lives on.
                        let wait = || unsafe { wasmc_memory_wait32(WORD.as_ptr(), 0, 20_000) };
                        (0..500).filter(|_| wait() == WOKEN).count()
                    })
                })
                .collect();
            let mut woken = 0;
            while waiters.iter().any(|waiter| !waiter.is_finished()) {
                // SAFETY: as above.
                woken += unsafe { wasmc_memory_notify(WORD.as_ptr(), 1) } as usize;
            }
            let counted = waiters
                .into_iter()
                .map(|waiter| waiter.join().expect("no panic"));
            assert_eq!(counted.sum::<usize>(), woken);
        });
    }
}
