//! `wasmc bench`: what is measured, against what, and when that is a failure.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::args::CodeArgs;
use crate::args::grants::Grants;

/// `wasmc bench`
#[derive(Args, Debug)]
#[command(after_long_help = "\
Exit status:
  0  measured, and fast enough
  1  a program failed, printed something else, or could not be compiled
  2  a wrong command line
  3  slower than --fail-if-slower-than allows

Examples:
  $ wasmc bench --runs 5 app.wasm
  $ wasmc bench --runs 5 app.wasm --against app.wat --format markdown
  $ wasmc bench --runs 5 app.wasm --measure cpu --format json -- some arguments
  $ wasmc bench --runs 5 app.wasm --save-baseline base.json
  $ wasmc bench --runs 5 app.wasm --baseline base.json --fail-if-slower-than 900%")]
pub struct BenchArgs {
    /// The module: a file, or `-` for standard input
    #[arg(value_name = "MODULE")]
    pub module: OsString,

    /// The program's arguments
    #[arg(value_name = "ARGS", last = true)]
    pub arguments: Vec<OsString>,

    /// Measure this beside it, taking turns; may be given several times
    ///
    /// An engine (wasmtime, wasmer, wasmedge, iwasm, wazero, or another wasmc) by its name on the
    /// PATH, as the path of its executable, or as ENGINE=PATH; another module, which is compiled
    /// alike; or a native executable, which gets the same arguments.
    #[arg(long, value_name = "WHAT")]
    pub against: Vec<OsString>,

    /// Measured runs of each; by default as many as fit in 3 seconds, but 10 to 200
    #[arg(long, value_name = "N")]
    pub runs: Option<NonZeroUsize>,

    /// Runs of each before that; the first one also checks the output and the peak memory
    #[arg(long, value_name = "N", default_value = "1")]
    pub warmup: NonZeroUsize,

    /// What ratios and --fail-if-slower-than are about
    #[arg(long, value_name = "MEASURE", default_value = "wall")]
    pub measure: Measure,

    /// What the programs read from standard input; nothing by default
    #[arg(long, value_name = "FILE")]
    pub stdin: Option<PathBuf>,

    /// A command for `sh` before each run, not measured
    #[arg(long, value_name = "COMMAND")]
    pub prepare: Option<OsString>,

    /// Do not compare what the programs print
    #[arg(long)]
    pub ignore_output: bool,

    /// Keep the result in this file, unless it is too slow
    #[arg(long, value_name = "FILE", help_heading = "Comparison")]
    pub save_baseline: Option<PathBuf>,

    /// Compare with a result that was kept
    #[arg(long, value_name = "FILE", help_heading = "Comparison")]
    pub baseline: Option<PathBuf>,

    /// Fail with status 3 when the program is slower than this, such as `5%`
    ///
    /// Slower than the baseline, or without one than the first `--against`. It counts when the
    /// ratio is beyond the threshold and its whole interval on the slower side.
    #[arg(
        long,
        value_name = "PERCENT",
        value_parser = parse_percent,
        help_heading = "Comparison"
    )]
    pub fail_if_slower_than: Option<f64>,

    /// The form of the answer
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: BenchFormat,

    #[command(flatten)]
    pub code: CodeArgs,

    #[command(flatten)]
    pub grants: Grants,
}

/// What is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Measure {
    /// The time from start to end
    Wall,
    /// Processor time, of the program and of the kernel for it
    Cpu,
}

impl Measure {
    /// As tables and JSON have it.
    pub fn name(self) -> &'static str {
        match self {
            Measure::Wall => "wall",
            Measure::Cpu => "cpu",
        }
    }

    /// As sentences have it.
    pub fn text(self) -> &'static str {
        match self {
            Measure::Wall => "wall time",
            Measure::Cpu => "CPU time",
        }
    }
}

/// The form of the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum BenchFormat {
    /// Text for people
    Human,
    /// Everything, for programs
    Json,
    /// A table, for a comment or a summary
    Markdown,
    /// The input of the GitHub action `github-action-benchmark`, tool `customSmallerIsBetter`
    Github,
}

/// `5%` or `5`: the share that a program may be slower, 0.05.
fn parse_percent(text: &str) -> Result<f64, String> {
    text.strip_suffix('%')
        .unwrap_or(text)
        .trim()
        .parse::<f64>()
        .ok()
        .filter(|percent| (0.0..=1e6).contains(percent))
        .map(|percent| percent / 100.0)
        .ok_or_else(|| "expected a percentage, such as 5%".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_may_have_a_sign_behind_them() {
        assert_eq!(parse_percent("5%"), Ok(0.05));
        assert_eq!(parse_percent("2.5"), Ok(0.025));
        for wrong in ["", "%", "-1%", "5%%", "NaN", "inf", "five"] {
            assert!(parse_percent(wrong).is_err(), "{wrong}");
        }
    }
}
