//! The values on the operand stack, and what is known of their types.

use cranelift_codegen::ir::Value;
use wasmparser::RefType;

/// Values, and what is known of their types.
///
/// A type belongs to a value's place on the stack, not to the value: behind a cast the same value
/// has a narrower type, and elsewhere it has not. So it is known only from the instruction that
/// pushed it on, whose type was validated, and forgotten with the place.
#[derive(Default)]
pub(super) struct Operands {
    values: Vec<Value>,
    /// As long as `values`. A type index in one of them is a [`TypeId`](crate::index::TypeId).
    types: Vec<Option<RefType>>,
}

impl Operands {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Forgets all but the lowest `len` values.
    pub fn truncate(&mut self, len: usize) {
        self.values.truncate(len);
        self.types.truncate(len);
    }

    /// Pushes a value of which this is known.
    pub fn push(&mut self, value: Value, ty: Option<RefType>) {
        self.values.push(value);
        self.types.push(ty);
    }

    /// Pops a value, and what is known of it.
    pub fn pop(&mut self) -> (Value, Option<RefType>) {
        let value = self.values.pop().expect("the body validated");
        (
            value,
            self.types.pop().expect("there is one for each value"),
        )
    }

    /// The uppermost `count` values: the lowest first.
    pub fn uppermost(&self, count: usize) -> &[Value] {
        &self.values[self.values.len() - count..]
    }
}
