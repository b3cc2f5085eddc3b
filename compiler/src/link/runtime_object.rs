//! The runtime objects that `build.rs` made and this crate embeds.

use super::LinkError;
use crate::target::{Arch, TargetRow};

/// An embedded runtime object.
#[derive(Debug)]
#[non_exhaustive]
pub struct RuntimeObject {
    /// The architecture it is for.
    pub arch: Arch,
    /// The object.
    pub bytes: &'static [u8],
    /// SHA-256 of the object, in hexadecimal.
    pub sha256: &'static str,
    /// What compiled it: the output of `rustc -V`.
    pub rustc: &'static str,
}

/// At most one for each architecture.
static RUNTIME_OBJECTS: &[RuntimeObject] =
    include!(concat!(env!("OUT_DIR"), "/runtime_objects.rs"));

/// The runtime of an architecture; `None` when `core` for it was not installed where wasmc was
/// built.
pub fn runtime_object(arch: Arch) -> Option<&'static RuntimeObject> {
    RUNTIME_OBJECTS.iter().find(|runtime| runtime.arch == arch)
}

/// The error for an architecture without a runtime.
pub(super) fn missing(arch: Arch) -> LinkError {
    let row = arch.row();
    LinkError {
        message: format!("this wasmc was built without the runtime for {}", row.name),
        hint: Some(format!(
            "{}, or link the output of `--emit obj` yourself",
            remedy_for_runtime(row)
        )),
    }
}

/// How to get a wasmc with the runtime of a target that this one lacks.
pub fn remedy_for_runtime(row: &TargetRow) -> String {
    let script = match row.arch {
        Arch::X86_64 => "",
        Arch::Aarch64 => " (or `scripts/material aarch64` where rustup cannot download it)",
    };
    format!(
        "run `rustup target add {}`{script} and build wasmc again",
        row.triple
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::TARGETS;

    #[test]
    fn a_missing_runtime_is_an_error_that_says_how_to_get_it() {
        for row in TARGETS {
            let LinkError { message, hint } = missing(row.arch);
            assert!(message.ends_with(row.name), "{message}");
            let hint = hint.expect("it can be helped");
            assert_eq!(hint.lines().count(), 1, "{hint}");
            let command = format!("rustup target add {}", row.triple);
            assert!(hint.contains(&command), "{hint}");
            assert!(hint.contains("--emit obj"), "{hint}");
        }
    }
}
