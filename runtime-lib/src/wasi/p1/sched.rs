//! Threads.

use super::errno::Errno;
use crate::guest::pointer::GuestMemory;
use crate::host::system::System;
use crate::sys::time;

/// Lets other threads run.
pub fn sched_yield(_: &System, _: &GuestMemory<'_>) -> Result<(), Errno> {
    time::yield_now();
    Ok(())
}
