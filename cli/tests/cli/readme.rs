//! The commands that README.md shows do what it says.

use std::fs;
use std::path::Path;

use crate::server::{Behaviour, Registry};
use crate::support::{HELLO, Sandbox};

/// The lines of a page's listings of shell, without comments behind them.
fn commands(page: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for listing in page.split("```sh\n").skip(1) {
        let (listing, _) = listing.split_once("```").expect("a listing ends");
        for line in listing.lines() {
            commands.push(line.split("  #").next().unwrap().trim().to_owned());
        }
    }
    commands
}

#[test]
fn the_commands_of_the_readme_run() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(path).unwrap();
    let sandbox = Sandbox::with(&[]);
    sandbox.write("app.wasm", &wat::parse_str(HELLO).unwrap());
    sandbox.write("math.wasm", &wat::parse_str("(module)").unwrap());
    let add = r#"(module (func (export "add") (param i32 i32) (result i32)
        (i32.add (local.get 0) (local.get 1))))"#;
    sandbox.write("lib.wasm", &wat::parse_str(add).unwrap());
    fs::create_dir_all(sandbox.path("data")).unwrap();
    fs::create_dir_all(sandbox.path("examples")).unwrap();
    sandbox.write("examples/hello.wat", HELLO.as_bytes());
    let registry = Registry::start(Behaviour::default());
    let mut run = 0;
    for command in commands(&readme) {
        // What needs the repository and its tools is what built this.
        if command.starts_with("cargo test") {
            continue;
        }
        let line = command
            .replace("cargo run --release -p wasmc --", "wasmc")
            .replace("registry.example", &registry.address.to_string())
            .replace("/srv::/srv", ".::/srv");
        let outcome = sandbox.sh(&line);
        assert_eq!(outcome.status, 0, "{command}: {outcome:?}");
        if command.ends_with("./add 2 3") {
            assert_eq!(outcome.text(), "5\n", "{command}");
        }
        // Nothing of it is what wasmc warns of.
        let note = outcome.stderr.contains("note: `--");
        assert!(!note, "{command}: {outcome:?}");
        run += 1;
    }
    assert!(run >= 8, "{run}");
}

/// What a user may have meant for wasmc is pointed out, unless `--` says whose it is.
#[test]
fn an_option_behind_the_module_is_pointed_out() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    for (line, option) in [
        ("wasmc run hello.wat --dir . -- arg", "--dir"),
        ("wasmc run hello.wat --env=A=B", "--env"),
        ("wasmc run hello.wat file --timeout 1s", "--timeout"),
    ] {
        let outcome = sandbox.sh(line);
        assert_eq!((outcome.status, outcome.text()), (0, "hello\n"), "{line}");
        let note = format!("note: `{option}` is passed to the program");
        assert_eq!(outcome.stderr.matches(&note).count(), 1, "{outcome:?}");
    }
    for line in [
        "wasmc run hello.wat -- --dir .",
        "wasmc run hello.wat a -- --dir .",
        "wasmc run --dir . hello.wat a b",
        "wasmc run hello.wat --help --version --unknown -v",
    ] {
        sandbox.sh(line).ok();
    }
}
