//! `wasmc inspect` and `wasmc targets`.

use std::path::Path;

use crate::support::{Sandbox, golden};

const MODULE: &str = include_str!("inspected.wat");

#[test]
fn people_can_read_it() {
    let sandbox = Sandbox::with(&[("module.wat", MODULE)]);
    let outcome = sandbox.sh("wasmc inspect module.wat").ok();
    golden(&beside("inspected.txt"), outcome.text());
}

#[test]
fn programs_can_read_it() {
    let sandbox = Sandbox::with(&[("module.wat", MODULE)]);
    let outcome = sandbox.sh("wasmc inspect --format json module.wat").ok();
    golden(&beside("inspected.json"), outcome.text());
    let value: serde_json::Value = serde_json::from_str(outcome.text()).unwrap();
    assert_eq!(value["imports"][0]["offered"], true);
}

#[test]
fn an_executable_says_how_it_was_made() {
    let sandbox = Sandbox::with(&[("module.wat", crate::support::HELLO)]);
    sandbox
        .sh("wasmc compile --strip --sealed --dir .::/data -O size module.wat -o app")
        .ok();
    let outcome = sandbox.sh("wasmc inspect app").ok();
    for part in ["--dir=.::/data", "runtime ", "sha256:", "up to date"] {
        assert!(outcome.text().contains(part), "{}", outcome.text());
    }
    let outcome = sandbox.sh("wasmc inspect --format json - < app").ok();
    let value: serde_json::Value = serde_json::from_str(outcome.text()).unwrap();
    assert_eq!(value["up_to_date"], true);
    assert_eq!(value["sealed"], "yes");
    assert_eq!(value["opt_level"], "size");
    assert_eq!(value["grants"][0], "--dir=.::/data");
    // Another version of wasmc made it, with another runtime in it: it has to be built again.
    let outcome = sandbox
        .sh(
            "LC_ALL=C sed 's/wasmc=[0-9]/wasmc=x/; s/runtime=sha256:./runtime=sha256:x/' \
             app > older; wasmc inspect older; wasmc inspect older --format json > older.json",
        )
        .ok();
    let reasons = ["no: this is wasmc ", "another runtime"];
    for reason in reasons {
        assert!(outcome.text().contains(reason), "{}", outcome.text());
    }
    let value = std::fs::read(sandbox.path("older.json")).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&value).unwrap();
    assert_eq!(value["up_to_date"], false);
    assert_eq!(value["outdated"].as_array().unwrap().len(), 2);
    let outcome = sandbox.sh("cp /bin/sh other; wasmc inspect other");
    assert_eq!(outcome.status, 1);
    assert!(
        outcome.stderr.contains("does not say how it was made"),
        "{outcome:?}"
    );
    let outcome = sandbox.sh("head -c 100 app > part; wasmc inspect part");
    assert_eq!(outcome.status, 1, "{outcome:?}");
}

#[test]
fn proposals_are_found() {
    for (module, proposals) in [
        ("(module)", &[][..]),
        ("(func (result i32 i32) unreachable)", &["multi-value"]),
        (
            "(func (param i32) local.get 0 (block (param i32) drop))",
            &["multi-value"],
        ),
        (
            "(memory 1) (func (memory.copy (i32.const 0) (i32.const 0) (i32.const 0)))",
            &["bulk-memory"],
        ),
        (
            "(func (drop (i32.extend8_s (i32.const 0))))",
            &["sign-extension"],
        ),
        (
            "(func (drop (i32.trunc_sat_f32_s (f32.const 0))))",
            &["saturating-float-to-int"],
        ),
        ("(func (local externref))", &["reference-types"]),
        ("(table 1 funcref) (table 1 funcref)", &["reference-types"]),
        ("(func $f return_call $f)", &["tail-call"]),
        ("(memory 1) (memory 1)", &["multi-memory"]),
        ("(func (local v128))", &["simd"]),
        ("(memory i64 1)", &["memory64"]),
        ("(memory 1 1 shared)", &["threads"]),
        (
            "(memory 1) (func (drop (i32.atomic.load (i32.const 0))))",
            &["threads"],
        ),
        ("(tag) (func (throw 0))", &["exception-handling"]),
        ("(import \"\" \"\" (global (mut i32)))", &["mutable-global"]),
        (
            "(global i32 (i32.add (i32.const 1) (i32.const 2)))",
            &["extended-const"],
        ),
    ] {
        let sandbox = Sandbox::with(&[("module.wat", module)]);
        let outcome = sandbox.sh("wasmc inspect --format json module.wat").ok();
        let value: serde_json::Value = serde_json::from_str(outcome.text()).unwrap();
        let found: Vec<_> = value["proposals"]
            .as_array()
            .unwrap()
            .iter()
            .map(|proposal| proposal["name"].as_str().unwrap())
            .collect();
        assert_eq!(found, proposals, "{module}");
    }
}

#[test]
fn escapes_cannot_reach_the_terminal() {
    let module = "(module (import \"\\1b[2J\" \"a\\nb\" (func)))";
    let sandbox = Sandbox::with(&[("module.wat", module)]);
    let outcome = sandbox.sh("wasmc inspect module.wat").ok();
    assert!(!outcome.text().contains('\x1b'), "{}", outcome.text());
    assert!(outcome.text().contains("a\\u{a}b"), "{}", outcome.text());
}

#[test]
fn targets_are_listed() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.sh("wasmc targets").ok();
    assert!(outcome.text().contains("x86_64-linux"));
    assert!(outcome.text().contains("x86-64-v2, x86-64,"));
    let outcome = sandbox.sh("wasmc targets --format json").ok();
    let value: serde_json::Value = serde_json::from_str(outcome.text()).unwrap();
    assert_eq!(value[0]["default_cpu"], "x86-64-v2");
    assert_eq!(value[1]["name"], "aarch64-linux");
}

#[test]
fn the_version_names_the_runtimes() {
    let sandbox = Sandbox::new();
    let version = concat!("wasmc ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(sandbox.sh("wasmc --version").ok().text(), version);
    assert_eq!(sandbox.sh("wasmc -V").ok().text(), version);
    for line in ["wasmc --version -v", "wasmc -vV", "wasmc -v --version"] {
        let outcome = sandbox.sh(line).ok();
        assert!(
            outcome.text().contains("runtime for x86_64-linux: "),
            "{line}"
        );
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let sandbox = Sandbox::with(&[("module.wat", MODULE)]);
    sandbox
        .sh("wasmc inspect --format json module.wat | true")
        .ok();
    sandbox
        .sh("wasmc completions bash | head -1 > /dev/null")
        .ok();
}

fn beside(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cli")
        .join(name)
}
