//! Long runs of generated modules beside an interpreter (see `wasmc_tests::differential`).

use std::num::ParseIntError;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Parser;
use wasmc_compiler::Arch;
use wasmc_tests::differential::{self, Disagreement, Tally, Variant};
use wasmc_tests::jobs;

/// Compares what executables do with what wasmi says: generated modules, a batch in one
/// executable. What disagrees is shrunk and written to a folder.
#[derive(Parser, Debug)]
struct Args {
    /// Makes the run: the same seed, the same modules.
    #[arg(long, default_value = "1", value_parser = number)]
    seed: u64,
    /// The number of the first batch.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// How many batches.
    #[arg(long, default_value_t = 10)]
    batches: u64,
    /// Modules in a batch.
    #[arg(long, default_value_t = 100)]
    size: usize,
    /// Instead of batches: the module of this seed, in every variant.
    #[arg(long, value_parser = number)]
    case: Option<u64>,
    /// The architecture; another than this machine's by its emulator.
    #[arg(long, default_value = "host")]
    target: String,
    /// Where modules that disagree are written.
    #[arg(long, default_value = "fuzz/failures")]
    out: PathBuf,
}

/// A number, hexadecimal after `0x`.
fn number(text: &str) -> Result<u64, ParseIntError> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    }
}

fn main() -> Result<ExitCode> {
    wasmc_compiler::clear_linker_environment();
    let args = Args::parse();
    let Some(arch) = (match &*args.target {
        "host" => Arch::host(),
        name => Some(name.parse().map_err(anyhow::Error::msg)?),
    }) else {
        bail!("wasmc has no runtime for this machine: name a `--target`");
    };
    let variants = differential::variants(arch);
    let tasks: Vec<(Vec<u64>, &Variant)> = match args.case {
        Some(seed) => variants
            .iter()
            .map(|variant| (vec![seed], variant))
            .collect(),
        None => (args.first..args.first + args.batches)
            .map(|batch| {
                let seeds = differential::seeds(args.seed, batch, args.size);
                (seeds, &variants[batch as usize % variants.len()])
            })
            .collect(),
    };
    // Panics of the compiler are disagreements.
    std::panic::set_hook(Box::new(|_| {}));
    let start = Instant::now();
    let mut total = Tally::default();
    let mut failed = 0;
    // A few at a time, so that disagreements are seen while the run goes on.
    for tasks in tasks.chunks(8) {
        for (tally, found) in jobs::run(tasks, |(seeds, variant)| differential::run(seeds, variant))
        {
            total += tally;
            failed += found.len();
            for found in &found {
                report(found, &args)?;
            }
        }
        println!("{}", summary(&total, failed, start.elapsed()));
    }
    Ok(ExitCode::from(u8::from(failed > 0)))
}

fn report(found: &Disagreement, args: &Args) -> Result<()> {
    let path = differential::save(found, &args.out)?;
    println!(
        "seed {:#018x} ({}): {}",
        found.seed, found.variant, found.text
    );
    println!("  written to {}", path.display());
    Ok(())
}

fn summary(total: &Tally, failed: usize, elapsed: Duration) -> String {
    format!(
        "{} modules ({} left out), {} calls ({} traps), {} memories, {} globals: {failed} disagree; {:.0} s",
        total.modules,
        total.left_out,
        total.calls,
        total.traps,
        total.memories,
        total.globals,
        elapsed.as_secs_f64()
    )
}
