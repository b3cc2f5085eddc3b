//! What the compiler and the runtime of wasmc agree on: the single source of truth.
//!
//! - [`layout`]: `repr(C)` structures of the program image, written by the compiler and read by the runtime.
//! - [`symbols`]: names of the symbols and sections that cross between guest object and runtime object.
//! - [`traps`]: trap codes and their texts.
//! - [`builtins`]: functions of the runtime that compiled code calls.
//! - [`wasi`]: the functions of WASI preview 1.
//! - [`options`]: the grants and options of a compiled program, and their parser.
//! - [`cpu`]: CPU features that a program may require.
//! - [`confine`], [`syscalls`]: what a program needs of the kernel, and the system calls it may make.
//! - [`script`]: the protocol of the spec-suite driver.
//!
//! Everything here is `no_std`, without dependencies, and the same on every target.
#![no_std]

pub mod builtins;
pub mod confine;
pub mod cpu;
pub mod layout;
pub mod options;
pub mod script;
pub mod symbols;
pub mod syscalls;
pub mod traps;
pub mod wasi;
