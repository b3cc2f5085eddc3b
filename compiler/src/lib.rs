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
//! each other; [`inspect`] tells what a module needs. [`pipeline`] is the one place that knows the
//! order of the phases. `docs/architecture.md` has the map.

pub mod pipeline;
pub mod options;
pub mod error;
pub mod features;
pub mod target;
pub mod index;
pub mod module;
mod parse;
pub mod program;
mod translate;
mod codegen;
mod emit;
pub mod link;
mod dump;
pub mod inspect;

pub use error::{Error, Location, Result};
pub use inspect::{Inspection, inspect};
pub use options::{Emit, OptLevel, Options};
pub use pipeline::{
    Artifact, Command, InstanceSpec, Phase, Stats, check_imports, compile, compile_program, validate,
};
pub use target::{Arch, Cpu, Target};
