//! The tables of `docs/features.md`, `docs/testing.md` and `docs/wasi.md`, which derive from the
//! code and from what is expected of the official suite.
//!
//! A table stands between `<!-- table: NAME -->` and `<!-- end -->`; `BLESS=1` rewrites it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use wasmc_abi::p2;
use wasmc_abi::wasi::{self, ValueType, WasiFunction};
use wasmc_compiler::features::{PROPOSALS, Status};
use wasmc_tests::{expected, sources};

#[test]
fn features_are_those_of_the_compiler() {
    let mut table = String::from("| `-W` | default | status |\n|---|---|---|\n");
    for proposal in PROPOSALS {
        let (default, status) = match (proposal.status, proposal.default) {
            (Status::Complete, true) => ("on", "complete"),
            (Status::Complete, false) => ("off", "complete"),
            (Status::Synchronous, _) => ("on", "what is not asynchronous"),
            (_, _) => ("off", "not yet"),
        };
        let _ = writeln!(table, "| `{}` | {default} | {status} |", proposal.name);
    }
    check("docs/features.md", "proposals", &table);
}

#[test]
fn sums_of_the_suite_are_those_of_its_expectations() {
    let mut sums = BTreeMap::<&str, [usize; 3]>::new();
    let lines = include_str!("../../spec-expectations.txt").lines();
    for line in lines.filter(|line| !line.starts_with('#')) {
        let (path, outcome) = line.split_once(": ").expect("a script and its outcome");
        let (folder, _) = path.rsplit_once('/').expect("a script is in a folder");
        let count = |what: &str| {
            let counts = outcome.split(": ").next().unwrap_or_default();
            let words: Vec<_> = counts.split([' ', ',']).collect();
            let at = words.iter().position(|word| *word == what);
            at.map_or(0, |at| words[at - 1].parse().expect("a number"))
        };
        let passed = match outcome.strip_prefix("green ") {
            Some(number) => number.parse().expect("a number"),
            None => count("passed"),
        };
        let [scripts, all_passed, not_run] = sums.entry(folder).or_default();
        *scripts += 1;
        *all_passed += passed;
        *not_run += count("skipped");
    }
    let mut table =
        String::from("| folder | scripts | assertions passed | not run |\n|---|---|---|---|\n");
    let mut all = [0; 3];
    for (folder, sums) in &sums {
        let [scripts, passed, not_run] = sums;
        let _ = writeln!(table, "| `{folder}` | {scripts} | {passed} | {not_run} |");
        for (all, sum) in all.iter_mut().zip(sums) {
            *all += sum;
        }
    }
    let [scripts, passed, not_run] = all;
    let _ = writeln!(table, "| all | {scripts} | {passed} | {not_run} |");
    check("docs/testing.md", "suite", &table);
}

#[test]
fn wasi_functions_are_those_of_the_runtime() {
    let (preview_1, extension) = wasi::FUNCTIONS.split_at(wasi::PREVIEW_1);
    check("docs/wasi.md", "functions", &table_of_functions(preview_1));
    check("docs/wasi.md", "sockets", &table_of_functions(extension));
}

#[test]
fn functions_of_wasi_0_2_are_those_of_the_runtime() {
    let sources = sources::rust();
    let mut table = String::new();
    let mut interface = "";
    for function in p2::FUNCTIONS {
        if function.interface != interface {
            interface = function.interface;
            let _ = writeln!(table, "| `{interface}` | what it does |\n|---|---|");
        }
        let what = match function.offered {
            false => "not yet".to_owned(),
            true => sources
                .iter()
                .filter(|source| source.is_under(&["runtime-lib/src/wasi/p2/"]))
                .find_map(|source| summary(&source.text, function.name))
                .unwrap_or_else(|| panic!("{} is not documented in its source", function.name)),
        };
        let _ = writeln!(table, "| `{}` | {what} |", function.import);
        let next = p2::FUNCTIONS
            .iter()
            .skip_while(|next| *next != function)
            .nth(1);
        if next.is_none_or(|next| next.interface != interface) {
            table.push('\n');
        }
    }
    check("docs/wasi.md", "functions-0.2", &table);
}

fn table_of_functions(functions: &[WasiFunction]) -> String {
    let sources = sources::rust();
    let mut table = String::from("| function | parameters | what it does |\n|---|---|---|\n");
    for function in functions {
        let params: Vec<_> = function
            .params
            .iter()
            .map(|(name, ty)| match ty {
                ValueType::I32 => format!("{name}: i32"),
                ValueType::I64 => format!("{name}: i64"),
            })
            .collect();
        let what = sources
            .iter()
            .filter(|source| source.is_under(&["runtime-lib/src/wasi/"]) && !source.is_test())
            .find_map(|source| summary(&source.text, function.name))
            .unwrap_or_else(|| panic!("{} is not documented in its source", function.name));
        let _ = writeln!(
            table,
            "| `{}` | {} | {what} |",
            function.imports.join("`, `"),
            params.join(", ")
        );
    }
    table
}

/// The first paragraph of a function's documentation.
fn summary(text: &str, name: &str) -> Option<String> {
    let at = text.find(&format!("\npub fn {name}("))?;
    let comment: Vec<_> = text[..at]
        .lines()
        .rev()
        .skip_while(|line| line.starts_with("#["))
        .map_while(|line| line.strip_prefix("///"))
        .collect();
    let paragraph = comment
        .iter()
        .rev()
        .map(|line| line.trim())
        .take_while(|line| !line.is_empty());
    let text = paragraph.collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then(|| text.replace('|', "\\|"))
}

/// Compares the table of this name in a document.
pub fn check(document: &str, name: &str, table: &str) {
    let path = expected::repository().join(document);
    let text = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("failed to read `{document}`: {error}"));
    let begin = format!("<!-- table: {name} -->\n");
    let parts = text.split_once(&begin).and_then(|(before, rest)| {
        let (_, after) = rest.split_once("<!-- end -->")?;
        Some((before, after))
    });
    let (before, after) = parts.unwrap_or_else(|| panic!("`{document}` has no table `{name}`"));
    let actual = format!("{before}{begin}{table}<!-- end -->{after}");
    if let Err(error) = expected::check(&path, actual.as_bytes()) {
        panic!("{error}");
    }
}
