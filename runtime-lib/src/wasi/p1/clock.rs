//! Clocks.

use super::errno::Errno;
use crate::guest::pointer::GuestMemory;
use crate::host::system::System;
use crate::sys::time::{self, Clock};

/// Writes a clock's resolution in nanoseconds.
pub fn clock_res_get(
    _: &System,
    memory: &GuestMemory<'_>,
    id: u32,
    resolution: u32,
) -> Result<(), Errno> {
    let clock = clock(id)?;
    memory
        .ptr::<u64>(resolution)?
        .write(time::resolution(clock));
    Ok(())
}

/// Writes a clock's time in nanoseconds. The precision asked for makes no difference.
pub fn clock_time_get(
    _: &System,
    memory: &GuestMemory<'_>,
    id: u32,
    _precision: u64,
    time: u32,
) -> Result<(), Errno> {
    let clock = clock(id)?;
    memory.ptr::<u64>(time)?.write(time::now(clock));
    Ok(())
}

/// The clock with this number.
pub(super) fn clock(id: u32) -> Result<Clock, Errno> {
    match id {
        0 => Ok(Clock::Realtime),
        1 => Ok(Clock::Monotonic),
        2 => Ok(Clock::ProcessCpu),
        3 => Ok(Clock::ThreadCpu),
        _ => Err(Errno::INVAL),
    }
}
