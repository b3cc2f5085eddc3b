//! Operands: values in registers, constants, addresses, loads that become part of what uses them.

use cranelift_codegen::entity::EntityRef;
use cranelift_codegen::ir::{
    self, ExternalName, InstructionData, Opcode, UserExternalNameRef, Value, types,
};

use super::super::Refusal;
use super::super::machine::{
    Address, Class, DefAt, Flags, Inst, Kind, RegField, RmField, Use, UseAt, VReg,
};
use super::{Result, Select, forms, name};

impl Select<'_> {
    /// The value whose register another one is in: extensions of what is zero above already, and
    /// reductions where nothing reads what is above.
    pub(super) fn through(&self, mut value: Value) -> Value {
        while let Some((inst, opcode)) = self.maker(value) {
            let arg = match opcode {
                Opcode::Uextend | Opcode::Ireduce => self.func.dfg.inst_args(inst)[0],
                _ => return value,
            };
            let is_free = match opcode {
                Opcode::Uextend => self.ty(arg) == types::I32 || self.is_boolean(arg),
                _ => self.ty(arg) == types::I64 || self.ty(arg) == types::I32,
            };
            if !is_free || opcode == Opcode::Ireduce && self.facts.is_zero_above(value.index()) {
                return value;
            }
            value = arg;
        }
        value
    }

    /// Whether a value is 0 or 1 in its whole register.
    pub(super) fn is_boolean(&self, value: Value) -> bool {
        let mut pending = vec![value];
        let mut steps = 0;
        while let Some(value) = pending.pop() {
            steps += 1;
            match self.maker(value) {
                _ if steps > 16 => return false,
                Some((_, Opcode::Icmp | Opcode::Fcmp)) => {}
                Some((inst, Opcode::Band | Opcode::Bor | Opcode::Bxor))
                    if self.ty(value) == types::I8 =>
                {
                    pending.extend(self.func.dfg.inst_args(inst));
                }
                _ => return false,
            }
        }
        true
    }

    /// An integer constant, sign-extended.
    pub(super) fn constant(&self, value: Value) -> Option<i64> {
        let (inst, _) = self.maker(value)?;
        match self.func.dfg.insts[inst] {
            InstructionData::UnaryImm {
                opcode: Opcode::Iconst,
                imm,
            } => {
                let shift = 64 - self.ty(value).bits();
                Some((imm.bits() << shift) >> shift)
            }
            _ => None,
        }
    }

    /// A constant that an instruction can have as an operand.
    pub(super) fn immediate(&self, value: Value) -> Option<i32> {
        self.constant(value)?.try_into().ok()
    }

    /// A constant as a register of the value's type has it.
    pub(super) fn bits(&self, value: Value, constant: i64) -> i64 {
        match self.is_wide(self.through(value)) {
            true => constant,
            false => i64::from(constant as u32),
        }
    }

    /// The bits of a float constant, and whether it has 64.
    pub(super) fn float_constant(&self, value: Value) -> Option<(u64, bool)> {
        let (inst, _) = self.maker(value)?;
        match self.func.dfg.insts[inst] {
            InstructionData::UnaryIeee32 { imm, .. } => Some((u64::from(imm.bits()), false)),
            InstructionData::UnaryIeee64 { imm, .. } => Some((imm.bits(), true)),
            _ => None,
        }
    }

    /// Asks for a value in a register. Constants are made anew wherever they are needed.
    pub(super) fn reg(&mut self, value: Value) -> VReg {
        let value = self.through(value);
        if let Some(constant) = self.constant(value) {
            let class = self.classes[value.index()];
            return self.integer_constant(class, self.bits(value, constant));
        }
        if let Some((bits, wide)) = self.float_constant(value) {
            return self.float_bits(bits, wide);
        }
        self.needed[value.index()] = true;
        name(value)
    }

    /// Makes an integer constant.
    pub(super) fn integer_constant(&mut self, class: Class, constant: i64) -> VReg {
        let vreg = self.temporary(class);
        let flags = match constant {
            0 => Flags::Writes,
            _ => Flags::Keeps,
        };
        self.push(Inst::new(Kind::Constant(constant), flags).makes(vreg, DefAt::Reg));
        vreg
    }

    /// Makes a float constant.
    pub(super) fn float_bits(&mut self, bits: u64, wide: bool) -> VReg {
        let vreg = self.temporary(Class::Float);
        let encoding = match bits {
            0 => forms::sse(0, 0x57, RegField::Def(0), RmField::Def(0)),
            _ => {
                let address = self.constant_address(bits, wide);
                let rm = RmField::Memory(address);
                forms::sse(forms::scalar(wide), 0x10, RegField::Def(0), rm)
            }
        };
        self.push(forms::quiet(encoding).makes(vreg, DefAt::Reg));
        vreg
    }

    /// Where a constant lies behind the code.
    pub(super) fn constant_address(&mut self, bits: u64, wide: bool) -> Address {
        Address {
            constant: Some(self.constant_index(bits, wide)),
            ..Address::default()
        }
    }

    /// The index of a constant that lies behind the code.
    pub(super) fn constant_index(&mut self, bits: u64, wide: bool) -> u32 {
        let constant = (bits, if wide { 8 } else { 4 });
        let constants = &mut self.constants;
        *self.constant_numbers.entry(constant).or_insert_with(|| {
            constants.push(constant);
            constants.len() as u32 - 1
        })
    }

    /// The load that a value comes from, if whoever is being selected may do it instead: it has no
    /// other use, reads so many bits, and nothing in between can be told from it.
    pub(super) fn foldable(&self, value: Value, bits: u32) -> Option<ir::Inst> {
        if !self.facts.is_used_once(value) {
            return None;
        }
        let (inst, opcode) = self.maker(value)?;
        let fits = match opcode {
            Opcode::Load => self.ty(value).bits() == bits && bits >= 32,
            Opcode::Uload8 => bits == 8,
            Opcode::Uload16 => bits == 16,
            _ => false,
        };
        (fits && self.facts.colour_after(inst) == self.colour).then_some(inst)
    }

    /// Makes a load's address an operand of `into`, which then traps as the load would.
    pub(super) fn fold(&mut self, into: &mut Inst, load: ir::Inst) -> Result<Address> {
        let InstructionData::Load { arg, offset, .. } = self.func.dfg.insts[load] else {
            unreachable!("only loads are folded")
        };
        let result = self.result(load);
        self.folded[result.index()] = true;
        into.trap = self.func.dfg.insts[load].memflags_trap_code(&self.func.dfg);
        self.address(into, arg, offset.into())
    }

    /// The address of an access, whose registers become uses of `into`.
    pub(super) fn address(&mut self, into: &mut Inst, base: Value, offset: i32) -> Result<Address> {
        let mut base = base;
        let mut displacement = offset;
        let mut operand = |vreg| {
            into.uses.push(Use {
                vreg,
                at: UseAt::Reg,
            });
            into.uses.len() as u8 - 1
        };
        // Long sums of constants do not outlive the optimiser.
        for _ in 0..16 {
            let Some((inst, opcode)) = self.maker(base) else {
                break;
            };
            if opcode == Opcode::SymbolValue {
                let InstructionData::UnaryGlobalValue { global_value, .. } =
                    self.func.dfg.insts[inst]
                else {
                    break;
                };
                let (symbol, addend) = self.symbol(global_value)?;
                return Ok(Address {
                    symbol: Some((symbol, addend + i64::from(displacement))),
                    ..Address::default()
                });
            }
            if opcode != Opcode::Iadd || !self.is_wide(base) {
                break;
            }
            let &[left, right] = self.func.dfg.inst_args(inst) else {
                unreachable!("a sum has two operands")
            };
            let sum = self
                .immediate(right)
                .and_then(|constant| displacement.checked_add(constant));
            if let Some(sum) = sum {
                displacement = sum;
                base = left;
                continue;
            }
            if !self.facts.is_used_once(base) {
                break;
            }
            let (scaled, shift) = self.scaled(right);
            let (left, scaled) = (self.reg(left), self.reg(scaled));
            return Ok(Address {
                base: Some(operand(left)),
                index: Some((operand(scaled), shift)),
                displacement,
                ..Address::default()
            });
        }
        let whole = self.through(base);
        if let Some(constant) = self.constant(whole) {
            let sum = self
                .bits(whole, constant)
                .checked_add(i64::from(displacement));
            if let Some(Ok(absolute)) = sum.map(i32::try_from) {
                return Ok(Address {
                    displacement: absolute,
                    ..Address::default()
                });
            }
        }
        let base = self.reg(base);
        Ok(Address {
            base: Some(operand(base)),
            displacement,
            ..Address::default()
        })
    }

    /// A value as another one that is shifted left by at most 3.
    fn scaled(&self, value: Value) -> (Value, u8) {
        if let Some((inst, Opcode::Ishl)) = self.maker(value) {
            let args = self.func.dfg.inst_args(inst);
            let shift = self.constant(args[1]).map(|shift| shift & 63);
            if let (Some(shift @ 0..=3), true) = (shift, self.facts.is_used_once(value)) {
                return (args[0], shift as u8);
            }
        }
        (value, 0)
    }

    /// The name and the offset of a global value, all of which are symbols.
    pub(super) fn symbol(&self, value: ir::GlobalValue) -> Result<(UserExternalNameRef, i64)> {
        match &self.func.global_values[value] {
            ir::GlobalValueData::Symbol {
                name: ExternalName::User(name),
                offset,
                colocated: true,
                tls: false,
            } => Ok((*name, offset.bits())),
            _ => Err(Refusal::Shape("a global value that is no symbol")),
        }
    }

    /// The name of a function.
    pub(super) fn callee(&self, func: ir::FuncRef) -> Result<UserExternalNameRef> {
        let func = &self.func.dfg.ext_funcs[func];
        match func.name {
            ExternalName::User(name) if func.colocated => Ok(name),
            _ => Err(Refusal::Shape("a function that is no symbol")),
        }
    }
}
