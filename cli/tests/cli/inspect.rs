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

/// The system calls that `wasmc inspect` says something may make.
fn system_calls(sandbox: &Sandbox, what: &str) -> serde_json::Value {
    let line = format!("wasmc inspect --format json {what}");
    let outcome = sandbox.sh(&line).ok();
    let value: serde_json::Value = serde_json::from_str(outcome.text()).unwrap();
    value["system_calls"].clone()
}

#[test]
fn a_module_and_its_executable_may_make_the_same_system_calls() {
    // Nothing calls what grows the memory, nor `path_open`.
    let dead = "(module
        (import \"wasi_snapshot_preview1\" \"path_open\" (func $open
          (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (memory 1)
        (func $grow (drop (memory.grow (i32.const 1))))
        (func (export \"_start\")))";
    let live = dead.replace("\"_start\")", "\"_start\") (call $grow)");
    let throws = "(module (tag $e (param i64)) (func (export \"_start\")
        (block $h (result exnref)
          (try_table (catch_all_ref $h) (throw $e (i64.const 1)))
          unreachable)
        drop))";
    let sandbox = Sandbox::with(&[
        ("dead.wat", dead),
        ("live.wat", &live),
        ("throws.wat", throws),
        ("hello.wat", crate::support::HELLO),
    ]);
    let mut counts = Vec::new();
    for name in ["dead", "live", "throws", "hello"] {
        sandbox
            .sh(&format!("wasmc compile {name}.wat -o {name}"))
            .ok();
        let of_module = system_calls(&sandbox, &format!("{name}.wat"));
        assert_eq!(of_module, system_calls(&sandbox, name), "{name}");
        counts.push(of_module.as_array().unwrap().len());
        let grows = of_module.to_string().contains("\"mprotect\"");
        assert_eq!(grows, name == "live", "{name}");
        let text = sandbox.sh(&format!("wasmc inspect {name}")).ok();
        assert!(text.text().contains("system calls allowed ("), "{name}");
    }
    let [dead, live, throws, hello] = counts[..] else {
        panic!("four programs");
    };
    assert!(dead < live && dead < throws && dead < hello, "{counts:?}");
}

#[test]
fn types_of_objects_have_names() {
    let long = "a".repeat(200);
    let module = format!(
        "(module
        (type $s (sub (struct (field i8) (field (mut (ref null $s))))))
        (type $t (sub final $s (struct (field i8) (field (mut (ref null $s))) (field f64))))
        (type $a (array (mut i16)))
        (type $f (sub (func (param (ref $a)) (result i31ref))))
        (import \"env\" \"{long}\" (func (param (ref null $s))))
        (import \"env\" \"short\" (func (result (ref array))))
        (func (export \"_initialize\")))"
    );
    let sandbox = Sandbox::with(&[("module.wat", &module)]);
    let outcome = sandbox.sh("wasmc inspect module.wat").ok();
    for part in [
        "kind           command",
        "  (sub (struct i8 (mut (ref null 0))))\n",
        "  (sub final 0 (struct i8 (mut (ref null 0)) f64))\n",
        "  (array (mut i16))\n",
        "  (sub (func (param (ref 2)) (result i31ref)))\n",
        "  env  short  func  () -> (ref array)",
        "aaa  func  ((ref null 0))",
    ] {
        assert!(outcome.text().contains(part), "{part}: {}", outcome.text());
    }
}

#[test]
fn linked_modules_count() {
    let library = "(module
        (import \"wasi_snapshot_preview1\" \"random_get\"
          (func $random (param i32 i32) (result i32)))
        (memory 1)
        (func (export \"roll\") (result i32)
          (call $random (i32.const 0) (i32.const 4)))
        (func (export \"rest\")))";
    let module = "(module
        (import \"dice\" \"roll\" (func $roll (result i32)))
        (func (export \"_start\") (drop (call $roll))))";
    let wrong = module.replace("\"roll\"", "\"throw\"");
    let sandbox = Sandbox::with(&[
        ("library.wat", library),
        ("module.wat", module),
        ("wrong.wat", &wrong),
    ]);
    let outcome = sandbox
        .sh("wasmc inspect --link dice=library.wat module.wat")
        .ok();
    for part in ["dice  roll  func  () -> i32  linked", "getrandom"] {
        assert!(outcome.text().contains(part), "{}", outcome.text());
    }
    sandbox
        .sh("wasmc compile --link dice=library.wat module.wat -o app")
        .ok();
    let linked = system_calls(&sandbox, "--link dice=library.wat module.wat");
    assert_eq!(linked, system_calls(&sandbox, "app"));
    // Without the module that it imports from there is no program.
    let outcome = sandbox.sh("wasmc inspect module.wat").ok();
    for part in [
        "not offered",
        "there is no program",
        "unknown import: `dice` `roll`",
    ] {
        assert!(outcome.text().contains(part), "{}", outcome.text());
    }
    assert!(system_calls(&sandbox, "module.wat").is_null());
    let outcome = sandbox
        .sh("wasmc inspect --link dice=library.wat wrong.wat")
        .ok();
    for part in ["not exported by the linked module", "has no such export"] {
        assert!(outcome.text().contains(part), "{}", outcome.text());
    }
    let outcome = sandbox.sh("wasmc inspect --link dice=library.wat app");
    assert_eq!(outcome.status, 2, "{outcome:?}");
}

#[test]
fn a_library_may_do_what_any_of_its_functions_does() {
    let library = "(module
        (import \"wasi_snapshot_preview1\" \"sched_yield\" (func $yield (result i32)))
        (func (export \"rest\") (drop (call $yield))))";
    let sandbox = Sandbox::with(&[("library.wat", library)]);
    let calls = system_calls(&sandbox, "library.wat").to_string();
    for name in ["sched_yield", "standard output"] {
        assert!(calls.contains(name), "{calls}");
    }
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
