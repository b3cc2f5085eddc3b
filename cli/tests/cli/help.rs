//! Help: its examples run, and `docs/cli.md` repeats it.

use std::path::Path;

use crate::image::PLATFORM;
use crate::server::{Behaviour, Registry};
use crate::support::{HELLO, Sandbox, golden};

const COMMANDS: [&str; 15] = [
    "compile",
    "run",
    "serve",
    "bench",
    "image",
    "image push",
    "image pull",
    "inspect",
    "explore",
    "symbolize",
    "core",
    "gdb-script",
    "targets",
    "completions",
    "man",
];

#[test]
fn the_examples_run() {
    for line in help_lines() {
        let sandbox = Sandbox::with(&[("app.wat", HELLO)]);
        sandbox.write("app.wasm", &wat::parse_str(HELLO).unwrap());
        sandbox.write("math.wasm", &wat::parse_str("(module)").unwrap());
        sandbox.write("core", &core_file());
        sandbox.sh("wasmc compile app.wasm -o app").ok();
        let registry = Registry::start(Behaviour::default());
        sandbox
            .sh(&format!(
                "wasmc image --platform {PLATFORM} app.wasm -o image.tar"
            ))
            .ok();
        sandbox
            .sh(&format!(
                "wasmc image push image.tar {}",
                registry.name("app:1")
            ))
            .ok();
        sandbox
            .sh(&format!(
                "wasmc image push app.wasm {}",
                registry.name("module:1")
            ))
            .ok();
        let help = sandbox.sh(&line).ok();
        let examples: Vec<_> = help
            .text()
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("$ "))
            .collect();
        if line.contains(" serve ") {
            // They do not end by themselves, and have tests of their own.
            continue;
        }
        assert!(!examples.is_empty(), "`{line}` shows no example");
        let address = registry.address.to_string();
        let examples: Vec<_> = examples
            .into_iter()
            .map(|example| with_platform(example).replace("localhost:5000", &address))
            .collect();
        sandbox.sh(&examples.join("\n")).ok();
    }
}

/// A core file with a page of a program's memory.
fn core_file() -> Vec<u8> {
    let mut core = b"\x7fELF\x02\x01\x01".to_vec();
    core.resize(16, 0);
    // ET_CORE, EM_X86_64
    core.extend([4, 0, 62, 0, 1, 0, 0, 0]);
    for word in [0u64, 64, 0] {
        core.extend(word.to_le_bytes());
    }
    core.extend([0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 64, 0, 0, 0, 0, 0]);
    // PT_LOAD, readable
    core.extend([1, 0, 0, 0, 4, 0, 0, 0]);
    for word in [
        4096u64,
        wasmc_abi::layout::SLOT0_X86_64,
        0,
        4096,
        4096,
        4096,
    ] {
        core.extend(word.to_le_bytes());
    }
    core.resize(8192, 0);
    core
}

/// An image is built for the platform that every wasmc has; others may lack their runtime.
fn with_platform(example: &str) -> String {
    match example.strip_prefix("wasmc image ") {
        Some(rest)
            if !["--platform", "push ", "pull "]
                .iter()
                .any(|word| rest.contains(word)) =>
        {
            format!("wasmc image --platform {PLATFORM} {rest}")
        }
        _ => example.to_owned(),
    }
}

#[test]
fn short_help_is_short() {
    let sandbox = Sandbox::new();
    for command in COMMANDS {
        let short = sandbox.sh(&format!("wasmc {command} -h")).ok();
        let long = sandbox.sh(&format!("wasmc {command} --help")).ok();
        assert!(short.stdout.len() < long.stdout.len(), "{command}");
    }
}

#[test]
fn the_proposals_are_listed() {
    let sandbox = Sandbox::new();
    for line in ["wasmc compile -W help", "wasmc -W help", "wasmc run -Whelp"] {
        let outcome = sandbox.sh(line).ok();
        assert!(outcome.text().contains("tail-call"), "{line}");
    }
}

/// `docs/cli.md` is a text with the help of each command between marks; `BLESS=1` renews it.
#[test]
fn the_reference_page_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cli.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let mut renewed = String::new();
    let mut rest = page.as_str();
    for line in help_lines().into_iter().chain(["wasmc -W help".to_owned()]) {
        let begin = format!("<!-- {line} -->\n");
        let end = "<!-- end -->\n";
        let (before, after) = rest.split_once(&begin).unwrap_or_else(|| {
            panic!(
                "docs/cli.md lacks `{}` or has it at another place",
                begin.trim()
            )
        });
        let (_, after) = after.split_once(end).expect("a mark for the end");
        let help = Sandbox::new().sh(&line).ok();
        let help: Vec<_> = help.text().trim_end().lines().map(str::trim_end).collect();
        renewed.push_str(before);
        renewed.push_str(&format!("{begin}```text\n{}\n```\n{end}", help.join("\n")));
        rest = after;
    }
    renewed.push_str(rest);
    golden(&path, &renewed);
}

fn help_lines() -> Vec<String> {
    let commands = COMMANDS
        .iter()
        .map(|command| format!("wasmc {command} --help"));
    ["wasmc --help".to_owned()]
        .into_iter()
        .chain(commands)
        .collect()
}
