//! Generated modules do what an interpreter says: a short run with fixed seeds. `fuzz/` is the long
//! one.

use std::path::PathBuf;
use std::time::Instant;

use wasmc_compiler::{Arch, Backend};
use wasmc_tests::differential::{self, Tally};
use wasmc_tests::jobs;
use wasmc_tests::target::backend;

/// Every variant gets one batch of this many modules, or as many as `WASMC_TEST_BATCHES` says.
const MODULES: usize = 100;

#[test]
fn generated_modules_do_what_the_interpreter_says() {
    let start = Instant::now();
    let arch = Arch::host().expect("wasmc has a runtime for this machine");
    let mut variants = differential::variants(arch);
    if backend() != Backend::Cranelift {
        variants.retain(|variant| variant.options.backend != Backend::Cranelift);
    }
    let batches: u64 = match std::env::var("WASMC_TEST_BATCHES") {
        Ok(number) => number.parse().expect("WASMC_TEST_BATCHES is a number"),
        Err(_) => 1,
    };
    let kept = kept_seeds();
    let tasks: Vec<_> = variants
        .iter()
        .enumerate()
        .flat_map(|numbered| (0..batches).map(move |run| (run, numbered)))
        .map(|(run, (batch, variant))| {
            let mut seeds = kept.clone();
            seeds.extend(differential::seeds(run, batch as u64, MODULES));
            (seeds, variant)
        })
        .collect();
    let results = jobs::run(&tasks, |(seeds, variant)| differential::run(seeds, variant));
    let mut total = Tally::default();
    let mut problems = String::new();
    for (tally, found) in results {
        total += tally;
        for found in found {
            let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("differential");
            let path = differential::save(&found, &folder).expect("the module can be written");
            problems.push_str(&format!(
                "seed {:#018x} ({}): {}; see {}\n",
                found.seed,
                found.variant,
                found.text,
                path.display()
            ));
        }
    }
    println!("{total:?} in {:.1} s", start.elapsed().as_secs_f64());
    assert!(problems.is_empty(), "\n{problems}");
    // Of what is generated, most must be worth comparing.
    assert!(total.modules > tasks.len() * MODULES * 3 / 4, "{total:?}");
    assert!(total.traps * 2 < total.calls, "{total:?}");
}

/// Seeds of modules that once disagreed: `differential-seeds.txt`.
fn kept_seeds() -> Vec<u64> {
    let lines = include_str!("../../differential-seeds.txt").lines();
    lines
        .filter_map(|line| line.split('#').next()?.trim().strip_prefix("0x"))
        .map(|digits| u64::from_str_radix(digits, 16).expect("a line is a number"))
        .collect()
}
