//! The numbers of system calls in our table are those of the kernel's headers.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};

use wasmc_abi::syscalls::{Numbers, SYSTEM_CALLS};

/// The numbers that a header defines as `__NR_NAME`; `None` when there is no such header.
fn numbers(header: &str) -> Option<HashMap<String, u32>> {
    let text = fs::read_to_string(header).ok()?;
    let define = |line: &str| {
        let (name, number) = line.strip_prefix("#define __NR")?.split_once(' ')?;
        let name = name.strip_prefix("3264").unwrap_or(name);
        let number = number.trim().parse().ok()?;
        Some((name.strip_prefix('_')?.to_owned(), number))
    };
    Some(text.lines().filter_map(define).collect())
}

#[test]
fn numbers_are_those_of_the_kernel() {
    for (header, column) in [
        (
            "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
            Numbers::X86_64,
        ),
        ("/usr/include/asm-generic/unistd.h", Numbers::Aarch64),
    ] {
        let Some(numbers) = numbers(header) else {
            let mut out = io::stdout().lock();
            writeln!(out, "NOT TESTED: no {header} here").expect("standard output is open");
            continue;
        };
        for call in SYSTEM_CALLS {
            // The generic header has its 64-bit forms under other names.
            let other = match call.name {
                "newfstatat" => "fstatat",
                name => name,
            };
            let number = numbers.get(call.name).or_else(|| numbers.get(other));
            let ours = call.number(column);
            assert_eq!(number, Some(&ours), "{} in {header}", call.name);
        }
    }
}
