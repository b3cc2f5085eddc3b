//! Does every WASI function do the same when confined, on kernels that lack things too?

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use wasmc_abi::wasi::{FUNCTIONS, ValueType, WasiFunction};
use wasmc_tests::jobs;
use wasmc_tests::process::{Launch, Outcome};
use wasmc_tests::target::say;

use super::{build, ending, run};

/// What a parameter of a WASI function is given: an expression over the locals `$fd`, `$path`,
/// `$len` and `$variant`.
fn argument(name: &str, ty: ValueType, function: &str) -> String {
    let small = |value: u64| match ty {
        ValueType::I32 => format!("(i32.const {value})"),
        ValueType::I64 => format!("(i64.const {value})"),
    };
    match name {
        "fd" | "old_fd" | "new_fd" => "(local.get $fd)".into(),
        "path" | "old_path" | "new_path" => "(local.get $path)".into(),
        "path_len" | "old_path_len" | "new_path_len" => "(local.get $len)".into(),
        "to" => small(6),
        "iovs" | "ri_data" | "si_data" => small(512),
        "iovs_len" | "ri_data_len" | "si_data_len" => {
            "(i32.add (local.get $variant) (i32.const 1))".into()
        }
        "subscriptions" => small(1024),
        "nsubscriptions" => "(select (i32.const 100) (i32.const 1) (local.get $variant))".into(),
        "rights_base" | "rights_inheriting" => "(i64.const 0x1fffffff)".into(),
        "fst_flags" => small(10),
        "dirflags" | "flags" | "old_flags" | "oflags" | "ri_flags" | "id" => {
            "(local.get $variant)".into()
        }
        "whence" | "how" | "len" => small(1),
        // SIGWINCH does nothing.
        "sig" => "(i32.mul (local.get $variant) (i32.const 27))".into(),
        "buf_len" if function == "random_get" => small(64),
        "buf" | "events" => small(16384),
        "buf_len" => small(512),
        _ if name.ends_with("_flags") || ty == ValueType::I64 => small(0),
        "fdflags" | "advice" | "si_flags" => small(0),
        // Where results go.
        _ => small(8192),
    }
}

const PATHS: &[&str] = &[
    "file",
    "folder",
    "link",
    "folder/",
    "folder/up",
    "missing",
    "../x",
    "new",
    "folder/new",
    "absolute",
];

/// A program that imports one function and calls it with every descriptor and many paths; its
/// status tells what the calls answered.
fn caller(function: &WasiFunction, opens: bool) -> String {
    let ty = |ty: ValueType| match ty {
        ValueType::I32 => "i32",
        ValueType::I64 => "i64",
    };
    let params: Vec<_> = function
        .params
        .iter()
        .map(|&(_, param)| ty(param))
        .collect();
    let arguments: Vec<_> = function
        .params
        .iter()
        .map(|&(name, ty)| argument(name, ty, function.name))
        .collect();
    let arguments = arguments.join(" ");
    let mut text = String::from("(module ");
    let _ = write!(
        text,
        r#"(import "wasi_snapshot_preview1" "{}" (func $function (param {}) {}))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"#,
        function.imports[0],
        params.join(" "),
        function.result.map_or("", |_| "(result i32)"),
    );
    if opens {
        text += r#"(import "wasi_snapshot_preview1" "path_open" (func $open
            (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))"#;
    }
    if matches!(function.name, "sock_accept" | "sock_accept_v1") {
        text += r#"(import "wasi_snapshot_preview1" "fd_fdstat_set_flags" (func $set_flags
            (param i32 i32) (result i32)))"#;
    }
    text += r#"(memory (export "memory") 1)
        (global $answers (mut i32) (i32.const 0))
        (func $try (param $fd i32) (param $path i32) (param $len i32) (param $variant i32)"#;
    let _ = match function.result {
        Some(_) => write!(
            text,
            "(global.set $answers (i32.add (i32.mul (global.get $answers) (i32.const 31))
                (call $function {arguments}))))"
        ),
        None => write!(text, ")"),
    };
    // A buffer of 16 bytes, and one of 8; subscriptions to a clock (already over) or to standard
    // input.
    for (at, value) in [(512, 16384), (516, 16), (520, 16400), (524, 8)] {
        let _ = write!(text, "(data (i32.const {at}) \"{}\")", bytes(value));
    }
    for index in 0..100 {
        let at = 1024 + 48 * index;
        let tag = index % 3;
        let fd = if tag == 2 { 1 } else { index % 8 };
        let id = if tag == 0 { 1 } else { fd };
        let _ = write!(text, "(data (i32.const {}) \"{}\")", at + 8, bytes(tag));
        let _ = write!(text, "(data (i32.const {}) \"{}\")", at + 16, bytes(id));
        let _ = write!(text, "(data (i32.const {}) \"{}\")", at + 24, bytes(1000));
    }
    let mut calls = String::new();
    let mut place = 32768;
    for path in PATHS {
        let _ = write!(text, "(data (i32.const {place}) \"{path}\")");
        for fd in 0..8 {
            for variant in 0..2 {
                let _ = write!(
                    calls,
                    "(call $try (i32.const {fd}) (i32.const {place}) (i32.const {}) (i32.const {variant}))",
                    path.len()
                );
            }
        }
        place += 64;
    }
    text += r#"(func (export "_start")"#;
    if opens {
        // Number 6 becomes a file: 3 and 4 are folders, 5 is a socket.
        text += "(drop (call $open (i32.const 3) (i32.const 0) (i32.const 32768) (i32.const 4)
            (i32.const 0) (i64.const 0x1fffffff) (i64.const 0) (i32.const 0) (i32.const 8192)))";
    }
    if matches!(function.name, "sock_accept" | "sock_accept_v1") {
        text += "(drop (call $set_flags (i32.const 5) (i32.const 4)))";
    }
    text += &calls;
    text += "(call $exit (i32.rem_u (global.get $answers) (i32.const 100)))))";
    text
}

fn bytes(value: u32) -> String {
    value
        .to_le_bytes()
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "\\{byte:02x}");
            text
        })
}

/// A folder with a file, a folder and links.
fn populated() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    fs::write(folder.path().join("file"), "some text").unwrap();
    let link = |text: &str, name: &str| {
        std::os::unix::fs::symlink(text, folder.path().join(name)).unwrap()
    };
    link("file", "link");
    link("../folder", "folder/up");
    link("/etc/passwd", "absolute");
    folder
}

fn run_caller(wat: &str, confine: &str, wrapper: &[&str]) -> Outcome {
    let (one, two) = (populated(), populated());
    let dirs = [
        format!("--dir={}::/", one.path().display()),
        format!("--dir={}::/two:ro", two.path().display()),
    ];
    let options = [&dirs[0], &dirs[1], "--listen=127.0.0.1:0", confine];
    let launch = Launch {
        stdin: b"a line\n".to_vec(),
        wrapper: wrapper.iter().map(Into::into).collect(),
        ..Launch::default()
    };
    run(&build(wat, &options), &launch)
}

/// Each function in a program of its own, so that no other function's system calls help it out:
/// what it answers does not depend on confinement.
#[test]
fn every_function_does_the_same_when_confined() {
    let mut tasks: Vec<_> = FUNCTIONS.iter().map(|function| (function, false)).collect();
    tasks.extend(FUNCTIONS.iter().map(|function| (function, true)));
    tasks.retain(|(function, opens)| {
        let needs_no_file = matches!(function.name, "path_open" | "proc_exit");
        !(needs_no_file && *opens) && function.name != "proc_exit"
    });
    let results = jobs::run(&tasks, |&(function, opens)| {
        let wat = caller(function, opens);
        let free = ending(&run_caller(&wat, "--confine=off", &[]));
        let confined = run_caller(&wat, "--confine=auto", &[]);
        (function.name, opens, free, ending(&confined))
    });
    let mut failures = String::new();
    for (name, opens, free, confined) in &results {
        if free != confined || *free < 0 {
            let _ = writeln!(
                failures,
                "{name} (opens: {opens}): {free} free, {confined} confined"
            );
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
    say(&format!(
        "{} programs of one function each, confined",
        results.len()
    ));
}

fn has_strace() -> bool {
    let works = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .status();
    let works = works.is_ok_and(|status| status.success());
    if !works {
        say(
            "NOT TESTED: kernels without openat2, seccomp or Landlock; `strace` does not work here",
        );
    }
    works
}

/// Kernels that lack things, as `strace` makes them appear.
#[test]
fn older_kernels_confine_as_far_as_they_can() {
    if !has_strace() {
        return;
    }
    // The kernel lacks it, or a sandbox around the program refuses it.
    for error in ["ENOSYS", "EPERM"] {
        confines_as_far_as_it_can(error);
    }
}

fn confines_as_far_as_it_can(error: &str) {
    let without = |calls: &str| -> Vec<String> {
        let inject = format!("inject={calls}:error={error}");
        ["strace", "-qq", "-o", "/dev/null", "-e", &inject]
            .map(str::to_owned)
            .to_vec()
    };
    // The walk, component by component, in the place of openat2.
    let paths: Vec<_> = FUNCTIONS
        .iter()
        .filter(|f| f.name.starts_with("path_"))
        .collect();
    let wrapper = without("openat2");
    let wrapper: Vec<_> = wrapper.iter().map(String::as_str).collect();
    let results = jobs::run(&paths, |function| {
        let wat = caller(function, false);
        let free = ending(&run_caller(&wat, "--confine=off", &wrapper));
        let confined = ending(&run_caller(&wat, "--confine=auto", &wrapper));
        (function.name, free, confined)
    });
    for (name, free, confined) in results {
        assert!(
            free >= 0 && free == confined,
            "{name}: {free} free, {confined} confined"
        );
    }
    let open = FUNCTIONS.iter().find(|f| f.name == "path_open").unwrap();
    let wat = caller(open, false);
    let expected = ending(&run_caller(&wat, "--confine=off", &[]));
    for missing in [
        "seccomp",
        "landlock_create_ruleset",
        "landlock_restrict_self",
        "prctl",
    ] {
        let wrapper = without(missing);
        let wrapper: Vec<_> = wrapper.iter().map(String::as_str).collect();
        let auto = run_caller(&wat, "--confine=auto", &wrapper);
        assert_eq!(
            ending(&auto),
            expected,
            "{missing}: {}",
            String::from_utf8_lossy(&auto.stderr)
        );
        let required = run_caller(&wat, "--confine=require", &wrapper);
        assert_eq!(ending(&required), 1, "{missing}");
        let text = String::from_utf8_lossy(&required.stderr).into_owned();
        assert!(
            text.starts_with("error: this system cannot confine the program"),
            "{text}"
        );
    }
}
