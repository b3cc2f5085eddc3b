//! Which processor do the tests compile for, and can its executables be run here?
//!
//! `WASMC_TEST_TARGET` names another target than this machine: the official suite, the scripts of our
//! own, the programs and the WASI tests are then compiled for it and run by an emulator, in every
//! configuration. `WASMC_TEST_BACKEND=own` has the back end of our own compile them.

use std::env;
use std::io::{self, Write as _};
use std::str::FromStr as _;

use wasmc_compiler::{Arch, Backend, Target, runtime_object};

use crate::process::{emulator, is_installed};

/// The target that `WASMC_TEST_TARGET` names, or this machine. One whose executables cannot be made
/// and run here fails the test.
pub fn target() -> Target {
    let Ok(name) = env::var("WASMC_TEST_TARGET") else {
        return Target::host();
    };
    let arch = Arch::from_str(&name).unwrap_or_else(|error| panic!("WASMC_TEST_TARGET: {error}"));
    if let Err(reason) = can_run(arch) {
        panic!("WASMC_TEST_TARGET: {reason}");
    }
    Target::new(arch)
}

/// The back end that `WASMC_TEST_BACKEND` names: `own` is the one of our own, for all that it knows.
pub fn backend() -> Backend {
    match env::var("WASMC_TEST_BACKEND").as_deref() {
        Err(_) | Ok("cranelift") => Backend::Cranelift,
        Ok("own") => Backend::OWN,
        Ok(name) => panic!("WASMC_TEST_BACKEND: no back end is called `{name}`"),
    }
}

/// Whether executables for the architecture can be made and run here, or why not.
fn can_run(arch: Arch) -> Result<(), String> {
    if runtime_object(arch).is_none() {
        return Err("this wasmc was built without the runtime".to_owned());
    }
    match emulator(arch) {
        Some(name) if !is_installed(name) => Err(format!("`{name}` is not installed")),
        _ => Ok(()),
    }
}

/// Whether the part of the tests for aarch64 that every run has is to be run: on another machine that
/// can. Says why not.
pub fn emulates_aarch64() -> bool {
    let result = match emulator(Arch::Aarch64) {
        None => Err("this machine is one: the other tests are for it".to_owned()),
        Some(_) => can_run(Arch::Aarch64),
    };
    if let Err(reason) = &result {
        say(&format!("SKIPPED: tests of aarch64: {reason}"));
    }
    result.is_ok()
}

/// Writes a line past the test harness, which would hide it.
pub fn say(line: &str) {
    writeln!(io::stdout().lock(), "{line}").expect("standard output is open");
}
