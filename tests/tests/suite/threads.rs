//! Programs that start threads, under limits and in circumstances that `tests/programs` does not
//! have: no room for more threads, an input that never comes, signals.

use std::time::Duration;

use wasmc_compiler::grants::{Grant, Grants};
use wasmc_compiler::{Options, compile};
use wasmc_tests::process::{Executable, Launch, Outcome, works};
use wasmc_tests::programs::named;
use wasmc_tests::wast::Config;

/// How long a program may run.
const LIMIT: Duration = Duration::from_secs(60);

/// Threads that wait until they are told to end; `run` starts them until there is no room for more,
/// ends them and starts one again.
const MANY_AT_ONCE: &str = r#"(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (func (export "wasi_thread_start") (param $tid i32) (param $arg i32)
    (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1)))
    (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 0) (i32.const -1))))
  (func $join (param $count i32) (local $done i32)
    (loop $again
      (local.set $done (i32.atomic.load (i32.const 0)))
      (if (i32.ne (local.get $done) (local.get $count))
        (then
          (drop (memory.atomic.wait32 (i32.const 0) (local.get $done) (i64.const -1)))
          (br $again)))))
  ;; The result of the spawn that failed, whether there were threads before, and whether one could
  ;; be started afterwards.
  (func (export "run") (result i32 i32 i32) (local $started i32) (local $tid i32)
    (block $full
      (loop $again
        (br_if $full (i32.lt_s (local.tee $tid (call $spawn (i32.const 0))) (i32.const 0)))
        (local.set $started (i32.add (local.get $started) (i32.const 1)))
        (br $again)))
    (i32.atomic.store (i32.const 8) (i32.const 1))
    (drop (memory.atomic.notify (i32.const 8) (i32.const -1)))
    (call $join (local.get $started))
    (local.get $tid)
    (i32.gt_u (local.get $started) (i32.const 3))
    ;; The last ones may still be giving their stacks back.
    (loop $again
      (br_if $again (i32.lt_s (local.tee $tid (call $spawn (i32.const 0))) (i32.const 0))))
    (i32.gt_s (local.get $tid) (i32.const 0))))"#;

fn checked() -> Options {
    Config::bounds_checks().options
}

fn run(text: &str, options: &Options, launch: &Launch) -> Outcome {
    let module = wat::parse_str(text).expect("the text is a module");
    let artifact = compile(&module, options).expect("it compiles");
    let executable = Executable::new(&artifact.bytes).expect("it can be written");
    executable.run(launch, LIMIT).expect("it starts")
}

#[test]
fn a_thread_for_which_there_is_no_room_is_an_error_of_the_guest() {
    // 1 GiB: a little over a hundred threads of 8 MiB.
    let way = ["prlimit", "--as=1073741824"];
    if !works(&way) {
        return;
    }
    let options = checked().invoke(Some("run".into()));
    let outcome = run(MANY_AT_ONCE, &options, &Launch::by(&way));
    let stdout = String::from_utf8_lossy(&outcome.stdout);
    let stderr = String::from_utf8_lossy(&outcome.stderr);
    // -48 is NOMEM.
    assert_eq!(stdout, "-48\n1\n1\n", "{}: {stderr}", outcome.describe());
}

#[test]
fn threads_give_back_what_they_had() {
    // Each of 5,000 threads has a stack of 8 MiB; a hundred and some fit into 1 GiB.
    let way = ["prlimit", "--as=1610612736"];
    if !works(&way) {
        return;
    }
    for name in ["threads/many", "threads/own", "threads/exceptions"] {
        let program = named(name);
        let executable = program.compile(&checked()).expect("it compiles");
        let run = program.run(&executable, &way).expect("it starts");
        program
            .judge(&run)
            .unwrap_or_else(|text| panic!("{name}: {text}"));
    }
}

#[test]
fn a_thread_ends_the_program_while_another_reads() {
    for (ending, status) in [("unreachable", 134), ("(call $proc_exit (i32.const 5))", 5)] {
        let text = format!(
            r#"(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "wasi_snapshot_preview1" "fd_read"
    (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (func (export "wasi_thread_start") (param $tid i32) (param $arg i32)
    (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 20000000)))
    {ending})
  (func (export "_start")
    (i32.store (i32.const 16) (i32.const 64))
    (i32.store (i32.const 20) (i32.const 8))
    (drop (call $spawn (i32.const 0)))
    (drop (call $fd_read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 24)))))"#
        );
        let silent = Launch {
            silent: true,
            ..Launch::default()
        };
        let outcome = run(&text, &Options::default(), &silent);
        assert_eq!(outcome.code(), Some(status), "{}", outcome.describe());
        let stderr = String::from_utf8_lossy(&outcome.stderr);
        assert_eq!(
            stderr.matches("wasm trap").count(),
            usize::from(status == 134)
        );
    }
}

#[test]
fn a_descriptor_that_is_closed_stays_open_for_who_reads_it() {
    // A thread reads from standard input while the main thread closes it and opens nothing else in
    // its place; the read ends when a byte comes, here from nobody: the program ends by itself.
    let text = r#"(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read"
    (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (func (export "wasi_thread_start") (param $tid i32) (param $arg i32)
    (i32.store (i32.const 16) (i32.const 64))
    (i32.store (i32.const 20) (i32.const 8))
    (i32.atomic.store (i32.const 0) (i32.const 1))
    (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))
    (drop (call $fd_read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 24)))
    (i32.atomic.store (i32.const 4) (i32.const 1)))
  ;; Closing: done at once, then a bad descriptor; the read still waits.
  (func (export "run") (result i32 i32 i32)
    (drop (call $spawn (i32.const 0)))
    (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
    (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const 20000000)))
    (call $fd_close (i32.const 0))
    (call $fd_close (i32.const 0))
    (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const 20000000)))
    (i32.atomic.load (i32.const 4))))"#;
    let options = Options::default().invoke(Some("run".into()));
    let silent = Launch {
        silent: true,
        ..Launch::default()
    };
    let outcome = run(text, &options, &silent);
    assert_eq!(String::from_utf8_lossy(&outcome.stdout), "0\n8\n0\n");
}

#[test]
fn a_time_out_ends_all_threads() {
    let text = r#"(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (func (export "wasi_thread_start") (param $tid i32) (param $arg i32)
    (if (local.get $arg)
      (then (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))))
    (loop $forever (br $forever)))
  (func (export "_start")
    (drop (call $spawn (i32.const 0)))
    (drop (call $spawn (i32.const 1)))
    (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))))"#;
    let options =
        Options::default().grants(Grants::new().with(Grant::Timeout(Duration::from_millis(100))));
    let outcome = run(text, &options, &Launch::default());
    let stderr = String::from_utf8_lossy(&outcome.stderr);
    assert_eq!(
        outcome.code(),
        Some(134),
        "{}: {stderr}",
        outcome.describe()
    );
    assert_eq!(stderr.matches("wasm trap").count(), 1, "{stderr}");
}
