//! Why is a module refused?

use crate::error::{Error, Location};
use crate::features::{self, Features, Status};

/// What is said of a component.
pub(crate) fn is_a_component() -> Error {
    Error::Unsupported {
        message: "this is a component, not a module".into(),
        location: Location::default(),
        hint: Some(
            "`wasm-tools component unbundle` extracts the core modules of a component".into(),
        ),
    }
}

/// Turns a validation error into one that names the disabled proposal when that is the cause.
pub(super) fn explain(
    bytes: &[u8],
    allowed: Features,
    message: String,
    location: Location,
) -> Error {
    let Some(missing) = features::missing(bytes, allowed).filter(|missing| !missing.is_empty())
    else {
        return Error::Invalid { message, location };
    };
    let not_yet: Vec<_> = missing
        .iter()
        .filter(|proposal| proposal.status == Status::NotYet)
        .map(|proposal| format!("`{}`", proposal.name))
        .collect();
    if !not_yet.is_empty() {
        let verb = if not_yet.len() == 1 { "is" } else { "are" };
        return Error::Unsupported {
            message: format!("{} {verb} not supported yet", not_yet.join(", ")),
            location,
            hint: None,
        };
    }
    let disabled: Vec<_> = missing
        .iter()
        .map(|proposal| format!("`{}`", proposal.name))
        .collect();
    let (verb, pronoun) = match disabled.len() {
        1 => ("is", "it"),
        _ => ("are", "them"),
    };
    let flags: Vec<_> = missing
        .iter()
        .map(|proposal| format!("-W {}", proposal.name))
        .collect();
    Error::Unsupported {
        message: format!("{} {verb} disabled", disabled.join(", ")),
        location,
        hint: Some(format!("pass `{}` to enable {pronoun}", flags.join(" "))),
    }
}
