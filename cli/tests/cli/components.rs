//! Components on the command line: what compiles modules compiles them too.

use std::path::Path;

use crate::support::{Sandbox, golden};

const HELLO: &str = include_str!("../../../tests/programs/components/hello.wat");
const ARGUMENTS: &str = include_str!("../../../tests/programs/components/args.wat");
const CAT: &str = include_str!("../../../tests/programs/components/cat.wat");
const STRINGS: &str = include_str!("../../../tests/programs/components/strings.wat");

#[test]
fn components_are_compiled_and_run() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO), ("arguments.wat", ARGUMENTS)]);
    let outcome = sandbox.sh("wasmc hello.wat && ./hello").ok();
    assert_eq!(outcome.text(), "hello from a component\n");
    let outcome = sandbox.sh("wasmc run arguments.wat a 'b c'").ok();
    assert_eq!(outcome.text(), "a\nb c\n");
    // From the cache.
    assert_eq!(sandbox.cached().len(), 1);
    let outcome = sandbox.sh("wasmc run arguments.wat d").ok();
    assert_eq!(outcome.text(), "d\n");
    assert_eq!(sandbox.cached().len(), 1);
    for emit in ["obj", "clif", "clif-opt", "asm"] {
        let line = format!("wasmc compile --emit {emit} arguments.wat -o out.{emit}");
        sandbox.sh(&line).ok();
    }
}

#[test]
fn components_are_measured_and_shipped() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    let outcome = sandbox.sh("wasmc bench hello.wat --runs 2 --warmup 1 --format json");
    assert_eq!(outcome.status, 0, "{outcome:?}");
    // It may say that there is no runtime for other processors.
    let outcome = sandbox.sh("wasmc image hello.wat -t hello:1 -o hello.tar; tar -tf hello.tar");
    assert_eq!(outcome.status, 0, "{outcome:?}");
}

#[test]
fn standard_streams_are_of_any_kind() {
    let sandbox = Sandbox::with(&[("cat.wat", CAT)]);
    sandbox.sh("wasmc cat.wat; printf 'a\nb\n' > in").ok();
    for (line, expected) in [
        ("./cat < in", "a\nb\n"),
        ("cat in | ./cat", "a\nb\n"),
        ("(sleep 0.05; cat in) | ./cat", "a\nb\n"),
        (
            "./cat < in >> out; ./cat < in >> out; cat out",
            "a\nb\na\nb\n",
        ),
        ("./cat < /dev/null", ""),
        ("WASMC_OPTIONS=--confine=require ./cat < in", "a\nb\n"),
    ] {
        let outcome = sandbox.sh(line).ok();
        assert_eq!(outcome.text(), expected, "{line}");
    }
    assert_eq!(sandbox.sh("./cat < in > /dev/full").status, 1);
}

#[test]
fn people_and_programs_read_what_a_component_is_made_of() {
    let files = [("arguments.wat", ARGUMENTS), ("strings.wat", STRINGS)];
    let sandbox = Sandbox::with(&files);
    let beside = |name: &str| {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/cli")
            .join(name)
    };
    let outcome = sandbox
        .sh("wasmc inspect arguments.wat; wasmc inspect strings.wat")
        .ok();
    golden(&beside("inspected-components.txt"), outcome.text());
    let outcome = sandbox.sh("wasmc inspect --format json arguments.wat").ok();
    let value: serde_json::Value = serde_json::from_str(outcome.text()).unwrap();
    assert_eq!(value["kind"], "component");
    assert!(value["system_calls"].is_array(), "{value}");
    let flat = value["flat"].as_array().unwrap();
    assert!(flat.iter().any(|line| {
        line.as_str()
            .unwrap()
            .starts_with("export wasi:cli/run@0.2.3")
    }));
    // There is no program of it, but it is something.
    sandbox.write("library.wat", b"(component (core module (func)))");
    let outcome = sandbox.sh("wasmc inspect library.wat").ok();
    assert!(
        outcome.text().contains("there is no program"),
        "{outcome:?}"
    );
}

#[test]
fn the_program_may_do_what_its_component_reaches() {
    // Nothing reads, and nothing opens anything.
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    sandbox.sh("wasmc hello.wat").ok();
    let calls = |what: &str| {
        let line = format!("wasmc inspect --format json {what}");
        let outcome = sandbox.sh(&line).ok();
        let value: serde_json::Value = serde_json::from_str(outcome.text()).unwrap();
        value["system_calls"].clone()
    };
    assert_eq!(calls("hello.wat"), calls("hello"));
    let names: Vec<_> = calls("hello").as_array().unwrap().clone();
    let has = |name: &str| names.iter().any(|call| call["name"] == name);
    assert!(has("write") && !has("read") && !has("openat"), "{names:?}");
}

#[test]
fn backtraces_name_module_and_function() {
    let text = include_str!("../../../tests/programs/components/trap_in_callee.wat");
    let sandbox = Sandbox::with(&[("app.wat", text)]);
    let outcome = sandbox.sh("wasmc run app.wat");
    assert_eq!(outcome.status, 134);
    assert!(
        outcome.stderr.contains("component 1/deep!fail"),
        "{outcome:?}"
    );
}

#[test]
fn components_need_the_proposal() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    let outcome = sandbox.sh("wasmc -W no-component-model hello.wat");
    assert_eq!(outcome.status, 1);
    assert!(
        outcome.stderr.contains("`component-model` is disabled"),
        "{outcome:?}"
    );
}
