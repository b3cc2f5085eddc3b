//! How many bytes were moved, of how many: what a progress bar shows.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts bytes on their way from or to a registry. Any thread may look.
#[derive(Debug, Default)]
pub struct Meter {
    done: AtomicU64,
    total: AtomicU64,
}

impl Meter {
    /// A meter that stands at nothing.
    pub fn new() -> Meter {
        Meter::default()
    }

    /// Bytes that were moved, and bytes that are known to have to be.
    pub fn read(&self) -> (u64, u64) {
        let done = self.done.load(Ordering::Relaxed);
        (done, self.total.load(Ordering::Relaxed))
    }

    /// So many bytes more will have to be moved.
    pub(crate) fn expect(&self, bytes: u64) {
        self.total.fetch_add(bytes, Ordering::Relaxed);
    }

    /// So many bytes more were moved.
    pub(crate) fn advance(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
    }

    /// So many bytes have to be moved again.
    pub(crate) fn undo(&self, bytes: u64) {
        self.done.fetch_sub(bytes, Ordering::Relaxed);
    }
}
