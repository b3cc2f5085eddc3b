//! WASI preview 1.

use crate::start::Process;

/// Called once, before instantiation.
pub fn init(_: &Process) {}
