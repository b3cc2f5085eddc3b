//! What workers tell the master: memory that all of them share.

use crate::sys::{futex, mm};
use core::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use wasmc_abi::options::MAX_WORKERS;

/// What a worker does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Doing {
    /// There is none in this place.
    Nothing = 0,
    /// It makes its instance.
    Starting = 1,
    /// It waits for a connection.
    Waiting = 2,
    /// It has one.
    Serving = 3,
}

/// The board. All zeros: no worker.
pub struct Board {
    /// Changes when the master has something to look at.
    changes: AtomicU32,
    /// Whether some worker was ever ready.
    ready: AtomicU32,
    workers: [AtomicU8; MAX_WORKERS as usize],
}

impl Board {
    /// A board that copies of the process share; `None` when there is no memory.
    pub fn new() -> Option<&'static Board> {
        let address = mm::map_shared(size_of::<Board>()).ok()?;
        // SAFETY: the mapping is all zeros, which is a board; it stays for ever and is changed by
        // atomic operations alone.
        Some(unsafe { &*address.cast::<Board>() })
    }

    /// Says what a worker does.
    pub fn set(&self, worker: usize, doing: Doing) {
        if let Some(slot) = self.workers.get(worker) {
            slot.store(doing as u8, Ordering::Relaxed);
        }
    }

    /// Says that a worker is ready.
    pub fn set_ready(&self) {
        self.ready.store(1, Ordering::Relaxed);
    }

    /// Whether some worker was ever ready.
    pub fn was_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed) != 0
    }

    /// Whether one of the first `workers` does this.
    pub fn any(&self, workers: usize, doing: Doing) -> bool {
        let mut slots = self.workers.iter().take(workers);
        slots.any(|slot| slot.load(Ordering::Relaxed) == doing as u8)
    }

    /// Lets the master look. For signal handlers too.
    pub fn tell(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
        futex::wake_shared(&self.changes);
    }

    /// What [`wait`](Self::wait) compares with.
    pub fn changes(&self) -> u32 {
        self.changes.load(Ordering::Relaxed)
    }

    /// Waits until something has changed since there were so many changes, or a signal has come.
    pub fn wait(&self, changes: u32, nanoseconds: Option<u64>) {
        futex::wait_shared(&self.changes, changes, nanoseconds);
    }
}
