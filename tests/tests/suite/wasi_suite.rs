//! The prebuilt WASI tests, where they are at hand.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;

use wasmc_tests::expected;
use wasmc_tests::wasi_suite::{self, Verdict};
use wasmc_tests::wast::Config;

/// Tests that fail as components under wasmtime too, since the adapter makes something else of them.
const OF_ADAPTER: &[(&str, &str)] = &[
    (
        "assemblyscript/args_get-multiple-arguments.wasm",
        "AssemblyScript takes the adapter's memory for its own",
    ),
    (
        "assemblyscript/fd_write-to-invalid-fd.wasm",
        "the adapter has another error",
    ),
    (
        "assemblyscript/proc_exit-failure.wasm",
        "the adapter only tells failure from success",
    ),
];

#[test]
fn wasi_tests_pass() {
    let absent = "the WASI tests are absent; WASI_TESTSUITE names their folder";
    judge("WASI tests", wasi_suite::folder(), absent, &[]);
}

/// The same tests, wrapped by the adapter from preview 1 to WASI 0.2.
#[test]
fn wasi_tests_pass_as_components() {
    let folder = expected::repository().join(".material/components/wasi-suite");
    let absent =
        "the WASI tests as components are absent; `scripts/material wasi-suite` makes them";
    let folder = folder.join("README.md").is_file().then_some(folder);
    judge("WASI tests as components", folder, absent, OF_ADAPTER);
}

/// Runs the tests of a folder, if there is one. All must pass but those that are `known` to fail,
/// and these must not.
fn judge(title: &str, folder: Option<PathBuf>, absent: &str, known: &[(&str, &str)]) {
    // Past the test harness, which would hide it.
    let mut out = io::stdout().lock();
    let Some(folder) = folder else {
        writeln!(out, "SKIPPED: {absent}").expect("standard output is open");
        return;
    };
    let results =
        wasi_suite::run(&folder, &Config::guarded().options).expect("the folder can be read");
    let mut failures = String::new();
    let (mut passed, mut skipped) = (0, 0);
    for test in &results {
        let known = known.iter().find(|(name, _)| *name == test.name);
        match (&test.verdict, known) {
            (Verdict::Passed, None) => passed += 1,
            (Verdict::Passed, Some(_)) => {
                let _ = writeln!(failures, "{}: an unexpected pass", test.name);
            }
            (Verdict::Failed(text), None) => {
                let _ = writeln!(failures, "{}: {text}", test.name);
            }
            (Verdict::Failed(_), Some((_, reason))) => {
                skipped += 1;
                writeln!(out, "SKIPPED: {}: {reason}", test.name).expect("standard output is open");
            }
            (Verdict::Skipped(reason), _) => {
                skipped += 1;
                writeln!(out, "SKIPPED: {}: {reason}", test.name).expect("standard output is open");
            }
        }
    }
    writeln!(
        out,
        "{title}: {passed} passed, {skipped} skipped of {}",
        results.len()
    )
    .expect("standard output is open");
    assert!(failures.is_empty(), "\n{failures}");
}
