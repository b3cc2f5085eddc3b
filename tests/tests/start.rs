//! The system calls that a program makes before and after its own, and why each is needed: counted
//! under strace, and told in `docs/rationale.md`. `BLESS=1` rewrites the tables there.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::Duration;

use wasmc_compiler::{Arch, Options, compile};
use wasmc_tests::expected;
use wasmc_tests::process::{Executable, Launch, is_installed};
use wasmc_tests::target::say;

/// A system call by its name and a part of how strace prints it, what the table calls it, and why
/// it is made. The first row that fits counts.
const REASONS: &[(&str, &str, &str, &str)] = &[
    (
        "mmap",
        "MAP_STACK",
        "`mmap`, stack",
        "one reservation for the guest's stack, its guards and the stack for signals",
    ),
    (
        "mmap",
        "MAP_FIXED_NOREPLACE",
        "`mmap`, memory",
        "the reservation that takes the place of bounds checks; it must not lie over anything",
    ),
    (
        "mprotect",
        "65536, PROT_READ|PROT_WRITE",
        "`mprotect`, memory",
        "the memory's initial pages become accessible; beyond them an access is a trap",
    ),
    (
        "mprotect",
        "PROT_READ|PROT_WRITE",
        "`mprotect`, stack",
        "the stack becomes accessible between its guards: an overflow is a trap",
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
        "first: process 1 of a container must handle SIGTERM and SIGINT; then: the filter lets the program signal itself only",
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
