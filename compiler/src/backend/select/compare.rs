//! Comparisons, and what reads them: the flags where possible.

use cranelift_codegen::ir::condcodes::{CondCode, FloatCC, IntCC};
use cranelift_codegen::ir::{self, InstructionData, Opcode, Value, types};

use super::super::Refusal;
use super::super::machine::{
    Class, Condition, DefAt, Encoding, Flags, Imm, Inst, Kind, RegField, RmField, UseAt, VReg,
};
use super::forms::{self, Alu};
use super::{Result, Select, name};

/// A condition as jumps have it.
fn code(condition: IntCC) -> Condition {
    Condition::Code(match condition {
        IntCC::UnsignedLessThan => 2,
        IntCC::UnsignedGreaterThanOrEqual => 3,
        IntCC::Equal => 4,
        IntCC::NotEqual => 5,
        IntCC::UnsignedLessThanOrEqual => 6,
        IntCC::UnsignedGreaterThan => 7,
        IntCC::SignedLessThan => 12,
        IntCC::SignedGreaterThanOrEqual => 13,
        IntCC::SignedLessThanOrEqual => 14,
        IntCC::SignedGreaterThan => 15,
    })
}

fn is_signed(condition: IntCC) -> bool {
    condition != condition.unsigned()
}

impl Select<'_> {
    /// Sets the flags by a value, and says what then means that it is not zero. Nothing that writes
    /// flags may come between.
    pub(super) fn condition(&mut self, value: Value) -> Result<Condition> {
        if let Some((inst, _)) = self.maker(value) {
            let once = self.facts.is_used_once(value);
            match self.func.dfg.insts[inst] {
                InstructionData::IntCompare { cond, args, .. } => {
                    return self.compare(cond, args, once);
                }
                InstructionData::FloatCompare { cond, args, .. } => {
                    return self.compare_floats(cond, args);
                }
                _ => {}
            }
        }
        let wide = self.is_wide(value);
        let is_known = matches!(self.ty(value), types::I32 | types::I64);
        if is_known && self.test_of_and(value, wide)? {
            return Ok(Condition::NOT_EQUAL);
        }
        let reg = self.reg(value);
        match self.ty(value) {
            types::I8 if !self.is_boolean(value) => {
                let encoding = Encoding {
                    byte_reg: true,
                    byte_rm: true,
                    ..forms::one(0x84, false, RegField::Use(0), RmField::Use(0))
                };
                self.push(forms::loud(encoding).reads(reg, UseAt::Reg));
            }
            types::I8 | types::I32 | types::I64 => self.test(reg, reg, wide),
            ty => return Err(Refusal::Type(ty)),
        }
        Ok(Condition::NOT_EQUAL)
    }

    fn test(&mut self, left: VReg, right: VReg, wide: bool) {
        let encoding = forms::one(0x85, wide, RegField::Use(1), RmField::Use(0));
        self.push(
            forms::loud(encoding)
                .reads(left, UseAt::Reg)
                .reads(right, UseAt::Reg),
        );
    }

    /// Compares integers; `once` says that nothing else does so, so that loads may be folded.
    fn compare(&mut self, condition: IntCC, args: [Value; 2], once: bool) -> Result<Condition> {
        let [mut left, mut right] = args;
        let mut condition = condition;
        if self.constant(left).is_some() {
            std::mem::swap(&mut left, &mut right);
            condition = condition.swap_args();
        }
        let ty = self.ty(left);
        match ty {
            types::I32 | types::I64 => {}
            types::I8 | types::I16 => return Ok(self.compare_extended(condition, left, right)),
            _ => return Err(Refusal::Type(ty)),
        }
        let wide = ty == types::I64;
        let fold = |select: &Self, value, bits| match once {
            true => select.foldable(value, bits),
            false => None,
        };
        if let Some(constant) = self.immediate(right) {
            let is_equality = matches!(condition, IntCC::Equal | IntCC::NotEqual);
            if constant == 0 && is_equality && once && self.test_of_and(left, wide)? {
                return Ok(code(condition));
            }
            let is_byte = (0..=255).contains(&constant) && !is_signed(condition);
            if let (Some(load), true) = (fold(self, left, 8), is_byte) {
                self.compare_byte(load, constant as u8)?;
                return Ok(code(condition));
            }
            if let Some(load) = fold(self, left, ty.bits()) {
                let mut inst = Inst::new(Kind::Jump, Flags::Writes);
                let address = self.fold(&mut inst, load)?;
                let rm = RmField::Memory(address);
                inst.kind = Kind::Encoded(Alu::Cmp.immediate(wide, constant, rm));
                self.push(inst);
                return Ok(code(condition));
            }
            if constant == 0 {
                let reg = self.reg(left);
                self.test(reg, reg, wide);
                return Ok(code(condition));
            }
            let left = self.reg(left);
            let encoding = Alu::Cmp.immediate(wide, constant, RmField::Use(0));
            self.push(forms::loud(encoding).reads(left, UseAt::Any));
            return Ok(code(condition));
        }
        for (reg, memory, opcode) in [
            (left, right, Alu::Cmp.into_reg()),
            (right, left, Alu::Cmp.into_rm()),
        ] {
            if let Some(load) = fold(self, memory, ty.bits()) {
                let reg = self.reg(reg);
                let mut inst = Inst::new(Kind::Jump, Flags::Writes).reads(reg, UseAt::Reg);
                let rm = RmField::Memory(self.fold(&mut inst, load)?);
                inst.kind = Kind::Encoded(forms::one(opcode, wide, RegField::Use(0), rm));
                self.push(inst);
                return Ok(code(condition));
            }
        }
        let (left, right) = (self.reg(left), self.reg(right));
        let encoding = forms::one(Alu::Cmp.into_reg(), wide, RegField::Use(0), RmField::Use(1));
        self.push(
            forms::loud(encoding)
                .reads(left, UseAt::Reg)
                .reads(right, UseAt::Any),
        );
        Ok(code(condition))
    }

    /// `test` instead of a comparison of a conjunction with zero.
    fn test_of_and(&mut self, value: Value, wide: bool) -> Result<bool> {
        let Some((inst, Opcode::Band)) = self.maker(value) else {
            return Ok(false);
        };
        if !self.facts.is_used_once(value) {
            return Ok(false);
        }
        let &[left, right] = self.func.dfg.inst_args(inst) else {
            unreachable!("a conjunction has two operands")
        };
        let Some(mask) = self.immediate(right) else {
            let (left, right) = (self.reg(left), self.reg(right));
            self.test(left, right, wide);
            return Ok(true);
        };
        if let (Some(load), true) = (self.foldable(left, 8), (0..=255).contains(&mask)) {
            let mut inst = Inst::new(Kind::Jump, Flags::Writes);
            let rm = RmField::Memory(self.fold(&mut inst, load)?);
            inst.kind = Kind::Encoded(Encoding {
                imm: Imm::Byte(mask as u8 as i8),
                ..forms::one(0xf6, false, RegField::Digit(0), rm)
            });
            self.push(inst);
            return Ok(true);
        }
        let left = self.reg(left);
        let rm = RmField::Use(0);
        let encoding = match mask {
            0..=127 => Encoding {
                byte_rm: true,
                imm: Imm::Byte(mask as i8),
                ..forms::one(0xf6, false, RegField::Digit(0), rm)
            },
            _ => Encoding {
                imm: Imm::Long(mask),
                ..forms::one(0xf7, wide, RegField::Digit(0), rm)
            },
        };
        self.push(forms::loud(encoding).reads(left, UseAt::Reg));
        Ok(true)
    }

    /// Compares a byte in memory, zero-extended, with a constant.
    fn compare_byte(&mut self, load: ir::Inst, constant: u8) -> Result<()> {
        let mut inst = Inst::new(Kind::Jump, Flags::Writes);
        let rm = RmField::Memory(self.fold(&mut inst, load)?);
        inst.kind = Kind::Encoded(Encoding {
            imm: Imm::Byte(constant as i8),
            ..forms::one(0x80, false, RegField::Digit(Alu::Cmp as u8), rm)
        });
        self.push(inst);
        Ok(())
    }

    /// Compares integers of less than 32 bits, extended.
    fn compare_extended(&mut self, condition: IntCC, left: Value, right: Value) -> Condition {
        let signed = is_signed(condition);
        let bits = self.ty(left).bits();
        let mut extended = |value| match self.constant(value) {
            Some(constant) => {
                let constant = match signed {
                    true => constant,
                    false => constant & ((1 << bits) - 1),
                };
                self.integer_constant(Class::Narrow, i64::from(constant as u32))
            }
            None => {
                let (reg, result) = (self.reg(value), self.temporary(Class::Narrow));
                let encoding = forms::extension(bits, signed, false, RmField::Use(0));
                self.push(
                    forms::quiet(encoding)
                        .reads(reg, UseAt::Reg)
                        .makes(result, DefAt::Reg),
                );
                result
            }
        };
        let (left, right) = (extended(left), extended(right));
        let encoding = forms::one(
            Alu::Cmp.into_reg(),
            false,
            RegField::Use(0),
            RmField::Use(1),
        );
        self.push(
            forms::loud(encoding)
                .reads(left, UseAt::Reg)
                .reads(right, UseAt::Reg),
        );
        code(condition)
    }

    fn compare_floats(&mut self, condition: FloatCC, args: [Value; 2]) -> Result<Condition> {
        use FloatCC::*;
        let (swapped, condition) = match condition {
            Equal => (false, Condition::FloatEqual),
            NotEqual => (false, Condition::FloatNotEqual),
            Ordered => (false, Condition::Code(11)),
            Unordered => (false, Condition::Code(10)),
            GreaterThan => (false, Condition::Code(7)),
            GreaterThanOrEqual => (false, Condition::Code(3)),
            LessThan => (true, Condition::Code(7)),
            LessThanOrEqual => (true, Condition::Code(3)),
            UnorderedOrLessThan => (false, Condition::Code(2)),
            UnorderedOrLessThanOrEqual => (false, Condition::Code(6)),
            UnorderedOrGreaterThan => (true, Condition::Code(2)),
            UnorderedOrGreaterThanOrEqual => (true, Condition::Code(6)),
            UnorderedOrEqual => (false, Condition::Code(4)),
            OrderedNotEqual => (false, Condition::Code(5)),
        };
        let prefix = match self.ty(args[0]) {
            types::F32 => 0,
            types::F64 => 0x66,
            ty => return Err(Refusal::Type(ty)),
        };
        let [left, right] = match swapped {
            true => [args[1], args[0]],
            false => args,
        };
        let (left, right) = (self.reg(left), self.reg(right));
        let encoding = forms::sse(prefix, 0x2e, RegField::Use(0), RmField::Use(1));
        self.push(
            forms::loud(encoding)
                .reads(left, UseAt::Reg)
                .reads(right, UseAt::Any),
        );
        Ok(condition)
    }

    /// The result of a comparison as a value, 0 or 1.
    pub(super) fn boolean(&mut self, inst: ir::Inst) -> Result<()> {
        let value = self.result(inst);
        let condition = self.condition(value)?;
        let set = |code, result| Inst::new(Kind::Set(code), Flags::Reads).makes(result, DefAt::Reg);
        let byte = match condition {
            Condition::Code(code) => {
                let byte = self.temporary(Class::Narrow);
                self.push(set(code, byte));
                byte
            }
            Condition::FloatEqual | Condition::FloatNotEqual => {
                let equal = condition == Condition::FloatEqual;
                let (first, second) = match equal {
                    true => (4, 11),
                    false => (5, 10),
                };
                let (left, right) = (self.temporary(Class::Narrow), self.temporary(Class::Narrow));
                self.push(set(first, left));
                self.push(set(second, right));
                let both = self.temporary(Class::Narrow);
                let op = match equal {
                    true => Alu::And,
                    false => Alu::Or,
                };
                // The bytes; what is above them is cut off below.
                let encoding = forms::one(op.into_reg(), false, RegField::Def(0), RmField::Use(1));
                self.push(
                    forms::loud(encoding)
                        .reads(left, UseAt::Reg)
                        .reads(right, UseAt::Reg)
                        .makes(both, DefAt::First),
                );
                both
            }
        };
        let encoding = forms::extension(8, false, false, RmField::Use(0));
        self.push(
            forms::quiet(encoding)
                .reads(byte, UseAt::Reg)
                .makes(name(value), DefAt::Reg),
        );
        Ok(())
    }

    /// One of two values by a condition.
    pub(super) fn select(&mut self, inst: ir::Inst) -> Result<()> {
        let &[condition, if_true, if_false] = self.func.dfg.inst_args(inst) else {
            unreachable!("a selection has three operands")
        };
        let result = self.result(inst);
        let wide = self.is_wide(result);
        let (if_true, if_false) = (self.reg(if_true), self.reg(if_false));
        let condition = self.condition(condition)?;
        let choose = |kind, first, second| {
            Inst::new(kind, Flags::Reads)
                .reads(first, UseAt::Reg)
                .reads(second, UseAt::Reg)
                .makes(name(result), DefAt::First)
        };
        if self.ty(result).is_float() {
            self.push(choose(Kind::ChooseFloat(condition), if_false, if_true));
            return Ok(());
        }
        // `cmov` takes two conditions one after the other, but not one that needs both.
        let inst = match condition {
            Condition::FloatEqual => {
                let condition = Condition::FloatNotEqual;
                choose(Kind::Choose { condition, wide }, if_true, if_false)
            }
            condition => choose(Kind::Choose { condition, wide }, if_false, if_true),
        };
        self.push(inst);
        Ok(())
    }
}
