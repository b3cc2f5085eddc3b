//! `wasmc targets` and `wasmc --version`: what this wasmc can compile for.

use std::fmt::Write as _;

use serde_json::{Value, json};
use wasmc_compiler::target::{Cpu, TARGETS, TargetRow};
use wasmc_compiler::{Arch, remedy_for_runtime, runtime_object};

use crate::args::{Format, TargetsArgs};
use crate::output;
use crate::report::Failure;

/// Prints the targets.
pub fn execute(args: &TargetsArgs) -> Result<(), Failure> {
    output::print(&match args.format {
        Format::Human => human(),
        Format::Json => {
            let targets: Vec<_> = TARGETS.iter().map(to_json).collect();
            format!("{:#}\n", json!(targets))
        }
    })
}

/// The text of `--version`.
pub fn version(verbose: bool) -> String {
    let mut text = format!("wasmc {}\n", env!("CARGO_PKG_VERSION"));
    if verbose {
        for row in TARGETS {
            let runtime = match runtime_object(row.arch) {
                Some(runtime) => format!("{} ({})", runtime.sha256, runtime.rustc),
                None => "none".to_owned(),
            };
            writeln!(text, "runtime for {}: {runtime}", row.name).expect("a String takes all");
        }
    }
    text
}

fn human() -> String {
    let rows: Vec<_> = TARGETS
        .iter()
        .map(|row| {
            let state = match (runtime_object(row.arch), is_host(row)) {
                (Some(_), true) => "this machine's, the default".to_owned(),
                (Some(_), false) => "available".to_owned(),
                (None, _) => format!("only --emit obj|clif|asm ({})", remedy(row)),
            };
            vec![row.name.to_owned(), cpus(row).join(", "), state]
        })
        .collect();
    let mut text = output::table(&rows, "");
    text.push_str("\nThe first CPU level is the default.\n");
    text
}

fn to_json(row: &TargetRow) -> Value {
    let runtime = runtime_object(row.arch);
    json!({
        "name": row.name,
        "triple": row.triple,
        "aliases": row.aliases,
        "cpus": cpus(row),
        "default_cpu": row.cpus[0].name(),
        "host": is_host(row),
        "executables": runtime.is_some(),
        "runtime": runtime.map(|runtime| json!({
            "sha256": runtime.sha256,
            "rustc": runtime.rustc,
            "bytes": runtime.bytes.len(),
        })),
    })
}

fn is_host(row: &TargetRow) -> bool {
    Arch::host() == Some(row.arch)
}

/// The levels that can be chosen here: `native` is this machine only.
fn cpus(row: &TargetRow) -> Vec<&'static str> {
    let levels = row.cpus.iter();
    levels
        .filter(|&&cpu| cpu != Cpu::Native || is_host(row))
        .map(|cpu| cpu.name())
        .collect()
}

fn remedy(row: &TargetRow) -> String {
    format!("for executables {}", remedy_for_runtime(row))
}
