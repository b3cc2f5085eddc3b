//! The official suite of the component model, where it is at hand: what is not asynchronous.
//!
//! `component-expectations.txt` says for each script what must come of it; a script of another
//! outcome fails, a better one too, and `BLESS=1` rewrites the file.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use wasmc_tests::wast::{Config, Kind, Report, run_components};
use wasmc_tests::{expected, jobs};

/// The folders of scripts that are run.
const FOLDERS: &[&str] = &["binary", "linking", "resources", "validation", "values"];

/// Why scripts have failures.
const KNOWN: &[(&str, &str)] = &[
    (
        "binary/binary.wast",
        "an encoding that component-model#716 has removed",
    ),
    (
        "validation/kebab.wast",
        "our parser knows the rule of a later draft",
    ),
];

/// The scripts lie in the folder that `COMPONENT_TESTSUITE` names, or beside the repository.
fn folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("COMPONENT_TESTSUITE") {
        return Some(folder.into());
    }
    let beside = expected::repository().join("../shared/component-model/test");
    beside.is_dir().then_some(beside)
}

fn scripts(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut scripts = Vec::new();
    for name in FOLDERS {
        let files = fs::read_dir(folder.join(name)).expect("the suite has the folder");
        for file in files {
            let path = file.expect("the folder can be read").path();
            if path
                .extension()
                .is_some_and(|extension| extension == "wast")
            {
                let file = path.file_name().unwrap_or_default().to_string_lossy();
                scripts.push((format!("{name}/{file}"), path));
            }
        }
    }
    scripts.sort();
    scripts
}

#[test]
fn scripts_of_components_do_what_is_expected_of_them() {
    let Some(folder) = folder() else {
        // Past the test harness, which would hide it.
        writeln!(
            io::stdout(),
            "SKIPPED: the suite of the component model is absent; COMPONENT_TESTSUITE names its folder"
        )
        .expect("standard output is open");
        return;
    };
    let scripts = scripts(&folder);
    let reports = jobs::run(&scripts, |(_, path)| {
        let text = fs::read_to_string(path).expect("scripts are text");
        run_components(&text, &Config::guarded().options)
    });
    let mut outcome = String::from(
        "# What comes of each script of the component model's suite: assertions by kind (`passed`,\n\
         # `-failed`, `~not run`), the reasons of what is not run, and failures with their lines.\n\
         # `BLESS=1 cargo test --workspace --test suite component_suite` rewrites this file.\n",
    );
    let mut sums = [0; 3];
    for ((name, _), report) in scripts.iter().zip(&reports) {
        describe(&mut outcome, name, report);
        let total = report.total();
        sums[0] += total.passed;
        sums[1] += total.failed;
        sums[2] += total.skipped;
    }
    let [passed, failed, skipped] = sums;
    writeln!(
        io::stdout(),
        "component model: {passed} passed, {failed} failed, {skipped} not run in {} scripts",
        scripts.len()
    )
    .expect("standard output is open");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("component-expectations.txt");
    expected::check(&path, outcome.as_bytes()).unwrap_or_else(|text| panic!("{text}"));
}

/// A line about a script, and one for each reason and failure.
fn describe(outcome: &mut String, name: &str, report: &Report) {
    let _ = write!(outcome, "{name}:");
    for kind in Kind::ALL {
        if let Some(tally) = report.kinds.get(&kind) {
            let _ = write!(outcome, " {} {}", kind.name(), tally.passed);
            if tally.failed > 0 {
                let _ = write!(outcome, "-{}", tally.failed);
            }
            if tally.skipped > 0 {
                let _ = write!(outcome, "~{}", tally.skipped);
            }
        }
    }
    outcome.push('\n');
    for (reason, count) in &report.skips {
        let _ = writeln!(outcome, "  not run {count}: {}", reason.replace('\n', "; "));
    }
    let mut failures = report.failures.clone();
    failures.sort();
    let known = KNOWN.iter().find(|(script, _)| *script == name);
    assert_eq!(
        known.is_some(),
        !failures.is_empty(),
        "{name} has failures, or is known to have some: {failures:#?}"
    );
    if let Some((_, reason)) = known {
        let _ = writeln!(outcome, "  known: {reason}");
    }
    for failure in failures {
        let text = failure.text.replace('\n', "; ");
        let _ = writeln!(outcome, "  line {}: {text}", failure.line);
    }
}
