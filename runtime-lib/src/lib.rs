//! The runtime of programs that wasmc compiles: linked into every output, without libc or std.
//!
//! In areas:
//!
//! - [`arch`][]: the only assembly; [`sys`]: the only system calls; [`mem`]: moving and filling
//!   bytes; [`output`]: the only place that prints.
//! - [`boot`][]: from the kernel's entry to the main function.
//! - [`options`][]: the grants that were baked in, and those of the environment variable;
//!   [`limits`]: how long and how far the guest may run; [`confine`]: what the kernel refuses it.
//! - [`guest`][]: pointers, stacks, traps and threads of the guest; [`store`]: memories, tables and
//!   their instantiation; [`builtins`]: what else compiled code calls.
//! - [`host`][]: what the guest can ask of the system; [`wasi`]: how it asks.
//! - [`run`][]: what a program does from its main function to its exit status.
//!
//! The symbols that cross to the guest are listed in `wasmc_abi`; whatever a program does not
//! refer to is dropped by the linker.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(
    test,
    allow(dead_code, reason = "the host tests reach the pure parts only")
)]

mod arch;
mod boot;
mod builtins;
mod confine;
mod flags;
mod guest;
mod host;
mod limits;
mod mem;
mod options;
mod output;
mod run;
mod store;
mod sys;
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
