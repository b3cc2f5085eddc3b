//! Products of lanes that are wider than their factors.

use cranelift_codegen::ir::{InstBuilder, Type, Value, types};

use crate::translate::env::Translator;
use crate::translate::numeric::Ins;

impl<'f> Translator<'_, 'f> {
    /// `extmul`: both operands are widened by `widen`.
    pub fn ext_mul(&mut self, ty: Type, widen: impl Fn(Ins<'_, 'f>, Value) -> Value) {
        let (left, right) = self.pop2_lanes(ty);
        let left = widen(self.builder.ins(), left);
        let right = widen(self.builder.ins(), right);
        let value = self.builder.ins().imul(left, right);
        self.push(value);
    }

    /// `i32x4.dot_i16x8_s`.
    pub fn dot_i16x8(&mut self) {
        let (left, right) = self.pop2_lanes(types::I16X8);
        let (low, high) = self.wide_products(left, right);
        let value = self.builder.ins().iadd_pairwise(low, high);
        self.push(value);
    }

    /// The signed products of the low and of the high lanes, twice as wide.
    pub fn wide_products(&mut self, left: Value, right: Value) -> (Value, Value) {
        let (left_low, left_high) = self.widened(left);
        let (right_low, right_high) = self.widened(right);
        let low = self.builder.ins().imul(left_low, right_low);
        let high = self.builder.ins().imul(left_high, right_high);
        (low, high)
    }

    /// The low and the high lanes, sign-extended.
    pub fn widened(&mut self, vector: Value) -> (Value, Value) {
        let low = self.builder.ins().swiden_low(vector);
        let high = self.builder.ins().swiden_high(vector);
        (low, high)
    }
}
