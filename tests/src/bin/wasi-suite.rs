//! `wasi-suite DIR ...`: runs folders of WASI tests; for another target by its emulator.
//!
//! Each failure and skip is a line; the last line is `N passed, N failed, N skipped`. The exit
//! status is 1 when a test failed, 2 when a folder could not be read.

use std::env;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use wasmc_compiler::{Options, Target};
use wasmc_tests::wasi_suite::{self, Verdict};

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
    let mut folders: Vec<_> = env::args_os().skip(1).collect();
    let mut options = Options::default();
    if folders.first().is_some_and(|word| word == "--target") && folders.len() > 1 {
        let words: Vec<_> = folders.drain(..2).collect();
        let arch = words[1].to_string_lossy().parse();
        options.target = Target::new(arch.map_err(anyhow::Error::msg)?);
    }
    if folders.is_empty() {
        bail!("usage: wasi-suite [--target TARGET] DIR ...");
    }
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    let mut out = io::stdout().lock();
    for folder in folders {
        for test in wasi_suite::run(Path::new(&folder), &options)? {
            match test.verdict {
                Verdict::Passed => passed += 1,
                Verdict::Failed(text) => {
                    failed += 1;
                    writeln!(out, "{}: failed: {text}", test.name)?;
                }
                Verdict::Skipped(reason) => {
                    skipped += 1;
                    writeln!(out, "{}: skipped: {reason}", test.name)?;
                }
            }
        }
    }
    writeln!(out, "{passed} passed, {failed} failed, {skipped} skipped")?;
    Ok(ExitCode::from(u8::from(failed > 0)))
}
