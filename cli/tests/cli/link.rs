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
fn a_module_that_is_linked_too_late_is_not_seen() {
    let sandbox = Sandbox::with(&[
        ("counter.wat", COUNTER),
        ("twice.wat", TWICE),
        ("app.wat", APP),
    ]);
    let outcome = sandbox
        .sh("wasmc compile --link twice=twice.wat --link counter=counter.wat app.wat -o app");
    assert_eq!(outcome.status, 1);
    assert!(outcome.stderr.contains("unknown import: `counter` `next`"));
}
