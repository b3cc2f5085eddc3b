//! Conversions between vectors of different lanes.

use cranelift_codegen::ir::{InstBuilder, Type, Value, types};

use crate::translate::env::Translator;

impl Translator<'_, '_> {
    /// `f64x2.convert_low_i32x4_s`.
    pub fn convert_low_signed(&mut self) {
        let vector = self.pop_lanes(types::I32X4);
        let wide = self.builder.ins().swiden_low(vector);
        let value = self.builder.ins().fcvt_from_sint(types::F64X2, wide);
        self.push(value);
    }

    /// `f64x2.convert_low_i32x4_u`.
    pub fn convert_low_unsigned(&mut self) {
        let vector = self.pop_lanes(types::I32X4);
        let wide = self.builder.ins().uwiden_low(vector);
        let value = self.builder.ins().fcvt_from_uint(types::F64X2, wide);
        self.push(value);
    }

    /// `i32x4.trunc_sat_f64x2_s_zero`.
    pub fn trunc_sat_zero_signed(&mut self) {
        let vector = self.pop_lanes(types::F64X2);
        let wide = self.builder.ins().fcvt_to_sint_sat(types::I64X2, vector);
        self.push_narrowed_signed(wide);
    }

    /// Narrows lanes to 32 bits, saturating; the upper lanes are zero.
    pub fn push_narrowed_signed(&mut self, wide: Value) {
        let zero = self.vector_constant(types::I64X2, [0; 16]);
        let value = self.builder.ins().snarrow(wide, zero);
        self.push(value);
    }

    /// `i32x4.trunc_sat_f64x2_u_zero`.
    pub fn trunc_sat_zero_unsigned(&mut self) {
        let vector = self.pop_lanes(types::F64X2);
        let value = if self.isa.has_round() {
            let zero = self.vector_constant(types::I64X2, [0; 16]);
            let wide = self.builder.ins().fcvt_to_uint_sat(types::I64X2, vector);
            self.builder.ins().uunarrow(wide, zero)
        } else {
            // The vector form rounds first, which plain x86-64 has no instruction for.
            let zero = self.vector_constant(types::I32X4, [0; 16]);
            (0..2).fold(zero, |result, lane| {
                let float = self.builder.ins().extractlane(vector, lane);
                let int = self.builder.ins().fcvt_to_uint_sat(types::I32, float);
                self.builder.ins().insertlane(result, int, lane)
            })
        };
        self.push(value);
    }

    /// `extadd_pairwise_s`.
    pub fn ext_add_pairwise_signed(&mut self, ty: Type) {
        let vector = self.pop_lanes(ty);
        let low = self.builder.ins().swiden_low(vector);
        let high = self.builder.ins().swiden_high(vector);
        let value = self.builder.ins().iadd_pairwise(low, high);
        self.push(value);
    }

    /// `extadd_pairwise_u`.
    pub fn ext_add_pairwise_unsigned(&mut self, ty: Type) {
        let vector = self.pop_lanes(ty);
        let low = self.builder.ins().uwiden_low(vector);
        let high = self.builder.ins().uwiden_high(vector);
        let value = self.builder.ins().iadd_pairwise(low, high);
        self.push(value);
    }
}
