//! A lock for what the guest's threads share.
//!
//! What runs with a lock held neither traps nor waits for the guest, so that no thread is ended or
//! left waiting with it. The one exception ends the process: a time-out reports and exits, and the
//! report takes no lock.

use crate::sys::futex;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU32, Ordering};

const FREE: u32 = 0;
const HELD: u32 = 1;
/// Held, and others may be asleep until it is free.
const WANTED: u32 = 2;

/// How often to look again before sleeping: holders are quick.
const SPINS: u32 = 100;

/// A value that one thread at a time uses.
pub struct Lock<T> {
    state: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: `value` is only used by `with`, by one thread at a time.
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    /// A lock that is free.
    pub const fn new(value: T) -> Lock<T> {
        Lock {
            state: AtomicU32::new(FREE),
            value: UnsafeCell::new(value),
        }
    }

    /// Runs `action` while no other thread uses the value. Not to be called by `action`.
    pub fn with<R>(&self, action: impl FnOnce(&mut T) -> R) -> R {
        let taken = self
            .state
            .compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed);
        if taken.is_err() {
            self.wait();
        }
        // SAFETY: the lock is held, so that this is the only reference.
        let result = action(unsafe { &mut *self.value.get() });
        if self.state.swap(FREE, Ordering::Release) == WANTED {
            futex::wake(self.state.as_ptr(), 1);
        }
        result
    }

    #[cold]
    fn wait(&self) {
        for _ in 0..SPINS {
            if self.state.load(Ordering::Relaxed) == FREE
                && self
                    .state
                    .compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed)
                    .is_ok()
            {
                return;
            }
            core::hint::spin_loop();
        }
        // Whoever has slept cannot know whether others still do, and so says that they may.
        while self.state.swap(WANTED, Ordering::Acquire) != FREE {
            futex::wait(&self.state, WANTED, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_at_a_time() {
        static COUNT: Lock<u64> = Lock::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        COUNT.with(|count| *count += 1);
                    }
                });
            }
        });
        assert_eq!(COUNT.with(|count| *count), 80_000);
    }
}
