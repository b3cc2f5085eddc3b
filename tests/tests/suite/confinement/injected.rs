//! What can code do that an attacker brought into a program? It is written over a function's.

use std::fmt::Write as _;
use std::fs;

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};
use wasmc_compiler::{Arch, Options, compile};
use wasmc_tests::jobs;
use wasmc_tests::process::Launch;
use wasmc_tests::target::say;

use super::{build, ending, run};

const SIGSYS: i32 = 31;

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
    let sealed = Options::default().sealed(true);
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
            let launch = Launch::by(&["sh", "-c", "exec 3<&-; exec \"$0\""]);
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
