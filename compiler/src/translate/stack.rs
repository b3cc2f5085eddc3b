//! The operand stack.

use cranelift_codegen::ir::{Type, Value};

use super::env::Translator;

impl Translator<'_, '_> {
    /// Pushes a value.
    pub fn push(&mut self, value: Value) {
        self.stack.push(value);
    }

    /// Pops a value.
    pub fn pop(&mut self) -> Value {
        self.stack.pop().expect("the body validated")
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
        self.stack.split_off(self.stack.len() - count)
    }

    /// Copies the uppermost `count` values: the lowest first.
    pub fn peek_many(&self, count: usize) -> Vec<Value> {
        self.stack[self.stack.len() - count..].to_vec()
    }

    /// The machine type of a value.
    pub fn type_of(&self, value: Value) -> Type {
        self.builder.func.dfg.value_type(value)
    }
}
