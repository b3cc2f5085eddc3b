//! Traps: their codes in the IR, and back.

use cranelift_codegen::ir::{InstBuilder, TrapCode, Value};
use wasmc_abi::traps::Trap;

use super::env::Translator;

/// The IR's code for a trap.
pub(super) const fn code(trap: Trap) -> TrapCode {
    match trap {
        // Cranelift emits these on its own.
        Trap::MemoryOutOfBounds => TrapCode::HEAP_OUT_OF_BOUNDS,
        Trap::IntegerDivideByZero => TrapCode::INTEGER_DIVISION_BY_ZERO,
        Trap::IntegerOverflow => TrapCode::INTEGER_OVERFLOW,
        Trap::InvalidConversion => TrapCode::BAD_CONVERSION_TO_INTEGER,
        Trap::CallStackExhausted => TrapCode::STACK_OVERFLOW,
        trap => TrapCode::unwrap_user(trap.code()),
    }
}

/// The trap that a code of compiled code means.
pub(crate) fn trap_of(code: TrapCode) -> Trap {
    match code {
        TrapCode::HEAP_OUT_OF_BOUNDS => Trap::MemoryOutOfBounds,
        TrapCode::INTEGER_DIVISION_BY_ZERO => Trap::IntegerDivideByZero,
        TrapCode::INTEGER_OVERFLOW => Trap::IntegerOverflow,
        TrapCode::BAD_CONVERSION_TO_INTEGER => Trap::InvalidConversion,
        TrapCode::STACK_OVERFLOW => Trap::CallStackExhausted,
        code => {
            Trap::from_code(code.as_raw().get()).expect("we only make codes of the list of traps")
        }
    }
}

impl Translator<'_, '_> {
    /// Traps if `condition` is not zero.
    pub fn trap_if(&mut self, condition: Value, trap: Trap) {
        self.builder.ins().trapnz(condition, code(trap));
    }

    /// Traps if `condition` is zero.
    pub fn trap_unless(&mut self, condition: Value, trap: Trap) {
        self.builder.ins().trapz(condition, code(trap));
    }

    /// Traps.
    pub fn trap(&mut self, trap: Trap) {
        self.builder.ins().trap(code(trap));
    }
}
