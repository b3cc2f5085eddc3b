//! Each `errors/*.case` is a command that fails: its files, then status and standard error, which
//! `BLESS=1` rewrites. No command may change a file.
//!
//! ```text
//! $ wasmc app.wat
//! === app.wat
//! (module
//! === status 1
//! error: ...
//! ```
//!
//! A file whose name ends in ` hex` is written in hexadecimal.

use std::fs;
use std::path::Path;

use crate::support::{HELLO, Sandbox, golden};

#[test]
fn every_error_has_its_text_and_status() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let mut cases: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "case")
        })
        .collect();
    cases.sort();
    assert!(cases.len() >= 40, "there are only {} cases", cases.len());
    let failed: Vec<_> = cases
        .iter()
        .filter(|path| std::panic::catch_unwind(|| check(path)).is_err())
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

fn check(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    let input = text.split("=== status").next().unwrap();
    let mut parts = input.split("=== ");
    let line = parts.next().unwrap().trim();
    let line = line.strip_prefix("$ ").expect("a case starts with `$ `");
    let sandbox = Sandbox::new();
    for part in parts {
        let (name, content) = part.split_once('\n').unwrap();
        match name.strip_suffix(" hex") {
            Some(name) => sandbox.write(name, &from_hex(content)),
            None => sandbox.write(name, content.as_bytes()),
        }
    }
    let before = sandbox.snapshot();
    let outcome = sandbox.sh(line);
    assert_eq!(
        before,
        sandbox.snapshot(),
        "{}: files changed",
        path.display()
    );
    assert!(outcome.stdout.is_empty(), "{}: {outcome:?}", path.display());
    assert!(
        matches!(outcome.status, 1 | 2),
        "{}: {outcome:?}",
        path.display()
    );
    let actual = format!("{input}=== status {}\n{}", outcome.status, outcome.stderr);
    golden(path, &actual);
}

fn from_hex(text: &str) -> Vec<u8> {
    text.split_whitespace()
        .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        .collect()
}

/// What other engines and container tools call something is answered with what it is called here.
#[test]
fn habits_of_other_tools_are_answered() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    fs::create_dir(sandbox.path("data")).unwrap();
    for (line, answer) in [
        ("wasmc run --mapdir /::. hello.wat", "--dir HOST::GUEST"),
        ("wasmc run --volume a:b hello.wat", "--dir HOST::GUEST"),
        ("wasmc run -e A=B hello.wat", "--env NAME=VALUE"),
        ("wasmc run --tcplisten 1:2 hello.wat", "--listen ADDR:PORT"),
        (
            "wasmc run --dir data:/data hello.wat",
            "write `data::/data`",
        ),
        ("wasmc run --listen 8080 hello.wat", "127.0.0.1:8080"),
        ("wasmc run --listen localhost:80 hello.wat", "127.0.0.1:80"),
        ("wasmc run --max-memory 1MB hello.wat", "write `1MiB`"),
        (
            "wasmc compile -W thread hello.wat",
            "did you mean `threads`?",
        ),
        (
            "wasmc compile --cpu natve hello.wat",
            "did you mean `native`?",
        ),
    ] {
        let outcome = sandbox.sh(line);
        assert_eq!(outcome.status, 2, "{line}: {outcome:?}");
        assert!(outcome.stderr.contains(answer), "{line}: {outcome:?}");
    }
    let outcome = sandbox.sh("wasmc run --env WASMC_TEST_UNSET hello.wat");
    assert_eq!((outcome.status, outcome.text()), (0, "hello\n"));
    assert!(outcome.stderr.contains("no such variable"), "{outcome:?}");
}

/// What cannot be written is no success, help included.
#[test]
fn a_full_device_is_an_error() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    for line in [
        "wasmc targets",
        "wasmc --help",
        "wasmc --version",
        "wasmc inspect hello.wat",
        "wasmc -o - hello.wat",
    ] {
        let outcome = sandbox.sh(&format!("{line} > /dev/full"));
        assert_eq!(outcome.status, 1, "{line}: {outcome:?}");
    }
}
