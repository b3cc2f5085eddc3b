//! From WebAssembly modules to standalone native executables.
//!
//! The pipeline is five values, each made once by one phase and then only read:
//!
//! ```text
//! bytes → Module (facts) → Program (decisions) → CLIF per function → CompiledFunc → object → executable
//!         parse            program               translate           codegen        emit     link
//! ```
//!
//! [`compile`] turns one module into an [`Artifact`]; [`compile_program`] several that import from
//! each other; [`inspect()`] tells what a module needs. [`pipeline`] is the one place that knows the
//! order of the phases. `docs/architecture.md` has the map.

mod backend;
mod codegen;
pub mod component;
mod debug;
mod dump;
pub mod dwarf;
mod emit;
pub mod error;
mod explain;
pub mod explore;
pub mod features;
pub mod hints;
pub mod index;
pub mod inspect;
pub mod instances;
mod isa;
pub mod link;
pub mod module;
pub mod names;
pub mod options;
mod parse;
pub mod pipeline;
pub mod program;
pub mod provenance;
pub mod symbolize;
pub mod target;
mod translate;
mod type_text;

pub use error::{Error, Location, Result};
pub use inspect::{Inspection, inspect};
pub use instances::{Command, InstanceSpec};
pub use options::{Backend, BranchProtection, DebugLevel, Emit, OptLevel, Options};
pub use pipeline::{
    Artifact, Phase, Stats, check_imports, compile, compile_program, policy, validate,
};
pub use target::{Arch, Cpu, Target};
