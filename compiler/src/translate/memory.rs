//! Loads, stores, and the addresses they use.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::immediates::Offset32;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Opcode, Type, Value, ValueDef, types};
use wasmc_abi::builtins::Builtin;
use wasmc_abi::layout::MemoryState;
use wasmc_abi::traps::Trap;
use wasmparser::MemArg;

use super::env::{Region, Translator};
use super::traps::code;
use crate::index::{MemoryId, MemoryIndex};
use crate::parse::memory_of;
use crate::program::Strategy;

/// A checked address: what an access instruction takes.
pub(super) struct Address {
    pub base: Value,
    pub offset: Offset32,
    pub flags: MemFlagsData,
}

/// How a load fills the upper bits of its result.
#[derive(Clone, Copy)]
pub(super) enum Extend {
    Signed,
    Unsigned,
}

impl Translator<'_, '_> {
    /// Loads a value of the type.
    pub fn load(&mut self, ty: Type, memarg: MemArg) {
        let address = self.checked_address(&memarg, ty.bytes());
        let value = self
            .builder
            .ins()
            .load(ty, address.flags, address.base, address.offset);
        self.push(value);
    }

    /// Loads `width` and extends it to `ty`.
    pub fn load_narrow(&mut self, ty: Type, width: Type, extend: Extend, memarg: MemArg) {
        let Address {
            base,
            offset,
            flags,
        } = self.checked_address(&memarg, width.bytes());
        let ins = self.builder.ins();
        let value = match (width, extend) {
            (types::I8, Extend::Signed) => ins.sload8(ty, flags, base, offset),
            (types::I8, Extend::Unsigned) => ins.uload8(ty, flags, base, offset),
            (types::I16, Extend::Signed) => ins.sload16(ty, flags, base, offset),
            (types::I16, Extend::Unsigned) => ins.uload16(ty, flags, base, offset),
            (_, Extend::Signed) => ins.sload32(flags, base, offset),
            (_, Extend::Unsigned) => ins.uload32(flags, base, offset),
        };
        self.push(value);
    }

    /// Stores a value.
    pub fn store(&mut self, memarg: MemArg) {
        let value = self.pop();
        let bytes = self.type_of(value).bytes();
        let address = self.checked_address(&memarg, bytes);
        self.builder
            .ins()
            .store(address.flags, value, address.base, address.offset);
    }

    /// Stores the low bits of a value.
    pub fn store_narrow(&mut self, width: Type, memarg: MemArg) {
        let value = self.pop();
        let Address {
            base,
            offset,
            flags,
        } = self.checked_address(&memarg, width.bytes());
        let ins = self.builder.ins();
        match width {
            types::I8 => ins.istore8(flags, value, base, offset),
            types::I16 => ins.istore16(flags, value, base, offset),
            _ => ins.istore32(flags, value, base, offset),
        };
    }

    /// Pops an index and makes the address of an access of `bytes` bytes: one that is in bounds,
    /// or faults, or has been checked.
    pub fn checked_address(&mut self, memarg: &MemArg, bytes: u32) -> Address {
        let id = self.instance.memories[MemoryIndex::from_u32(memory_of(memarg))];
        let index = self.pop();
        match self.program.places.memories[id].strategy {
            Strategy::Guarded => {
                let access =
                    MemFlagsData::new().with_trap_code(Some(code(Trap::MemoryOutOfBounds)));
                let flags = self.flags(access, Region::Memory(id));
                self.guarded_address(id, index, memarg.offset, bytes, flags)
            }
            Strategy::Checked(_) => {
                self.check_bounds(id, index, memarg.offset, bytes);
                let access = MemFlagsData::new().with_notrap();
                let flags = self.flags(access, Region::Memory(id));
                self.guarded_address(id, index, memarg.offset, bytes, flags)
            }
        }
    }

    /// The address of a byte, in the form that the target folds best (`docs/rationale.md`).
    ///
    /// Nothing here may wrap within 32 bits: the index is extended before anything is added.
    fn guarded_address(
        &mut self,
        id: MemoryId,
        index: Value,
        offset: u64,
        bytes: u32,
        flags: MemFlagsData,
    ) -> Address {
        let base = self.program.places.memories[id].base;
        // Only the offset of a 64-bit memory can make a sum wrap, in code that a check has left
        // before.
        let start = base.wrapping_add(offset);
        let small = |address: u64| i32::try_from(address).ok().map(Offset32::new);
        if let Some(index) = self.known_index(index) {
            // Accesses at known places share the base.
            let (base, offset) = match small(offset.wrapping_add(index)) {
                Some(offset) => (base, offset),
                None => (start.wrapping_add(index), Offset32::new(0)),
            };
            let base = self.builder.ins().iconst(types::I64, base as i64);
            return Address {
                base,
                offset,
                flags,
            };
        }
        let index = if self.type_of(index) == types::I32 {
            self.builder.ins().uextend(types::I64, index)
        } else {
            index
        };
        if !self.is_x86()
            && !self.program.world.memories[id].ty.memory64
            && fits_aarch64_access(offset, bytes)
            && base.trailing_zeros() >= 32
        {
            // The index has none of the base's bits, so that `|` adds them, by one instruction
            // whose immediate is the base in slot 0; accesses of several offsets share it. The
            // code generator would take a sum apart and add the offset to the base instead.
            let base = self.builder.ins().iconst(types::I64, base as i64);
            return Address {
                base: self.builder.ins().bor(index, base),
                offset: Offset32::new(offset as i32),
                flags,
            };
        }
        match small(start) {
            Some(offset) if self.is_x86() => Address {
                base: index,
                offset,
                flags,
            },
            _ => {
                let start = self.builder.ins().iconst(types::I64, start as i64);
                Address {
                    base: self.builder.ins().iadd(start, index),
                    offset: Offset32::new(0),
                    flags,
                }
            }
        }
    }

    /// The value of an index that is a constant.
    pub fn known_index(&self, index: Value) -> Option<u64> {
        let dfg = &self.builder.func.dfg;
        let ValueDef::Result(inst, _) = dfg.value_def(dfg.resolve_aliases(index)) else {
            return None;
        };
        match dfg.insts[inst] {
            cranelift_codegen::ir::InstructionData::UnaryImm {
                opcode: Opcode::Iconst,
                imm,
            } => Some(match self.type_of(index) {
                types::I32 => u64::from(imm.bits() as u32),
                _ => imm.bits() as u64,
            })
            .filter(|&index| index <= u64::from(u32::MAX)),
            _ => None,
        }
    }

    /// Traps unless `index + offset + bytes` is within the memory.
    pub fn check_bounds(&mut self, id: MemoryId, index: Value, offset: u64, bytes: u32) {
        if self.program.world.memories[id].ty.memory64 {
            return self.check_bounds64(id, index, offset, bytes);
        }
        let index = self.extended(index);
        // Index and offset are of 32 bits: the sum cannot wrap within 64.
        let end = self.add_constant(index, offset + u64::from(bytes));
        let size = self.memory_bytes(id);
        let outside = self
            .builder
            .ins()
            .icmp(IntCC::UnsignedGreaterThan, end, size);
        self.trap_if(outside, Trap::MemoryOutOfBounds);
    }

    /// As [`Self::check_bounds`] for an index of 64 bits, where no sum may wrap.
    fn check_bounds64(&mut self, id: MemoryId, index: Value, offset: u64, bytes: u32) {
        let initial_bytes = self.program.world.memories[id].initial_bytes();
        let max = self.program.places.memories[id].max;
        let trap = Trap::MemoryOutOfBounds;
        let reach = match offset.checked_add(u64::from(bytes)) {
            Some(reach) if reach <= max => reach as i64,
            _ => {
                // Outside whatever the index is.
                let always = self.builder.ins().iconst(types::I32, 1);
                return self.trap_if(always, trap);
            }
        };
        let size = self.memory_bytes(id);
        let outside = if reach as u64 <= initial_bytes {
            // Memories do not shrink: the difference cannot wrap.
            let last = self.builder.ins().iadd_imm_s(size, -reach);
            self.builder
                .ins()
                .icmp(IntCC::UnsignedGreaterThan, index, last)
        } else {
            let reach = self.builder.ins().iconst(types::I64, reach);
            let end = self
                .builder
                .ins()
                .uadd_overflow_trap(index, reach, code(trap));
            self.builder
                .ins()
                .icmp(IntCC::UnsignedGreaterThan, end, size)
        };
        self.trap_if(outside, trap);
    }

    /// An index, zero-extended to 64 bits.
    pub fn extended(&mut self, index: Value) -> Value {
        match self.type_of(index) {
            types::I32 => self.builder.ins().uextend(types::I64, index),
            _ => index,
        }
    }

    fn add_constant(&mut self, value: Value, constant: u64) -> Value {
        let constant = self.builder.ins().iconst(types::I64, constant as i64);
        self.builder.ins().iadd(value, constant)
    }

    /// The memory's current size in bytes.
    pub fn memory_bytes(&mut self, id: MemoryId) -> Value {
        if !self.program.live.uses.memories_grown.contains(id) {
            let bytes = self.program.world.memories[id].initial_bytes() as i64;
            return self.builder.ins().iconst(types::I64, bytes);
        }
        let state = self.state(self.program.places.memories[id].state);
        let flags = self.trusted(Region::Sizes);
        let offset = std::mem::offset_of!(MemoryState, size) as i32;
        self.builder.ins().load(types::I64, flags, state, offset)
    }

    /// The memory's current size in bytes where another thread may be growing it: read anew, and
    /// before whatever follows.
    fn memory_bytes_now(&mut self, id: MemoryId) -> Value {
        let size = std::mem::offset_of!(MemoryState, size) as u32;
        let address = self.state(self.program.places.memories[id].state + size);
        let flags = self.trusted(Region::Sizes);
        self.builder.ins().atomic_load(types::I64, flags, address)
    }

    pub fn memory_size(&mut self, memory: u32) {
        let id = self.instance.memories[MemoryIndex::from_u32(memory)];
        let grows = self.program.live.uses.memories_grown.contains(id);
        let bytes = match self.program.live.threads {
            Some(_) if grows => self.memory_bytes_now(id),
            _ => self.memory_bytes(id),
        };
        let shift = i64::from(self.program.world.memories[id].page_log2());
        let pages = self.builder.ins().ushr_imm_u(bytes, shift);
        self.push_size(pages, self.program.world.memories[id].ty.memory64);
    }

    pub fn memory_grow(&mut self, memory: u32) {
        let id = self.instance.memories[MemoryIndex::from_u32(memory)];
        let delta = self.pop();
        let delta = self.extended(delta);
        let state = self.state(self.program.places.memories[id].state);
        let old = self.call_builtin(Builtin::memory_grow, &[state, delta]);
        let old = old.expect("memory_grow has a result");
        self.push_size(old, self.program.world.memories[id].ty.memory64);
    }

    /// Pushes a size, or -1, of 64 bits as a value of the index type.
    pub fn push_size(&mut self, size: Value, is_64: bool) {
        let size = match is_64 {
            true => size,
            false => self.builder.ins().ireduce(types::I32, size),
        };
        self.push(size);
    }
}

/// Whether a load or store of aarch64 can hold an offset that is not 0.
fn fits_aarch64_access(offset: u64, bytes: u32) -> bool {
    let bytes = u64::from(bytes);
    let scaled = offset.is_multiple_of(bytes) && offset / bytes < 1 << 12;
    offset > 0 && (scaled || offset < 1 << 8)
}
