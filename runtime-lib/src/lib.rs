//! The runtime of programs that wasmc compiles: linked into every output, without libc or std.
//!
//! In reading order:
//!
//! - [`start`][]: from the kernel's entry to the guest's `_start` and to the exit status.
//! - [`options`][]: the grants that were baked in, and those of the environment variable.
//! - [`limits`][]: how long and how far the guest may run.
//! - [`memory`], [`table`]: instantiation, growth.
//! - [`thread`][]: what each thread of the guest has of its own, how one starts and ends;
//!   [`sync`]: a lock for what they share.
//! - [`trap`][]: entering the guest, and leaving it by a trap; [`unwind`]: the backtrace.
//! - [`confine`][]: what the kernel refuses the program from then on.
//! - [`exceptions`][]: throwing.
//! - [`atomics`][]: waiting at an address of a memory, and waking.
//! - [`builtins`][]: what compiled code calls; [`mem`]: moving and filling bytes.
//! - [`guest`][]: the only way from a guest pointer to memory; [`wasi`]: the system interface.
//! - [`invoke`][]: `--invoke`; [`script`]: the driver of the spec suite.
//! - [`output`][]: the only place that prints; [`sys`]: the only system calls; [`arch`]: the only
//!   assembly.
//!
//! The symbols that cross to the guest are listed in `wasmc_abi`; whatever a program does not
//! refer to is dropped by the linker.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(
    test,
    allow(dead_code, reason = "the host tests reach the pure parts only")
)]

mod arch;
mod atomics;
mod builtins;
mod confine;
mod exceptions;
mod guest;
mod invoke;
mod limits;
mod mem;
mod memory;
mod options;
mod output;
mod payloads;
mod script;
mod start;
mod sync;
mod sys;
mod table;
mod thread;
mod trap;
mod unwind;
mod wasi;

/// A bug of the runtime: one line and status 101, the status of a Rust panic.
///
/// The message says nothing about the place, so that neither formatting code nor the tables of
/// source locations become part of every program.
#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    sys::process::write_error(b"error: internal error in the wasmc runtime\n");
    sys::process::exit(101)
}
