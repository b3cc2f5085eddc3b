//! Integer arithmetic.

use cranelift_codegen::ir::{self, InstructionData, Opcode, TrapCode, Value, types};

use super::super::Refusal;
use super::super::machine::{
    Condition, DefAt, Encoding, Flags, Imm, Inst, Kind, Reg, RegField, RmField, UseAt, VReg,
};
use super::forms::{self, Alu};
use super::{Result, Select, name};

/// Digits of shifts in their opcodes.
const ROTATE_LEFT: u8 = 0;
const ROTATE_RIGHT: u8 = 1;
const SHIFT_LEFT: u8 = 4;
const SHIFT_RIGHT: u8 = 5;
const SHIFT_RIGHT_SIGNED: u8 = 7;

impl Select<'_> {
    pub(super) fn integer(&mut self, inst: ir::Inst) -> Result<()> {
        let func = self.func;
        let opcode = func.dfg.insts[inst].opcode();
        let args = func.dfg.inst_args(inst);
        let Some(&value) = func.dfg.inst_results(inst).first() else {
            return Err(Refusal::Opcode(opcode));
        };
        let result = name(value);
        let ty = self.ty(value);
        if !ty.is_int() {
            return Err(Refusal::Opcode(opcode));
        }
        let wide = ty == types::I64;
        // Of fewer bits there is what is the same in the lower bits of more.
        let any_width = matches!(
            opcode,
            Opcode::Iadd
                | Opcode::Isub
                | Opcode::Imul
                | Opcode::Ineg
                | Opcode::Bnot
                | Opcode::Band
                | Opcode::Bor
                | Opcode::Bxor
        );
        let is_conversion = matches!(opcode, Opcode::Uextend | Opcode::Sextend | Opcode::Ireduce);
        if ty.bits() < 32 && !any_width && !is_conversion {
            return Err(Refusal::Narrow(opcode));
        }
        match opcode {
            Opcode::Iadd => self.add(result, args[0], args[1]),
            Opcode::Isub => self.alu(Alu::Sub, result, args[0], args[1]),
            Opcode::Band => self.and(result, args[0], args[1]),
            Opcode::Bor => self.alu(Alu::Or, result, args[0], args[1]),
            Opcode::Bxor => self.alu(Alu::Xor, result, args[0], args[1]),
            Opcode::UaddOverflowTrap => {
                let InstructionData::IntAddTrap { code, .. } = func.dfg.insts[inst] else {
                    unreachable!("the format of this instruction")
                };
                self.alu(Alu::Add, result, args[0], args[1])?;
                self.push(Inst::new(
                    Kind::TrapIf(Condition::BELOW, code),
                    Flags::Reads,
                ));
                Ok(())
            }
            Opcode::Imul => self.multiply(result, args[0], args[1]),
            Opcode::Umulhi | Opcode::Smulhi => {
                let (left, right) = (self.reg(args[0]), self.reg(args[1]));
                let low = self.temporary(self.classes[result.as_u32() as usize]);
                let digit = if opcode == Opcode::Umulhi { 4 } else { 5 };
                let encoding = forms::one(0xf7, wide, RegField::Digit(digit), RmField::Use(1));
                self.push(
                    forms::loud(encoding)
                        .reads(left, UseAt::Fixed(Reg::RAX))
                        .reads(right, UseAt::Reg)
                        .makes(low, DefAt::Fixed(Reg::RAX))
                        .makes(result, DefAt::Fixed(Reg::RDX)),
                );
                Ok(())
            }
            Opcode::Udiv | Opcode::Sdiv | Opcode::Urem | Opcode::Srem => {
                self.divide(opcode, result, args[0], args[1])
            }
            Opcode::Ishl => self.shift(SHIFT_LEFT, result, args[0], args[1]),
            Opcode::Ushr => self.shift(SHIFT_RIGHT, result, args[0], args[1]),
            Opcode::Sshr => self.shift(SHIFT_RIGHT_SIGNED, result, args[0], args[1]),
            Opcode::Rotl => self.shift(ROTATE_LEFT, result, args[0], args[1]),
            Opcode::Rotr => self.shift(ROTATE_RIGHT, result, args[0], args[1]),
            Opcode::Ineg | Opcode::Bnot => {
                let arg = self.reg(args[0]);
                let digit = if opcode == Opcode::Ineg { 3 } else { 2 };
                let encoding = forms::one(0xf7, wide, RegField::Digit(digit), RmField::Def(0));
                self.push(
                    forms::loud(encoding)
                        .reads(arg, UseAt::Reg)
                        .makes(result, DefAt::First),
                );
                Ok(())
            }
            Opcode::Smin | Opcode::Smax | Opcode::Umin | Opcode::Umax => {
                let (left, right) = (self.reg(args[0]), self.reg(args[1]));
                let compare =
                    forms::one(Alu::Cmp.into_reg(), wide, RegField::Use(0), RmField::Use(1));
                self.push(
                    forms::loud(compare)
                        .reads(left, UseAt::Reg)
                        .reads(right, UseAt::Reg),
                );
                let condition = Condition::Code(match opcode {
                    Opcode::Smin => 15,
                    Opcode::Smax => 12,
                    Opcode::Umin => 7,
                    _ => 2,
                });
                self.push(
                    Inst::new(Kind::Choose { condition, wide }, Flags::Reads)
                        .reads(left, UseAt::Reg)
                        .reads(right, UseAt::Reg)
                        .makes(result, DefAt::First),
                );
                Ok(())
            }
            Opcode::Bmask => self.mask(result, args[0], wide),
            Opcode::Bswap => {
                let arg = self.reg(args[0]);
                self.push(
                    Inst::new(Kind::ByteSwap { wide }, Flags::Keeps)
                        .reads(arg, UseAt::Reg)
                        .makes(result, DefAt::First),
                );
                Ok(())
            }
            Opcode::Clz | Opcode::Ctz => {
                self.count_zeros(result, args[0], wide, opcode == Opcode::Clz);
                Ok(())
            }
            Opcode::Popcnt if self.features.popcnt => {
                let arg = self.reg(args[0]);
                let encoding = Encoding {
                    prefix: 0xf3,
                    ..forms::two(0xb8, wide, RegField::Def(0), RmField::Use(0))
                };
                self.push(
                    forms::loud(encoding)
                        .reads(arg, UseAt::Reg)
                        .makes(result, DefAt::Reg),
                );
                Ok(())
            }
            Opcode::Uextend | Opcode::Sextend => {
                self.extend(result, args[0], opcode == Opcode::Sextend, wide)
            }
            Opcode::Ireduce => {
                let arg = self.reg(args[0]);
                self.push(
                    Inst::new(Kind::ZeroExtend, Flags::Keeps)
                        .reads(arg, UseAt::Reg)
                        .makes(result, DefAt::Reg),
                );
                Ok(())
            }
            _ => Err(Refusal::Opcode(opcode)),
        }
    }

    fn add(&mut self, result: VReg, left: Value, right: Value) -> Result<()> {
        let (left, right) = match self.constant(left) {
            Some(_) => (right, left),
            None => (left, right),
        };
        let bits = self.ty(left).bits();
        let wide = bits == 64;
        if let Some(constant) = self.immediate(right) {
            let left = self.reg(left);
            self.push(
                Inst::new(Kind::AddConstant { wide, constant }, Flags::Writes)
                    .reads(left, UseAt::Reg)
                    .makes(result, DefAt::Reg),
            );
            return Ok(());
        }
        if self.foldable(left, bits).is_some() || self.foldable(right, bits).is_some() {
            return self.alu(Alu::Add, result, left, right);
        }
        let (left, right) = (self.reg(left), self.reg(right));
        self.push(
            Inst::new(Kind::Add { wide }, Flags::Writes)
                .reads(left, UseAt::Reg)
                .reads(right, UseAt::Reg)
                .makes(result, DefAt::Reg),
        );
        Ok(())
    }

    fn and(&mut self, result: VReg, left: Value, right: Value) -> Result<()> {
        let bits = match (self.ty(left), self.constant(right)) {
            (types::I32, Some(0xff)) => 8,
            (types::I32, Some(0xffff)) => 16,
            _ => return self.alu(Alu::And, result, left, right),
        };
        let left = self.reg(left);
        let encoding = forms::extension(bits, false, false, RmField::Use(0));
        self.push(
            forms::quiet(encoding)
                .reads(left, UseAt::Reg)
                .makes(result, DefAt::Reg),
        );
        Ok(())
    }

    /// `op`, whose result takes the place of the first operand.
    pub(super) fn alu(&mut self, op: Alu, result: VReg, left: Value, right: Value) -> Result<()> {
        let wide = self.is_wide(left);
        let bits = self.ty(left).bits();
        let commutes = op != Alu::Sub;
        let (mut left, mut right) = (left, right);
        let better = |select: &Self, value| {
            select.immediate(value).is_some() || select.foldable(value, bits).is_some()
        };
        if commutes && better(self, left) && !better(self, right) {
            std::mem::swap(&mut left, &mut right);
        }
        if let Some(constant) = self.immediate(right) {
            let left = self.reg(left);
            let encoding = op.immediate(wide, constant, RmField::Def(0));
            self.push(
                forms::loud(encoding)
                    .reads(left, UseAt::Reg)
                    .makes(result, DefAt::First),
            );
            return Ok(());
        }
        let left = self.reg(left);
        let mut inst = Inst::new(Kind::Jump, Flags::Writes)
            .reads(left, UseAt::Reg)
            .makes(result, DefAt::First);
        let rm = match self.foldable(right, bits) {
            Some(load) => RmField::Memory(self.fold(&mut inst, load)?),
            None => {
                let right = self.reg(right);
                inst = inst.reads(right, UseAt::Any);
                inst.commutes = commutes;
                RmField::Use(1)
            }
        };
        let encoding = forms::one(op.into_reg(), wide, RegField::Def(0), rm);
        inst.kind = Kind::Encoded(encoding);
        self.push(inst);
        Ok(())
    }

    fn multiply(&mut self, result: VReg, left: Value, right: Value) -> Result<()> {
        let (left, right) = match self.constant(left) {
            Some(_) => (right, left),
            None => (left, right),
        };
        let wide = self.is_wide(left);
        if let Some(constant) = self.immediate(right) {
            let left = self.reg(left);
            let imm = forms::short(constant);
            let opcode = match imm {
                Imm::Byte(_) => 0x6b,
                _ => 0x69,
            };
            let encoding = Encoding {
                imm,
                ..forms::one(opcode, wide, RegField::Def(0), RmField::Use(0))
            };
            self.push(
                forms::loud(encoding)
                    .reads(left, UseAt::Any)
                    .makes(result, DefAt::Reg),
            );
            return Ok(());
        }
        let (left, right) = (self.reg(left), self.reg(right));
        let encoding = forms::two(0xaf, wide, RegField::Def(0), RmField::Use(1));
        let mut inst = forms::loud(encoding)
            .reads(left, UseAt::Reg)
            .reads(right, UseAt::Any)
            .makes(result, DefAt::First);
        inst.commutes = true;
        self.push(inst);
        Ok(())
    }

    /// Quotient or remainder. Division by zero is checked for; the other overflow is the processor's,
    /// and of remainders by -1, which do not overflow, the divisor becomes 1.
    fn divide(&mut self, opcode: Opcode, result: VReg, left: Value, right: Value) -> Result<()> {
        let wide = self.is_wide(left);
        let class = self.classes[result.as_u32() as usize];
        let is_safe = self
            .constant(right)
            .is_some_and(|divisor| divisor != 0 && divisor != -1);
        let signed = matches!(opcode, Opcode::Sdiv | Opcode::Srem);
        let (left, mut divisor) = (self.reg(left), self.reg(right));
        let mut trap = None;
        if !is_safe {
            let test = forms::one(0x85, wide, RegField::Use(0), RmField::Use(0));
            self.push(forms::loud(test).reads(divisor, UseAt::Reg));
            let code = TrapCode::INTEGER_DIVISION_BY_ZERO;
            self.push(Inst::new(
                Kind::TrapIf(Condition::EQUAL, code),
                Flags::Reads,
            ));
            match opcode {
                Opcode::Sdiv => trap = Some(TrapCode::INTEGER_OVERFLOW),
                Opcode::Srem => {
                    let one = self.integer_constant(class, 1);
                    let compare = Alu::Cmp.immediate(wide, -1, RmField::Use(0));
                    self.push(forms::loud(compare).reads(divisor, UseAt::Reg));
                    let condition = Condition::EQUAL;
                    let positive = self.temporary(class);
                    self.push(
                        Inst::new(Kind::Choose { condition, wide }, Flags::Reads)
                            .reads(divisor, UseAt::Reg)
                            .reads(one, UseAt::Reg)
                            .makes(positive, DefAt::First),
                    );
                    divisor = positive;
                }
                _ => {}
            }
        }
        let other = self.temporary(class);
        let (quotient, remainder) = match opcode {
            Opcode::Udiv | Opcode::Sdiv => (result, other),
            _ => (other, result),
        };
        let mut inst = Inst::new(Kind::Divide { signed, wide }, Flags::Writes)
            .reads(left, UseAt::Fixed(Reg::RAX))
            .reads(divisor, UseAt::Reg)
            .makes(quotient, DefAt::Fixed(Reg::RAX))
            .makes(remainder, DefAt::Fixed(Reg::RDX));
        inst.early = true;
        inst.trap = trap;
        self.push(inst);
        Ok(())
    }

    fn shift(&mut self, digit: u8, result: VReg, left: Value, right: Value) -> Result<()> {
        let wide = self.is_wide(left);
        let reg = RegField::Digit(digit);
        let rm = RmField::Def(0);
        if let Some(count) = self.constant(right) {
            let left = self.reg(left);
            let mask = if wide { 63 } else { 31 };
            let encoding = Encoding {
                imm: Imm::Byte((count & mask) as i8),
                ..forms::one(0xc1, wide, reg, rm)
            };
            self.push(
                forms::loud(encoding)
                    .reads(left, UseAt::Reg)
                    .makes(result, DefAt::First),
            );
            return Ok(());
        }
        let (left, count) = (self.reg(left), self.reg(right));
        self.push(
            forms::loud(forms::one(0xd3, wide, reg, rm))
                .reads(left, UseAt::Reg)
                .reads(count, UseAt::Fixed(Reg::RCX))
                .makes(result, DefAt::First),
        );
        Ok(())
    }

    /// All ones, unless the operand is zero.
    fn mask(&mut self, result: VReg, value: Value, wide: bool) -> Result<()> {
        let of_wide = match self.ty(value) {
            types::I64 => true,
            types::I32 => false,
            _ if self.is_boolean(value) => false,
            ty => return Err(Refusal::Type(ty)),
        };
        let value = self.reg(value);
        let below_one = Alu::Cmp.immediate(of_wide, 1, RmField::Use(0));
        self.push(forms::loud(below_one).reads(value, UseAt::Reg));
        // `sbb` of a register with itself is the carry, whatever was in it.
        let spread = self.temporary(self.classes[result.as_u32() as usize]);
        let encoding = forms::one(0x1b, wide, RegField::Def(0), RmField::Def(0));
        let spreading = Inst::new(Kind::Encoded(encoding), Flags::Reads);
        self.push(spreading.makes(spread, DefAt::Reg));
        let encoding = forms::one(0xf7, wide, RegField::Digit(2), RmField::Def(0));
        self.push(
            forms::loud(encoding)
                .reads(spread, UseAt::Reg)
                .makes(result, DefAt::First),
        );
        Ok(())
    }

    /// Counts zeros above or below by the position of a bit, of which there may be none.
    fn count_zeros(&mut self, result: VReg, value: Value, wide: bool, leading: bool) {
        let class = self.classes[result.as_u32() as usize];
        let bits: i64 = if wide { 64 } else { 32 };
        let value = self.reg(value);
        let (opcode, none) = match leading {
            true => (0xbd, 2 * bits - 1),
            false => (0xbc, bits),
        };
        let none = self.integer_constant(class, none);
        let position = self.temporary(class);
        let encoding = forms::two(opcode, wide, RegField::Def(0), RmField::Use(0));
        self.push(
            forms::loud(encoding)
                .reads(value, UseAt::Reg)
                .makes(position, DefAt::Reg),
        );
        let chosen = match leading {
            true => self.temporary(class),
            false => result,
        };
        let condition = Condition::EQUAL;
        self.push(
            Inst::new(Kind::Choose { condition, wide }, Flags::Reads)
                .reads(position, UseAt::Reg)
                .reads(none, UseAt::Reg)
                .makes(chosen, DefAt::First),
        );
        if leading {
            let encoding = Alu::Xor.immediate(wide, bits as i32 - 1, RmField::Def(0));
            self.push(
                forms::loud(encoding)
                    .reads(chosen, UseAt::Reg)
                    .makes(result, DefAt::First),
            );
        }
    }

    fn extend(&mut self, result: VReg, value: Value, signed: bool, wide: bool) -> Result<()> {
        let bits = self.ty(value).bits();
        if signed
            && bits == 32
            && let Some(load) = self.foldable(value, 32)
        {
            let mut inst = Inst::new(Kind::Jump, Flags::Keeps).makes(result, DefAt::Reg);
            let rm = RmField::Memory(self.fold(&mut inst, load)?);
            inst.kind = Kind::Encoded(forms::extension(bits, signed, wide, rm));
            self.push(inst);
            return Ok(());
        }
        let at = match bits {
            32 => UseAt::Any,
            _ => UseAt::Reg,
        };
        let value = self.reg(value);
        let encoding = forms::extension(bits, signed, wide, RmField::Use(0));
        self.push(
            forms::quiet(encoding)
                .reads(value, at)
                .makes(result, DefAt::Reg),
        );
        Ok(())
    }
}
