//! How long may a request take?
//!
//! One timer, which is started anew only when it has run out: most requests cost no system call. It
//! interrupts code of the guest where it is; a function of the runtime is left alone until it returns,
//! or sees itself that the time is over where it waits ([`trap::end_if_expired`]).

use crate::guest::trap;
use crate::output;
use crate::sys::signal::{self, Action, SI_TIMER, SIGALRM, SignalInfo};
use crate::sys::time::{self, Clock, Timer};
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering::Relaxed};
use wasmc_abi::traps::Trap;

/// Nanoseconds after which the guest is looked for again, when it was in a function of the runtime.
const AGAIN: u64 = 5_000_000;

/// The timer.
static TIMER: AtomicI32 = AtomicI32::new(0);
/// Nanoseconds that a request may take.
static TIMEOUT: AtomicU64 = AtomicU64::new(0);
/// When the time of the guest that runs is over; 0 when none runs.
static DEADLINE: AtomicU64 = AtomicU64::new(0);
/// Whether the timer runs.
static RUNS: AtomicBool = AtomicBool::new(false);

/// Called once in each worker.
pub fn init(timeout: u64) {
    TIMEOUT.store(timeout, Relaxed);
    signal::set_action(SIGALRM, Action::Handle(on_timer));
    signal::unblock(SIGALRM);
    match Timer::new(SIGALRM) {
        Some(timer) => TIMER.store(timer.number(), Relaxed),
        None => output::fail("the system has no timer for `--request-timeout`"),
    }
}

/// The guest runs until this time at most.
pub fn start(deadline: u64) {
    DEADLINE.store(deadline.max(1), Relaxed);
    if !RUNS.swap(true, Relaxed) {
        Timer::with_number(TIMER.load(Relaxed)).start(TIMEOUT.load(Relaxed));
    }
}

/// The guest runs no more.
pub fn stop() {
    DEADLINE.store(0, Relaxed);
    trap::set_expired(false);
}

/// SIGALRM. Allocates nothing, locks nothing.
unsafe extern "C" fn on_timer(signal: i32, info: *const SignalInfo, context: *mut usize) {
    // SAFETY: the kernel passes valid pointers to a handler with SA_SIGINFO.
    if unsafe { (*info).code } != SI_TIMER {
        trap::end_by_signal(signal);
        return;
    }
    let timer = Timer::with_number(TIMER.load(Relaxed));
    let deadline = DEADLINE.load(Relaxed);
    if deadline == 0 {
        RUNS.store(false, Relaxed);
        return;
    }
    let now = time::now(Clock::Monotonic);
    if now < deadline {
        timer.start(deadline - now);
        return;
    }
    trap::set_expired(true);
    // Should this come before the guest has been left, it is looked for again.
    timer.start(AGAIN);
    // SAFETY: the context is this handler's.
    unsafe {
        if trap::is_in_guest(context) {
            trap::interrupt(Trap::Interrupted, context);
        }
    }
}
