//! Main functions that a program can have beside the ordinary one.
//!
//! - [`invoke`][]: `--invoke`.
//! - [`script`][]: the driver of the spec suite.

pub mod invoke;
pub mod script;
