//! Which standard a script was written for.
//!
//! Scripts of earlier standards assert that later proposals are malformed or invalid. So a
//! script's standard is the latest one that refuses every module which the script says is to be
//! refused.

use std::path::Path;

use wasmc_compiler::features::{self, Features, PROPOSALS, Proposal, Status};
use wasmparser::{Validator, WasmFeatures};

use super::script::{Action, Body, Directive, Encoded};

/// Earlier standards, the latest first.
const EARLIER: [WasmFeatures; 2] = [WasmFeatures::WASM2, WasmFeatures::WASM1];
/// Folders of scripts about a proposal that are not named like it.
const RENAMED: &[(&str, &str)] = &[
    ("exceptions", "exception-handling"),
    ("legacy", "legacy-exceptions"),
    (
        "nontrapping-float-to-int-conversions",
        "saturating-float-to-int",
    ),
    ("sign-extension-ops", "sign-extension"),
];

/// The standard that a script was written for.
#[derive(Debug)]
pub(super) struct Level {
    /// What wasmc has of it: the features with which the script's modules are compiled.
    pub features: Features,
    /// All of it.
    standard: WasmFeatures,
    /// The proposal that the script's folder stands for, if wasmc does not have it yet.
    pub not_yet: Option<&'static str>,
}

impl Level {
    /// Finds a script's level: a standard, and the proposals that the folder in which the script
    /// lies stands for and that its own modules, which must be valid, cannot do without. `base` are
    /// the features for scripts of the current standard.
    pub(super) fn of(path: &str, directives: &[Directive<'_>], base: Features) -> Level {
        let folders = Path::new(path)
            .parent()
            .into_iter()
            .flat_map(Path::components)
            .filter_map(|component| component.as_os_str().to_str());
        let proposals: Vec<_> = folders
            .map(|folder| {
                let renamed = RENAMED.iter().find(|(name, _)| *name == folder);
                renamed.map_or(folder, |(_, name)| name)
            })
            .filter_map(|name| PROPOSALS.iter().find(|proposal| proposal.name == name))
            .collect();
        let current = Level {
            features: base,
            standard: WasmFeatures::WASM3 | base.bits(),
            not_yet: None,
        }
        .with(&proposals, directives);
        if current.agrees(directives) {
            return current;
        }
        EARLIER
            .into_iter()
            .map(|standard| Level::earlier(standard, base).with(&proposals, directives))
            .find(|level| level.agrees(directives))
            .unwrap_or(current)
    }

    /// An earlier standard without any proposal.
    fn earlier(standard: WasmFeatures, base: Features) -> Level {
        let mut features = base;
        for proposal in PROPOSALS {
            if !standard.contains(proposal.bits) {
                set(&mut features, proposal, false);
            }
        }
        Level {
            features,
            standard,
            not_yet: None,
        }
    }

    /// The level with these proposals and what the script's modules need.
    fn with(mut self, proposals: &[&'static Proposal], directives: &[Directive<'_>]) -> Level {
        for proposal in proposals {
            self.require(proposal);
            if proposal.status == Status::NotYet {
                self.not_yet = Some(proposal.name);
            }
        }
        for bytes in directives.iter().filter_map(valid_module) {
            self.require_all(bytes);
        }
        self
    }

    /// Whether the standard refuses what the script says is to be refused.
    fn agrees(&self, directives: &[Directive<'_>]) -> bool {
        directives.iter().all(|directive| match &directive.body {
            Body::Refuse {
                module: Encoded::Bytes(bytes),
                ..
            } => self.standard_refuses(bytes),
            _ => true,
        })
    }

    /// Whether the script's standard refuses a module: then it does not matter for which reason
    /// wasmc does.
    pub(super) fn standard_refuses(&self, bytes: &[u8]) -> bool {
        Validator::new_with_features(self.standard)
            .validate_all(bytes)
            .is_err()
    }

    /// Adds what a valid module needs.
    fn require_all(&mut self, bytes: &[u8]) {
        if Validator::new_with_features(self.features.bits())
            .validate_all(bytes)
            .is_err()
        {
            for proposal in features::missing(bytes, self.features).unwrap_or_default() {
                self.require(proposal);
            }
        }
    }

    fn require(&mut self, proposal: &Proposal) {
        self.standard |= proposal.bits;
        set(&mut self.features, proposal, true);
    }
}

/// The module of a directive which says that the module is valid.
pub(super) fn valid_module<'a>(directive: &'a Directive<'_>) -> Option<&'a [u8]> {
    let (Body::Module { module, .. }
    | Body::Definition { module, .. }
    | Body::Unlinkable { module, .. }
    | Body::Action {
        action: Action::Instantiate(module),
        ..
    }) = &directive.body
    else {
        return None;
    };
    match module {
        Encoded::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}

/// Turns a proposal on or off.
fn set(features: &mut Features, proposal: &Proposal, enabled: bool) {
    // What is not implemented stays off: the modules that need it are skipped by its name.
    let _ = features.set(proposal.name, enabled);
}

/// Whether a proposal is in a set of features.
pub(super) fn has(features: Features, name: &str) -> bool {
    PROPOSALS
        .iter()
        .any(|proposal| proposal.name == name && features.contains(proposal))
}

/// The compiler's message that something is not supported, as a reason for skipping a module: the
/// names of the proposals, if it is about proposals.
pub(super) fn reason(message: &str) -> String {
    let names = message.split_once(" not supported yet");
    let names =
        names.and_then(|(names, _)| names.strip_suffix(" is").or(names.strip_suffix(" are")));
    names.unwrap_or(message).replace('`', "")
}

/// The proposals that a module needs beyond `features`, as a reason for skipping it.
pub(super) fn missing(bytes: &[u8], features: Features) -> Option<String> {
    let missing = features::missing(bytes, features)?;
    let names: Vec<_> = missing.iter().map(|proposal| proposal.name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
