//! Loads and stores.

use cranelift_codegen::entity::EntityRef;
use cranelift_codegen::ir::{self, InstructionData, Opcode, Value, types};

use super::super::Refusal;
use super::super::machine::{DefAt, Encoding, Flags, Imm, Inst, Kind, RegField, RmField, UseAt};
use super::forms::{self, Alu};
use super::{Result, Select, name};

impl Select<'_> {
    pub(super) fn load(&mut self, inst: ir::Inst) -> Result<()> {
        let InstructionData::Load {
            opcode,
            arg,
            offset,
            ..
        } = self.func.dfg.insts[inst]
        else {
            unreachable!("the format of loads")
        };
        self.check_flags(inst)?;
        let value = self.result(inst);
        let ty = self.ty(value);
        let mut access = Inst::new(Kind::Jump, Flags::Keeps).makes(name(value), DefAt::Reg);
        access.trap = self.func.dfg.insts[inst].memflags_trap_code(&self.func.dfg);
        let rm = RmField::Memory(self.address(&mut access, arg, offset.into())?);
        let wide = ty == types::I64;
        access.kind = Kind::Encoded(match (opcode, ty) {
            (Opcode::Load, types::F32 | types::F64) => {
                let prefix = forms::scalar(ty == types::F64);
                forms::sse(prefix, 0x10, RegField::Def(0), rm)
            }
            (Opcode::Load, _) => forms::extension(ty.bits(), false, wide, rm),
            (Opcode::Uload8, _) => forms::extension(8, false, wide, rm),
            (Opcode::Uload16, _) => forms::extension(16, false, wide, rm),
            (Opcode::Uload32, _) => forms::extension(32, false, wide, rm),
            (Opcode::Sload8, _) => forms::extension(8, true, wide, rm),
            (Opcode::Sload16, _) => forms::extension(16, true, wide, rm),
            (Opcode::Sload32, _) => forms::extension(32, true, wide, rm),
            _ => return Err(Refusal::Opcode(opcode)),
        });
        self.push(access);
        Ok(())
    }

    pub(super) fn store(&mut self, inst: ir::Inst) -> Result<()> {
        let InstructionData::Store {
            opcode,
            args: [value, base],
            offset,
            ..
        } = self.func.dfg.insts[inst]
        else {
            unreachable!("the format of stores")
        };
        self.check_flags(inst)?;
        let ty = self.ty(value);
        if !super::is_scalar(ty) {
            return Err(Refusal::Type(ty));
        }
        let offset = offset.into();
        if opcode == Opcode::Store && self.modify(inst, value, base, offset)? {
            return Ok(());
        }
        let bits = match opcode {
            Opcode::Istore8 => 8,
            Opcode::Istore16 => 16,
            Opcode::Istore32 => 32,
            _ => ty.bits(),
        };
        let mut access = Inst::new(Kind::Jump, Flags::Keeps);
        access.trap = self.func.dfg.insts[inst].memflags_trap_code(&self.func.dfg);
        let immediate = self.immediate(value);
        if immediate.is_none() {
            access = access.reads(self.reg(value), UseAt::Reg);
        }
        let rm = RmField::Memory(self.address(&mut access, base, offset)?);
        let wide = bits == 64;
        let prefix = if bits == 16 { 0x66 } else { 0 };
        access.kind = Kind::Encoded(match (immediate, bits) {
            _ if ty.is_float() => forms::sse(forms::scalar(wide), 0x11, RegField::Use(0), rm),
            (Some(value), 8) => Encoding {
                imm: Imm::Byte(value as i8),
                ..forms::one(0xc6, false, RegField::Digit(0), rm)
            },
            (Some(value), 16) => Encoding {
                prefix,
                imm: Imm::Word(value as i16),
                ..forms::one(0xc7, false, RegField::Digit(0), rm)
            },
            (Some(value), _) => Encoding {
                imm: Imm::Long(value),
                ..forms::one(0xc7, wide, RegField::Digit(0), rm)
            },
            (None, 8) => Encoding {
                byte_reg: true,
                ..forms::one(0x88, false, RegField::Use(0), rm)
            },
            (None, _) => Encoding {
                prefix,
                ..forms::one(0x89, wide, RegField::Use(0), rm)
            },
        });
        self.push(access);
        Ok(())
    }

    /// Changes memory in place instead of a load, an operation and a store.
    fn modify(&mut self, inst: ir::Inst, value: Value, base: Value, offset: i32) -> Result<bool> {
        let bits = self.ty(value).bits();
        let Some((operation, opcode)) = self.maker(value) else {
            return Ok(false);
        };
        let Some(op) = Alu::of(opcode) else {
            return Ok(false);
        };
        if bits < 32 || !self.facts.is_used_once(value) {
            return Ok(false);
        }
        let &[left, right] = self.func.dfg.inst_args(operation) else {
            unreachable!("arithmetic has two operands")
        };
        let same = |value| {
            let load = self.foldable(value, bits)?;
            match self.func.dfg.insts[load] {
                InstructionData::Load {
                    arg, offset: at, ..
                } if arg == base && i32::from(at) == offset => Some(load),
                _ => None,
            }
        };
        let (load, other) = match (same(left), same(right)) {
            (Some(load), _) => (load, right),
            (None, Some(load)) if op != Alu::Sub => (load, left),
            _ => return Ok(false),
        };
        let result = self.result(load);
        self.folded[result.index()] = true;
        let wide = bits == 64;
        let mut access = Inst::new(Kind::Jump, Flags::Writes);
        access.trap = self.func.dfg.insts[inst].memflags_trap_code(&self.func.dfg);
        let immediate = self.immediate(other);
        if immediate.is_none() {
            access = access.reads(self.reg(other), UseAt::Reg);
        }
        let rm = RmField::Memory(self.address(&mut access, base, offset)?);
        access.kind = Kind::Encoded(match immediate {
            Some(constant) => op.immediate(wide, constant, rm),
            None => forms::one(op.into_rm(), wide, RegField::Use(0), rm),
        });
        self.push(access);
        Ok(true)
    }

    /// Bytes are as the processor has them.
    fn check_flags(&self, inst: ir::Inst) -> Result<()> {
        let flags = self.func.dfg.insts[inst].memflags_data(&self.func.dfg);
        match flags.and_then(|flags| flags.explicit_endianness()) {
            Some(ir::Endianness::Big) => Err(Refusal::Shape("big-endian accesses")),
            _ => Ok(()),
        }
    }
}
