//! Keeps the linker's environment variables away from wasmc.
//!
//! libwild reads `WILD_*` when it parses its arguments and while it links: some make it write
//! files, delete folders or change the output. A library cannot remove a variable soundly, because
//! another thread may be reading the environment. So [`clear_linker_environment`] removes them
//! where that is sound, at the start of a process with one thread, and `check` refuses to link
//! while any is set.

use std::env;
use std::ffi::OsString;

use super::LinkError;

/// What the names of the linker's variables begin with.
const PREFIX: &str = "WILD_";
/// Variables that may name a job server of `make`: the linker would take over its descriptors.
const JOB_SERVER: &[&str] = &["CARGO_MAKEFLAGS", "MAKEFLAGS", "MFLAGS"];

/// Removes the environment variables that the linker would obey.
///
/// Call it first thing in `main`. It does nothing when the process has several threads already
/// (another may be reading the environment) or when their number is unknown; linking then fails
/// with a clear message if a `WILD_*` variable is set.
pub fn clear_linker_environment() {
    let mut names = linker_variables();
    names.extend(
        JOB_SERVER
            .iter()
            .map(OsString::from)
            .filter(|name| env::var_os(name).is_some()),
    );
    if names.is_empty() || !has_one_thread() {
        return;
    }
    for name in names {
        // SAFETY: this is the process's only thread, so nothing else reads or writes the
        // environment, and nobody can start a thread before we return.
        unsafe { env::remove_var(name) };
    }
}

/// Fails when a variable is set that the linker would obey.
pub(super) fn check() -> Result<(), LinkError> {
    let names: Vec<_> = linker_variables()
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(LinkError {
        message: format!(
            "the environment sets {}, which would change how the linker works",
            names.join(", ")
        ),
        hint: Some(String::from("unset these variables")),
    })
}

/// The names of the linker's variables that are set.
fn linker_variables() -> Vec<OsString> {
    env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()))
        .collect()
}

/// Whether the process is known to have one thread only.
fn has_one_thread() -> bool {
    // proc(5): a folder for each thread.
    std::fs::read_dir("/proc/self/task").is_ok_and(|tasks| tasks.count() == 1)
}
