//! Float arithmetic and conversions.

use cranelift_codegen::ir::{self, Opcode, Value, types};

use super::super::Refusal;
use super::super::machine::{
    Class, DefAt, Encoding, Imm, Inst, Kind, Map, RegField, RmField, UseAt, VReg,
};
use super::{Result, Select, forms, name};

/// Whether this file selects an operator.
pub(super) fn handles(opcode: Opcode) -> bool {
    use Opcode::*;
    matches!(
        opcode,
        Fadd | Fsub
            | Fmul
            | Fdiv
            | Sqrt
            | Floor
            | Ceil
            | Trunc
            | Nearest
            | Fneg
            | Fabs
            | Fcopysign
            | Fpromote
            | Fdemote
            | FcvtFromSint
            | FcvtFromUint
            | FcvtToSintSat
            | FcvtToUintSat
            | Fmin
            | Fmax
            | Bitcast
    )
}

impl Select<'_> {
    pub(super) fn float(&mut self, inst: ir::Inst) -> Result<()> {
        let opcode = self.func.dfg.insts[inst].opcode();
        let args = self.func.dfg.inst_args(inst);
        let value = self.result(inst);
        let result = name(value);
        if let Opcode::FcvtToSintSat | Opcode::FcvtToUintSat = opcode {
            return self.saturate(opcode, value, args[0]);
        }
        if opcode == Opcode::Bitcast {
            return self.bitcast(value, args[0]);
        }
        let wide = match self.ty(value) {
            types::F32 => false,
            types::F64 => true,
            ty => return Err(Refusal::Type(ty)),
        };
        match opcode {
            Opcode::Fadd => self.float_binary(0x58, result, args, wide, true),
            Opcode::Fmul => self.float_binary(0x59, result, args, wide, true),
            Opcode::Fsub => self.float_binary(0x5c, result, args, wide, false),
            Opcode::Fdiv => self.float_binary(0x5e, result, args, wide, false),
            Opcode::Sqrt => {
                let arg = self.reg(args[0]);
                let prefix = forms::scalar(wide);
                let encoding = forms::sse(prefix, 0x51, RegField::Def(0), RmField::Use(0));
                self.unary(encoding, arg, result);
                Ok(())
            }
            Opcode::Nearest | Opcode::Floor | Opcode::Ceil | Opcode::Trunc => {
                if !self.features.sse41 {
                    return Err(Refusal::Opcode(opcode));
                }
                // Without telling of inexact results.
                let mode = match opcode {
                    Opcode::Nearest => 8,
                    Opcode::Floor => 9,
                    Opcode::Ceil => 10,
                    _ => 11,
                };
                let arg = self.reg(args[0]);
                let encoding = Encoding {
                    map: Map::X0f3a,
                    imm: Imm::Byte(mode),
                    ..forms::sse(
                        0x66,
                        0x0a + u8::from(wide),
                        RegField::Def(0),
                        RmField::Use(0),
                    )
                };
                self.unary(encoding, arg, result);
                Ok(())
            }
            Opcode::Fneg | Opcode::Fabs => {
                let arg = self.reg(args[0]);
                let (sign, rest) = masks(wide);
                let (opcode, mask) = match opcode {
                    Opcode::Fneg => (0x57, sign),
                    _ => (0x54, rest),
                };
                let mask = self.float_bits(mask, wide);
                self.bitwise(opcode, result, arg, mask);
                Ok(())
            }
            Opcode::Fcopysign => {
                let (left, right) = (self.reg(args[0]), self.reg(args[1]));
                let (sign, rest) = masks(wide);
                let (sign, rest) = (self.float_bits(sign, wide), self.float_bits(rest, wide));
                let (magnitude, signed) = (self.float_temporary(), self.float_temporary());
                self.bitwise(0x54, magnitude, left, rest);
                self.bitwise(0x54, signed, right, sign);
                self.bitwise(0x56, result, magnitude, signed);
                Ok(())
            }
            Opcode::Fmin | Opcode::Fmax => {
                let (left, right) = (self.reg(args[0]), self.reg(args[1]));
                let greater = opcode == Opcode::Fmax;
                self.push(
                    Inst::new(Kind::Extreme { wide, greater }, super::Flags::Writes)
                        .reads(left, UseAt::Reg)
                        .reads(right, UseAt::Reg)
                        .makes(result, DefAt::First),
                );
                Ok(())
            }
            Opcode::Fpromote | Opcode::Fdemote => {
                let arg = self.reg(args[0]);
                let prefix = forms::scalar(opcode == Opcode::Fdemote);
                let encoding = forms::sse(prefix, 0x5a, RegField::Def(0), RmField::Use(0));
                self.unary(encoding, arg, result);
                Ok(())
            }
            _ => self.integer_to_float(opcode, result, args[0], wide),
        }
    }

    /// The same bits as a number of the other kind.
    fn bitcast(&mut self, value: Value, arg: Value) -> Result<()> {
        let wide = match (self.ty(arg), self.ty(value)) {
            (types::F64, types::I64) | (types::I64, types::F64) => true,
            (types::F32, types::I32) | (types::I32, types::F32) => false,
            (_, ty) => return Err(Refusal::Type(ty)),
        };
        let (opcode, reg, rm) = match self.ty(value).is_float() {
            true => (0x6e, RegField::Def(0), RmField::Use(0)),
            false => (0x7e, RegField::Use(0), RmField::Def(0)),
        };
        let encoding = Encoding {
            prefix: 0x66,
            ..forms::two(opcode, wide, reg, rm)
        };
        let arg = self.reg(arg);
        self.unary(encoding, arg, name(value));
        Ok(())
    }

    fn float_temporary(&mut self) -> VReg {
        self.temporary(Class::Float)
    }

    fn unary(&mut self, encoding: Encoding, arg: VReg, result: VReg) {
        self.push(
            forms::quiet(encoding)
                .reads(arg, UseAt::Reg)
                .makes(result, DefAt::Reg),
        );
    }

    fn bitwise(&mut self, opcode: u8, result: VReg, left: VReg, right: VReg) {
        let encoding = forms::sse(0, opcode, RegField::Def(0), RmField::Use(1));
        self.push(
            forms::quiet(encoding)
                .reads(left, UseAt::Reg)
                .reads(right, UseAt::Reg)
                .makes(result, DefAt::First),
        );
    }

    fn float_binary(
        &mut self,
        opcode: u8,
        result: VReg,
        args: &[Value],
        wide: bool,
        commutes: bool,
    ) -> Result<()> {
        let left = self.reg(args[0]);
        let mut inst: Inst = Inst::new(Kind::Jump, super::Flags::Keeps)
            .reads(left, UseAt::Reg)
            .makes(result, DefAt::First);
        let bits = if wide { 64 } else { 32 };
        let rm = if let Some((bits, wide)) = self.float_constant(args[1]) {
            RmField::Memory(self.constant_address(bits, wide))
        } else if let Some(load) = self.foldable(args[1], bits) {
            RmField::Memory(self.fold(&mut inst, load)?)
        } else {
            let right = self.reg(args[1]);
            inst = inst.reads(right, UseAt::Any);
            inst.commutes = commutes;
            RmField::Use(1)
        };
        let prefix = forms::scalar(wide);
        inst.kind = Kind::Encoded(forms::sse(prefix, opcode, RegField::Def(0), rm));
        self.push(inst);
        Ok(())
    }

    fn saturate(&mut self, opcode: Opcode, value: Value, arg: Value) -> Result<()> {
        let result = name(value);
        let (from_wide, to_wide) = match (self.ty(arg), self.ty(value)) {
            (from @ (types::F32 | types::F64), to @ (types::I32 | types::I64)) => {
                (from == types::F64, to == types::I64)
            }
            (_, ty) => return Err(Refusal::Type(ty)),
        };
        let signed = opcode == Opcode::FcvtToSintSat;
        let offset = match (signed, to_wide, from_wide) {
            (false, true, true) => self.constant_index((-2f64.powi(63)).to_bits(), true),
            (false, true, false) => self.constant_index((-2f32.powi(63)).to_bits().into(), false),
            _ => 0,
        };
        let arg = self.reg(arg);
        let kind = Kind::Saturate {
            from_wide,
            to_wide,
            signed,
            offset,
        };
        let (integer, float) = (self.temporary(Class::Wide), self.float_temporary());
        let mut inst = Inst::new(kind, super::Flags::Writes)
            .reads(arg, UseAt::Reg)
            .makes(result, DefAt::Reg)
            .makes(integer, DefAt::Reg)
            .makes(float, DefAt::Reg);
        inst.early = true;
        self.push(inst);
        Ok(())
    }

    fn integer_to_float(
        &mut self,
        opcode: Opcode,
        result: VReg,
        arg: Value,
        wide: bool,
    ) -> Result<()> {
        if (opcode, self.ty(arg)) == (Opcode::FcvtFromUint, types::I64) {
            let arg = self.reg(arg);
            let (first, second) = (self.temporary(Class::Wide), self.temporary(Class::Wide));
            let mut inst = Inst::new(Kind::FromUnsigned { wide }, super::Flags::Writes)
                .reads(arg, UseAt::Reg)
                .makes(result, DefAt::Reg)
                .makes(first, DefAt::Reg)
                .makes(second, DefAt::Reg);
            inst.early = true;
            self.push(inst);
            return Ok(());
        }
        let from_wide = match (opcode, self.ty(arg)) {
            (Opcode::FcvtFromSint, types::I32) => false,
            (Opcode::FcvtFromSint, types::I64) => true,
            // Zero above: the whole register is the number.
            (Opcode::FcvtFromUint, types::I32) => true,
            _ => return Err(Refusal::Opcode(opcode)),
        };
        let arg = self.reg(arg);
        // The instruction leaves the rest of the register: of one that is zero, it waits for nobody.
        let zero = self.float_bits(0, true);
        let encoding = Encoding {
            wide: from_wide,
            ..forms::sse(forms::scalar(wide), 0x2a, RegField::Def(0), RmField::Use(1))
        };
        self.push(
            forms::quiet(encoding)
                .reads(zero, UseAt::Reg)
                .reads(arg, UseAt::Reg)
                .makes(result, DefAt::First),
        );
        Ok(())
    }
}

/// The bit of the sign, and all others.
fn masks(wide: bool) -> (u64, u64) {
    match wide {
        true => (1 << 63, !(1 << 63)),
        false => (1 << 31, !(1u32 << 31) as u64),
    }
}
