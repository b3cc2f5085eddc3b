//! Generated modules do what an interpreter says: a short run with fixed seeds. `fuzz/` is the long
//! one.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use wasmc_compiler::{Arch, Backend, Options};
use wasmc_tests::differential::{self, Tally, objects};
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

/// Modules with objects, half of them with `--gc-stress`.
#[test]
fn modules_with_objects_do_what_node_says() {
    let Some(node) = node() else {
        println!("SKIPPED: modules with objects: `WASMC_TEST_NODE` names no node from 22 on");
        return;
    };
    let modules = std::env::var("WASMC_TEST_OBJECTS").ok();
    let modules = modules.map_or(60, |count| count.parse().expect("a number of modules"));
    let seeds = differential::seeds(0, 1 << 32, modules);
    let tasks: Vec<_> = seeds.chunks(10).enumerate().collect();
    let options = Options::default().stack_size(16 << 20);
    let results = jobs::run(&tasks, |&(number, seeds)| {
        let stress = if number % 2 == 0 { "--gc-stress" } else { "" };
        objects::compare(seeds, &node, &options, stress).expect("node runs")
    });
    let (mut calls, mut traps, mut problems) = (0, 0, Vec::new());
    for (tally, found) in results {
        calls += tally.calls;
        traps += tally.traps;
        problems.extend(found);
    }
    println!("{modules} modules with objects, {calls} calls, {traps} traps");
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    assert!(calls > 0 && traps < calls, "{calls} calls, {traps} traps");
}

/// A node that knows objects.
fn node() -> Option<PathBuf> {
    let node = PathBuf::from(std::env::var_os("WASMC_TEST_NODE")?);
    let output = Command::new(&node).arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    let major: u32 = version.strip_prefix('v')?.split('.').next()?.parse().ok()?;
    (major >= 22).then_some(node)
}

/// Seeds of modules that once disagreed: `differential-seeds.txt`.
fn kept_seeds() -> Vec<u64> {
    let lines = include_str!("../../differential-seeds.txt").lines();
    lines
        .filter_map(|line| line.split('#').next()?.trim().strip_prefix("0x"))
        .map(|digits| u64::from_str_radix(digits, 16).expect("a line is a number"))
        .collect()
}
