//! Confinement in force: what injected code cannot do, and that no WASI function misses a system call.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};
use wasmc_abi::wasi::{FUNCTIONS, ValueType, WasiFunction};
use wasmc_compiler::{Arch, InstanceSpec, Options, compile, compile_program};
use wasmc_tests::jobs;
use wasmc_tests::process::{Executable, Launch, Outcome};
use wasmc_tests::target::say;

const LIMIT: Duration = Duration::from_secs(30);
const SIGSYS: i32 = 31;

fn words(words: &[&str]) -> Vec<u8> {
    let bytes = words.iter().flat_map(|word| word.bytes().chain([0]));
    bytes.collect()
}

fn build(wat: &str, options: &[&str]) -> Vec<u8> {
    let module = wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}\n{wat}"));
    let options = Options {
        run_options: words(options),
        ..Options::default()
    };
    compile(&module, &options).expect("it compiles").bytes
}

/// A launch by other programs.
fn wrapped(words: &[&str]) -> Launch {
    Launch {
        wrapper: words.iter().map(Into::into).collect(),
        ..Launch::default()
    }
}

fn run(executable: &[u8], launch: &Launch) -> Outcome {
    let executable = Executable::new(executable).expect("it can be written");
    executable.run(launch, LIMIT).expect("it can be run")
}

/// How a program ended: its status, or the negative signal.
fn ending(outcome: &Outcome) -> i32 {
    let status = outcome.status.expect("it ended");
    let signal = || -status.signal().expect("a signal");
    status.code().unwrap_or_else(signal)
}

/// Machine code that makes a system call and ends the process with the lower bits of its negated
/// result, 0 for a success.
fn call(number: u32, arguments: [u32; 4]) -> Vec<u8> {
    let [a, b, c, d] = arguments;
    let mut code = Vec::new();
    for (opcode, value) in [
        (&[0xb8][..], number),
        (&[0xbf], a),
        (&[0xbe], b),
        (&[0xba], c),
        (&[0x41, 0xba], d),
    ] {
        code.extend_from_slice(opcode);
        code.extend_from_slice(&value.to_le_bytes());
    }
    code.extend_from_slice(&[
        0x0f, 0x05, // syscall
        0x31, 0xff, // xor edi, edi
        0x85, 0xc0, // test eax, eax
        0x79, 0x04, // jns +4
        0xf7, 0xd8, // neg eax
        0x89, 0xc7, // mov edi, eax
        0xb8, 0xe7, 0, 0, 0, // mov eax, 231 (exit_group)
        0x0f, 0x05, // syscall
        0x0f, 0x0b, // ud2
    ]);
    code
}

/// Writes machine code over that of the guest's function `victim`.
fn inject(executable: &[u8], code: &[u8]) -> Vec<u8> {
    let file = object::File::parse(executable).expect("an ELF file");
    let victim = file
        .symbols()
        .find(|symbol| symbol.name().is_ok_and(|name| name.contains("victim")))
        .expect("the function has a symbol");
    assert!(victim.size() as usize >= code.len(), "it is too short");
    let index = victim.section_index().expect("it has a section");
    let section = file.section_by_index(index).expect("it is there");
    let (start, _) = section.file_range().expect("it has bytes");
    let at = (start + victim.address() - section.address()) as usize;
    let mut patched = executable.to_vec();
    patched[at..at + code.len()].copy_from_slice(code);
    patched
}

/// A program with a function that is long enough to be written over; its memory holds paths.
fn victim(imports: &str) -> String {
    let mut body = String::new();
    for at in 0..40 {
        let _ = write!(
            body,
            "(i32.store (i32.const {0}) (i32.const {0}))",
            4096 + at * 4
        );
    }
    // Not inlined: it is exported.
    format!(
        r#"(module {imports}
            (memory (export "memory") 1)
            (data (i32.const 16) "/etc/passwd\00")
            (data (i32.const 64) "file\00")
            (func $victim (export "victim") {body})
            (func (export "_start") (call $victim)))"#
    )
}

/// Address of the byte at an offset of the memory.
const fn at(offset: u32) -> u32 {
    wasmc_abi::layout::SLOT0_X86_64 as u32 + offset
}

#[test]
fn injected_calls_die() {
    if Arch::host() != Some(Arch::X86_64) {
        say("NOT TESTED: injected calls are written for x86-64");
        return;
    }
    let plain = victim("");
    let confined = build(&plain, &[]);
    let free = build(&plain, &["--no-confine"]);
    // Numbers of x86-64.
    let forbidden: &[(&str, u32, [u32; 4])] = &[
        ("mprotect executable", 10, [at(0), 4096, 5, 0]),
        ("mprotect writable, executable", 10, [at(0), 4096, 7, 0]),
        ("mprotect writable", 10, [at(0), 4096, 3, 0]),
        ("mmap executable", 9, [0, 4096, 7, 0x22]),
        ("openat", 257, [u32::MAX, at(16), 0, 0]),
        ("openat2", 437, [u32::MAX, at(16), at(0), 0]),
        ("open", 2, [at(16), 0, 0, 0]),
        ("execve", 59, [0, 0, 0, 0]),
        ("socket", 41, [2, 1, 0, 0]),
        ("fork", 57, [0; 4]),
        ("ptrace", 101, [u32::MAX, 0, 0, 0]),
        ("kill of itself", 62, [0, 0, 0, 0]),
        ("tgkill of another", 234, [1, 1, 0, 0]),
        ("write to standard output", 1, [1, at(0), 0, 0]),
        ("read", 0, [0, at(0), 0, 0]),
        ("dup", 32, [0, 0, 0, 0]),
    ];
    assert_eq!(
        ending(&run(
            &inject(&confined, &call(39, [0; 4])),
            &Launch::default()
        )),
        0,
        "getpid"
    );
    let tasks: Vec<_> = forbidden.iter().collect();
    let results = jobs::run(&tasks, |&&(name, number, arguments)| {
        let code = call(number, arguments);
        let ended = |executable| ending(&run(&inject(executable, &code), &Launch::default()));
        (name, ended(&free), ended(&confined))
    });
    for (name, free, confined) in results {
        assert!(
            free >= 0,
            "{name} does not come back without confinement: {free}"
        );
        assert_eq!(confined, -SIGSYS, "{name}");
    }
    // The options of the environment can give up confinement, unless the program is sealed.
    let openat = inject(&confined, &call(257, [u32::MAX, at(16), 0, 0]));
    let mut launch = Launch::default();
    launch
        .env
        .push(("WASMC_OPTIONS".into(), "--no-confine".into()));
    assert_eq!(ending(&run(&openat, &launch)), 0);
    let module = wat::parse_str(&plain).unwrap();
    let sealed = Options {
        sealed: true,
        ..Options::default()
    };
    let sealed = compile(&module, &sealed).unwrap().bytes;
    let openat = inject(&sealed, &call(257, [u32::MAX, at(16), 0, 0]));
    assert_eq!(ending(&run(&openat, &launch)), -SIGSYS);
    say(&format!(
        "{} injected calls tried, all killed",
        forbidden.len() + 1
    ));
}

/// The version of Landlock that the kernel has.
fn landlock_version() -> i32 {
    let free = build(&victim(""), &["--no-confine"]);
    // The version is positive, which `call` reports as 0: negate it in the program.
    let mut code = call(444, [0, 0, 1, 0]);
    let test = code
        .iter()
        .position(|&byte| byte == 0x85)
        .expect("the test");
    code[test..test + 4].copy_from_slice(&[0xf7, 0xd8, 0x90, 0x90]);
    ending(&run(&inject(&free, &code), &Launch::default()))
}

#[test]
fn injected_calls_stay_in_granted_folders() {
    if Arch::host() != Some(Arch::X86_64) {
        say("NOT TESTED: injected calls are written for x86-64");
        return;
    }
    let version = landlock_version() & 0xff;
    if !(1..64).contains(&version) {
        say("NOT TESTED: the kernel has no Landlock");
        return;
    }
    const EACCES: i32 = 13;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "text").unwrap();
    let import = r#"(import "wasi_snapshot_preview1" "path_open" (func $open
        (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (elem declare func $open)
        (func (export "keep") (drop (ref.func $open)))"#;
    let wat = victim(import);
    // Without a path in it the function would not be reachable.
    let wat = wat.replace(
        "(func (export \"_start\")",
        "(func (export \"_start\") (drop (ref.func $open))",
    );
    let host = folder.path().display();
    for (grant, reads, writes) in [
        (format!("--dir={host}::/"), 0, 0),
        (format!("--dir={host}::/:ro"), 0, EACCES),
    ] {
        let executable = build(&wat, &[&grant]);
        let open = |folder: u32, path: u32, flags: u32| {
            let code = call(257, [folder, at(path), flags, 0o600]);
            // Whatever the test was started with: descriptor 3 is the granted folder.
            let launch = wrapped(&["sh", "-c", "exec 3<&-; exec \"$0\""]);
            ending(&run(&inject(&executable, &code), &launch))
        };
        assert_eq!(open(3, 64, 0), reads, "{grant}: read inside");
        assert_eq!(open(3, 64, 1), writes, "{grant}: write inside");
        assert_eq!(open(3, 64, 0o1001), writes, "{grant}: truncate inside");
        for flags in [0, 1, 2, 0o101, 0o2000] {
            assert_eq!(open(3, 16, flags), EACCES, "{grant}: {flags:o} outside");
        }
    }
    say(&format!(
        "Landlock version {version}: only the granted folder was open"
    ));
}

/// A server's sockets lead to nobody but those who connect to it: neither by datagrams, nor by a
/// connection that sending makes, which Landlock overlooks.
#[test]
fn injected_calls_reach_no_other_machine() {
    if Arch::host() != Some(Arch::X86_64) {
        say("NOT TESTED: injected calls are written for x86-64");
        return;
    }
    let imports = r#"
        (import "wasi_snapshot_preview1" "sock_open" (func $open (param i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "sock_connect" (func $connect (param i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "sock_send"
            (func $send (param i32 i32 i32 i32 i32) (result i32)))
        (elem declare func $open $connect $send)"#;
    let wat = victim(imports).replace(
        "(func (export \"_start\")",
        "(func (export \"_start\")
            (drop (ref.func $open)) (drop (ref.func $connect)) (drop (ref.func $send))",
    );
    const EBADF: i32 = 9;
    const NOSIGNAL: u32 = 0x4000;
    const FASTOPEN: u32 = 0x2000_0000;
    let sendmsg = |flags| (46, [9, at(0), flags, 0]);
    // The call, how it ends under `--listen`, and how under `--net`.
    let cases = [
        ("TCP", (41, [2, 1, 0, 0]), 0, 0),
        ("UDP", (41, [2, 2, 0, 0]), -SIGSYS, 0),
        ("Unix", (41, [1, 1, 0, 0]), -SIGSYS, -SIGSYS),
        ("raw", (41, [2, 3, 0, 0]), -SIGSYS, -SIGSYS),
        ("connect", (42, [9, at(0), 16, 0]), -SIGSYS, EBADF),
        ("bind", (49, [9, at(0), 16, 0]), -SIGSYS, -SIGSYS),
        ("sendto", (44, [9, at(0), 1, NOSIGNAL]), -SIGSYS, -SIGSYS),
        ("sendmsg", sendmsg(NOSIGNAL), EBADF, EBADF),
        (
            "sendmsg that connects",
            sendmsg(NOSIGNAL | FASTOPEN),
            -SIGSYS,
            -SIGSYS,
        ),
        ("TCP's options", (54, [9, 6, 30, at(0)]), -SIGSYS, -SIGSYS),
    ];
    let listens = build(&wat, &["--listen=127.0.0.1:0"]);
    let net = build(&wat, &["--net"]);
    for (name, (number, arguments), under_listen, under_net) in cases {
        let code = call(number, arguments);
        let ended = |executable| ending(&run(&inject(executable, &code), &Launch::default()));
        assert_eq!(ended(&listens), under_listen, "{name} under --listen");
        assert_eq!(ended(&net), under_net, "{name} under --net");
    }
    say(&format!(
        "{} calls for sockets injected, under --listen and --net",
        cases.len()
    ));
}

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
        let launch = wrapped(&["sh", "-c", &script]);
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
    let launch = wrapped(&["sh", "-c", script]);
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
            InstanceSpec {
                name: "first".into(),
                module: &modules[0],
                imports: [].into(),
            },
            InstanceSpec {
                name: "second".into(),
                module: &modules[1],
                imports: [("first".to_owned(), 0)].into(),
            },
        ];
        let options = Options {
            bounds_checks,
            ..Options::default()
        };
        let program = compile_program(&instances, None, &options).unwrap();
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
    let launch = wrapped(&["prlimit", "--nofile=40"]);
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
