//! The system calls that a program makes before and after its own, and why each is needed: counted
//! under strace, and told in `docs/rationale.md`. `BLESS=1` rewrites the tables there.

use std::fmt::Write as _;
use std::fs;
use std::mem::offset_of;
use std::process::Command;
use std::time::Duration;

use object::read::elf::{ElfFile64, ProgramHeader as _};
use object::{Endianness, Object as _, ObjectSection as _, ObjectSymbol as _, elf};
use wasmc_abi::layout::{Program, RUNTIME_STATE_MAX, StateImage};
use wasmc_abi::symbols;
use wasmc_compiler::grants::Grants;
use wasmc_compiler::{Arch, Options, Target, compile};
use wasmc_tests::expected;
use wasmc_tests::process::{Executable, Launch, is_installed};
use wasmc_tests::target::{say, target};

/// A system call by its name and a part of how strace prints it, what the table calls it, and why
/// it is made. The first row that fits counts.
const REASONS: &[(&str, &str, &str, &str)] = &[
    (
        "mmap",
        "PROT_NONE",
        "`mmap`, reservation",
        "the addresses that an index and an offset reach, in the place of bounds checks; it must not lie over anything",
    ),
    (
        "mmap",
        "PROT_READ|PROT_WRITE",
        "`mmap`, memory",
        "the memory's initial pages; beyond them an access is a trap",
    ),
    (
        "sigaltstack",
        "",
        "`sigaltstack`",
        "a trap by stack overflow has no other stack to be handled on",
    ),
    (
        "rt_sigaction",
        "SIGPIPE",
        "`rt_sigaction`, SIGPIPE",
        "a broken pipe is an error number for the guest, not the end of a server",
    ),
    (
        "rt_sigaction",
        "SIGXFSZ",
        "`rt_sigaction`, SIGXFSZ",
        "so is a file that may not grow further",
    ),
    (
        "rt_sigaction",
        "SA_ONSTACK",
        "`rt_sigaction`, traps",
        "SIGSEGV, SIGBUS and SIGILL in the guest's code are traps; SIGFPE, too, in programs that divide",
    ),
    (
        "getpid",
        "",
        "`getpid`",
        "process 1 of a container must handle SIGTERM and SIGINT, and the filter lets the program signal itself only",
    ),
    (
        "prctl",
        "PR_SET_NO_NEW_PRIVS",
        "`prctl`",
        "the kernel's condition for a filter of system calls without privileges",
    ),
    (
        "seccomp",
        "",
        "`seccomp`",
        "confinement: from here on only the system calls that the imports and grants need",
    ),
    (
        "write",
        "hello, world",
        "`write`",
        "the program's own `fd_write`",
    ),
    ("exit_group", "", "`exit_group`", "the end"),
];

#[test]
fn start_makes_no_needless_system_call() {
    check("start, confined", &[]);
    check("start, unconfined", &[("WASMC_OPTIONS", "--confine=off")]);
}

/// Compares the table of this name with the system calls of `examples/hello.wat`.
fn check(name: &str, env: &[(&str, &str)]) {
    if Arch::host() != Some(Arch::X86_64) || !is_installed("strace") {
        say(&format!(
            "SKIPPED {name}: this needs strace and an x86-64 machine"
        ));
        return;
    }
    let source = fs::read(expected::repository().join("examples/hello.wat")).unwrap();
    let Some(calls) = trace(&source, env, b"hello, world\n") else {
        say(&format!("SKIPPED {name}: strace may not trace here"));
        return;
    };
    let rows: Vec<_> = calls.iter().map(|call| row_of(call)).collect();
    let mut table = String::from("| system call | times | why |\n|---|---|---|\n");
    for group in rows.chunk_by(|a, b| a == b) {
        let (title, reason) = group[0];
        let _ = writeln!(table, "| {title} | {} | {reason} |", group.len());
    }
    let _ = writeln!(table, "| all | {} | |", rows.len());
    let path = expected::repository().join("docs/rationale.md");
    let text = fs::read_to_string(&path).expect("the document can be read");
    let begin = format!("<!-- table: {name} -->\n");
    let (before, rest) = text.split_once(&begin).expect("the document has the table");
    let (_, after) = rest.split_once("<!-- end -->").expect("the table ends");
    let actual = format!("{before}{begin}{table}<!-- end -->{after}");
    if let Err(error) = expected::check(&path, actual.as_bytes()) {
        panic!("{error}");
    }
}

/// The title and the reason of a line of strace's.
fn row_of(call: &str) -> (&'static str, &'static str) {
    let row = REASONS.iter().find(|(name, part, ..)| {
        call.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with('('))
            && call.contains(part)
    });
    let &(.., title, reason) =
        row.unwrap_or_else(|| panic!("a system call without a reason in `REASONS`: {call}"));
    (title, reason)
}

/// The system calls of a program after its `execve`, as strace prints them; `None` where it may
/// not trace. The program must print `stdout`.
fn trace(source: &[u8], env: &[(&str, &str)], stdout: &[u8]) -> Option<Vec<String>> {
    let module = wat::parse_bytes(source).expect("it is a module");
    let artifact = compile(&module, &Options::default()).expect("it compiles");
    let executable = Executable::new(&artifact.bytes).unwrap();
    let log = executable.folder().join("calls");
    let may_trace = Command::new("strace")
        .args(["-qq", "-o"])
        .arg(&log)
        .arg("true")
        .status()
        .is_ok_and(|status| status.success());
    if !may_trace {
        return None;
    }
    let words = ["strace", "-qq", "-o", "calls"];
    let launch = Launch {
        wrapper: words.map(Into::into).to_vec(),
        env: env
            .iter()
            .map(|&(name, value)| (name.into(), value.into()))
            .collect(),
        ..Launch::default()
    };
    let outcome = executable.run(&launch, Duration::from_secs(60)).unwrap();
    assert_eq!(outcome.code(), Some(0), "{outcome:?}");
    assert_eq!(outcome.stdout, stdout, "{outcome:?}");
    let text = fs::read_to_string(log).unwrap();
    let mut lines = text.lines().map(str::to_owned);
    let first = lines.next().unwrap_or_default();
    assert!(first.starts_with("execve("), "{text}");
    Some(lines.collect())
}

#[test]
fn the_stack_lies_between_code_and_state() {
    let modules = [
        ("no state", "(module (func (export \"_start\")))"),
        (
            "globals",
            "(module (global $g (mut i64) (i64.const 7)) (memory 1)
               (func (export \"_start\") (global.set $g (i64.add (global.get $g) (i64.const 1)))))",
        ),
        (
            "a page of state but for some bytes",
            "(module (table $t 448 funcref) (elem (i32.const 0) $f)
               (func $f (export \"_start\") (table.set $t (i32.const 1) (ref.func $f))))",
        ),
    ];
    for (name, module) in modules {
        let module = wat::parse_str(module).expect("it is a module");
        let options = Options::default().target(Target::new(Arch::X86_64));
        let artifact = compile(&module, &options).expect("it compiles");
        check_stack(name, &artifact.bytes, options.stack_size);
    }
}

#[test]
fn a_stack_of_a_few_bytes_is_enlarged() {
    let source = fs::read(expected::repository().join("examples/hello.wat")).unwrap();
    let module = wat::parse_bytes(&source).expect("it is a module");
    let options = Options::default().target(target()).stack_size(16);
    let artifact = compile(&module, &options).expect("it compiles");
    let executable = Executable::new(&artifact.bytes).unwrap();
    let outcome = executable.run(&Launch::default(), Duration::from_secs(60));
    assert_eq!(outcome.unwrap().stdout, b"hello, world\n");
}

/// Checks that what lies below the stack is code, and that nothing else lies in it.
fn check_stack(name: &str, executable: &[u8], stack_size: u64) {
    let le = Endianness::Little;
    let file = ElfFile64::<Endianness>::parse(executable).unwrap();
    let loads: Vec<_> = file
        .elf_program_headers()
        .iter()
        .filter(|segment| segment.p_type(le) == elf::PT_LOAD)
        .collect();
    let [.., code, zeros] = loads[..] else {
        panic!("{name}: two segments at least");
    };
    assert_eq!(code.p_flags(le), elf::PF_R | elf::PF_X, "{name}");
    assert_eq!(zeros.p_flags(le), elf::PF_R | elf::PF_W, "{name}");
    assert_eq!(
        zeros.p_filesz(le),
        0,
        "{name}: nothing writable is in the file"
    );
    let end_of_code = (code.p_vaddr(le) + code.p_memsz(le)).next_multiple_of(PAGE);
    assert_eq!(zeros.p_vaddr(le), end_of_code, "{name}: no gap");

    let program = file.symbol_by_name("wasmc_program").unwrap().address();
    let pointer = |field: usize| {
        let at = program + field as u64;
        let bytes = file
            .sections()
            .find_map(|section| section.data_range(at, 4).ok().flatten())
            .unwrap();
        at.wrapping_add_signed(i32::from_le_bytes(bytes.try_into().unwrap()).into())
    };
    let low = pointer(offset_of!(Program, stack));
    let top = pointer(offset_of!(Program, state) + offset_of!(StateImage, place));
    assert!(zeros.p_vaddr(le) <= low && low % PAGE == 0, "{name}");
    assert!(top - low >= stack_size, "{name}: {low:#x} to {top:#x}");
    let in_stack: Vec<_> = file
        .symbols()
        .filter(|symbol| (low + 1..top).contains(&symbol.address()))
        .collect();
    assert!(in_stack.is_empty(), "{name}: {in_stack:?}");
    // What every start touches: the end of the stack, the state, and that of the runtime.
    let state_end = top + RUNTIME_STATE_MAX;
    assert!(
        top % PAGE != 0 && (state_end - 1) / PAGE - top / PAGE <= 1,
        "{name}: {top:#x}"
    );
}

/// Bytes of a page of x86-64.
const PAGE: u64 = 4096;

/// `examples/hello.wat`, compiled for x86-64.
fn hello(options: Options) -> Vec<u8> {
    let source = fs::read(expected::repository().join("examples/hello.wat")).unwrap();
    let module = wat::parse_bytes(&source).expect("it is a module");
    let options = options.target(Target::new(Arch::X86_64));
    compile(&module, &options).expect("it compiles").bytes
}

#[test]
fn hello_is_small() {
    for (sealed, most) in [(false, OPEN_BYTES), (true, SEALED_BYTES)] {
        let bytes = hello(Options::default().strip(true).sealed(sealed));
        say(&format!(
            "hello, sealed: {sealed}, has {} bytes",
            bytes.len()
        ));
        assert!(
            bytes.len() <= most,
            "hello, sealed: {sealed}, has {} bytes, more than {most}",
            bytes.len()
        );
    }
}

/// Most bytes of a stripped hello world: any, and a sealed one.
const OPEN_BYTES: usize = 46_400;
const SEALED_BYTES: usize = 33_600;

#[test]
fn a_sealed_program_has_only_what_its_options_need() {
    const PARTS: [&str; 4] = [
        symbols::READ_OPTIONS,
        symbols::NEXT_OPTION,
        symbols::SET_LIMITS,
        symbols::OPEN_GRANTS,
    ];
    let check = |sealed: bool, words: &[&str], expected: &[&str]| {
        let bytes = hello(
            Options::default()
                .sealed(sealed)
                .grants(Grants::parse(words).expect("they are grants")),
        );
        let file = ElfFile64::<Endianness>::parse(&bytes[..]).unwrap();
        let has = PARTS.map(|part| file.symbol_by_name(part).is_some());
        assert_eq!(has, PARTS.map(|part| expected.contains(&part)), "{words:?}");
    };
    let [_, next, limits, grants] = PARTS;
    check(false, &[], &PARTS);
    check(false, &["--net"], &PARTS);
    check(true, &[], &[]);
    check(true, &["--net"], &[next]);
    check(true, &["--env=A=1"], &[next]);
    check(true, &["--no-confine"], &[next]);
    check(true, &["--dir=."], &[next, grants]);
    check(true, &["--listen", "127.0.0.1:0"], &[next, grants]);
    check(true, &["--timeout=1s"], &[next, limits]);
    check(
        true,
        &["--max-fds=9", "--dir=.::/"],
        &[next, limits, grants],
    );
}

#[test]
fn a_sealed_program_does_what_its_options_say() {
    let run = |text: &str, words: &[&str], env: &[(&str, &str)]| {
        let module = wat::parse_str(text).expect("it is a module");
        let options = Options::default()
            .target(target())
            .sealed(true)
            .grants(Grants::parse(words).expect("they are grants"));
        let artifact = compile(&module, &options).expect("it compiles");
        let launch = Launch {
            env: env
                .iter()
                .map(|&(name, value)| (name.into(), value.into()))
                .collect(),
            ..Launch::default()
        };
        let executable = Executable::new(&artifact.bytes).unwrap();
        executable.run(&launch, Duration::from_secs(60)).unwrap()
    };
    // The status is the number of variables, or whether number 3 is a granted folder.
    let environment = r#"(module
        (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "_start")
          (drop (call $sizes (i32.const 0) (i32.const 4)))
          (call $exit (i32.load (i32.const 0)))))"#;
    let folder = r#"(module
        (import "wasi_snapshot_preview1" "fd_prestat_get" (func $get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "_start") (call $exit (call $get (i32.const 3) (i32.const 0)))))"#;
    let forever = r#"(module (func (export "_start") (loop $l (br $l))))"#;
    let more = [
        ("WASMC_OPTIONS", "--env B=2 --dir / --timeout 1ms"),
        ("C", "3"),
    ];
    assert_eq!(run(environment, &[], &more).code(), Some(0));
    assert_eq!(
        run(environment, &["--env=A=1", "--env=C"], &more).code(),
        Some(2)
    );
    assert_eq!(run(folder, &[], &more).code(), Some(8), "BADF");
    assert_eq!(run(folder, &["--dir=/"], &more).code(), Some(0));
    assert_eq!(run(forever, &["--timeout=50ms"], &more).code(), Some(134));
}
