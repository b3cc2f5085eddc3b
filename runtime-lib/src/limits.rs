//! How long, and how far, may the guest run, how much may it open and write, and how does it end?
//! `--timeout`, `--fuel`, `--max-fds`, `--max-file-size` and `--trap`.
//!
//! A time-out costs the guest nothing: a timer's signal interrupts it wherever it is. Fuel is
//! counted by compiled code, in programs that were compiled for it; here it is only filled in.

use crate::boot::image::program;
use crate::guest::trap;
use crate::host::system::SYSTEM;
use crate::options::{given, run_options};
use crate::output;
use crate::sys::signal::{self, Action, SI_TIMER, SIGALRM, SIGTTIN, SIGTTOU, SignalInfo};
use crate::sys::{process, time};
use wasmc_abi::layout::Program;
use wasmc_abi::options::{RunOption, kinds};
use wasmc_abi::traps::Trap;

/// Nanoseconds after which an interrupted program is ended even if its report was not read.
const GRACE: u64 = 1_000_000_000;

/// Sets the limits that the options name.
pub fn init(program: &Program) {
    let set = &program.parts.set_limits;
    if set.is_null() || !given(kinds::LIMITS) {
        return;
    }
    // SAFETY: the compiler has written the address of the function below, so that it is only part
    // of programs that can have limits.
    let set = unsafe { set.function() };
    set();
}

/// See [`Parts::set_limits`](wasmc_abi::layout::Parts::set_limits). The last option of each kind
/// counts.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub fn wasmc_set_limits() {
    let (mut timeout, mut fuel) = (None, None);
    let (mut fds, mut file_size) = (None, None);
    for option in run_options(kinds::LIMITS) {
        match option {
            RunOption::Timeout { nanoseconds } => timeout = Some(nanoseconds),
            RunOption::Fuel { amount } => fuel = Some(amount),
            RunOption::MaxFds(count) => fds = Some(count),
            RunOption::MaxFileSize(bytes) => file_size = Some(bytes),
            RunOption::Trap(end) => trap::end_by(end),
            _ => {}
        }
    }
    if let Some(count) = fds {
        SYSTEM.fds.limit(count);
    }
    if let Some(bytes) = file_size {
        process::limit_file_size(bytes);
    }
    if let Some(amount) = fuel {
        fill(amount);
    }
    if let Some(nanoseconds) = timeout {
        start_timer(nanoseconds);
    }
}

fn fill(amount: u64) {
    let cell = &program().fuel;
    if cell.is_null() {
        output::fail(
            "`--fuel` was given to a program that does not count its instructions \
             (hint: compile it with `--fuel`)",
        );
    }
    // SAFETY: the field refers to a writable word, and no guest runs yet.
    unsafe { cell.get().cast_mut().cast::<u64>().write(amount) };
}

#[inline(never)]
fn start_timer(nanoseconds: u64) {
    signal::set_action(SIGALRM, Action::Handle(on_timer));
    // A process in the background that uses its terminal is stopped, and a stopped one sees no timer:
    // reading and writing fail instead.
    signal::set_action(SIGTTIN, Action::Ignore);
    signal::set_action(SIGTTOU, Action::Ignore);
    signal::unblock(SIGALRM);
    if !time::start_timer(SIGALRM, nanoseconds, GRACE) {
        output::fail("the system has no timer for `--timeout`");
    }
}

/// SIGALRM. Allocates nothing, locks nothing.
unsafe extern "C" fn on_timer(signal: i32, info: *const SignalInfo, context: *mut usize) {
    // SAFETY: the kernel passes valid pointers to a handler with SA_SIGINFO.
    unsafe {
        if (*info).code == SI_TIMER {
            trap::interrupt(Trap::Interrupted, context);
            return;
        }
    }
    // A process has sent it, or a timer that this one was started with.
    trap::end_by_signal(signal);
}
