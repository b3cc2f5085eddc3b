//! Waiting at an address of a shared memory, and waking those that wait there.
//!
//! A program has one thread so far, so nobody wakes it: a wait ends when its time is over. The
//! kernel's queues are used all the same; they are keyed by the address of 32 bits.

use crate::sys::futex::{self, Wake};
use crate::sys::time::{self, Clock};
use crate::trap;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Results of a wait, as `memory.atomic.wait32` gives them.
const WOKEN: i32 = 0;
const NOT_EQUAL: i32 = 1;
const TIMED_OUT: i32 = 2;

/// Wakes at most `count` (unsigned) waiters: how many.
///
/// # Safety
/// `address` must be that of four aligned bytes of a memory.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_memory_notify(address: *mut u32, count: i32) -> i32 {
    trap::ensure_headroom();
    // SAFETY: as the caller vouches.
    let word = unsafe { AtomicU32::from_ptr(address) };
    futex::wake(word, count as u32) as i32
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
    wait(word, expected as u32, timeout)
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
    // SAFETY: as the caller vouches; the first word of the value is its low half.
    let (value, low) = unsafe {
        (
            AtomicU64::from_ptr(address),
            AtomicU32::from_ptr(address.cast()),
        )
    };
    if value.load(Ordering::SeqCst) != expected as u64 {
        return NOT_EQUAL;
    }
    // With several threads, a change of the upper half alone from here on would go unnoticed.
    wait(low, expected as u32, timeout)
}

fn wait(word: &AtomicU32, expected: u32, timeout: i64) -> i32 {
    let timeout = u64::try_from(timeout).ok();
    let deadline = timeout.map(|timeout| time::now(Clock::Monotonic).saturating_add(timeout));
    loop {
        let left = deadline.map(|end| end.saturating_sub(time::now(Clock::Monotonic)));
        match futex::wait(word, expected, left) {
            Wake::Woken => return WOKEN,
            Wake::Different => return NOT_EQUAL,
            Wake::Timeout => return TIMED_OUT,
            Wake::Interrupted => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
