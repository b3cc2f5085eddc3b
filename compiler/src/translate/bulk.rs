//! Bulk operations on memories: bounds are checked here, before any effect; the runtime's
//! builtins only move bytes.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};
use wasmc_abi::builtins::Builtin;
use wasmc_abi::traps::Trap;

use super::env::{Region, Symbol, Translator};
use super::traps::code;
use crate::index::{DataIndex, MemoryId, MemoryIndex};
use crate::program::OwnPlace;

/// The width of an index or a length.
#[derive(Clone, Copy)]
pub(super) enum Width {
    W32,
    W64,
}

impl Width {
    pub fn of(is_64: bool) -> Width {
        match is_64 {
            true => Width::W64,
            false => Width::W32,
        }
    }
}

/// Most bytes that a copy of known length moves without a call.
const INLINE_COPY_MAX: u64 = 64;

impl Translator<'_, '_> {
    pub fn memory_fill(&mut self, memory: u32) {
        let memory = self.instance.memories[MemoryIndex::from_u32(memory)];
        let (dst, value, len) = self.pop3();
        let len = self.extended(len);
        let dst = self.checked_range(memory, dst, len);
        self.call_builtin(Builtin::memory_set, &[dst, value, len]);
    }

    pub fn memory_copy(&mut self, dst_memory: u32, src_memory: u32) {
        let dst_memory = self.instance.memories[MemoryIndex::from_u32(dst_memory)];
        let src_memory = self.instance.memories[MemoryIndex::from_u32(src_memory)];
        let (dst, src, len) = self.pop3();
        let known_len = self.known_index(len);
        let len = self.extended(len);
        let dst = self.checked_range(dst_memory, dst, len);
        let src = self.checked_range(src_memory, src, len);
        match known_len {
            Some(len @ 0..=INLINE_COPY_MAX) => {
                self.copy_inline((dst_memory, dst), (src_memory, src), len as i32);
            }
            _ => {
                self.call_builtin(Builtin::memory_move, &[dst, src, len]);
            }
        }
    }

    /// Copies a few bytes between addresses that were checked. All loads come before all stores,
    /// because the ranges may overlap.
    fn copy_inline(&mut self, dst: (MemoryId, Value), src: (MemoryId, Value), len: i32) {
        let access = MemFlagsData::new().with_notrap();
        let src_flags = self.flags(access, Region::Memory(src.0));
        let dst_flags = self.flags(access, Region::Memory(dst.0));
        let mut pieces = Vec::new();
        let mut offset = 0;
        for ty in [types::I8X16, types::I64, types::I32, types::I16, types::I8] {
            while offset + ty.bytes() as i32 <= len {
                let value = self.builder.ins().load(ty, src_flags, src.1, offset);
                pieces.push((value, offset));
                offset += ty.bytes() as i32;
            }
        }
        for (value, offset) in pieces {
            self.builder.ins().store(dst_flags, value, dst.1, offset);
        }
    }

    pub fn memory_init(&mut self, data: u32, memory: u32) {
        let memory = self.instance.memories[MemoryIndex::from_u32(memory)];
        let id = self.instance.datas[DataIndex::from_u32(data)];
        let data = &self.program.world.datas[id];
        let (is_passive, cell) = (data.mode.is_passive(), self.program.places.data_lengths[id]);
        let (dst, src, len) = self.pop3();
        let (src, len) = (self.extended(src), self.extended(len));
        let dst = self.checked_range(memory, dst, len);
        let available = self.segment_length(is_passive, data.bytes.len(), cell);
        self.check_range(src, len, available, Width::W32, Trap::MemoryOutOfBounds);
        if is_passive {
            let bytes = self.address(Symbol::Data(id.as_u32()), 0);
            let src = self.builder.ins().iadd(bytes, src);
            self.call_builtin(Builtin::memory_move, &[dst, src, len]);
        }
    }

    pub fn data_drop(&mut self, data: u32) {
        let id = self.instance.datas[DataIndex::from_u32(data)];
        self.drop_segment(self.program.places.data_lengths[id]);
    }

    /// Forgets a segment's length; one that code never reads has no cell.
    pub fn drop_segment(&mut self, length_cell: Option<OwnPlace>) {
        if let Some(cell) = length_cell {
            let cell = self.own(cell);
            let zero = self.builder.ins().iconst(types::I64, 0);
            let flags = self.trusted(Region::Lengths);
            self.builder.ins().store(flags, zero, cell, 0);
        }
    }

    /// A segment's current length: 0 when it is not passive, since those are dropped by
    /// instantiation.
    pub fn segment_length(&mut self, passive: bool, len: usize, cell: Option<OwnPlace>) -> Value {
        match cell {
            Some(cell) => {
                let cell = self.own(cell);
                let flags = self.trusted(Region::Lengths);
                self.builder.ins().load(types::I64, flags, cell, 0)
            }
            None => {
                let len = if passive { len as i64 } else { 0 };
                self.builder.ins().iconst(types::I64, len)
            }
        }
    }

    /// Traps unless the `len` bytes from index `start` are within the memory; their address.
    fn checked_range(&mut self, memory: MemoryId, start: Value, len: Value) -> Value {
        let width = Width::of(self.program.world.memories[memory].ty.memory64);
        let start = self.extended(start);
        let size = self.memory_bytes(memory);
        self.check_range(start, len, size, width, Trap::MemoryOutOfBounds);
        let base = self.program.places.memories[memory].base as i64;
        let base = self.builder.ins().iconst(types::I64, base);
        self.builder.ins().iadd(base, start)
    }

    /// Traps unless `start + len <= size`. `width` is that of the wider of start and length before
    /// they were extended.
    pub fn check_range(&mut self, start: Value, len: Value, size: Value, width: Width, trap: Trap) {
        let end = match width {
            Width::W32 => self.builder.ins().iadd(start, len),
            Width::W64 => self
                .builder
                .ins()
                .uadd_overflow_trap(start, len, code(trap)),
        };
        let outside = self
            .builder
            .ins()
            .icmp(IntCC::UnsignedGreaterThan, end, size);
        self.trap_if(outside, trap);
    }
}
