//! What the compiler and the runtime of wasmc agree on: the single source of truth.
//!
//! - [`layout`]: `repr(C)` structures of the program image, written by the compiler and read by the runtime.
//! - [`record`], [`mod@pointer`], [`variant`], `write`: how these are defined, refer to each other and
//!   are written.
//! - [`version`], [`hash`]: how a program and a runtime that do not belong together are told apart.
//! - [`symbols`]: names of the symbols and sections that cross between guest object and runtime object.
//! - [`traps`]: trap codes and their texts.
//! - [`builtins`]: functions of the runtime that compiled code calls.
//! - [`wasi`]: the functions of WASI preview 1.
//! - [`p2`], [`p2_layout`]: the functions of WASI 0.2; [`component`]: what components need beyond
//!   modules.
//! - [`options`]: the grants and options of a compiled program, and their parser.
//! - [`cpu`]: CPU features that a program may require.
//! - [`confine`], [`syscalls`]: what a program needs of the kernel, and the system calls it may make.
//! - [`heap`]: how objects lie in the garbage-collected heap, and what the collector is told.
//! - [`script`]: the protocol of the spec-suite driver.
//!
//! Everything here is `no_std`, without dependencies, and the same on every target. What only the
//! compiler needs has the feature `write`, and allocates.
#![no_std]

pub mod builtins;
pub mod component;
pub mod confine;
pub mod cpu;
pub mod hash;
pub mod heap;
pub mod layout;
pub mod options;
pub mod p2;
pub mod p2_layout;
pub mod pointer;
pub mod record;
pub mod script;
pub mod symbols;
pub mod syscalls;
pub mod traps;
pub mod variant;
pub mod version;
pub mod wasi;
#[cfg(any(test, feature = "write"))]
pub mod write;
