//! Main functions, of which a program has one.
//!
//! - [`prepare`][]: what they have in common: the order of a start.
//! - [`command`][]: the ordinary one.
//! - [`component`][]: that of a component that exports `wasi:cli/run`.
//! - [`server`][]: that of a component that exports `wasi:http/incoming-handler`.
//! - [`invoke`][]: `--invoke`.
//! - [`script`][]: the driver of the spec suite.

pub mod command;
pub mod component;
pub mod invoke;
pub mod prepare;
pub mod script;
pub mod server;
