//! What must the planner know of a function's body?

use wasmparser::{Catch, FunctionBody, Operator};

use super::operators::{memarg_of, memory_of};
use crate::error::Result;
use crate::index::{DataIndex, ElemIndex, FuncIndex, MemoryIndex, TableIndex, TypeIndex};
use crate::module::{Body, Fact};

/// Collects [`Fact`]s of one body.
#[derive(Default)]
pub(super) struct Facts {
    facts: Vec<Fact>,
    /// Weighted accesses of memory 0, by far the most frequent.
    memory0: u32,
    /// For each open label, whether it is a loop's.
    labels: Vec<bool>,
    /// Most labels that were open at a time.
    nesting: usize,
    /// Number of open loops.
    loops: u32,
    /// Whether there was a `rethrow`.
    rethrows: bool,
    /// The constant that the last operator was.
    constant: Option<u32>,
}

impl Facts {
    /// Notes an operator.
    pub fn note(&mut self, operator: &Operator<'_>, _offset: u64) {
        let constant = self.constant.take();
        let func = FuncIndex::from_u32;
        let table = TableIndex::from_u32;
        match *operator {
            Operator::Block { .. } | Operator::If { .. } | Operator::Try { .. } => {
                self.open(false);
            }
            Operator::TryTable { ref try_table } => {
                self.open(false);
                let keeps =
                    |catch: &Catch| matches!(catch, Catch::OneRef { .. } | Catch::AllRef { .. });
                if try_table.catches.iter().any(keeps) {
                    self.facts.push(Fact::KeepException);
                }
            }
            Operator::Loop { .. } => {
                self.open(true);
                self.loops += 1;
            }
            Operator::End | Operator::Delegate { .. } => {
                if self.labels.pop() == Some(true) {
                    self.loops -= 1;
                }
            }
            Operator::Rethrow { .. } => {
                self.rethrows = true;
                self.facts.push(Fact::KeepException);
            }
            Operator::Call { function_index } => self.facts.push(Fact::Call(func(function_index))),
            Operator::ReturnCall { function_index } => {
                self.facts.push(Fact::TailCall(func(function_index)));
            }
            Operator::CallRef { .. } | Operator::ReturnCallRef { .. } => {
                self.facts.push(Fact::CallRef);
            }
            Operator::RefFunc { function_index } => {
                self.facts.push(Fact::RefFunc(func(function_index)));
            }
            Operator::I32Const { value } => self.constant = Some(value as u32),
            Operator::CallIndirect {
                type_index,
                table_index,
            } => self.facts.push(match constant {
                Some(index) => Fact::CallElement {
                    table: table(table_index),
                    ty: TypeIndex::from_u32(type_index),
                    index,
                },
                None => Fact::TableRead(table(table_index)),
            }),
            Operator::TableGet { table: index }
            | Operator::ReturnCallIndirect {
                table_index: index, ..
            } => self.facts.push(Fact::TableRead(table(index))),
            Operator::TableSet { table: index } | Operator::TableFill { table: index } => {
                self.facts.push(Fact::TableWrite(table(index)));
            }
            Operator::TableCopy {
                dst_table,
                src_table,
            } => {
                self.facts.push(Fact::TableWrite(table(dst_table)));
                self.facts.push(Fact::TableRead(table(src_table)));
            }
            Operator::TableInit {
                elem_index,
                table: index,
            } => {
                self.facts.push(Fact::TableWrite(table(index)));
                let elem = ElemIndex::from_u32(elem_index);
                self.facts.push(Fact::ElemInit(elem));
            }
            Operator::TableGrow { table: index } => {
                self.facts.push(Fact::TableWrite(table(index)));
                self.facts.push(Fact::TableGrow(table(index)));
            }
            Operator::ElemDrop { elem_index } => {
                let elem = ElemIndex::from_u32(elem_index);
                self.facts.push(Fact::ElemDrop(elem));
            }
            Operator::DataDrop { data_index } => {
                let data = DataIndex::from_u32(data_index);
                self.facts.push(Fact::DataDrop(data));
            }
            Operator::ArrayNewData {
                array_data_index: data,
                ..
            }
            | Operator::ArrayInitData {
                array_data_index: data,
                ..
            } => self.facts.push(Fact::DataInit(DataIndex::from_u32(data))),
            Operator::ArrayNewElem {
                array_elem_index: elem,
                ..
            }
            | Operator::ArrayInitElem {
                array_elem_index: elem,
                ..
            } => self.facts.push(Fact::ElemInit(ElemIndex::from_u32(elem))),
            Operator::MemoryInit { data_index, mem } => {
                let data = DataIndex::from_u32(data_index);
                self.facts.push(Fact::DataInit(data));
                self.memory(mem);
            }
            Operator::MemoryGrow { mem } => {
                self.facts
                    .push(Fact::MemoryGrow(MemoryIndex::from_u32(mem)));
            }
            Operator::MemoryAtomicNotify { memarg } => {
                self.facts.push(Fact::Notify);
                self.memory(memory_of(&memarg));
            }
            Operator::MemoryAtomicWait32 { memarg } | Operator::MemoryAtomicWait64 { memarg } => {
                self.facts.push(Fact::Wait);
                self.memory(memory_of(&memarg));
            }
            Operator::MemoryFill { mem } => self.memory(mem),
            Operator::MemoryCopy { dst_mem, src_mem } => {
                self.memory(dst_mem);
                self.memory(src_mem);
            }
            _ => {
                if let Some(memarg) = memarg_of(operator) {
                    self.memory(memory_of(&memarg));
                }
            }
        }
    }

    fn open(&mut self, is_loop: bool) {
        self.labels.push(is_loop);
        self.nesting = self.nesting.max(self.labels.len());
    }

    fn memory(&mut self, memory: u32) {
        let weight = 1 << (3 * self.loops.min(6));
        if memory == 0 {
            self.memory0 = self.memory0.saturating_add(weight);
        } else {
            let memory = MemoryIndex::from_u32(memory);
            self.facts.push(Fact::Memory(memory, weight));
        }
    }

    /// The body with what was noted of it.
    pub fn finish(mut self, bytes: FunctionBody<'_>) -> Result<Body<'_>> {
        if self.memory0 > 0 {
            self.facts
                .push(Fact::Memory(MemoryIndex::from_u32(0), self.memory0));
        }
        self.facts.sort_unstable();
        self.facts.dedup();
        self.facts.shrink_to_fit();
        Ok(Body {
            bytes,
            nesting: self.nesting as u32,
            rethrows: self.rethrows,
            facts: self.facts,
        })
    }
}
