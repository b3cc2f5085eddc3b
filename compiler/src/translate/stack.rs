//! The operand stack.
//!
//! A `v128` is I8X16 wherever it leaves the stack by these functions. On the stack it may have any
//! lanes, so that a chain of vector instructions casts as little as possible:
//! [`Translator::pop_lanes`] takes it off with the lanes that an instruction wants.

use cranelift_codegen::ir::{Type, Value, types};

use super::env::Translator;

impl Translator<'_, '_> {
    /// Pushes a value.
    pub fn push(&mut self, value: Value) {
        self.stack.push(value);
    }

    /// Pops a value.
    pub fn pop(&mut self) -> Value {
        let value = self.stack.pop().expect("the body validated");
        self.canonical(value)
    }

    /// Pops a vector, with the given lanes.
    pub fn pop_lanes(&mut self, ty: Type) -> Value {
        let value = self.stack.pop().expect("the body validated");
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
        let mut values = self.stack[self.stack.len() - count..].to_vec();
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
