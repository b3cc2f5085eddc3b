//! Instructions and the operand stack.
//!
//! A `v128` is I8X16 wherever it leaves the stack by these functions. On the stack it may have any
//! lanes, so that a chain of vector instructions casts as little as possible:
//! [`Translator::pop_lanes`] takes it off with the lanes that an instruction wants.

use cranelift_codegen::ir::{InstructionData, Opcode, Type, Value, ValueDef, types};
use wasmparser::{RefType, ValType};

use super::env::Translator;

impl Translator<'_, '_> {
    /// Pushes a value that is no reference to an object.
    pub fn push(&mut self, value: Value) {
        self.stack.push(value, None);
    }

    /// Pushes a value of a canonical type that has just been made: if it may refer to an object, a
    /// collection must find it.
    pub fn push_typed(&mut self, value: Value, ty: ValType) {
        self.declare(value, ty);
        self.push_known(value, ty);
    }

    /// Pushes values as [`Self::push_typed`] does, the lowest first.
    pub fn push_all(&mut self, values: &[Value], types: &[ValType]) {
        debug_assert_eq!(values.len(), types.len());
        for (&value, &ty) in values.iter().zip(types) {
            self.push_typed(value, ty);
        }
    }

    /// Pushes a value of a canonical type that was there before.
    pub fn push_known(&mut self, value: Value, ty: ValType) {
        let ty = match ty {
            ValType::Ref(ty) => Some(ty),
            _ => None,
        };
        self.stack.push(value, ty);
    }

    /// Pushes a reference that was there before, of which this is known.
    pub fn push_ref(&mut self, value: Value, ty: Option<RefType>) {
        self.stack.push(value, ty);
    }

    /// Says that a value is a reference that a collection must find and may change, if it can be
    /// one to an object. Beyond this point nothing may be derived from it that outlives a call.
    pub fn declare(&mut self, value: Value, ty: ValType) {
        if let ValType::Ref(ty) = ty
            && self.program.world.types.may_be_object(ty)
            && !self.is_null(value)
        {
            self.builder.declare_value_needs_stack_map(value);
        }
    }

    /// Whether a value is the constant null: to remember it would cost a store.
    fn is_null(&self, value: Value) -> bool {
        let dfg = &self.builder.func.dfg;
        let ValueDef::Result(inst, _) = dfg.value_def(dfg.resolve_aliases(value)) else {
            return false;
        };
        matches!(
            dfg.insts[inst],
            InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } if imm.bits() == 0
        )
    }

    /// Pops a value.
    pub fn pop(&mut self) -> Value {
        let (value, _) = self.stack.pop();
        self.canonical(value)
    }

    /// Pops a reference, with what is known of its type.
    pub fn pop_ref(&mut self) -> (Value, Option<RefType>) {
        self.stack.pop()
    }

    /// Pops a vector, with the given lanes.
    pub fn pop_lanes(&mut self, ty: Type) -> Value {
        let (value, _) = self.stack.pop();
        self.with_lanes(value, ty)
    }

    /// Pops two values: the lower first.
    pub fn pop2(&mut self) -> (Value, Value) {
        let right = self.pop();
        (self.pop(), right)
    }

    /// Pops three values: the lowest first.
    pub fn pop3(&mut self) -> (Value, Value, Value) {
        let (second, third) = self.pop2();
        (self.pop(), second, third)
    }

    /// Pops `count` values: the lowest first.
    pub fn pop_many(&mut self, count: usize) -> Vec<Value> {
        let values = self.peek_many(count);
        self.stack.truncate(self.stack.len() - count);
        values
    }

    /// Copies the uppermost `count` values: the lowest first.
    pub fn peek_many(&mut self, count: usize) -> Vec<Value> {
        let mut values = self.stack.uppermost(count).to_vec();
        for value in &mut values {
            *value = self.canonical(*value);
        }
        values
    }

    /// The value; as I8X16 if it is a vector.
    fn canonical(&mut self, value: Value) -> Value {
        match self.type_of(value).is_vector() {
            true => self.with_lanes(value, types::I8X16),
            false => value,
        }
    }

    /// The machine type of a value.
    pub fn type_of(&self, value: Value) -> Type {
        self.builder.func.dfg.value_type(value)
    }
}
