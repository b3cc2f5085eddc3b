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

mod components;
mod judge;
mod level;
mod plan;
mod report;
mod run;
mod script;
mod spectest;
mod values;

use std::time::Duration;

use wasmc_compiler::{Arch, Cpu, OptLevel, Options, Target};

use crate::process::emulator;
use crate::target;

pub use components::run as run_components;
pub use report::{Failure, Kind, Report, Tally};
pub use run::run;

/// How scripts are compiled and run.
#[derive(Clone, Debug)]
pub struct Config {
    /// A short name for messages.
    pub name: &'static str,
    /// Options of the compilation; its features are the starting point of each script's.
    pub options: Options,
    /// How long an executable may run.
    pub time_limit: Duration,
}

impl Config {
    /// What `wasmc compile` does without flags, for this machine or the target under test.
    pub fn guarded() -> Config {
        Config::of(target::target())
    }

    /// What `wasmc compile` does for a target.
    pub fn of(target: Target) -> Config {
        Config {
            name: "guarded",
            options: Options::default().target(target).backend(target::backend()),
            // An emulator takes a tenth of a second to reserve the addresses of one memory.
            time_limit: match emulator(target.arch) {
                None => Duration::from_secs(60),
                Some(_) => Duration::from_secs(240),
            },
        }
    }

    /// Explicit bounds checks, and every instruction that this machine or its emulator has.
    pub fn bounds_checks() -> Config {
        let mut config = Config::guarded();
        config.name = "bounds-checks";
        config.options.bounds_checks = true;
        let arch = config.options.target.arch;
        let newest = match (emulator(arch), arch) {
            (None, _) => Cpu::Native,
            (Some(_), Arch::X86_64) => Cpu::X86_64V3,
            (Some(_), _) => Cpu::Armv8_3,
        };
        config.options.target =
            Target::with_cpu(arch, newest).expect("the target has this CPU level");
        config
    }

    /// No optimisation, the verifier on, and the oldest CPU level.
    pub fn unoptimised() -> Config {
        let mut config = Config::guarded();
        config.name = "unoptimised";
        config.options.opt_level = OptLevel::None;
        config.options.verify_ir = true;
        let oldest = Target::with_cpu(config.options.target.arch, Cpu::X86_64);
        config.options.target = oldest.unwrap_or(config.options.target);
        config
    }
}
