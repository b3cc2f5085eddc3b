//! `wast FILE.wast ...`: runs scripts of the official suite; for another target than this machine,
//! by its emulator (`--target aarch64` by `qemu-aarch64-static`).
//!
//! Each failure is a line `FILE:LINE: why`; the last line is `N passed, N failed, N skipped`. The
//! exit status is 1 when an assertion failed, 2 when a file could not be read.

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::panic;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use wasmc_compiler::{Arch, Cpu, Target};
use wasmc_tests::jobs;
use wasmc_tests::wast::{Config, Report, Tally, run};

const USAGE: &str = "\
usage: wast [--target TARGET] [--cpu LEVEL] [--bounds-checks] [-W FEATURE] FILE.wast ...";

fn main() -> ExitCode {
    wasmc_compiler::clear_linker_environment();
    match execute() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn execute() -> Result<ExitCode> {
    let Some((files, config)) = arguments()? else {
        println!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    };
    let mut texts = Vec::new();
    for file in files {
        // A few scripts of the suite hold bytes that are not UTF-8, in comments.
        let bytes = fs::read(&file).with_context(|| format!("failed to read `{file}`"))?;
        texts.push((file, String::from_utf8_lossy(&bytes).into_owned()));
    }
    // Panics of the compiler are reported as failures of their assertions.
    if env::var_os("RUST_BACKTRACE").is_none() {
        panic::set_hook(Box::new(|_| {}));
    }
    let reports = jobs::run(&texts, |(file, text)| run(file, text, &config));
    let mut total = Tally::default();
    let mut out = io::stdout().lock();
    for ((file, _), report) in texts.iter().zip(&reports) {
        print(&mut out, file, report)?;
        total.add(report.total());
    }
    writeln!(
        out,
        "{} passed, {} failed, {} skipped",
        total.passed, total.failed, total.skipped
    )?;
    Ok(ExitCode::from(u8::from(total.failed > 0)))
}

fn print(out: &mut impl io::Write, file: &str, report: &Report) -> io::Result<()> {
    let mut failures = report.failures.clone();
    failures.sort();
    for failure in failures {
        writeln!(out, "{file}:{}: {}", failure.line, failure.text)?;
    }
    for (reason, count) in &report.skips {
        writeln!(out, "{file}: {count} skipped: {reason}")?;
    }
    Ok(())
}

/// The files and the configuration; `None` when help was asked for.
fn arguments() -> Result<Option<(Vec<String>, Config)>> {
    let mut config = Config::guarded();
    let mut files = Vec::new();
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .with_context(|| format!("`{word}` needs a value"))
        };
        match &*word {
            "--bounds-checks" => config.options.bounds_checks = true,
            "--target" => {
                let arch: Arch = value()?.parse().map_err(anyhow::Error::msg)?;
                config.options.target = Target::new(arch);
            }
            "--cpu" => {
                let cpu: Cpu = value()?.parse().map_err(anyhow::Error::msg)?;
                let arch = config.options.target.arch;
                config.options.target = Target::with_cpu(arch, cpu).map_err(anyhow::Error::msg)?;
            }
            "-W" => {
                let name = value()?;
                let features = &mut config.options.features;
                let result = match name.strip_prefix("no-") {
                    Some(name) => features.set(name, false),
                    None => features.set(&name, true),
                };
                result.map_err(anyhow::Error::msg)?;
            }
            "-h" | "--help" => return Ok(None),
            _ if word.starts_with('-') => bail!("unknown option `{word}`\n{USAGE}"),
            _ => files.push(word),
        }
    }
    if files.is_empty() {
        bail!(USAGE);
    }
    Ok(Some((files, config)))
}
