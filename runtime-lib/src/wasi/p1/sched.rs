//! Threads.

use super::Wasi;
use super::errno::Errno;
use crate::guest::pointer::GuestMemory;
use crate::sys::time;

/// Lets other threads run.
pub fn sched_yield(_: &Wasi, _: &GuestMemory<'_>) -> Result<(), Errno> {
    time::yield_now();
    Ok(())
}
