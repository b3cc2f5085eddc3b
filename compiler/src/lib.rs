//! From WebAssembly modules to standalone static Linux executables, as a library: what the command
//! `wasmc` is made of.
//!
//! ```
//! use wasmc_compiler::grants::{Access, Grant, Grants};
//! use wasmc_compiler::{Options, compile};
//!
//! let module = wat::parse_str(
//!     r#"(module
//!         (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
//!         (memory (export "memory") 1)
//!         (func (export "_start") (call $exit (i32.const 42))))"#,
//! )?;
//! let grants = Grants::new().with(Grant::Dir {
//!     host: "/srv/data".into(),
//!     guest: "/data".into(),
//!     access: Access::ReadOnly,
//! });
//! let executable = compile(&module, &Options::default().grants(grants).sealed(true))?;
//! assert!(executable.bytes.starts_with(b"\x7fELF"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`compile`] turns one module into an [`Artifact`], [`compile_program`] several that import from
//! each other; [`Options`] says how, [`grants`] what the program may do. [`inspect()`] tells what a
//! module is and needs, [`policy`] which system calls it may make, [`provenance`] how an executable
//! was made, [`symbolize`] what the offsets of its backtraces mean. Every failure is an [`Error`].
//! `compiler/examples/compile.rs` is a whole program.
//!
//! The same module and options give the same bytes, whatever the number of threads; it is rayon's
//! current pool that compiles. Call [`clear_linker_environment`] first thing in `main`.
//!
//! Structs and enums are `#[non_exhaustive]`: there will be more options, targets and kinds of
//! entities. What is in this crate and not shown here is told by `docs/architecture.md`.

mod backend;
mod codegen;
mod component;
mod debug;
mod dump;
mod dwarf;
mod emit;
mod error;
mod explain;
pub mod explore;
pub mod features;
pub mod grants;
mod hints;
mod index;
pub mod inspect;
mod instances;
mod isa;
mod link;
mod module;
mod names;
mod options;
mod parse;
mod pipeline;
mod program;
pub mod provenance;
pub mod symbolize;
pub mod target;
mod translate;
mod type_text;

pub use error::{Error, Location, Result};
pub use inspect::{Inspection, inspect};
pub use instances::InstanceSpec;
pub use link::{RuntimeObject, clear_linker_environment, remedy_for_runtime, runtime_object};
pub use options::{Backend, BranchProtection, DebugLevel, Emit, OptLevel, Options};
pub use pipeline::{
    Artifact, NO_DEBUG_INFO, Phase, Stats, compile, compile_program, explore, policy, validate,
};
pub use target::{Arch, Cpu, Target};

/// What this workspace's tests need beside: drivers of the official suite's scripts. No part of what
/// the library promises.
#[doc(hidden)]
pub mod testing {
    pub use crate::instances::Command;
    pub use crate::pipeline::{check_imports, compile_driver};
}
