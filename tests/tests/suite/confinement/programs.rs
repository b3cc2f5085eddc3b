//! What do confined programs still do, and what were they started with that is not theirs?

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use wasmc_compiler::{InstanceSpec, Options, compile_program};
use wasmc_tests::process::{Executable, Launch};

use super::{LIMIT, build, ending, run};

/// Signals that other processes send still do what they do by default.
#[test]
fn signals_end_confined_programs() {
    let wat = r#"(module (memory (export "memory") 1)
        (func (export "_start") (loop $again (br $again))))"#;
    let executable = Executable::new(&build(wat, &[])).unwrap();
    for (name, signal) in [
        ("SEGV", 11),
        ("BUS", 7),
        ("TERM", 15),
        ("ILL", 4),
        ("FPE", 8),
    ] {
        let script = format!("\"$0\" & sleep 0.2; kill -{name} $!; wait $!; exit $?");
        let launch = Launch::by(&["sh", "-c", &script]);
        let outcome = executable.run(&launch, LIMIT).unwrap();
        assert_eq!(outcome.code(), Some(128 + signal), "{name}");
    }
}

/// Descriptors that the process was started with are not the guest's.
#[test]
fn inherited_descriptors_are_out_of_reach() {
    let wat = r#"(module
        (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $stat (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_renumber" (func $renumber (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\00\10\00\00\10\00\00\00")
        (func $check (param $errno i32)
            (if (i32.ne (local.get $errno) (i32.const 8)) (then (call $exit (i32.const 42)))))
        (func (export "_start") (local $fd i32)
            (local.set $fd (i32.const 3))
            (loop $next
                (call $check (call $stat (local.get $fd) (i32.const 64)))
                (call $check (call $read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 64)))
                (call $check (call $renumber (local.get $fd) (i32.const 0)))
                (call $check (call $renumber (i32.const 0) (local.get $fd)))
                (call $check (call $prestat (local.get $fd) (i32.const 64)))
                (call $check (call $close (local.get $fd)))
                (local.set $fd (i32.add (local.get $fd) (i32.const 1)))
                (br_if $next (i32.lt_u (local.get $fd) (i32.const 2000))))))"#;
    let script = "exec 3</etc/passwd 5</ 7>>/dev/null 9<&0; exec \"$0\"";
    let launch = Launch::by(&["sh", "-c", script]);
    let outcome = run(&build(wat, &[]), &launch);
    assert_eq!(
        ending(&outcome),
        0,
        "{}",
        String::from_utf8_lossy(&outcome.stderr)
    );
}

/// A start function of the first module runs before the memories and tables of the second are made,
/// and before its data is moved into place.
#[test]
fn instances_are_made_after_guest_code() {
    let first = r#"(module (memory 1) (global $g (export "g") (mut i32) (i32.const 0))
        (func $start (global.set $g (memory.grow (i32.const 3)))) (start $start))"#;
    let data = "x".repeat(100_000);
    let second = format!(
        r#"(module (import "first" "g" (global $g (mut i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 3) (data (i32.const 0) "{data}")
        (table 10 1000 funcref)
        (func (export "_start")
            (drop (table.grow (ref.null func) (i32.const 90)))
            (drop (memory.grow (i32.const 1)))
            (call $exit (i32.add (global.get $g) (i32.add (table.size) (i32.load8_u (i32.const 99999)))))))"#
    );
    let modules = [first, &second].map(|text| wat::parse_str(text).unwrap());
    for bounds_checks in [false, true] {
        let instances = [
            InstanceSpec::new("first", &modules[0]),
            InstanceSpec::new("second", &modules[1]).imports([("first".to_owned(), 0)].into()),
        ];
        let options = Options::default().bounds_checks(bounds_checks);
        let program = compile_program(&instances, &options).unwrap();
        let outcome = run(&program.bytes, &Launch::default());
        assert_eq!(
            ending(&outcome),
            1 + 100 + i32::from(b'x'),
            "{bounds_checks}"
        );
    }
}

/// A server on a granted socket, with nothing else granted.
#[test]
fn servers_serve_when_confined() {
    let wat = r#"(module
        (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "sock_recv" (func $receive (param i32 i32 i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "sock_send" (func $send (param i32 i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "sock_shutdown" (func $shutdown (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\00\01\00\00\40\00\00\00")
        (data (i32.const 24) "\01") (data (i32.const 32) "\03")
        (func $check (param $errno i32)
            (if (local.get $errno) (then (call $exit (local.get $errno)))))
        (func (export "_start") (local $fd i32) (local $count i32)
            (loop $next
                (call $check (call $poll (i32.const 16) (i32.const 512) (i32.const 1) (i32.const 80)))
                (call $check (call $accept (i32.const 3) (i32.const 0) (i32.const 80)))
                (local.set $fd (i32.load (i32.const 80)))
                (call $check (call $receive (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 0)
                    (i32.const 84) (i32.const 88)))
                (i32.store (i32.const 4) (i32.load (i32.const 84)))
                (call $check (call $send (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 84)))
                (i32.store (i32.const 4) (i32.const 64))
                (call $check (call $shutdown (local.get $fd) (i32.const 3)))
                (call $check (call $close (local.get $fd)))
                (local.set $count (i32.add (local.get $count) (i32.const 1)))
                (br_if $next (i32.lt_u (local.get $count) (i32.const 200))))))"#;
    // A port that is free now.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let address = format!("127.0.0.1:{port}");
    let executable = build(wat, &[&format!("--listen={address}")]);
    std::thread::scope(|scope| {
        let server = scope.spawn(|| run(&executable, &Launch::default()));
        for number in 0..200 {
            let text = format!("message {number}");
            let mut client = connect(&address);
            client.write_all(text.as_bytes()).unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).unwrap();
            assert_eq!(answer, text);
        }
        assert_eq!(ending(&server.join().unwrap()), 0);
    });
}

/// Connects as soon as the server listens.
fn connect(address: &str) -> std::net::TcpStream {
    let start = Instant::now();
    loop {
        match std::net::TcpStream::connect(address) {
            Ok(client) => return client,
            Err(error) => assert!(start.elapsed() < LIMIT, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
