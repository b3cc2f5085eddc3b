//! Single instructions and copies.

use super::super::Refusal;
use super::super::allocate::moves::needs_scratch;
use super::super::allocate::{Op, Place};
use super::super::encode::{Instruction, Rm};
use super::super::machine::{
    Address, Class, Condition, Encoding, Flags, Imm, Inst, Kind, Map, Reg, RegField, RmField,
};
use super::buffer::Data;
use super::sequences::Conversion;
use super::{Assembler, Label, Symbol, plain, with_immediate};

/// An operand in memory, or where it lies.
enum Operand {
    Rm(Rm),
    Symbol(Symbol),
    Data(Data),
}

/// An instruction's operands by number.
struct Operands<'a> {
    inst: &'a Inst,
    uses: &'a [Place],
    defs: &'a [Place],
}

impl Operands<'_> {
    fn used(&self, number: u8) -> Result<Reg, Refusal> {
        self.reg(self.uses, number)
    }

    fn defined(&self, number: u8) -> Result<Reg, Refusal> {
        self.reg(self.defs, number)
    }

    fn reg(&self, places: &[Place], number: u8) -> Result<Reg, Refusal> {
        match places.get(number as usize) {
            Some(&Place::Reg(reg)) => Ok(reg),
            _ => Err(Refusal::internal(&format!(
                "no register is operand {number}: {:?}",
                self.inst
            ))),
        }
    }
}

impl Assembler<'_> {
    pub(super) fn inst(&mut self, inst: &Inst, places: usize) -> Result<(), Refusal> {
        let placed = self.placed;
        let places = &placed.places[places..places + inst.uses.len() + inst.defs.len()];
        let (uses, defs) = places.split_at(inst.uses.len());
        let operands = Operands { inst, uses, defs };
        match inst.kind {
            Kind::Encoded(encoding) => {
                self.may_trap(inst);
                self.encoded(&operands, encoding)
            }
            Kind::Constant(value) => {
                self.constant(operands.defined(0)?, value);
                Ok(())
            }
            Kind::Add { wide } => self.add(&operands, wide),
            Kind::AddConstant { wide, constant } => self.add_constant(&operands, wide, constant),
            Kind::ZeroExtend => {
                let (to, from) = (operands.defined(0)?, operands.used(0)?);
                self.buffer
                    .inst(plain(0x8b, false, to.code(), Rm::Reg(from)));
                Ok(())
            }
            Kind::Pinned => {
                self.move_register(operands.defined(0)?, Reg::PINNED, true);
                Ok(())
            }
            Kind::Divide { signed, wide } => {
                match (signed, wide) {
                    // xor edx, edx
                    (false, _) => self.buffer.bytes(&[0x31, 0xd2]),
                    // cdq, cqo
                    (true, false) => self.buffer.bytes(&[0x99]),
                    (true, true) => self.buffer.bytes(&[0x48, 0x99]),
                }
                let digit = if signed { 7 } else { 6 };
                let divisor = Rm::Reg(operands.used(1)?);
                self.may_trap(inst);
                self.buffer.inst(plain(0xf7, wide, digit, divisor));
                Ok(())
            }
            Kind::ByteSwap { wide } => {
                let reg = operands.defined(0)?;
                let rex = 0x40 | u8::from(wide) << 3 | reg.code() >> 3;
                if rex != 0x40 {
                    self.buffer.bytes(&[rex]);
                }
                self.buffer.bytes(&[0x0f, 0xc8 | reg.code() & 7]);
                Ok(())
            }
            Kind::Choose { condition, wide } => {
                let (to, from) = (operands.defined(0)?, operands.used(1)?);
                let codes: &[u8] = match condition {
                    Condition::Code(code) => &[code],
                    Condition::FloatNotEqual => &[5, 10],
                    Condition::FloatEqual => {
                        return Err(Refusal::internal("a choice by two conditions at once"));
                    }
                };
                for code in codes {
                    self.buffer.inst(Instruction {
                        map: Map::X0f,
                        ..plain(0x40 + code, wide, to.code(), Rm::Reg(from))
                    });
                }
                Ok(())
            }
            Kind::ChooseFloat(condition) => {
                let (to, from) = (operands.defined(0)?, operands.used(1)?);
                let past = self.buffer.label();
                self.jump_if(condition.inverted(), past);
                self.move_register(to, from, true);
                self.buffer.bind(past);
                Ok(())
            }
            Kind::Set(code) => {
                let to = operands.defined(0)?;
                self.buffer.inst(Instruction {
                    map: Map::X0f,
                    byte_rm: true,
                    ..plain(0x90 + code, false, 0, Rm::Reg(to))
                });
                Ok(())
            }
            Kind::Argument(offset) => {
                let from = operands.used(0)?;
                let rm = Rm::Base {
                    base: Reg::RSP,
                    displacement: offset as i32,
                };
                self.store_register(from, rm);
                Ok(())
            }
            Kind::Call(symbol) => {
                self.buffer.call(symbol);
                self.called(inst);
                Ok(())
            }
            Kind::CallIndirect => {
                let target = Rm::Reg(operands.used(0)?);
                self.buffer.inst(plain(0xff, false, 2, target));
                self.called(inst);
                Ok(())
            }
            Kind::Return => {
                self.epilogue();
                Ok(())
            }
            Kind::ReturnCall(symbol) => {
                self.leave();
                self.buffer.jump_to(symbol);
                Ok(())
            }
            Kind::ReturnCallIndirect => {
                let target = Rm::Reg(operands.used(0)?);
                self.leave();
                self.buffer.inst(plain(0xff, false, 4, target));
                Ok(())
            }
            Kind::Saturate {
                from_wide,
                to_wide,
                signed,
                offset,
            } => {
                let conversion = Conversion {
                    from: operands.used(0)?,
                    to: operands.defined(0)?,
                    integer: operands.defined(1)?,
                    float: operands.defined(2)?,
                    from_wide,
                    to_wide,
                };
                match signed {
                    true => self.saturate_signed(conversion),
                    false => self.saturate_unsigned(conversion, offset),
                }
                Ok(())
            }
            Kind::FromUnsigned { wide } => {
                let (to, from) = (operands.defined(0)?, operands.used(0)?);
                self.unsigned_to_float(
                    to,
                    from,
                    [operands.defined(1)?, operands.defined(2)?],
                    wide,
                );
                Ok(())
            }
            Kind::Extreme { wide, greater } => {
                self.extreme(operands.defined(0)?, operands.used(1)?, wide, greater);
                Ok(())
            }
            Kind::Trap(code) => {
                self.trap(code, inst.place);
                Ok(())
            }
            Kind::TrapIf(condition, code) => {
                let label = self.trap_at_end(code, inst.place);
                self.jump_if(condition, label);
                Ok(())
            }
            Kind::FramePointer => {
                self.move_register(operands.defined(0)?, Reg::RBP, true);
                Ok(())
            }
            Kind::Jump
            | Kind::Branch(_)
            | Kind::Table
            | Kind::TryCall(_)
            | Kind::TryCallIndirect => Err(Refusal::internal("a block ends in its middle")),
        }
    }

    /// A call whose exceptions go on at a label.
    pub(super) fn try_call(
        &mut self,
        inst: &Inst,
        places: usize,
        handler: Label,
    ) -> Result<(), Refusal> {
        let target = self.placed.places.get(places);
        match (inst.kind, target) {
            (Kind::TryCall(symbol), _) => self.buffer.call(symbol),
            (_, Some(&Place::Reg(target))) => {
                self.buffer.inst(plain(0xff, false, 2, Rm::Reg(target)));
            }
            _ => return Err(Refusal::internal("a call's target is in no register")),
        }
        self.buffer.landing(handler);
        self.called(inst);
        Ok(())
    }

    fn may_trap(&mut self, inst: &Inst) {
        if let Some(code) = inst.trap {
            self.buffer.trap(code);
            self.buffer.line(inst.place);
        }
    }

    /// After a call: its line, and the arguments that the callee took from the stack are room again.
    fn called(&mut self, inst: &Inst) {
        self.buffer.line(inst.place);
        if inst.popped > 0 {
            self.add_to_stack_pointer(-(inst.popped as i32));
        }
    }

    fn encoded(&mut self, operands: &Operands<'_>, encoding: Encoding) -> Result<(), Refusal> {
        let reg = match encoding.reg {
            RegField::Def(number) => operands.defined(number)?.code(),
            RegField::Use(number) => operands.used(number)?.code(),
            RegField::Digit(digit) => digit,
        };
        let operand = match encoding.rm {
            RmField::Def(number) => Operand::Rm(Rm::Reg(operands.defined(number)?)),
            RmField::Use(number) => Operand::Rm(match operands.uses[number as usize] {
                Place::Reg(reg) => Rm::Reg(reg),
                place => self.slot(place)?,
            }),
            RmField::Memory(address) => memory(operands, address)?,
        };
        let inst = |rm| Instruction {
            prefix: encoding.prefix,
            map: encoding.map,
            opcode: encoding.opcode,
            wide: encoding.wide,
            byte_reg: encoding.byte_reg,
            byte_rm: encoding.byte_rm,
            reg,
            rm,
            imm: encoding.imm,
        };
        match operand {
            Operand::Rm(rm) => self.buffer.inst(inst(rm)),
            Operand::Symbol((symbol, addend)) => {
                self.buffer.with_symbol(inst(Rm::Relative), symbol, addend);
            }
            Operand::Data(data) => self.buffer.with_data(inst(Rm::Relative), data),
        }
        Ok(())
    }

    /// An integer constant into a register; destroys the flags if it is 0.
    pub(super) fn constant(&mut self, to: Reg, value: i64) {
        if value == 0 {
            return self.buffer.inst(plain(0x31, false, to.code(), Rm::Reg(to)));
        }
        if let Ok(value) = u32::try_from(value) {
            if to.code() >= 8 {
                self.buffer.bytes(&[0x41]);
            }
            self.buffer.bytes(&[0xb8 | to.code() & 7]);
            return self.buffer.bytes(&value.to_le_bytes());
        }
        if let Ok(value) = i32::try_from(value) {
            return self.buffer.inst(Instruction {
                imm: Imm::Long(value),
                ..plain(0xc7, true, 0, Rm::Reg(to))
            });
        }
        self.buffer
            .bytes(&[0x48 | to.code() >> 3, 0xb8 | to.code() & 7]);
        self.buffer.bytes(&value.to_le_bytes());
    }

    fn add(&mut self, operands: &Operands<'_>, wide: bool) -> Result<(), Refusal> {
        let to = operands.defined(0)?;
        let (left, right) = (operands.used(0)?, operands.used(1)?);
        let inst = if to == left {
            plain(0x03, wide, to.code(), Rm::Reg(right))
        } else if to == right {
            plain(0x03, wide, to.code(), Rm::Reg(left))
        } else {
            // As a base, rbp and r13 would need a displacement.
            let (base, index) = match left.code() & 7 {
                5 => (right, left),
                _ => (left, right),
            };
            let rm = Rm::BaseIndex {
                base,
                index,
                shift: 0,
                displacement: 0,
            };
            plain(0x8d, wide, to.code(), rm)
        };
        self.buffer.inst(inst);
        Ok(())
    }

    fn add_constant(
        &mut self,
        operands: &Operands<'_>,
        wide: bool,
        constant: i32,
    ) -> Result<(), Refusal> {
        let (to, from) = (operands.defined(0)?, operands.used(0)?);
        if to != from || operands.inst.flags == Flags::Keeps {
            let rm = Rm::Base {
                base: from,
                displacement: constant,
            };
            self.buffer.inst(plain(0x8d, wide, to.code(), rm));
            return Ok(());
        }
        // 128 is out of a byte's reach, but -128 is not.
        let (digit, imm) = match (constant, i8::try_from(constant)) {
            (128, _) => (5, Imm::Byte(-128)),
            (_, Ok(constant)) => (0, Imm::Byte(constant)),
            _ => (0, Imm::Long(constant)),
        };
        let opcode = match imm {
            Imm::Byte(_) => 0x83,
            _ => 0x81,
        };
        self.buffer.inst(Instruction {
            imm,
            ..plain(opcode, wide, digit, Rm::Reg(to))
        });
        Ok(())
    }

    /// Jumps through a table by the use; beyond its end to the default.
    pub(super) fn switch(&mut self, at: usize, places: usize) -> Result<(), Refusal> {
        let (func, placed) = (self.func, self.placed);
        let block = &func.blocks[at];
        let &[Place::Reg(index), Place::Reg(base), Place::Reg(entry)] =
            &placed.places[places..places + 3]
        else {
            return Err(Refusal::internal("a switch's operands are in no registers"));
        };
        let labels: Vec<Label> = (0..block.edges.len())
            .map(|edge| self.along(at, edge))
            .collect();
        let count = block.table.len() as i32 - 1;
        let (opcode, imm) = with_immediate(count);
        self.buffer.inst(Instruction {
            imm,
            ..plain(opcode, false, 7, Rm::Reg(index))
        });
        // jae
        self.buffer.jump(Some(3), labels[block.table[0] as usize]);
        let targets = block.table[1..]
            .iter()
            .map(|&edge| labels[edge as usize])
            .collect();
        let table = self.buffer.table(targets);
        let lea = plain(0x8d, true, base.code(), Rm::Relative);
        self.buffer.with_data(lea, table);
        let distance = Rm::BaseIndex {
            base,
            index,
            shift: 2,
            displacement: 0,
        };
        self.buffer.inst(plain(0x63, true, entry.code(), distance));
        self.buffer
            .inst(plain(0x03, true, entry.code(), Rm::Reg(base)));
        self.buffer.inst(plain(0xff, false, 4, Rm::Reg(entry)));
        Ok(())
    }

    pub(super) fn copy(&mut self, op: &Op) -> Result<(), Refusal> {
        match *op {
            Op::Copy { from, to, class } => self.copy_place(from, to, class),
            Op::Exchange(a, b) => {
                self.buffer.inst(plain(0x87, true, a.code(), Rm::Reg(b)));
                Ok(())
            }
            Op::Push(Place::Reg(reg)) if reg.is_vector() => {
                self.buffer.bytes(&[0x48, 0x8d, 0x64, 0x24, 0xf8]); // lea rsp, [rsp - 8]
                self.store_register(reg, TOP);
                Ok(())
            }
            Op::Pop(Place::Reg(reg)) if reg.is_vector() => {
                self.load_register(reg, TOP, true);
                self.buffer.bytes(&[0x48, 0x8d, 0x64, 0x24, 0x08]); // lea rsp, [rsp + 8]
                Ok(())
            }
            Op::Push(Place::Reg(reg)) => {
                self.buffer.inst(plain(0xff, false, 6, Rm::Reg(reg)));
                Ok(())
            }
            Op::Pop(Place::Reg(reg)) => {
                self.buffer.inst(plain(0x8f, false, 0, Rm::Reg(reg)));
                Ok(())
            }
            Op::Push(place) => {
                let rm = self.slot(place)?;
                self.buffer.inst(plain(0xff, false, 6, rm));
                Ok(())
            }
            Op::Pop(place) => {
                let rm = self.slot(place)?;
                self.buffer.inst(plain(0x8f, false, 0, rm));
                Ok(())
            }
            Op::Inst { .. } => Err(Refusal::internal("an instruction among copies")),
        }
    }

    fn copy_place(&mut self, from: Place, to: Place, class: Class) -> Result<(), Refusal> {
        let wide = class != Class::Narrow;
        match (from, to) {
            (Place::Reg(from), Place::Reg(to)) => self.move_register(to, from, wide),
            (Place::Constant(value), Place::Reg(to)) => self.constant(to, value),
            (from, Place::Reg(to)) => {
                let rm = self.slot(from)?;
                self.load_register(to, rm, wide);
            }
            (Place::Reg(from), to) => {
                let rm = self.slot(to)?;
                self.store_register(from, rm);
            }
            (Place::Constant(value), to) => {
                let rm = self.slot(to)?;
                self.store_constant(value, rm);
            }
            (from, to) => {
                debug_assert!(needs_scratch(from, to));
                let (source, target) = (self.slot(from)?, self.slot(to)?);
                if source != target {
                    self.load_register(Reg::SCRATCH, source, true);
                    self.store_register(Reg::SCRATCH, target);
                }
            }
        }
        Ok(())
    }

    pub(super) fn move_register(&mut self, to: Reg, from: Reg, wide: bool) {
        let inst = match to.is_vector() {
            true => Instruction {
                map: Map::X0f,
                ..plain(0x28, false, to.code(), Rm::Reg(from))
            },
            false => plain(0x89, wide, from.code(), Rm::Reg(to)),
        };
        self.buffer.inst(inst);
    }

    fn load_register(&mut self, to: Reg, from: Rm, wide: bool) {
        let inst = match to.is_vector() {
            true => Instruction {
                prefix: 0xf2,
                map: Map::X0f,
                ..plain(0x10, false, to.code(), from)
            },
            false => plain(0x8b, wide, to.code(), from),
        };
        self.buffer.inst(inst);
    }

    fn store_register(&mut self, from: Reg, to: Rm) {
        let inst = match from.is_vector() {
            true => Instruction {
                prefix: 0xf2,
                map: Map::X0f,
                ..plain(0x11, false, from.code(), to)
            },
            false => plain(0x89, true, from.code(), to),
        };
        self.buffer.inst(inst);
    }

    fn store_constant(&mut self, value: i64, to: Rm) {
        let store = |value, wide, to| Instruction {
            imm: Imm::Long(value),
            ..plain(0xc7, wide, 0, to)
        };
        if let Ok(value) = i32::try_from(value) {
            return self.buffer.inst(store(value, true, to));
        }
        let Rm::Base { base, displacement } = to else {
            unreachable!("slots have a base")
        };
        let upper = Rm::Base {
            base,
            displacement: displacement + 4,
        };
        self.buffer.inst(store(value as i32, false, to));
        self.buffer.inst(store((value >> 32) as i32, false, upper));
    }
}

/// The top of the stack.
const TOP: Rm = Rm::Base {
    base: Reg::RSP,
    displacement: 0,
};

/// An address, once registers are known.
fn memory(operands: &Operands<'_>, address: Address) -> Result<Operand, Refusal> {
    if let Some(symbol) = address.symbol {
        return Ok(Operand::Symbol(symbol));
    }
    if let Some(constant) = address.constant {
        return Ok(Operand::Data(Data::Constant(constant)));
    }
    let displacement = address.displacement;
    let rm = match (address.base, address.index) {
        (Some(base), Some((index, shift))) => Rm::BaseIndex {
            base: operands.used(base)?,
            index: operands.used(index)?,
            shift,
            displacement,
        },
        (Some(base), None) => Rm::Base {
            base: operands.used(base)?,
            displacement,
        },
        (None, Some((index, shift))) => Rm::Index {
            index: operands.used(index)?,
            shift,
            displacement,
        },
        (None, None) => Rm::Absolute(displacement),
    };
    Ok(Operand::Rm(rm))
}
