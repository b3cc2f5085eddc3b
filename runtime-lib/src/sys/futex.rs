//! Sleeping until another thread says so.

use core::sync::atomic::AtomicU32;
use rustix::io::Errno;
use rustix::thread::futex::{self, Flags};
use rustix::time::Timespec;

/// Why a sleep ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wake {
    /// Another thread ended it, or nobody knows who.
    Woken,
    /// The word did not have the value.
    Different,
    /// The time is over.
    Timeout,
    /// A signal came.
    Interrupted,
}

/// Sleeps while the word has the value, for at most that many nanoseconds.
pub fn wait(word: &AtomicU32, value: u32, nanoseconds: Option<u64>) -> Wake {
    let timeout = nanoseconds.map(|nanoseconds| Timespec {
        tv_sec: (nanoseconds / 1_000_000_000) as i64,
        tv_nsec: (nanoseconds % 1_000_000_000) as _,
    });
    match futex::wait(word, Flags::PRIVATE, value, timeout.as_ref()) {
        Err(Errno::AGAIN) => Wake::Different,
        Err(Errno::TIMEDOUT) => Wake::Timeout,
        Err(Errno::INTR) => Wake::Interrupted,
        Ok(()) | Err(_) => Wake::Woken,
    }
}

/// Ends the sleep of at most `count` threads at the word; how many there were.
pub fn wake(word: &AtomicU32, count: u32) -> u32 {
    let count = count.min(i32::MAX as u32);
    futex::wake(word, Flags::PRIVATE, count).map_or(0, |woken| woken as u32)
}
