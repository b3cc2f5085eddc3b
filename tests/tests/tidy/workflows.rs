//! Workflows: what they run is there, parses as shell, and asks for no more than it needs.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use wasmc_tests::expected;

/// The workflows and actions of the repository and of its examples.
fn workflows() -> Vec<PathBuf> {
    let root = expected::repository();
    let mut paths = vec![root.join("action.yml")];
    for folder in [".github/workflows", "examples/ci"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            paths.push(entry.unwrap().path());
        }
    }
    paths.sort();
    assert!(paths.len() >= 4, "{paths:?}");
    paths
}

/// The scripts behind `run:`: one line, or the lines that are indented further.
fn scripts(text: &str) -> Vec<String> {
    let mut scripts = Vec::new();
    let lines: Vec<_> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start().trim_start_matches("- ");
        let Some(script) = trimmed.strip_prefix("run:") else {
            continue;
        };
        let script = script.trim();
        if script != "|" {
            scripts.push(script.to_owned());
            continue;
        }
        let indent = |line: &str| line.len() - line.trim_start().len();
        let inner = indent(lines[at + 1]);
        let script = lines[at + 1..].iter();
        let script = script.take_while(|line| line.trim().is_empty() || indent(line) >= inner);
        let script: Vec<_> = script.map(|line| line.get(inner..).unwrap_or("")).collect();
        scripts.push(script.join("\n"));
    }
    scripts
}

/// What bash says of a script without running it.
fn syntax_error(script: &str) -> Option<String> {
    let mut bash = Command::new("bash")
        .arg("-n")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bash is installed");
    let mut stdin = bash.stdin.take().unwrap();
    stdin.write_all(script.as_bytes()).unwrap();
    drop(stdin);
    let output = bash.wait_with_output().unwrap();
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn what_workflows_run_is_there_and_is_shell() {
    let root = expected::repository();
    let mut named = BTreeSet::new();
    let mut count = 0;
    for path in workflows() {
        let text = fs::read_to_string(&path).unwrap();
        let is_ours = !path.starts_with(root.join("examples"));
        for script in scripts(&text) {
            count += 1;
            // An expression of the workflow must not become part of a script: whoever can choose its
            // value could choose what runs.
            assert!(!script.contains("${{"), "{}: {script}", path.display());
            if let Some(error) = syntax_error(&script) {
                panic!("{}: {error}\n{script}", path.display());
            }
            let words = script.split_whitespace();
            let words = words.filter(|word| word.starts_with("scripts/") || *word == ".ci/run");
            if is_ours {
                named.extend(words.map(str::to_owned));
            }
        }
    }
    assert!(count >= 10, "{count} scripts");
    for name in [".ci/run", "scripts/release", "scripts/image-context"] {
        assert!(named.contains(name), "{name} is in no workflow: {named:?}");
    }
    for name in named {
        let path = root.join(&name);
        let mode = fs::metadata(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(
            mode.permissions().mode() & 0o100 != 0,
            "{name} cannot be executed"
        );
    }
}

#[test]
fn scripts_of_the_repository_are_shell() {
    let folder = expected::repository().join("scripts");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_file() {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        if text.starts_with("#!/usr/bin/env bash")
            && let Some(error) = syntax_error(&text)
        {
            panic!("{}: {error}", path.display());
        }
    }
}

/// A pull request may come from anybody.
#[test]
fn jobs_of_pull_requests_only_read() {
    for path in workflows() {
        let text = fs::read_to_string(&path).unwrap();
        if !text.contains("pull_request") {
            continue;
        }
        assert!(!text.contains("pull_request_target"), "{}", path.display());
        let (head, jobs) = text.split_once("\njobs:\n").expect("it has jobs");
        assert!(
            head.contains("permissions:\n  contents: read"),
            "{}",
            path.display()
        );
        for job in jobs.split("\n\n  ").filter(|job| job.contains(": write")) {
            let only_pushes = job.contains("if: github.event_name == 'push'");
            assert!(only_pushes, "{}: {job}", path.display());
        }
    }
}
