//! Tests of wasmc as a whole.
//!
//! - [`wast`]: scripts of the official suite, each as one executable.
//! - [`differential`]: generated modules beside an interpreter.
//! - [`wasi_suite`]: folders of WASI tests.
//! - [`target`]: the processor that is compiled for.
//! - [`process`]: runs executables under a time limit.
//! - [`expected`]: files with expected output beside their inputs, and `BLESS=1`.
//! - [`records`]: what a script's executable writes.
//! - [`programs`]: small programs with expected output.
//! - [`jobs`]: many compilations side by side.
//! - [`sources`]: the source files, for the tests of architecture rules; [`modules`]: which of them
//!   names which.
//!
//! The tests themselves lie in `tests/tests/`, their data beside it (`docs/testing.md`).

pub mod differential;
pub mod dwarf;
pub mod expected;
pub mod jobs;
pub mod modules;
pub mod process;
pub mod programs;
pub mod records;
pub mod sources;
pub mod target;
pub mod wasi_suite;
pub mod wast;
