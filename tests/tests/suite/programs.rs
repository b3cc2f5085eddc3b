//! Small programs, compiled in several ways, do what the files beside them say.

use std::fmt::Write as _;
use std::path::Path;

use object::{Object as _, ObjectSection as _};
use wasmc_compiler::runtime_object;
use wasmc_compiler::target::TARGETS;
use wasmc_compiler::{Emit, Options, Target, compile};
use wasmc_tests::jobs;
use wasmc_tests::process::{emulator, works};
use wasmc_tests::programs::{self, Program, named};
use wasmc_tests::wast::Config;

fn report(failures: Vec<String>) {
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn programs_do_what_is_expected_of_them() {
    let configs = [
        Config::guarded(),
        Config::bounds_checks(),
        Config::unoptimised(),
    ];
    let tasks: Vec<_> = programs::all()
        .into_iter()
        .flat_map(|path| configs.iter().map(move |config| (path.clone(), config)))
        .collect();
    let judge = |path: &Path, config: &Config| -> Result<(), String> {
        // Each run has a program, and so a folder, of its own.
        let program = Program::read(path).map_err(|error| format!("{error:#}"))?;
        let emulator: Vec<_> = emulator(config.options.target.arch).into_iter().collect();
        let mut options = config.options.clone();
        // An emulator reserves a memory no faster than some time-outs are over.
        let has_timeout = programs::name(path).starts_with("timeout/");
        options.bounds_checks |= has_timeout && !emulator.is_empty();
        let run = program
            .compile(&options)
            .and_then(|executable| program.run(&executable, &emulator))
            .map_err(|error| format!("{error:#}"))?;
        program.judge(&run)
    };
    let results = jobs::run(&tasks, |(path, config)| {
        judge(path, config).map_err(|text| format!("{} ({}): {text}", path.display(), config.name))
    });
    report(results.into_iter().filter_map(Result::err).collect());
}

#[test]
fn programs_run_however_they_are_launched() {
    let ways: &[&[&str]] = &[
        &["setarch", "-R"],
        &["setarch", "-L"],
        &["setarch", "-R", "-L"],
        &["prlimit", "--stack=unlimited"],
        &["prlimit", "--stack=unlimited", "setarch", "-R"],
        &["prlimit", "--stack=65536"],
        &["prlimit", "--data=67108864"],
        &["prlimit", "--data=9437184"],
        &["env", "-i"],
    ];
    let names = [
        "wasi/hello",
        "memory/grow",
        "traps/memory",
        "stack/overflow",
        "wasi/args",
        "exceptions/kept",
    ];
    let programs: Vec<_> = names
        .iter()
        .map(|name| {
            let program = named(name);
            let executable = program.compile(&Options::default());
            (program, executable.expect("the program compiles"))
        })
        .collect();
    let mut failures = Vec::new();
    for way in ways.iter().filter(|way| works(way)) {
        for ((program, executable), name) in programs.iter().zip(names) {
            let result = program
                .run(executable, way)
                .map_err(|error| format!("{error:#}"))
                .and_then(|run| program.judge(&run));
            if let Err(text) = result {
                failures.push(format!("{name} under {}: {text}", way.join(" ")));
            }
        }
    }
    report(failures);
}

#[test]
fn a_limit_of_address_space_is_named_unless_bounds_are_checked() {
    let way = ["prlimit", "--as=1073741824"];
    if !works(&way) {
        return;
    }
    let program = named("wasi/hello");
    let guarded = program
        .compile(&Config::guarded().options)
        .expect("it compiles");
    let outcome = program.run(&guarded, &way).expect("it starts").outcome;
    let stderr = String::from_utf8_lossy(&outcome.stderr);
    assert_eq!(outcome.code(), Some(1), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains("ulimit -v"), "{stderr}");
    assert!(stderr.contains("--bounds-checks"), "{stderr}");
    let checked = program
        .compile(&Config::bounds_checks().options)
        .expect("it compiles");
    let run = program.run(&checked, &way).expect("it starts");
    program.judge(&run).unwrap_or_else(|text| panic!("{text}"));
}

#[test]
fn a_limit_of_data_makes_memory_grow_fail() {
    let way = ["prlimit", "--data=16777216"];
    if !works(&way) {
        return;
    }
    let program = named("memory/grow_large");
    for config in [Config::guarded(), Config::bounds_checks()] {
        let executable = program.compile(&config.options).expect("it compiles");
        let outcome = program.run(&executable, &way).expect("it starts").outcome;
        let stdout = String::from_utf8_lossy(&outcome.stdout);
        // The first growth, by 4 MiB, succeeds; that by 1 GiB does not; then 1 MiB more does.
        assert_eq!(stdout, "1\n-1\n65\n", "{}: {outcome:?}", config.name);
    }
}

#[test]
fn output_does_not_depend_on_the_number_of_threads() {
    let mut modules: Vec<_> = programs::all()
        .into_iter()
        .map(|path| {
            let program = Program::read(&path).expect("the program can be read");
            let options = program.options(&Options::default());
            let options = options.expect("the program's options are right");
            (path.display().to_string(), program.module, options)
        })
        .collect();
    modules.push((
        "many functions".into(),
        many_functions(),
        Options::default(),
    ));
    let mut failures = String::new();
    for (name, module, options) in modules {
        for emit in [Emit::Exe, Emit::Obj, Emit::Clif, Emit::Asm] {
            let options = options.clone().emit(emit);
            let outputs = [1, 2, 3, 2].map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .expect("threads can be started");
                let artifact = pool.install(|| compile(&module, &options));
                artifact.expect("it compiles").bytes
            });
            if outputs.iter().any(|output| *output != outputs[0]) {
                let _ = writeln!(failures, "{name} ({emit:?})");
            }
        }
    }
    assert!(failures.is_empty(), "these differ:\n{failures}");
}

/// A module of many functions of different lengths, with calls, references, data and traps.
fn many_functions() -> Vec<u8> {
    const COUNT: usize = 300;
    let mut text = String::from(
        "(module (memory 1) (table $all 300 300 funcref) (global $sum (mut i64) (i64.const 0))",
    );
    for number in 0..COUNT {
        let _ = write!(text, "(func $f{number} (param i32) (result i32)");
        for step in 0..number % 17 {
            let _ = write!(
                text,
                "(i32.store offset={step} (local.get 0) (i32.const {number}))
                 (global.set $sum (i64.add (global.get $sum) (i64.load offset={number} (local.get 0))))"
            );
        }
        let next = (number * 7 + 1) % COUNT;
        let _ = write!(
            text,
            "(if (local.get 0)
               (then (return (call $f{next} (i32.sub (local.get 0) (i32.const 1))))))
             (call_indirect $all (param i32) (result i32)
               (i32.div_u (i32.const {number}) (local.get 0)) (local.get 0)))
             (data (i32.const {at}) \"{number}\")
             (elem (table $all) (i32.const {number}) func $f{next})",
            at = number * 11
        );
    }
    text.push_str("(func (export \"_start\") (drop (call $f0 (i32.const 5)))))");
    wat::parse_str(text).expect("the text is a module")
}

/// Tables with pointers in them would have to be relocated whenever a program starts.
#[test]
fn nothing_is_relocated_at_start() {
    let arches = TARGETS.iter().map(|row| row.arch);
    for arch in arches.filter(|&arch| runtime_object(arch).is_some()) {
        let options = Options::default().target(Target::new(arch));
        for name in [
            "wasi/hello",
            "wasi/args",
            "wasi/files",
            "traps/memory",
            "wasi/stdin",
            "threads/exit",
        ] {
            let executable = named(name).compile(&options).unwrap();
            let file = object::File::parse(&*executable).unwrap();
            for section in file.sections() {
                let section = section.name().unwrap_or_default().to_owned();
                let holds_relocations = section.starts_with(".rel");
                assert!(!holds_relocations, "{name} for {arch:?} has `{section}`");
            }
        }
    }
}
