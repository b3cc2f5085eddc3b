//! Tables.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};
use wasmc_abi::builtins::Builtin;
use wasmc_abi::layout::TableState;
use wasmc_abi::traps::Trap;

use super::bulk::Width;
use super::env::{Region, Symbol, Translator};
use crate::index::{ElemId, ElemIndex, TableId, TableIndex};
use crate::program::Elements;

impl Translator<'_, '_> {
    pub fn table_get(&mut self, table: u32) {
        let table = self.instance.tables[TableIndex::from_u32(table)];
        let index = self.pop();
        let address = self.element_address(table, index, Trap::TableOutOfBounds);
        let flags = self.element_flags(table);
        let value = self.builder.ins().load(types::I64, flags, address, 0);
        let ty = self.program.world.tables[table].ty.element_type;
        self.push_typed(value, ty.into());
    }

    pub fn table_set(&mut self, table: u32) {
        let table = self.instance.tables[TableIndex::from_u32(table)];
        let (index, value) = self.pop2();
        let address = self.element_address(table, index, Trap::TableOutOfBounds);
        let flags = self.element_flags(table);
        self.builder.ins().store(flags, value, address, 0);
    }

    pub fn table_size(&mut self, table: u32) {
        let table = self.instance.tables[TableIndex::from_u32(table)];
        let size = self.table_elements(table);
        self.push_size(size, self.program.world.tables[table].ty.table64);
    }

    pub fn table_grow(&mut self, table: u32) {
        let table = self.instance.tables[TableIndex::from_u32(table)];
        let (init, delta) = self.pop2();
        let delta = self.extended(delta);
        let state = self.own(self.program.places.tables[table].state);
        let old = self.call_builtin(Builtin::table_grow, &[state, delta, init]);
        let old = old.expect("table_grow has a result");
        self.push_size(old, self.program.world.tables[table].ty.table64);
    }

    pub fn table_fill(&mut self, table: u32) {
        let table = self.instance.tables[TableIndex::from_u32(table)];
        let (dst, value, len) = self.pop3();
        let len = self.extended(len);
        let dst = self.checked_elements(table, dst, len);
        self.call_builtin(Builtin::table_fill, &[dst, value, len]);
    }

    /// Gives all elements of a table a value, when its instance is made.
    pub fn fill_table(&mut self, table: TableId, value: Value) {
        let len = self.table_elements(table);
        let zero = self.builder.ins().iconst(types::I64, 0);
        let dst = self.element(table, zero);
        self.call_builtin(Builtin::table_fill, &[dst, value, len]);
    }

    pub fn table_copy(&mut self, dst_table: u32, src_table: u32) {
        let dst_table = self.instance.tables[TableIndex::from_u32(dst_table)];
        let src_table = self.instance.tables[TableIndex::from_u32(src_table)];
        let (dst, src, len) = self.pop3();
        let len = self.extended(len);
        let dst = self.checked_elements(dst_table, dst, len);
        let src = self.checked_elements(src_table, src, len);
        let bytes = self.builder.ins().ishl_imm_u(len, 3);
        self.call_builtin(Builtin::memory_move, &[dst, src, bytes]);
    }

    pub fn table_init(&mut self, elem: u32, table: u32) {
        let table = self.instance.tables[TableIndex::from_u32(table)];
        let id = self.instance.elems[ElemIndex::from_u32(elem)];
        let elem = &self.program.world.elems[id];
        let (is_passive, cell) = (elem.mode.is_passive(), self.program.places.elem_lengths[id]);
        let (dst, src, len) = self.pop3();
        let (src, len) = (self.extended(src), self.extended(len));
        let dst = self.checked_elements(table, dst, len);
        let available = self.segment_length(is_passive, elem.items.len(), cell);
        self.check_range(src, len, available, Width::W32, Trap::TableOutOfBounds);
        if is_passive {
            let src = self.segment_element(id, src);
            let bytes = self.builder.ins().ishl_imm_u(len, 3);
            self.call_builtin(Builtin::memory_move, &[dst, src, bytes]);
        }
    }

    pub fn elem_drop(&mut self, elem: u32) {
        let id = self.instance.elems[ElemIndex::from_u32(elem)];
        self.drop_segment(self.program.places.elem_lengths[id]);
        if let Some(cells) = self.program.places.elem_cells[id] {
            // What they refer to is no longer needed.
            let cells = self.own(cells);
            let null = self.builder.ins().iconst(types::I64, 0);
            let len = self.program.world.elems[id].items.len() as i64;
            let len = self.builder.ins().iconst(types::I64, len);
            self.call_builtin(Builtin::table_fill, &[cells, null, len]);
        }
    }

    /// The address of an element of a segment that is in the image or has cells.
    pub fn segment_element(&mut self, id: ElemId, index: Value) -> Value {
        let items = match self.program.places.elem_cells[id] {
            Some(cells) => self.own(cells),
            None => self.address(Symbol::Elem(id.as_u32()), 0),
        };
        let offset = self.builder.ins().ishl_imm_u(index, 3);
        self.builder.ins().iadd(items, offset)
    }

    /// The address of an element; traps unless the index is within the table.
    pub fn element_address(&mut self, table: TableId, index: Value, trap: Trap) -> Value {
        let index = self.extended(index);
        let size = self.table_elements(table);
        let outside = self
            .builder
            .ins()
            .icmp(IntCC::UnsignedGreaterThanOrEqual, index, size);
        self.trap_if(outside, trap);
        self.element(table, index)
    }

    /// Flags of an access to an element that is in bounds.
    pub fn element_flags(&mut self, table: TableId) -> MemFlagsData {
        self.trusted(Region::Table(table))
    }

    /// Traps unless the `len` elements from index `start` are within the table; their address.
    fn checked_elements(&mut self, table: TableId, start: Value, len: Value) -> Value {
        let width = Width::of(self.program.world.tables[table].ty.table64);
        let start = self.extended(start);
        let size = self.table_elements(table);
        self.check_range(start, len, size, width, Trap::TableOutOfBounds);
        self.element(table, start)
    }

    fn element(&mut self, table: TableId, index: Value) -> Value {
        let base = match self.program.places.tables[table].elements {
            Elements::Slot(base) => self.builder.ins().iconst(types::I64, base as i64),
            Elements::ReadOnly(offset) => self.address(Symbol::ReadOnlyTables, i64::from(offset)),
            Elements::Zero(offset) => self.address(Symbol::Zero, i64::from(offset)),
            Elements::Own(place) => self.own(place),
            Elements::Mapped => {
                let state = self.own(self.program.places.tables[table].state);
                let flags = self.trusted(Region::Sizes);
                let offset = std::mem::offset_of!(TableState, base) as i32;
                self.builder.ins().load(types::I64, flags, state, offset)
            }
        };
        let offset = self.builder.ins().ishl_imm_u(index, 3);
        self.builder.ins().iadd(base, offset)
    }

    /// The table's current number of elements.
    fn table_elements(&mut self, id: TableId) -> Value {
        if !self.program.live.uses.tables_grown.contains(id) {
            let size = self.program.world.tables[id].ty.initial as i64;
            return self.builder.ins().iconst(types::I64, size);
        }
        let state = self.own(self.program.places.tables[id].state);
        let flags = self.trusted(Region::Sizes);
        let offset = std::mem::offset_of!(TableState, size) as i32;
        self.builder.ins().load(types::I64, flags, state, offset)
    }
}
