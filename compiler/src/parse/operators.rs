//! What is known of every operator, from wasmparser's table of them.

use wasmparser::{MemArg, MemArgTarget, Operator, WasmFeatures};

macro_rules! bits {
    (mvp) => {
        WasmFeatures::empty()
    };
    (exceptions) => {
        WasmFeatures::EXCEPTIONS
    };
    (tail_call) => {
        WasmFeatures::TAIL_CALL
    };
    (reference_types) => {
        WasmFeatures::REFERENCE_TYPES
    };
    (sign_extension) => {
        WasmFeatures::SIGN_EXTENSION
    };
    (saturating_float_to_int) => {
        WasmFeatures::SATURATING_FLOAT_TO_INT
    };
    (bulk_memory) => {
        WasmFeatures::BULK_MEMORY
    };
    (legacy_exceptions) => {
        WasmFeatures::LEGACY_EXCEPTIONS
    };
    (memory_control) => {
        WasmFeatures::MEMORY_CONTROL
    };
    (threads) => {
        WasmFeatures::THREADS
    };
    (gc) => {
        WasmFeatures::GC
    };
    (function_references) => {
        WasmFeatures::FUNCTION_REFERENCES
    };
    (stack_switching) => {
        WasmFeatures::STACK_SWITCHING
    };
    (wide_arithmetic) => {
        WasmFeatures::WIDE_ARITHMETIC
    };
    (custom_descriptors) => {
        WasmFeatures::CUSTOM_DESCRIPTORS
    };
    (shared_everything_threads) => {
        WasmFeatures::SHARED_EVERYTHING_THREADS
    };
    (acquire_release_atomics) => {
        WasmFeatures::ACQUIRE_RELEASE_ATOMICS
    };
    (simd) => {
        WasmFeatures::SIMD
    };
    (relaxed_simd) => {
        WasmFeatures::RELAXED_SIMD
    };
}

/// The memory argument among the fields of an operator: each field twice, as name and as value.
macro_rules! memarg_among {
    () => {
        None
    };
    (memarg $value:ident $($rest:tt)*) => {
        Some(*$value)
    };
    ($other:ident $value:ident $($rest:tt)*) => {
        memarg_among!($($rest)*)
    };
}

macro_rules! define_facts {
    ($(@$proposal:ident $op:ident $({ $($field:ident: $ty:ty),* $(,)? })? => $visit:ident ($($arity:tt)*))*) => {
        /// The proposal that an operator belongs to.
        pub(crate) fn proposal_of(operator: &Operator<'_>) -> WasmFeatures {
            match operator {
                $(Operator::$op { .. } => bits!($proposal),)*
                _ => WasmFeatures::empty(),
            }
        }

        /// The memory argument of a load, a store or an atomic access.
        #[allow(unused_variables, reason = "other fields do not matter")]
        pub(super) fn memarg_of(operator: &Operator<'_>) -> Option<MemArg> {
            match operator {
                $(Operator::$op { $($($field),*)? } => memarg_among!($($($field $field)*)?),)*
                _ => None,
            }
        }
    };
}

wasmparser::for_each_operator!(define_facts);

/// The memory that a memory argument names.
pub(crate) fn memory_of(memarg: &MemArg) -> u32 {
    match memarg.target {
        MemArgTarget::Memory(memory) => memory,
        MemArgTarget::Array(_) => unreachable!("`multibyte-array-access` is not enabled"),
    }
}
