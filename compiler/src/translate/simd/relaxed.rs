//! Relaxed vector instructions: of the results that the specification allows, the one that the
//! target computes fastest. It depends on the target and its CPU level alone, so that an
//! executable gives the same results on every machine that runs it.

use cranelift_codegen::ir::{InstBuilder, Type, Value, types};

use crate::translate::env::Translator;

impl Translator<'_, '_> {
    /// `i8x16.relaxed_swizzle`.
    pub fn relaxed_swizzle(&mut self) {
        if self.isa.has_x86_pshufb_lowering() {
            self.lanes_binary(types::I8X16, |ins, x, y| ins.x86_pshufb(x, y));
        } else {
            self.swizzle();
        }
    }

    /// `i32x4.relaxed_trunc_f32x4_s`.
    pub fn relaxed_trunc_signed(&mut self) {
        let is_x86 = self.is_x86();
        self.lanes_unary(types::F32X4, |ins, x| match is_x86 {
            true => ins.x86_cvtt2dq(types::I32X4, x),
            false => ins.fcvt_to_sint_sat(types::I32X4, x),
        });
    }

    /// `i32x4.relaxed_trunc_f64x2_s_zero`.
    pub fn relaxed_trunc_zero_signed(&mut self) {
        if self.is_x86() {
            let vector = self.pop_lanes(types::F64X2);
            let wide = self.builder.ins().x86_cvtt2dq(types::I64X2, vector);
            self.push_narrowed_signed(wide);
        } else {
            self.trunc_sat_zero_signed();
        }
    }

    /// `relaxed_madd`: rounded once where that is one instruction, else twice.
    pub fn relaxed_madd(&mut self, ty: Type) {
        let (x, y, z) = self.pop3_lanes(ty);
        self.push_madd(x, y, z);
    }

    /// `relaxed_nmadd`: as `relaxed_madd` of the negated first factor.
    pub fn relaxed_nmadd(&mut self, ty: Type) {
        let (x, y, z) = self.pop3_lanes(ty);
        let x = self.builder.ins().fneg(x);
        self.push_madd(x, y, z);
    }

    fn push_madd(&mut self, x: Value, y: Value, z: Value) {
        let value = if self.isa.has_native_fma() {
            self.builder.ins().fma(x, y, z)
        } else {
            let product = self.builder.ins().fmul(x, y);
            self.builder.ins().fadd(product, z)
        };
        self.push(value);
    }

    /// `relaxed_laneselect`: by the highest bit of each lane where that is one instruction.
    pub fn relaxed_laneselect(&mut self, ty: Type) {
        let (if_set, if_clear, mask) = self.pop3_lanes(ty);
        let value = if self.isa.has_blendv_lowering(ty) {
            self.builder.ins().blendv(mask, if_set, if_clear)
        } else {
            self.builder.ins().bitselect(mask, if_set, if_clear)
        };
        self.push(value);
    }

    /// `relaxed_min`.
    pub fn relaxed_min(&mut self, ty: Type) {
        match self.is_x86() {
            true => self.lanes_pmin(ty),
            false => self.lanes_binary(ty, |ins, x, y| ins.fmin(x, y)),
        }
    }

    /// `relaxed_max`.
    pub fn relaxed_max(&mut self, ty: Type) {
        match self.is_x86() {
            true => self.lanes_pmax(ty),
            false => self.lanes_binary(ty, |ins, x, y| ins.fmax(x, y)),
        }
    }

    /// `i16x8.relaxed_q15mulr_s`.
    pub fn relaxed_q15mulr(&mut self) {
        let has_pmulhrsw = self.isa.has_x86_pmulhrsw_lowering();
        self.lanes_binary(types::I16X8, |ins, x, y| match has_pmulhrsw {
            true => ins.x86_pmulhrsw(x, y),
            false => ins.sqmul_round_sat(x, y),
        });
    }

    /// `i16x8.relaxed_dot_i8x16_i7x16_s`.
    pub fn relaxed_dot(&mut self) {
        let (left, right) = self.pop2_lanes(types::I8X16);
        let value = if self.isa.has_x86_pmaddubsw_lowering() {
            self.builder.ins().x86_pmaddubsw(left, right)
        } else {
            let (low, high) = self.wide_products(left, right);
            self.builder.ins().iadd_pairwise(low, high)
        };
        self.push(value);
    }

    /// `i32x4.relaxed_dot_i8x16_i7x16_add_s`.
    pub fn relaxed_dot_add(&mut self) {
        let addend = self.pop_lanes(types::I32X4);
        self.relaxed_dot();
        let dot = self.pop_lanes(types::I16X8);
        let (low, high) = self.widened(dot);
        let sums = self.builder.ins().iadd_pairwise(low, high);
        let value = self.builder.ins().iadd(sums, addend);
        self.push(value);
    }
}
