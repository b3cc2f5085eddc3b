//! The architecture's rules (`docs/architecture.md`), checked on the source text.

mod docs;
mod graph;
mod library;
mod names;
mod wit;
mod workflows;

use std::fmt::Write as _;

use wasmc_abi::wasi;
use wasmc_tests::programs;
use wasmc_tests::sources::{self, Source};

/// Most lines of a source file.
const MAX_LINES: usize = 1000;
/// The code that becomes part of wasmc or of its outputs.
const PRODUCT: &[&str] = &[
    "compiler/src/",
    "runtime-lib/src/",
    "runtime-lib/abi/",
    "image/src/",
    "cli/src/",
];

/// Fails with every line of code that breaks a rule.
fn forbid(rule: &str, applies: impl Fn(&Source) -> bool, breaks: impl Fn(&str) -> bool) {
    let mut found = String::new();
    for source in sources::rust().iter().filter(|source| applies(source)) {
        for (number, line) in source.code().filter(|(_, line)| breaks(line)) {
            let _ = writeln!(found, "  {}:{number}: {}", source.path, line.trim());
        }
    }
    assert!(found.is_empty(), "{rule}\n{found}");
}

fn is_product(source: &Source) -> bool {
    source.is_under(PRODUCT) && !source.is_test()
}

/// Whether a macro is called, rather than something whose name ends like its name.
fn calls(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
            && line[at + name.len()..].starts_with('!')
    })
}

#[test]
fn the_sources_are_found() {
    let sources = sources::rust();
    for path in [
        "compiler/src/lib.rs",
        "runtime-lib/src/lib.rs",
        "cli/src/main.rs",
        file!(),
    ] {
        assert!(sources.iter().any(|source| source.path == path), "{path}");
    }
}

#[test]
fn every_file_begins_with_what_it_is_about() {
    let without: Vec<_> = sources::rust()
        .into_iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.path)
        .collect();
    assert!(
        without.is_empty(),
        "the first line is no `//!`: {without:#?}"
    );
}

#[test]
fn no_file_is_too_long() {
    let long: Vec<_> = sources::rust()
        .into_iter()
        .filter(|source| source.text.lines().count() > MAX_LINES)
        .map(|source| source.path)
        .collect();
    assert!(long.is_empty(), "more than {MAX_LINES} lines: {long:#?}");
}

#[test]
fn symbols_are_named_in_abi_alone() {
    forbid(
        "a symbol's name is written outside `runtime-lib/abi`",
        |source| is_product(source) && !source.is_under(&["runtime-lib/abi/"]),
        |line| line.contains("\"wasmc_") && !line.contains("export_name = "),
    );
}

#[test]
fn assembly_is_in_arch_alone() {
    forbid(
        "assembly outside `runtime-lib/src/arch`",
        |source| is_product(source) && !source.is_under(&["runtime-lib/src/arch/"]),
        |line| {
            ["asm", "global_asm", "naked_asm"]
                .iter()
                .any(|name| calls(line, name))
        },
    );
}

#[test]
fn system_calls_are_in_sys_alone() {
    // Types of rustix are welcome everywhere.
    let types = ["rustix::io::Errno", "rustix::fd::"];
    forbid(
        "a system call outside `runtime-lib/src/sys`",
        |source| {
            source.is_under(&["runtime-lib/src/"])
                && !source.is_test()
                && !source.is_under(&["runtime-lib/src/sys/", "runtime-lib/src/arch/"])
        },
        |line| {
            let calls = line.matches("rustix::").count();
            let allowed: usize = types.iter().map(|name| line.matches(name).count()).sum();
            calls > allowed || line.contains("syscall(")
        },
    );
}

#[test]
fn guest_memory_is_touched_in_guest_alone() {
    // The state of a memory is known to what creates, grows and protects it; WASI functions get
    // bounds-checked pointers.
    let places = [
        "runtime-lib/src/guest/pointer.rs",
        "runtime-lib/src/store/memory.rs",
        "runtime-lib/src/run/script.rs",
    ];
    forbid(
        "a memory's address outside `guest/pointer.rs` and `store/memory.rs`",
        |source| {
            source.is_under(&["runtime-lib/src/"]) && !source.is_test() && !source.is_under(&places)
        },
        |line| line.contains("memory.base") || line.contains("memory).base"),
    );
    // Where WASI functions are unsafe at all, it is not about guest memory.
    let may = [
        "GuestMemory::new(memory)",
        "export_name = ",
        "BorrowedFd::borrow_raw(",
        "CStr::from_ptr(string)",
        "unsafe impl Sync for FdTable",
        "self.inner.get()",
        "fs::close(number)",
        "unsafe impl Plain for",
        "slice::from_raw_parts(start, self.len",
        "slice::from_raw_parts(self.many, MAX_FDS)",
        "slice::from_raw_parts_mut(self.many, MAX_FDS)",
        "unsafe(no_mangle)",
        "open.function()",
        "Call::new(options)",
    ];
    forbid(
        "unsafe code in what a WASI function does: see the list in this test",
        |source| {
            source.is_under(&[
                "runtime-lib/src/wasi/p1/",
                "runtime-lib/src/wasi/p2/",
                "runtime-lib/src/host/",
            ]) && !source.is_test()
        },
        |line| line.contains("unsafe") && !may.iter().any(|known| line.contains(known)),
    );
}

#[test]
fn printing_is_in_output_and_report_alone() {
    let macros = ["print", "println", "eprint", "eprintln", "dbg"];
    forbid(
        "printing outside `cli/src/output.rs` and `cli/src/report.rs`",
        |source| {
            source.is_under(&["compiler/src/", "image/src/", "cli/src/", "runtime-lib/"])
                && !source.is_test()
                && !source.is_under(&["cli/src/output.rs", "cli/src/report.rs"])
        },
        |line| macros.iter().any(|name| calls(line, name)),
    );
}

#[test]
fn nothing_is_left_to_do() {
    forbid(
        "unfinished code",
        |source| source.path != file!(),
        |line| calls(line, "todo") || calls(line, "unimplemented"),
    );
}

#[test]
fn every_wasi_function_has_a_body_and_a_test() {
    let sources = sources::rust();
    let programs: Vec<_> = programs::all()
        .iter()
        .map(|path| std::fs::read_to_string(path).expect("a program can be read"))
        .collect();
    let mut missing = String::new();
    for function in wasi::FUNCTIONS {
        let name = function.name;
        let body = format!("pub fn {name}(");
        let mut wasi = sources
            .iter()
            .filter(|source| source.is_under(&["runtime-lib/src/wasi/"]));
        if !wasi
            .clone()
            .any(|source| !source.is_test() && source.text.contains(&body))
        {
            let _ = writeln!(missing, "  {name} has no body in `runtime-lib/src/wasi`");
        }
        let call = format!("{name}(");
        let import = format!("\"{name}\"");
        if !wasi.any(|source| source.is_test() && source.text.contains(&call))
            && !programs.iter().any(|text| text.contains(&import))
        {
            let _ = writeln!(
                missing,
                "  {name} has no test in `runtime-lib/src/wasi/p1/tests` or `tests/programs`"
            );
        }
    }
    assert!(missing.is_empty(), "\n{missing}");
}
