//! Arrays.
//!
//! Bounds are checked here, before any effect; the runtime's builtins only move what lies within
//! them. Lengths have 32 bits, so that no sum of 64 wraps.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Endianness, InstBuilder, MemFlagsData, Value, types};
use wasmc_abi::builtins::Builtin;
use wasmc_abi::heap;
use wasmc_abi::traps::Trap;
use wasmparser::RefType;

use super::bulk::Width;
use super::env::{Region, Symbol, Translator};
use super::memory::Extend;
use super::objects::null_trap;
use crate::index::{DataId, DataIndex, ElemId, ElemIndex, TypeId, TypeIndex};
use crate::program::Storage;

/// Offset of the length.
const LENGTH: i32 = size_of::<u32>() as i32;
/// Offset of the first element.
const ELEMENTS: i32 = heap::ARRAY_ELEMENTS as i32;
/// Most elements that are stored one by one rather than by a builtin.
const INLINE_FILL_MAX: u64 = 8;

impl Translator<'_, '_> {
    pub fn array_new(&mut self, ty: u32) {
        let ty = self.array_type(ty);
        let (value, len) = self.pop2();
        if self.is_zero(value) {
            self.new_zero_array(ty, len);
            return;
        }
        let array = self.new_array(ty, len);
        let start = self.builder.ins().iadd_imm_s(array, i64::from(ELEMENTS));
        self.fill(ty, start, value, len);
        self.push_object(array, ty);
    }

    pub fn array_new_default(&mut self, ty: u32) {
        let ty = self.array_type(ty);
        let len = self.pop();
        self.new_zero_array(ty, len);
    }

    pub fn array_new_fixed(&mut self, ty: u32, len: u32) {
        let ty = self.array_type(ty);
        let storage = self.storage(ty);
        let values = self.pop_many(len as usize);
        let len = self.i32(len as i32);
        let array = self.new_array(ty, len);
        let offsets = (ELEMENTS..).step_by(storage.bytes() as usize);
        for (value, offset) in values.into_iter().zip(offsets) {
            self.store_stored(storage, value, array, offset, None);
        }
        self.push_object(array, ty);
    }

    pub fn array_new_data(&mut self, ty: u32, data: u32) {
        let ty = self.array_type(ty);
        let (start, len) = self.pop2();
        let bytes = self.checked_data(ty, data, start, len);
        let array = self.new_array(ty, len);
        let dst = self.builder.ins().iadd_imm_s(array, i64::from(ELEMENTS));
        self.copy_data(data, dst, start, bytes);
        self.push_object(array, ty);
    }

    pub fn array_new_elem(&mut self, ty: u32, elem: u32) {
        let ty = self.array_type(ty);
        let (start, len) = self.pop2();
        let len64 = self.checked_items(elem, start, len);
        let array = self.new_array(ty, len);
        let dst = self.builder.ins().iadd_imm_s(array, i64::from(ELEMENTS));
        self.copy_items(ty, elem, dst, start, len64);
        self.push_object(array, ty);
    }

    pub fn array_get(&mut self, ty: u32, extend: Extend) {
        let ty = self.array_type(ty);
        let storage = self.storage(ty);
        let index = self.pop();
        let (array, known) = self.pop_ref();
        let element = self.checked_element(storage, array, known, index);
        let value = self.load_stored(storage, extend, element, ELEMENTS, None);
        self.push_stored(value, self.program.world.types.element(ty).element_type);
    }

    pub fn array_set(&mut self, ty: u32) {
        let ty = self.array_type(ty);
        let storage = self.storage(ty);
        let (index, value) = self.pop2();
        let (array, known) = self.pop_ref();
        let element = self.checked_element(storage, array, known, index);
        self.store_stored(storage, value, element, ELEMENTS, None);
    }

    pub fn array_len(&mut self) {
        let (array, known) = self.pop_ref();
        let len = self.length(array, known);
        self.push(len);
    }

    pub fn array_fill(&mut self, ty: u32) {
        let ty = self.array_type(ty);
        let (start, value, len) = self.pop3();
        let (array, known) = self.pop_ref();
        let start = self.checked_elements_of(ty, array, known, start, len);
        self.fill(ty, start, value, len);
    }

    pub fn array_copy(&mut self, dst_ty: u32, src_ty: u32) {
        let (dst_ty, src_ty) = (self.array_type(dst_ty), self.array_type(src_ty));
        let (src_start, len) = self.pop2();
        let (src, src_known) = self.pop_ref();
        let dst_start = self.pop();
        let (dst, dst_known) = self.pop_ref();
        let dst = self.checked_elements_of(dst_ty, dst, dst_known, dst_start, len);
        let src = self.checked_elements_of(src_ty, src, src_known, src_start, len);
        // The elements of one have a type below that of the other's: they are stored alike.
        let bytes = self.bytes(self.storage(dst_ty), len);
        self.call_builtin(Builtin::memory_move, &[dst, src, bytes]);
    }

    pub fn array_init_data(&mut self, ty: u32, data: u32) {
        let ty = self.array_type(ty);
        let (start, src, len) = self.pop3();
        let (array, known) = self.pop_ref();
        let dst = self.checked_elements_of(ty, array, known, start, len);
        let bytes = self.checked_data(ty, data, src, len);
        self.copy_data(data, dst, src, bytes);
    }

    pub fn array_init_elem(&mut self, ty: u32, elem: u32) {
        let ty = self.array_type(ty);
        let (start, src, len) = self.pop3();
        let (array, known) = self.pop_ref();
        let dst = self.checked_elements_of(ty, array, known, start, len);
        let len = self.checked_items(elem, src, len);
        self.copy_items(ty, elem, dst, src, len);
    }

    fn array_type(&self, ty: u32) -> TypeId {
        self.instance.types[TypeIndex::from_u32(ty)]
    }

    fn storage(&self, ty: TypeId) -> Storage {
        Storage::of(
            &self.program.world.types,
            self.program.world.types.element(ty).element_type,
        )
    }

    /// Pushes a new array of so many elements, all of them zero or null.
    fn new_zero_array(&mut self, ty: TypeId, len: Value) {
        let storage = self.storage(ty);
        let array = self.new_array(ty, len);
        match self.known_index(len) {
            Some(len) => {
                let bytes = (len * u64::from(storage.bytes())).next_multiple_of(8);
                self.zero_words(array, ELEMENTS, bytes + ELEMENTS as u64);
            }
            None => {
                let bytes = self.bytes(storage, len);
                self.zero_bytes(array, ELEMENTS, bytes);
            }
        }
        self.push_object(array, ty);
    }

    /// Whether a value is a zero of any type.
    fn is_zero(&self, value: Value) -> bool {
        self.known_index(value) == Some(0)
    }

    /// A new array of so many elements, which are to be written before anything else is done.
    fn new_array(&mut self, ty: TypeId, len: Value) -> Value {
        let storage = self.storage(ty);
        let bytes = match self.known_index(len) {
            Some(len) => {
                let bytes = (len * u64::from(storage.bytes())).next_multiple_of(8);
                let bytes = bytes as i64 + i64::from(ELEMENTS);
                self.builder.ins().iconst(types::I64, bytes)
            }
            None => {
                let bytes = self.bytes(storage, len);
                match storage.bytes() {
                    8.. => self.builder.ins().iadd_imm_s(bytes, i64::from(ELEMENTS)),
                    _ => {
                        let bytes = self
                            .builder
                            .ins()
                            .iadd_imm_s(bytes, i64::from(ELEMENTS + 7));
                        self.builder.ins().band_imm_s(bytes, -8)
                    }
                }
            }
        };
        let array = self.allocate(self.program.world.types.id(ty), bytes);
        let flags = self.trusted(Region::Headers);
        self.builder.ins().store(flags, len, array, LENGTH);
        array
    }

    /// Bytes of so many elements.
    fn bytes(&mut self, storage: Storage, len: Value) -> Value {
        let len = self.extended(len);
        let shift = i64::from(storage.bytes().trailing_zeros());
        self.builder.ins().ishl_imm_u(len, shift)
    }

    /// The length of an array; traps if it is null.
    fn length(&mut self, array: Value, known: Option<RefType>) -> Value {
        let null = null_trap(known, Trap::NullArray);
        let flags = self.object_flags(Region::Headers, null);
        self.builder.ins().load(types::I32, flags, array, LENGTH)
    }

    /// The address of an element, less [`ELEMENTS`]; traps unless there is one.
    fn checked_element(
        &mut self,
        storage: Storage,
        array: Value,
        known: Option<RefType>,
        index: Value,
    ) -> Value {
        let len = self.length(array, known);
        let outside = self
            .builder
            .ins()
            .icmp(IntCC::UnsignedGreaterThanOrEqual, index, len);
        self.trap_if(outside, Trap::ArrayOutOfBounds);
        let offset = self.bytes(storage, index);
        self.builder.ins().iadd(array, offset)
    }

    /// The address of some elements; traps unless there are that many.
    fn checked_elements_of(
        &mut self,
        ty: TypeId,
        array: Value,
        known: Option<RefType>,
        start: Value,
        len: Value,
    ) -> Value {
        let available = self.length(array, known);
        let (available, start, len) = (
            self.extended(available),
            self.extended(start),
            self.extended(len),
        );
        self.check_range(start, len, available, Width::W32, Trap::ArrayOutOfBounds);
        let offset = self.bytes(self.storage(ty), start);
        let first = self.builder.ins().iadd(array, offset);
        self.builder.ins().iadd_imm_s(first, i64::from(ELEMENTS))
    }

    /// Gives `len` elements from an address a value.
    fn fill(&mut self, ty: TypeId, start: Value, value: Value, len: Value) {
        let storage = self.storage(ty);
        if let Some(count @ 0..=INLINE_FILL_MAX) = self.known_index(len) {
            for offset in (0..).step_by(storage.bytes() as usize).take(count as usize) {
                self.store_stored(storage, value, start, offset, None);
            }
            return;
        }
        let (low, high) = self.halves(value);
        let size = self.i32(storage.bytes() as i32);
        let len = self.extended(len);
        self.call_builtin(Builtin::gc_fill, &[start, low, high, size, len]);
    }

    /// The bits of a value in two halves, the lower first.
    fn halves(&mut self, value: Value) -> (Value, Value) {
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        let ty = self.type_of(value);
        if ty.is_vector() {
            let value = self.with_lanes(value, types::I64X2);
            let low = self.builder.ins().extractlane(value, 0);
            return (low, self.builder.ins().extractlane(value, 1));
        }
        let low = match ty {
            types::F32 => self.builder.ins().bitcast(types::I32, flags, value),
            types::F64 => self.builder.ins().bitcast(types::I64, flags, value),
            _ => value,
        };
        let low = self.extended(low);
        (low, self.builder.ins().iconst(types::I64, 0))
    }

    /// Traps unless a data segment holds `len` elements from byte `start`: how many bytes they have.
    fn checked_data(&mut self, ty: TypeId, data: u32, start: Value, len: Value) -> Value {
        let (id, is_passive) = self.data_segment(data);
        let cell = self.program.places.data_lengths[id];
        let available = self.program.world.datas[id].bytes.len();
        let bytes = self.bytes(self.storage(ty), len);
        let start = self.extended(start);
        let available = self.segment_length(is_passive, available, cell);
        let trap = Trap::MemoryOutOfBounds;
        self.check_range(start, bytes, available, Width::W32, trap);
        bytes
    }

    /// Copies bytes of a data segment that holds them.
    fn copy_data(&mut self, data: u32, dst: Value, start: Value, bytes: Value) {
        let (id, is_passive) = self.data_segment(data);
        if is_passive {
            let start = self.extended(start);
            let segment = self.address(Symbol::Data(id.as_u32()), 0);
            let src = self.builder.ins().iadd(segment, start);
            self.call_builtin(Builtin::memory_move, &[dst, src, bytes]);
        }
    }

    fn data_segment(&self, data: u32) -> (DataId, bool) {
        let id = self.instance.datas[DataIndex::from_u32(data)];
        (id, self.program.world.datas[id].mode.is_passive())
    }

    /// Traps unless an element segment has `len` items from `start` on; `len` with 64 bits.
    fn checked_items(&mut self, elem: u32, start: Value, len: Value) -> Value {
        let (id, is_passive) = self.elem_segment(elem);
        let cell = self.program.places.elem_lengths[id];
        let available = self.program.world.elems[id].items.len();
        let (start, len) = (self.extended(start), self.extended(len));
        let available = self.segment_length(is_passive, available, cell);
        let trap = Trap::TableOutOfBounds;
        self.check_range(start, len, available, Width::W32, trap);
        len
    }

    /// Copies items of an element segment that has them.
    fn copy_items(&mut self, ty: TypeId, elem: u32, dst: Value, start: Value, len: Value) {
        let (id, is_passive) = self.elem_segment(elem);
        if !is_passive {
            return;
        }
        let start = self.extended(start);
        let src = self.segment_element(id, start);
        match self.storage(ty) {
            Storage::Object => {
                self.call_builtin(Builtin::gc_from_cells, &[dst, src, len]);
            }
            _ => {
                let bytes = self.builder.ins().ishl_imm_u(len, 3);
                self.call_builtin(Builtin::memory_move, &[dst, src, bytes]);
            }
        }
    }

    fn elem_segment(&self, elem: u32) -> (ElemId, bool) {
        let id = self.instance.elems[ElemIndex::from_u32(elem)];
        (id, self.program.world.elems[id].mode.is_passive())
    }
}
