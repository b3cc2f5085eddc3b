//! `wasmc bench`: what it measures, compares, refuses and prints.
//!
//! Programs that are to differ in speed sleep: `arguments` milliseconds apart are far more than any
//! noise of the machine, and other load hardly makes a sleep longer.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::{HELLO, Outcome, Sandbox};

/// Sleeps 20 ms.
const QUICK: &str = include_str!("sleep.wat");

/// Sleeps 60 ms.
fn slow() -> String {
    let slow = QUICK.replace("20_000_000", "60_000_000");
    assert_ne!(slow, QUICK);
    slow
}

fn json(outcome: &Outcome) -> Value {
    serde_json::from_slice(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome:?}"))
}

/// A sandbox with an executable shell script.
fn with_script(files: &[(&str, &str)], name: &str, script: &str) -> Sandbox {
    let sandbox = Sandbox::with(files);
    write_script(&sandbox, name, script);
    sandbox
}

fn write_script(sandbox: &Sandbox, name: &str, script: &str) {
    sandbox.write(name, format!("#!/bin/sh\n{script}\n").as_bytes());
    fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn times_and_memory_are_measured() {
    let sandbox = Sandbox::with(&[("quick.wat", QUICK)]);
    let outcome = sandbox.sh("wasmc bench quick.wat --runs 4 --warmup 2 --format json");
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let result = json(&outcome);
    let contender = &result["contenders"][0];
    assert_eq!(contender["name"], "quick.wat");
    assert_eq!(contender["kind"], "wasmc");
    let samples = contender["wall_seconds"]["samples"].as_array().unwrap();
    assert_eq!(samples.len(), 4);
    assert!(samples.iter().all(|sample| sample.as_f64() >= Some(0.02)));
    assert!(contender["cpu_seconds"]["median"].as_f64() < Some(0.02));
    // Its own peak, not that of the wasmc that started it.
    let peak = contender["peak_memory_bytes"].as_u64().unwrap();
    assert!((1 << 12..8 << 20).contains(&peak), "{peak}");
    assert!(contender["compile_seconds"].as_f64() > Some(0.0));
    assert!(contender["file_bytes"].as_u64() > Some(4096));
    assert_eq!(result["warmup"], 2);
}

#[test]
fn contenders_take_turns_and_are_compared() {
    let sandbox = with_script(
        &[("quick.wat", QUICK), ("slow.wat", &slow())],
        "native",
        "sleep 0.06; echo slept",
    );
    let line = "wasmc bench quick.wat --runs 6 --against slow.wat --against ./native --format json";
    let outcome = sandbox.sh(line);
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let result = json(&outcome);
    let kinds: Vec<_> = (0..3).map(|i| &result["contenders"][i]["kind"]).collect();
    assert_eq!(kinds, ["wasmc", "wasmc", "native"]);
    for (index, with) in ["slow.wat", "./native"].into_iter().enumerate() {
        let comparison = &result["comparisons"][index];
        assert_eq!(comparison["with"], with);
        let ratio = comparison["ratio"]["median"].as_f64().unwrap();
        assert!((0.1..0.8).contains(&ratio), "{ratio}");
    }
}

#[test]
fn a_slower_program_fails_and_an_equal_one_passes() {
    let sandbox = Sandbox::with(&[
        ("quick.wat", QUICK),
        ("same.wat", QUICK),
        ("slow.wat", &slow()),
    ]);
    let outcome = sandbox.sh("wasmc bench quick.wat --runs 8 --save-baseline base.json");
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let with = "--runs 8 --baseline base.json --fail-if-slower-than";

    // Three times as slow: more than twice, and not more than ten times.
    let outcome = sandbox.sh(&format!("wasmc bench slow.wat {with} 50%"));
    assert_eq!(outcome.status, 3, "{outcome:?}");
    assert!(outcome.stderr.contains("of `base.json`"), "{outcome:?}");
    let outcome = sandbox.sh(&format!("wasmc bench slow.wat {with} 900%"));
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let outcome = sandbox.sh(&format!("wasmc bench same.wat {with} 50%"));
    assert_eq!(outcome.status, 0, "{outcome:?}");

    // What is too slow does not become the next baseline.
    let kept = fs::read(sandbox.path("base.json")).unwrap();
    let outcome = sandbox.sh(&format!(
        "wasmc bench slow.wat {with} 50% --save-baseline base.json"
    ));
    assert_eq!(outcome.status, 3);
    assert_eq!(fs::read(sandbox.path("base.json")).unwrap(), kept);
}

#[test]
fn without_a_baseline_the_first_contender_counts() {
    let sandbox = Sandbox::with(&[("quick.wat", QUICK), ("slow.wat", &slow())]);
    let with = "--runs 6 --fail-if-slower-than 50%";
    let outcome = sandbox.sh(&format!("wasmc bench slow.wat --against quick.wat {with}"));
    assert_eq!(outcome.status, 3, "{outcome:?}");
    let outcome = sandbox.sh(&format!("wasmc bench quick.wat --against slow.wat {with}"));
    assert_eq!(outcome.status, 0, "{outcome:?}");
}

#[test]
fn processor_time_can_be_what_counts() {
    // Both only sleep, so neither uses processor time worth mentioning, and what they do use is no
    // ten times as much.
    let sandbox = Sandbox::with(&[("quick.wat", QUICK), ("slow.wat", &slow())]);
    let outcome = sandbox.sh(
        "wasmc bench slow.wat --against quick.wat --runs 6 --measure cpu \
         --fail-if-slower-than 900% --format json",
    );
    assert_eq!(outcome.status, 0, "{outcome:?}");
    assert_eq!(json(&outcome)["measure"], "cpu");
}

#[test]
fn an_engine_gets_the_module_and_the_grants_in_its_own_words() {
    let sandbox = with_script(
        &[("environ.wat", include_str!("environ.wat"))],
        "wasmtime-9",
        r#"case $1 in
            --version) echo wasmtime 9 ;;
            compile) cp "$2" "$4" ;;
            run) shift; echo "$@" >> lines; echo A=1 ;;
        esac"#,
    );
    sandbox.write("data.txt", b"");
    let outcome = sandbox.sh(
        "wasmc bench environ.wat --runs 1 --env A=1 --dir .::/data:ro --against ./wasmtime-9 \
         --against wasmtime=./wasmtime-9 --format json -- one two",
    );
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let result = json(&outcome);
    assert_eq!(result["contenders"][1]["kind"], "wasmtime");
    assert_eq!(result["contenders"][1]["version"], "wasmtime 9");
    assert_eq!(result["contenders"][2]["name"], "wasmtime=./wasmtime-9");
    let lines = fs::read_to_string(sandbox.path("lines")).unwrap();
    let first = lines.lines().next().unwrap();
    let start = "--allow-precompiled --argv0 environ.wat --env A=1 --dir .::/data ";
    assert!(first.starts_with(start), "{first}");
    assert!(first.ends_with(".cwasm one two"), "{first}");
    // What cannot be passed on is not silently left out.
    let outcome = sandbox.sh("wasmc bench environ.wat --net --against ./wasmtime-9");
    assert_eq!(outcome.status, 2);
    assert!(outcome.stderr.contains("`--net` cannot"), "{outcome:?}");
}

#[test]
fn another_wasmc_compiles_for_itself() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    let outcome =
        sandbox.sh("wasmc bench hello.wat --runs 2 -O none --against wasmc --format json");
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let result = json(&outcome);
    let bytes = |index: usize| result["contenders"][index]["file_bytes"].as_u64();
    assert!(bytes(0).is_some());
    assert_eq!(bytes(0), bytes(1));
}

#[test]
fn outputs_are_compared() {
    let sandbox = with_script(&[("hello.wat", HELLO)], "native", "echo hallo");
    let line = "wasmc bench hello.wat --runs 1 --against ./native";
    let outcome = sandbox.sh(line);
    assert_eq!(outcome.status, 1, "{outcome:?}");
    for text in [
        "error: `./native` does not print the same as `hello.wat`",
        "line 1, byte 1: expected `hello`, got `hallo`",
        "hint: `--ignore-output`",
    ] {
        assert!(outcome.stderr.contains(text), "{outcome:?}");
    }
    let outcome = sandbox.sh(&format!("{line} --ignore-output"));
    assert_eq!(outcome.status, 0, "{outcome:?}");
    write_script(&sandbox, "native", "echo why >&2; exit 4");
    let outcome = sandbox.sh(&format!("{line} --ignore-output"));
    assert_eq!(outcome.status, 1, "{outcome:?}");
    assert!(outcome.stderr.contains("exit status: 4"), "{outcome:?}");
    assert!(outcome.stderr.contains("why"), "{outcome:?}");
}

#[test]
fn standard_input_and_preparation() {
    let sandbox = with_script(
        &[("hello.wat", HELLO), ("input", "hello\n")],
        "native",
        "cat",
    );
    let outcome = sandbox.sh(
        "wasmc bench hello.wat --runs 3 --against ./native --stdin input \
         --prepare 'echo x >> prepared'",
    );
    assert_eq!(outcome.status, 0, "{outcome:?}");
    // Two programs, each checked once and run three times.
    let prepared = fs::read_to_string(sandbox.path("prepared")).unwrap();
    assert_eq!(prepared.lines().count(), 8);
    let outcome = sandbox.sh("wasmc bench hello.wat --runs 1 --prepare 'echo no >&2; false'");
    assert_eq!(outcome.status, 1);
    assert!(outcome.stderr.contains("no"), "{outcome:?}");
}

#[test]
fn the_forms_of_the_answer() {
    let sandbox = Sandbox::with(&[("quick.wat", QUICK), ("other.wat", QUICK)]);
    let run = |format: &str| {
        let line = format!("wasmc bench quick.wat --against other.wat --runs 6 --format {format}");
        let outcome = sandbox.sh(&line);
        assert_eq!(outcome.status, 0, "{outcome:?}");
        outcome
    };
    let human = run("human");
    assert!(human.text().contains("95 % interval"), "{human:?}");
    assert!(human.text().contains("quick.wat takes "), "{human:?}");
    let markdown = run("markdown");
    assert!(markdown.text().contains("\n| quick.wat | "), "{markdown:?}");
    assert!(
        markdown.text().contains("\n| --- | ---: | "),
        "{markdown:?}"
    );
    // https://github.com/benchmark-action/github-action-benchmark: `name`, `unit` and `value`, and
    // optionally `range` and `extra`.
    let github = run("github");
    let entries = json(&github);
    let entries = entries.as_array().unwrap();
    assert_eq!(entries.len(), 6);
    let mut names: Vec<_> = entries.iter().map(|entry| entry["name"].as_str()).collect();
    assert_eq!(names[0], Some("quick.wat: wall time"));
    names.sort_unstable();
    names.dedup();
    assert_eq!(
        names.len(),
        6,
        "names are what the action tells series apart by"
    );
    for entry in entries {
        assert!(entry["value"].as_f64() >= Some(0.0), "{entry}");
        assert!(entry["unit"].is_string(), "{entry}");
    }
    assert!(entries[0]["value"].as_f64() >= Some(20.0), "{}", entries[0]);
    assert!(entries[0]["range"].as_str().unwrap().starts_with("± "));
}

#[test]
fn what_is_refused() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO), ("file", "text"), ("base.json", "{}")]);
    for (arguments, status, message) in [
        ("--fail-if-slower-than 5%", 2, "nothing to compare with"),
        ("--fail-if-slower-than five", 2, "expected a percentage"),
        ("--against ./nothing", 1, "failed to read `./nothing`"),
        ("--against wasmer=./nothing", 1, "is no executable file"),
        ("--against ./file", 1, "is no executable file"),
        ("--baseline base.json", 1, "is no result of `wasmc bench`"),
        ("--baseline none.json", 1, "failed to read `none.json`"),
        ("--stdin none", 1, "failed to read `none`"),
        ("--runs 0", 2, "invalid value"),
    ] {
        let outcome = sandbox.sh(&format!("wasmc bench hello.wat {arguments}"));
        assert_eq!(outcome.status, status, "{arguments}: {outcome:?}");
        assert!(outcome.stderr.contains(message), "{arguments}: {outcome:?}");
        assert_eq!(outcome.text(), "");
    }
}
