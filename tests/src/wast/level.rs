//! Which standard a script was written for.

use std::path::Path;

use wasmc_compiler::features::{self, Features, PROPOSALS, Proposal, Status};
use wasmparser::{Validator, WasmFeatures};

use super::script::{Action, Body, Directive, Encoded};

/// WebAssembly 1.0 and 2.0.
const ONE: WasmFeatures = WasmFeatures::WASM1;
const TWO: WasmFeatures = WasmFeatures::WASM2;
/// Folders of scripts that were written for an earlier standard and a proposal, with its name;
/// they assert that later proposals are malformed or invalid.
const EARLY: &[(&str, WasmFeatures, &str)] = &[
    ("wasm-v1", ONE, ""),
    ("wasm-v2", TWO, ""),
    ("bulk-memory", TWO, "bulk-memory"),
    ("extended-const", TWO, "extended-const"),
    ("function-references", TWO, "function-references"),
    ("gc", TWO, "gc"),
    ("memory64", TWO, "memory64"),
    ("multi-value", TWO, "multi-value"),
    ("mutable-global", TWO, "mutable-global"),
    (
        "nontrapping-float-to-int-conversions",
        TWO,
        "saturating-float-to-int",
    ),
    ("reference-types", TWO, "reference-types"),
    ("sign-extension-ops", TWO, "sign-extension"),
    ("simd", TWO, "simd"),
    ("tail-call", TWO, "tail-call"),
    ("threads", ONE, "threads"),
];
/// Other folders that are not named like their proposal.
const RENAMED: &[(&str, &str)] = &[
    ("exceptions", "exception-handling"),
    ("legacy", "legacy-exceptions"),
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
    /// Finds a script's level: `base`, as the folder in which it lies says, and with what its own
    /// modules, which must be valid, cannot do without.
    pub(super) fn of(path: &str, directives: &[Directive<'_>], base: Features) -> Level {
        let mut level = Level {
            features: base,
            standard: WasmFeatures::WASM3 | base.bits(),
            not_yet: None,
        };
        let folders: Vec<_> = Path::new(path)
            .parent()
            .into_iter()
            .flat_map(Path::components)
            .filter_map(|component| component.as_os_str().to_str())
            .collect();
        let early = |folder: &str| EARLY.iter().find(|(name, _, _)| *name == folder);
        let standard = folders.iter().find_map(|folder| early(folder));
        if let Some(&(_, standard, _)) = standard {
            level.standard = standard;
            for proposal in PROPOSALS {
                if !standard.contains(proposal.bits) {
                    set(&mut level.features, proposal, false);
                }
            }
        }
        for folder in folders {
            let renamed = RENAMED.iter().find(|(name, _)| *name == folder);
            let name = early(folder)
                .map(|&(_, _, proposal)| proposal)
                .or(renamed.map(|&(_, proposal)| proposal))
                .unwrap_or(folder);
            if let Some(proposal) = PROPOSALS.iter().find(|proposal| proposal.name == name) {
                level.require(proposal);
                if proposal.status == Status::NotYet {
                    level.not_yet = Some(proposal.name);
                }
            }
        }
        for bytes in directives.iter().filter_map(valid_module) {
            level.require_all(bytes);
        }
        level
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

/// The proposals that a module needs beyond `features`, as a reason for skipping it.
pub(super) fn missing(bytes: &[u8], features: Features) -> Option<String> {
    let missing = features::missing(bytes, features)?;
    let names: Vec<_> = missing.iter().map(|proposal| proposal.name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
