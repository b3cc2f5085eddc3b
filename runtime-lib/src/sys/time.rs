//! Clocks. Reading one does not enter the kernel where the kernel offers code for it (vDSO).

use rustix::time::{ClockId, Timespec};

/// A clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// Time since 1970.
    Realtime,
    /// Time since the machine started; never goes back.
    Monotonic,
    /// Time that the process has computed.
    ProcessCpu,
    /// Time that the thread has computed.
    ThreadCpu,
}

impl From<Clock> for ClockId {
    fn from(clock: Clock) -> ClockId {
        match clock {
            Clock::Realtime => ClockId::Realtime,
            Clock::Monotonic => ClockId::Monotonic,
            Clock::ProcessCpu => ClockId::ProcessCPUTime,
            Clock::ThreadCpu => ClockId::ThreadCPUTime,
        }
    }
}

/// A clock's time in nanoseconds.
pub fn now(clock: Clock) -> u64 {
    crate::start::share_auxiliary_vector();
    nanoseconds(rustix::time::clock_gettime(clock.into()))
}

/// A clock's resolution in nanoseconds.
pub fn resolution(clock: Clock) -> u64 {
    nanoseconds(rustix::time::clock_getres(clock.into()))
}

/// Lets other threads run.
pub fn yield_now() {
    rustix::thread::sched_yield();
}

fn nanoseconds(time: Timespec) -> u64 {
    let seconds = time.tv_sec.max(0) as u64;
    seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(time.tv_nsec as u64)
}
