//! Sleeping until another thread says so.

use crate::arch;
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

/// Sleeps while a word that processes share has the value, or until a signal comes.
pub fn wait_shared(word: &AtomicU32, value: u32, nanoseconds: Option<u64>) {
    let timeout = nanoseconds.map(|nanoseconds| Timespec {
        tv_sec: (nanoseconds / 1_000_000_000) as i64,
        tv_nsec: (nanoseconds % 1_000_000_000) as _,
    });
    let _ = futex::wait(word, Flags::empty(), value, timeout.as_ref());
}

/// Ends the sleep of a process at a word that processes share.
pub fn wake_shared(word: &AtomicU32) {
    let _ = futex::wake(word, Flags::empty(), 1);
}

/// Ends the sleep of at most `count` threads at the word, which need not exist any more: whoever
/// sleeps at what has taken its place looks for a reason and finds none.
pub fn wake(word: *const u32, count: usize) {
    const FUTEX_WAKE_PRIVATE: usize = 1 | 128;
    // SAFETY: the kernel only compares the address with those at which threads sleep.
    unsafe { arch::syscall(arch::SYS_FUTEX, word as usize, FUTEX_WAKE_PRIVATE, count, 0) };
}
