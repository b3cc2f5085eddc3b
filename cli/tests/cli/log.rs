//! The log: what `-v -v` and `WASMC_LOG` show.

use crate::support::Sandbox;

const PROGRAM: &str = r#"(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory $heap (export "memory") 1)
  (memory $bytes i64 1)
  (table $calls 1 1 funcref)
  (elem (table $calls) (i32.const 0) func $called)
  (func $called)
  (func $dead)
  (func (export "_start")
    (call_indirect $calls (i32.const 0))
    (drop (i32.load $heap (i32.const 0)))
    (drop (i32.load $heap (i32.const 4)))
    (drop (i32.load $bytes (i64.const 0)))
    (call $proc_exit (i32.const 0))))"#;

/// The lines that are the same whenever the same is compiled.
fn lines(stderr: &str) -> Vec<&str> {
    let is_time = |line: &&str| line.starts_with("time: ") || line.starts_with("compiled ");
    stderr.lines().filter(|line| !is_time(line)).collect()
}

#[test]
fn decisions_are_told_with_their_reasons() {
    let sandbox = Sandbox::with(&[("app.wat", PROGRAM)]);
    let outcome = sandbox.sh("wasmc -v -v app.wat");
    assert_eq!(outcome.status, 0);
    for line in [
        "parse: ",
        "plan: import `wasi_snapshot_preview1.proc_exit` is `proc_exit` of the runtime",
        "plan: functions: 2 can run, 1 are dead; ",
        "plan: memory 0 `heap`: in slot 0, as the one that code uses most, at 0x3c080000; guarded",
        "plan: memory 1 `bytes`: in a slot of its own at ",
        "its indices have 64 bits",
        "plan: table 0 `calls`: 1 elements, elements known; read-only: nothing writes to it",
        "plan: threads: the program starts none",
        "codegen: ",
        "emit: needs of the kernel: ",
        "link: ",
        "time: codegen: ",
    ] {
        assert!(outcome.stderr.contains(line), "{line}\n{}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("dead: "), "{}", outcome.stderr);
    let more = sandbox.sh("wasmc -vvv app.wat");
    assert!(
        more.stderr.contains("plan: dead: function 2 `dead`"),
        "{}",
        more.stderr
    );
}

#[test]
fn the_log_is_the_same_each_time() {
    let sandbox = Sandbox::with(&[("app.wat", PROGRAM)]);
    let one = sandbox.sh("wasmc -vvv -j 1 app.wat").stderr;
    let two = sandbox.sh("wasmc -j 4 -vvv app.wat").stderr;
    assert!(lines(&one).len() > 10, "{one}");
    assert_eq!(lines(&one), lines(&two));
}

#[test]
fn a_variable_chooses_what_is_shown() {
    let sandbox = Sandbox::with(&[("app.wat", PROGRAM)]);
    let outcome = sandbox.sh("WASMC_LOG=wasmc::plan=debug wasmc app.wat");
    assert_eq!(outcome.status, 0);
    assert!(!outcome.stderr.is_empty());
    for line in outcome.stderr.lines() {
        assert!(line.starts_with("plan: "), "{line}");
    }
    sandbox.sh("WASMC_LOG=off wasmc app.wat").ok();
    sandbox.sh("WASMC_LOG= wasmc app.wat").ok();
}

#[test]
fn names_control_no_terminal() {
    let program = r#"(module (func (@name "a\1b[2J") (export "_start")))"#;
    let sandbox = Sandbox::with(&[("app.wat", program)]);
    let stderr = sandbox.sh("wasmc -vvv app.wat").stderr;
    assert!(stderr.contains("a\\u{1b}[2J"), "{stderr}");
    assert!(!stderr.contains('\x1b'));
}
