//! Runs `.wast` scripts of the official suite: one executable per script.
//!
//! ```text
//! text → Directives → Plan (instances, commands, checks) → executable → records → Report
//!        script.rs     plan.rs                              run.rs       judge.rs
//! ```
//!
//! What is static (`assert_invalid`, `assert_malformed`, most of `assert_unlinkable`) is judged
//! while the plan is made, by wasmc's own front end. Everything else becomes a command of the
//! executable's driver (see [`wasmc_abi::script`]); the harness judges what the driver writes.

mod script;
mod level;
mod spectest;
mod plan;
mod values;
mod judge;
mod run;
mod report;

use std::time::Duration;

pub use report::{Failure, Kind, Report, Tally};
pub use run::run;

/// How scripts are compiled and run.
#[derive(Clone, Debug)]
pub struct Config {
    /// A short name for messages.
    pub name: &'static str,
    /// Options of the compilation; its features are the starting point of each script's.
    pub options: wasmc_compiler::Options,
    /// How long an executable may run.
    pub time_limit: Duration,
}

impl Config {
    /// What `wasmc compile` does without flags.
    pub fn guarded() -> Config {
        Config {
            name: "guarded",
            options: wasmc_compiler::Options::default(),
            time_limit: Duration::from_secs(60),
        }
    }

    /// Explicit bounds checks.
    pub fn bounds_checks() -> Config {
        let mut config = Config::guarded();
        config.name = "bounds-checks";
        config.options.bounds_checks = true;
        config
    }
}
