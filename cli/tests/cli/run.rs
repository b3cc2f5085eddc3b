//! `wasmc run`: arguments, status, grants, cache.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{ARGUMENTS, HELLO, Sandbox};

#[test]
fn arguments_and_status_pass_through() {
    let sandbox = Sandbox::with(&[("show.wat", ARGUMENTS)]);
    for line in [
        "wasmc run show.wat a --dir '' -x -- b",
        "wasmc run ./show.wat -- a --dir '' -x -- b",
        "wasmc run --no-cache -- show.wat a --dir '' -x -- b",
    ] {
        let outcome = sandbox.sh(line);
        assert_eq!(
            outcome.text(),
            "show.wat\na\n--dir\n\n-x\n--\nb\n",
            "{line}"
        );
        assert_eq!(outcome.status, 7, "{line}");
    }
    let outcome = sandbox.sh("wasmc run - a < show.wat");
    assert_eq!(outcome.text(), "<stdin>\na\n");
}

#[test]
fn the_second_run_finds_the_first_compilation() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    let outcome = sandbox.sh("wasmc run -v hello.wat");
    assert!(outcome.stderr.contains("kept "), "{outcome:?}");
    let cached = sandbox.cached();
    assert_eq!(cached.len(), 1);
    let outcome = sandbox.sh("wasmc -v run hello.wat");
    assert!(outcome.stderr.contains("found "), "{outcome:?}");
    assert_eq!(outcome.text(), "hello\n");
    // Other grants need no other executable; other code does.
    sandbox.sh("wasmc run --env A=B hello.wat").ok();
    assert_eq!(sandbox.cached(), cached);
    sandbox.sh("wasmc run -O none hello.wat").ok();
    assert_eq!(sandbox.cached().len(), 2);
    assert_eq!(
        sandbox
            .sh("wasmc run --no-cache -O size hello.wat")
            .ok()
            .text(),
        "hello\n"
    );
    assert_eq!(sandbox.cached().len(), 2);
}

#[test]
fn an_emptied_cache_file_is_made_again() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    sandbox.sh("wasmc run hello.wat").ok();
    fs::write(&sandbox.cached()[0], b"").unwrap();
    assert_eq!(sandbox.sh("wasmc run hello.wat").ok().text(), "hello\n");
}

/// What is no executable of ours does not run, least of all as a script of the shell.
#[test]
fn a_foreign_cache_file_is_made_again() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    sandbox.sh("wasmc run hello.wat").ok();
    let path = &sandbox.cached()[0];
    let good = fs::read(path).unwrap();
    for content in [&b"echo pwned\n"[..], b"#!/bin/sh\necho pwned\n", &good[1..]] {
        fs::write(path, content).unwrap();
        assert_eq!(sandbox.sh("wasmc run hello.wat").ok().text(), "hello\n");
        assert_eq!(fs::read(path).unwrap(), good);
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    fs::write(path, &good).unwrap();
    let outcome = sandbox.sh("wasmc run -v hello.wat");
    assert!(outcome.stderr.contains("kept "), "{outcome:?}");
}

#[test]
fn it_runs_without_a_cache() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO), ("file", "")]);
    let file = sandbox.path("file");
    for cache in ["", "relative", file.to_str().unwrap()] {
        let variables = [("XDG_CACHE_HOME", cache), ("HOME", cache)];
        let outcome = sandbox.sh_with("wasmc run hello.wat", &variables).ok();
        assert_eq!(outcome.text(), "hello\n");
    }
}

#[test]
fn grants_join_those_of_the_user() {
    let sandbox = Sandbox::with(&[("environ.wat", include_str!("environ.wat"))]);
    let own = [("WASMC_OPTIONS", r"--env A=x\ y")];
    let line = r"wasmc run --env 'B=\ z' --env C environ.wat";
    let variables = [own[0], ("C", "3")];
    let outcome = sandbox.sh_with(line, &variables).ok();
    assert_eq!(outcome.text(), "A=x y\nB=\\ z\nC=3\n");
}

#[test]
fn limits_hold_for_a_run() {
    let forever = r#"(module (func (export "_start") (loop (br 0))))"#;
    let sandbox = Sandbox::with(&[("forever.wat", forever)]);
    let trap = |line: &str, text: &str| {
        let outcome = sandbox.sh(line);
        let stderr = format!("wasm trap: {text}\n");
        assert_eq!(outcome.status, 134, "{line}: {outcome:?}");
        assert!(outcome.stderr.starts_with(&stderr), "{line}: {outcome:?}");
    };
    trap("wasmc run --timeout 20ms forever.wat", "interrupt");
    trap("wasmc run --timeout=0.02 forever.wat", "interrupt");
    // Any amount has the same executable, which is not that of a program without.
    let fuel = "all fuel consumed by WebAssembly";
    assert_eq!(sandbox.cached().len(), 1);
    trap("wasmc run --fuel 100 forever.wat", fuel);
    trap("wasmc run --fuel 200 forever.wat", fuel);
    assert_eq!(sandbox.cached().len(), 2);
    sandbox.sh("wasmc --fuel 1000000000000 forever.wat").ok();
    trap("WASMC_OPTIONS=--fuel=5 ./forever", fuel);
}

#[test]
fn a_broken_module_is_not_run() {
    let sandbox = Sandbox::with(&[("bad.wat", "(module (func (result i32)))")]);
    let outcome = sandbox.sh("wasmc run bad.wat");
    assert_eq!(outcome.status, 1);
    assert!(sandbox.cached().is_empty());
}
