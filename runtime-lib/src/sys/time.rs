//! Clocks and timers. Reading a clock does not enter the kernel where the kernel offers code for it
//! (vDSO).

use crate::arch;
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
    super::auxiliary::share();
    nanoseconds(rustix::time::clock_gettime(clock.into()))
}

/// A clock's resolution in nanoseconds.
pub fn resolution(clock: Clock) -> u64 {
    nanoseconds(rustix::time::clock_getres(clock.into()))
}

/// The kernel's `struct sigevent`.
#[repr(C)]
struct SignalEvent {
    value: usize,
    signal: i32,
    notify: i32,
    padding: [i32; 12],
}

const _: () = assert!(size_of::<SignalEvent>() == 64);

/// The kernel's `struct itimerspec`: seconds and nanoseconds of each.
#[repr(C)]
struct TimerValue {
    interval: [i64; 2],
    value: [i64; 2],
}

/// Sends the process a signal when this time has passed, and again after each `interval`; false
/// when the kernel has no timer for it. The clock is the monotonic one. Unlike `setitimer` this
/// leaves a timer alone that the process was started with.
pub fn start_timer(signal: i32, nanoseconds: u64, interval: u64) -> bool {
    create_timer(signal).is_some_and(|timer| set_timer(timer, nanoseconds, interval))
}

fn create_timer(signal: i32) -> Option<i32> {
    const CLOCK_MONOTONIC: usize = 1;
    const SIGEV_SIGNAL: i32 = 0;
    let event = SignalEvent {
        value: 0,
        signal,
        notify: SIGEV_SIGNAL,
        padding: [0; 12],
    };
    let mut timer = 0i32;
    // SAFETY: the kernel reads a structure of its own layout and writes the timer's number.
    let created = unsafe {
        arch::syscall(
            arch::SYS_TIMER_CREATE,
            CLOCK_MONOTONIC,
            &raw const event as usize,
            &raw mut timer as usize,
            0,
        )
    };
    (created == 0).then_some(timer)
}

fn set_timer(timer: i32, nanoseconds: u64, interval: u64) -> bool {
    let parts = |time: u64| [time / 1_000_000_000, time % 1_000_000_000].map(|part| part as i64);
    let value = TimerValue {
        interval: parts(interval),
        value: parts(nanoseconds),
    };
    // SAFETY: the kernel reads a structure of its own layout.
    unsafe {
        arch::syscall(
            arch::SYS_TIMER_SETTIME,
            timer as usize,
            0,
            &raw const value as usize,
            0,
        ) == 0
    }
}

/// A timer of the process that sends it a signal.
#[derive(Clone, Copy)]
pub struct Timer(i32);

impl Timer {
    /// A timer that does not run; `None` when the kernel has none.
    pub fn new(signal: i32) -> Option<Timer> {
        create_timer(signal).map(Timer)
    }

    /// The timer with this number, for a signal handler.
    pub fn with_number(number: i32) -> Timer {
        Timer(number)
    }

    /// Its number.
    pub fn number(self) -> i32 {
        self.0
    }

    /// Sends the signal when this time has passed. For signal handlers too.
    pub fn start(self, nanoseconds: u64) {
        set_timer(self.0, nanoseconds, 0);
    }
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
