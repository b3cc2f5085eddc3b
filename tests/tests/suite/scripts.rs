//! Scripts of our own (`scripts/*.wast`), for what the official suite does not cover. Every
//! assertion must hold, in every configuration.

use std::fmt::Write as _;
use std::fs;

use wasmc_compiler::Arch;
use wasmc_tests::wast::{Config, run};
use wasmc_tests::{expected, jobs};

#[test]
fn every_assertion_holds() {
    let scripts = expected::inputs("scripts", "wast");
    let mut configs = vec![Config::bounds_checks(), Config::unoptimised()];
    match configs[0].options.target.arch {
        Arch::X86_64 => configs.push(Config::guarded()),
        // A store that straddles the end of a guarded memory may write what lies inside before it
        // traps (`docs/rationale.md`), and some scripts assert that it does not.
        _ => configs[1].options.bounds_checks = true,
    }
    let tasks: Vec<_> = scripts
        .iter()
        .flat_map(|script| configs.iter().map(move |config| (script, config)))
        .collect();
    let reports = jobs::run(&tasks, |(script, config)| {
        let name = script.file_name().expect("a file").to_string_lossy();
        let text = fs::read_to_string(script).expect("scripts are text");
        run(&format!("scripts/{name}"), &text, config)
    });
    let mut problems = String::new();
    for ((script, config), report) in tasks.iter().zip(&reports) {
        for failure in &report.failures {
            let (path, name) = (script.display(), config.name);
            let _ = writeln!(
                problems,
                "{path}:{} ({name}): {}",
                failure.line, failure.text
            );
        }
        for reason in report.skips.keys() {
            let _ = writeln!(problems, "{}: skipped: {reason}", script.display());
        }
    }
    assert!(!reports.is_empty(), "there are scripts");
    assert!(problems.is_empty(), "\n{problems}");
}
