//! Are the limits of a program's files and descriptors kept?

use std::fs;
use std::path::Path;

use wasmc_tests::process::Launch;

use super::{build, ending, run};

/// Writes 10 bytes 5 times and tells the first error.
const WRITER: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open" (func $open
        (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_allocate" (func $allocate (param i32 i64 i64) (result i32)))
    (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $size (param i32 i64) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\20\00\00\00\0a\00\00\00")
    (data (i32.const 32) "0123456789file")
    (func $check (param $errno i32)
        (if (local.get $errno) (then (call $exit (local.get $errno)))))
    (func (export "_start") (local $count i32)
        (call $check (call $open (i32.const 3) (i32.const 0) (i32.const 42) (i32.const 4)
            (i32.const 9) (i64.const 0x1fffffff) (i64.const 0) (i32.const 0) (i32.const 64)))
        (loop $again
            (call $check (call $write (i32.load (i32.const 64)) (i32.const 0) (i32.const 1) (i32.const 68)))
            (local.set $count (i32.add (local.get $count) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $count) (i32.const 5))))
        CALLS))"#;

fn write_with(calls: &str, option: &str, environment: &str) -> (i32, u64) {
    let folder = tempfile::tempdir().unwrap();
    let dir = format!("--dir={}::/", folder.path().display());
    let executable = build(&WRITER.replace("CALLS", calls), &[&dir, option]);
    let mut launch = Launch::default();
    if !environment.is_empty() {
        launch
            .env
            .push(("WASMC_OPTIONS".into(), environment.into()));
    }
    let status = ending(&run(&executable, &launch));
    let len = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    (status, len(&folder.path().join("file")))
}

#[test]
fn files_stay_below_their_limit() {
    const FBIG: i32 = 22;
    let nothing = "--confine=auto";
    assert_eq!(write_with("", nothing, ""), (0, 50));
    assert_eq!(write_with("", "--max-file-size=50", ""), (0, 50));
    assert_eq!(write_with("", "--max-file-size=1KiB", ""), (0, 50));
    assert_eq!(write_with("", "--max-file-size=25", ""), (FBIG, 25));
    assert_eq!(write_with("", "--max-file-size=0", ""), (FBIG, 0));
    assert_eq!(write_with("", nothing, "--max-file-size=31"), (FBIG, 31));
    let allocate =
        "(call $check (call $allocate (i32.load (i32.const 64)) (i64.const 0) (i64.const 99)))";
    assert_eq!(write_with(allocate, nothing, ""), (0, 99));
    assert_eq!(write_with(allocate, "--max-file-size=98", ""), (FBIG, 50));
    let size = "(call $check (call $size (i32.load (i32.const 64)) (i64.const 99)))";
    assert_eq!(write_with(size, nothing, ""), (0, 99));
    assert_eq!(write_with(size, "--max-file-size=98", ""), (FBIG, 50));
}

/// Opens its folder until that fails: the status is how often it worked, less a hundred, if the
/// error was MFILE.
const OPENER: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open" (func $open
        (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) ".")
    (func (export "_start") (local $count i32) (local $errno i32)
        (loop $again
            (local.set $errno (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1)
                (i32.const 2) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 64)))
            (if (i32.eqz (local.get $errno)) (then
                (local.set $count (i32.add (local.get $count) (i32.const 1)))
                (br $again))))
        (if (i32.ne (local.get $errno) (i32.const 33)) (then (call $exit (i32.const 255))))
        (call $exit (local.get $count))))"#;

#[test]
fn descriptors_stay_below_their_limit() {
    let folder = tempfile::tempdir().unwrap();
    let dir = format!("--dir={}::/", folder.path().display());
    // Three standard streams, and the folder.
    for (limit, count) in [("4", 0), ("5", 1), ("64", 60), ("65", 61), ("200", 196)] {
        let executable = build(OPENER, &[&dir, "--max-fds", limit]);
        assert_eq!(
            ending(&run(&executable, &Launch::default())),
            count,
            "{limit}"
        );
    }
    // The system's own limit, below ours.
    let launch = Launch::by(&["prlimit", "--nofile=40"]);
    let count = ending(&run(&build(OPENER, &[&dir]), &launch));
    assert!((30..40).contains(&count), "{count}");
    // Too few for the grants.
    let outcome = run(&build(OPENER, &[&dir, "--max-fds=3"]), &Launch::default());
    assert_eq!(ending(&outcome), 1);
    let text = String::from_utf8_lossy(&outcome.stderr).into_owned();
    assert!(
        text.contains("too many open files (hint: raise `--max-fds`)"),
        "{text}"
    );
}
