//! The prebuilt WASI tests, where they are at hand.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use wasmc_tests::wasi_suite::{self, Verdict};
use wasmc_tests::wast::Config;

#[test]
fn wasi_tests_pass() {
    // Past the test harness, which would hide it.
    let mut out = io::stdout().lock();
    let Some(folder) = wasi_suite::folder() else {
        writeln!(
            out,
            "SKIPPED: the WASI tests are absent; WASI_TESTSUITE names their folder"
        )
        .expect("standard output is open");
        return;
    };
    let results =
        wasi_suite::run(&folder, &Config::guarded().options).expect("the folder can be read");
    let mut failures = String::new();
    let (mut passed, mut skipped) = (0, 0);
    for test in &results {
        match &test.verdict {
            Verdict::Passed => passed += 1,
            Verdict::Failed(text) => {
                let _ = writeln!(failures, "{}: {text}", test.name);
            }
            Verdict::Skipped(reason) => {
                skipped += 1;
                writeln!(out, "SKIPPED: {}: {reason}", test.name).expect("standard output is open");
            }
        }
    }
    writeln!(
        out,
        "WASI tests: {passed} passed, {skipped} skipped of {}",
        results.len()
    )
    .expect("standard output is open");
    assert!(failures.is_empty(), "\n{failures}");
}
