//! `--link`: imports satisfied by other modules.

use crate::support::Sandbox;

/// Keeps a counter; `_initialize` starts it at 40.
const COUNTER: &str = r#"(module
  (memory (export "memory") 1)
  (global $count (mut i32) (i32.const 0))
  (func (export "_initialize") (global.set $count (i32.const 40)))
  (func (export "next") (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (i32.store8 (i32.const 7) (global.get $count))
    (global.get $count)))"#;

/// Imports from the counter, under another name.
const TWICE: &str = r#"(module
  (import "counter" "next" (func $next (result i32)))
  (func (export "twice") (result i32) (drop (call $next)) (call $next)))"#;

/// Exits with what the others say, and with 1 more if the shared memory does not agree.
const APP: &str = r#"(module
  (import "twice" "twice" (func $twice (result i32)))
  (import "counter" "memory" (memory 1))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (func (export "_start") (local i32)
    (local.set 0 (call $twice))
    (call $exit (i32.add (local.get 0)
      (i32.ne (i32.load8_u (i32.const 7)) (local.get 0))))))"#;

#[test]
fn modules_import_from_each_other() {
    let sandbox = Sandbox::with(&[
        ("counter.wat", COUNTER),
        ("twice.wat", TWICE),
        ("app.wat", APP),
    ]);
    for flags in ["", "--bounds-checks"] {
        sandbox
            .sh(&format!(
                "wasmc compile --link counter=counter.wat --link twice=twice.wat {flags} app.wat -o app"
            ))
            .ok();
        let outcome = sandbox.sh("./app");
        assert_eq!(outcome.status, 42, "{flags}");
    }
}

#[test]
fn a_program_with_linked_modules_is_run_and_kept() {
    let sandbox = Sandbox::with(&[
        ("counter.wat", COUNTER),
        (
            "later.wat",
            &COUNTER.replace("i32.const 40", "i32.const 50"),
        ),
        ("twice.wat", TWICE),
        ("app.wat", APP),
    ]);
    // The second run of each finds what the first has kept, and nothing of the other's.
    for counter in ["counter", "later", "counter", "later"] {
        let outcome = sandbox.sh(&format!(
            "wasmc run --link counter={counter}.wat --link twice=twice.wat app.wat"
        ));
        let status = if counter == "counter" { 42 } else { 52 };
        assert_eq!(outcome.status, status, "{counter}: {}", outcome.stderr);
    }
}

#[test]
fn a_module_that_is_linked_too_late_is_not_seen() {
    let sandbox = Sandbox::with(&[
        ("counter.wat", COUNTER),
        ("twice.wat", TWICE),
        ("app.wat", APP),
    ]);
    let outcome = sandbox
        .sh("wasmc compile --link twice=twice.wat --link counter=counter.wat app.wat -o app");
    assert_eq!(outcome.status, 1);
    let line = "unknown import: `counter` `next` (func (result i32)), which `twice` imports; \
                `counter` is linked later\n";
    assert!(outcome.stderr.contains(line), "{}", outcome.stderr);
    let hint = "put `--link counter=...` first";
    assert!(outcome.stderr.contains(hint), "{}", outcome.stderr);
}

/// Exports one of each kind, and starts by writing `s` into the memory.
const STATE: &str = r#"(module
  (memory (export "memory") 1 3)
  (table (export "table") 2 4 funcref)
  (global $log (export "log") (mut i32) (i32.const 0))
  (tag (export "tag") (param i32))
  (type $typed (func (result i32)))
  (func $five (type $typed) (i32.const 5))
  (global (export "five") (ref $typed) (ref.func $five))
  (func $start (i32.store8 (i32.const 0) (i32.const 115)))
  (start $start))"#;

/// Exports all of it again, which it imports with weaker types; starts by adding `m`, throws.
const MIDDLE: &str = r#"(module
  (import "state" "memory" (memory $memory 0))
  (import "state" "table" (table $table 0 funcref))
  (import "state" "log" (global $log (mut i32)))
  (import "state" "tag" (tag $tag (param i32)))
  (import "state" "five" (global $five funcref))
  (export "memory" (memory $memory))
  (export "table" (table $table))
  (export "log" (global $log))
  (export "tag" (tag $tag))
  (export "five" (global $five))
  (elem (table $table) (i32.const 1) func $seven)
  (func $seven (result i32) (i32.const 7))
  (func (export "throw") (param i32) (throw $tag (local.get 0)))
  (func $start
    (global.set $log (i32.load8_u (i32.const 0)))
    (i32.store8 (i32.const 1) (i32.const 109)))
  (start $start))"#;

/// Imports all of it with the types that it was defined with.
const LAST: &str = r#"(module
  (type $typed (func (result i32)))
  (import "middle" "memory" (memory 1 3))
  (import "middle" "table" (table $table 2 4 funcref))
  (import "middle" "log" (global $log (mut i32)))
  (import "state" "tag" (tag $tag (param i32)))
  (import "middle" "five" (global $five (ref $typed)))
  (import "middle" "throw" (func $throw (param i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (func (export "_start") (local $sum i32)
    ;; `s` and `m`, written by the start functions in the order of linking.
    (if (i32.ne (i32.load16_u (i32.const 0)) (i32.const 0x6d73)) (then (unreachable)))
    (if (i32.ne (global.get $log) (i32.const 115)) (then (unreachable)))
    (local.set $sum (call_indirect $table (type $typed) (i32.const 1)))
    (local.set $sum (i32.add (local.get $sum) (call_ref $typed (global.get $five))))
    (block $caught (result i32)
      (try_table (catch $tag $caught) (call $throw (i32.const 30)))
      (unreachable))
    (call $exit (i32.add (local.get $sum)))))"#;

#[test]
fn what_is_exported_again_has_the_type_that_it_was_defined_with() {
    let sandbox = Sandbox::with(&[
        ("state.wat", STATE),
        ("middle.wat", MIDDLE),
        ("last.wat", LAST),
    ]);
    let command = "wasmc compile --link state=state.wat --link middle=middle.wat last.wat -o last";
    sandbox.sh(command).ok();
    assert_eq!(sandbox.sh("./last").status, 42);
}

#[test]
fn a_module_that_is_linked_twice_is_two_instances() {
    let sandbox = Sandbox::with(&[
        ("counter.wat", COUNTER),
        (
            "app.wat",
            r#"(module
              (import "a" "next" (func $a (result i32)))
              (import "b" "next" (func $b (result i32)))
              (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
              (func (export "_start")
                (drop (call $a)) (drop (call $a))
                (call $exit (i32.add (call $a) (call $b)))))"#,
        ),
    ]);
    sandbox
        .sh("wasmc compile --link a=counter.wat --link b=counter.wat app.wat -o app")
        .ok();
    assert_eq!(sandbox.sh("./app").status, 43 + 41);
}
