//! The commands of docs/tutorial.md run as they stand, where their toolchain is there.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::Sandbox;

/// What every language's program prints last.
const COUNTED: &str = "3 lines, 9 words\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The block of shell in a section of the page, without comments.
fn block(page: &str, section: &str) -> String {
    let (_, rest) = page
        .split_once(&format!("\n## {section}\n"))
        .unwrap_or_else(|| panic!("no section {section}"));
    let section = rest.split("\n## ").next().expect("there is a first part");
    let (_, block) = section.split_once("```sh\n").expect("commands");
    let (block, _) = block.split_once("```").expect("a block ends");
    block.to_owned()
}

/// A sandbox with the sources of the tutorial.
fn sources() -> Sandbox {
    let sandbox = Sandbox::new();
    for entry in fs::read_dir(root().join("examples/tutorial")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        sandbox.write(name, &fs::read(&path).unwrap());
    }
    sandbox
}

fn absent(language: &str, what: &str) {
    // Past the capture of the test runner: what was not run is seen.
    let line = format!("SKIPPED: the tutorial's {language}: {what}\n");
    io::stderr().write_all(line.as_bytes()).unwrap();
}

/// Runs a section's commands; the program counts right, and in its folder only.
fn follow(section: &str, sandbox: &Sandbox, variables: &[(&str, &str)]) {
    let page = fs::read_to_string(root().join("docs/tutorial.md")).unwrap();
    let commands = block(&page, section);
    let outcome = sandbox.sh_with(&commands, variables);
    assert_eq!(outcome.status, 0, "{section}: {outcome:?}");
    assert!(outcome.text().ends_with(COUNTED), "{section}: {outcome:?}");
    if section != "AssemblyScript" {
        let outcome = sandbox.sh("./words absent.txt; ./words /etc/passwd");
        assert_eq!(outcome.status, 1, "{section}: {outcome:?}");
        assert_eq!(outcome.text(), "", "{section}");
    }
    for section in ["What it may do", "Into a container"] {
        let outcome = sandbox
            .sh(&block(&page, section).replace("./words poem.txt", "./words poem.txt < poem.txt"));
        assert_eq!(outcome.status, 0, "{section}: {outcome:?}");
    }
    assert!(fs::metadata(sandbox.path("words.tar")).unwrap().len() > 10_000);
}

/// `PATH` with the zig of the machine, or the one that `scripts/material` fetched.
fn path_with_zig() -> Option<String> {
    let path = std::env::var("PATH").unwrap();
    let runs = |path: &str| {
        let probe = Command::new("sh")
            .args(["-c", "zig version"])
            .env("PATH", path)
            .output();
        probe.is_ok_and(|probe| probe.status.success())
    };
    if runs(&path) {
        return Some(path);
    }
    let tools = fs::read_dir(root().join(".material/tools")).ok()?;
    let mut folders: Vec<_> = tools
        .map(|entry| entry.unwrap().path().join("ziglang"))
        .collect();
    folders.sort();
    let folder = folders
        .into_iter()
        .find(|folder| folder.join("zig").is_file())?;
    let path = format!("{path}:{}", folder.display());
    runs(&path).then_some(path)
}

/// The cache that `scripts/material` fills, or one for this test alone.
fn zig_cache(sandbox: &Sandbox) -> OsString {
    match root().join(".material/build/zig-cache").canonicalize() {
        Ok(cache) => cache.into(),
        Err(_) => sandbox.path("zig-cache").into(),
    }
}

#[test]
fn c_and_zig() {
    let Some(path) = path_with_zig() else {
        return absent("C and Zig", "no zig; `scripts/material hello` fetches it");
    };
    for section in ["C", "Zig"] {
        let sandbox = sources();
        let cache = zig_cache(&sandbox);
        // The sandbox puts the tested binary before what is given here.
        let commands = [
            ("PATH", with_wasmc(&path)),
            ("ZIG_GLOBAL_CACHE_DIR", cache.to_str().unwrap().to_owned()),
            ("ZIG_LOCAL_CACHE_DIR", cache.to_str().unwrap().to_owned()),
        ];
        let variables: Vec<_> = commands
            .iter()
            .map(|(name, value)| (*name, &value[..]))
            .collect();
        follow(section, &sandbox, &variables);
    }
}

fn with_wasmc(path: &str) -> String {
    let folder = Path::new(env!("CARGO_BIN_EXE_wasmc")).parent().unwrap();
    format!("{}:{path}", folder.display())
}

#[test]
fn rust() {
    let probe = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", "wasm32-wasip1"])
        .output();
    let folder = probe.map(|probe| String::from_utf8_lossy(&probe.stdout).trim().to_owned());
    if !folder.is_ok_and(|folder| Path::new(&folder).is_dir()) {
        return absent(
            "Rust",
            "no target; `rustup target add wasm32-wasip1` adds it",
        );
    }
    follow("Rust", &sources(), &[]);
}

#[test]
fn go() {
    let version = Command::new("go").arg("version").output();
    let version = version.map(|version| String::from_utf8_lossy(&version.stdout).into_owned());
    let minor = version.ok().and_then(|version| {
        let (_, rest) = version.split_once("go1.")?;
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse::<u32>().ok()
    });
    if minor.is_none_or(|minor| minor < 21) {
        return absent("Go", "no go 1.21 or newer");
    }
    follow("Go", &sources(), &[]);
}

#[test]
fn assemblyscript() {
    let modules = root().join(".material/tools/assemblyscript/node_modules");
    let Ok(modules) = modules.canonicalize() else {
        return absent(
            "AssemblyScript",
            "`scripts/material assemblyscript` fetches it",
        );
    };
    let sandbox = sources();
    symlink(modules, sandbox.path("node_modules")).unwrap();
    // What is there need not be installed: the test reaches no registry.
    sandbox.write("npm", b"#!/bin/sh\nexit 0\n");
    sandbox.sh("chmod +x npm").ok();
    let here = sandbox.path("").display().to_string();
    let path = format!("{here}:{}", with_wasmc(&std::env::var("PATH").unwrap()));
    follow("AssemblyScript", &sandbox, &[("PATH", &path)]);
}
