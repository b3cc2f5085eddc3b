//! The proposals of WebAssembly: one row each.

use wasmparser::WasmFeatures;

/// How far a proposal is implemented.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Status {
    /// Compiled as the specification says.
    Complete,
    /// What is not asynchronous is compiled as the specification says; the rest is refused.
    Synchronous,
    /// Recognised, and refused with an error that names it.
    NotYet,
}

/// A proposal of WebAssembly.
#[derive(Debug)]
#[non_exhaustive]
pub struct Proposal {
    /// The name, as `-W` takes it and errors give it.
    pub name: &'static str,
    /// wasmparser's feature bits; its version is no part of this library's.
    #[doc(hidden)]
    pub bits: WasmFeatures,
    /// Whether it is on without a flag.
    pub default: bool,
    /// How far it is implemented.
    pub status: Status,
}

macro_rules! proposals {
    ($($name:literal $bits:ident $default:ident $status:ident;)*) => {
        /// Every proposal that wasmc knows, in the order in which they were standardised.
        pub const PROPOSALS: &[Proposal] = &[
            $(Proposal {
                name: $name,
                bits: WasmFeatures::$bits,
                default: proposals!(@$default),
                status: Status::$status,
            },)*
        ];
    };
    (@on) => { true };
    (@off) => { false };
}

proposals! {
    "mutable-global"           MUTABLE_GLOBAL           on  Complete;
    "saturating-float-to-int"  SATURATING_FLOAT_TO_INT  on  Complete;
    "sign-extension"           SIGN_EXTENSION           on  Complete;
    "multi-value"              MULTI_VALUE              on  Complete;
    "bulk-memory"              BULK_MEMORY              on  Complete;
    "reference-types"          REFERENCE_TYPES          on  Complete;
    "extended-const"           EXTENDED_CONST           on  Complete;
    "tail-call"                TAIL_CALL                on  Complete;
    "multi-memory"             MULTI_MEMORY             on  Complete;
    "simd"                     SIMD                     on  Complete;
    "relaxed-simd"             RELAXED_SIMD             on  Complete;
    "memory64"                 MEMORY64                 on  Complete;
    "function-references"      FUNCTION_REFERENCES      on  Complete;
    "gc"                       GC                       on  Complete;
    "exception-handling"       EXCEPTIONS               on  Complete;
    "legacy-exceptions"        LEGACY_EXCEPTIONS        on  Complete;
    "threads"                  THREADS                  off Complete;
    "shared-everything-threads" SHARED_EVERYTHING_THREADS off NotYet;
    "wide-arithmetic"          WIDE_ARITHMETIC          off Complete;
    "custom-page-sizes"        CUSTOM_PAGE_SIZES        off Complete;
    "compact-import-section"   COMPACT_IMPORTS          off Complete;
    "memory-control"           MEMORY_CONTROL           off NotYet;
    "acquire-release-atomics"  ACQUIRE_RELEASE_ATOMICS  off NotYet;
    "multibyte-array-access"   MULTIBYTE_ARRAY_ACCESS   off NotYet;
    "stack-switching"          STACK_SWITCHING          off NotYet;
    "custom-descriptors"       CUSTOM_DESCRIPTORS       off NotYet;
    "component-model"          COMPONENT_MODEL          on  Synchronous;
}

/// The set of proposals that a compilation accepts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Features(WasmFeatures);

impl Default for Features {
    fn default() -> Self {
        let mut features = Features(WasmFeatures::FLOATS | WasmFeatures::GC_TYPES);
        for proposal in PROPOSALS.iter().filter(|proposal| proposal.default) {
            features.0 |= proposal.bits;
        }
        features
    }
}

impl Features {
    /// Every proposal that is implemented, on by default or not.
    pub fn complete() -> Features {
        let mut features = Features::default();
        for proposal in PROPOSALS {
            if proposal.status == Status::Complete {
                features.0 |= proposal.bits;
            }
        }
        features
    }

    /// Turns a proposal on or off by its name; the error is a full sentence's worth of cause.
    ///
    /// ```
    /// # use wasmc_compiler::features::Features;
    /// let mut features = Features::default();
    /// assert!(features.set("tail-call", false).is_ok());
    /// assert!(features.set("no-such", true).is_err());
    /// ```
    pub fn set(&mut self, name: &str, enabled: bool) -> Result<(), String> {
        let Some(proposal) = PROPOSALS.iter().find(|proposal| proposal.name == name) else {
            return Err(format!("no proposal is named `{name}`"));
        };
        if enabled && proposal.status == Status::NotYet {
            return Err(format!("`{name}` is not supported yet"));
        }
        self.0.set(proposal.bits, enabled);
        Ok(())
    }

    /// The set with shared memories and atomics.
    pub(crate) fn with_threads(self) -> Features {
        Features(self.0 | WasmFeatures::THREADS)
    }

    /// wasmparser's view of the set; its version is no part of this library's.
    #[doc(hidden)]
    pub fn bits(self) -> WasmFeatures {
        self.0
    }

    /// Whether every feature bit of the proposal is in the set.
    pub fn contains(self, proposal: &Proposal) -> bool {
        self.0.contains(proposal.bits)
    }
}

/// The proposals beyond those of `allowed` without which `bytes` does not validate; `None` when
/// the module is invalid whatever the proposals.
pub fn missing(bytes: &[u8], allowed: Features) -> Option<Vec<&'static Proposal>> {
    let validates = |features| {
        wasmparser::Validator::new_with_features(features)
            .validate_all(bytes)
            .is_ok()
    };
    let all = PROPOSALS
        .iter()
        .fold(allowed.0, |all, proposal| all | proposal.bits);
    if !validates(all) {
        return None;
    }
    // The latest first: later proposals imply earlier ones, of which the module needs no more.
    let mut needed = all;
    let mut missing: Vec<_> = PROPOSALS
        .iter()
        .rev()
        .filter(|proposal| !allowed.contains(proposal))
        .filter(|proposal| {
            let dispensable = validates(needed - proposal.bits);
            if dispensable {
                needed -= proposal.bits;
            }
            !dispensable
        })
        .collect();
    missing.reverse();
    Some(missing)
}
