//! From optimised CLIF to the machine IR.
//!
//! Blocks are done from the last to the first, and each from its end, so that every use of a value is
//! seen before the value: what is pure and nothing asked for is not selected, and who asks may take
//! an operand apart (`operand.rs`). Whatever has an effect stays where it is, in order.

mod calls;
mod compare;
mod facts;
mod float;
mod forms;
mod integer;
mod memory;
mod operand;

use std::collections::HashMap;

use cranelift_codegen::entity::EntityRef;
use cranelift_codegen::ir::{self, InstructionData, Opcode, Type, Value, types};
use cranelift_codegen::isa::CallConv;
use smallvec::SmallVec;

use super::machine::{
    Address, Arg, Block, Class, Condition, DefAt, Edge, Flags, Func, Incoming, Inst, Kind, Reg,
    RegSet, UseAt, VReg,
};
use super::{Features, Input, Refusal};
use facts::Facts;
use forms::Alu;

type Result<T> = std::result::Result<T, Refusal>;

/// A function on its way.
struct Select<'f> {
    func: &'f ir::Function,
    facts: Facts,
    features: Features,
    /// Values that some instruction reads from a register or slot.
    needed: Vec<bool>,
    /// Loads that became an operand of another instruction.
    folded: Vec<bool>,
    /// Sums that are made at the end of their block rather than at their place.
    sunk: Vec<bool>,
    classes: Vec<Class>,
    constants: Vec<(u64, u8)>,
    constant_numbers: HashMap<(u64, u8), u32>,
    outgoing: u32,
    /// Where and of which effects the instruction is that is being selected.
    colour: u32,
    place: Option<u32>,
    /// What it has become so far.
    out: Vec<Inst>,
}

/// Selects a function's instructions.
pub(super) fn select(input: &Input<'_>) -> Result<Func> {
    let func = input.func;
    check_signature(func)?;
    let order: Vec<ir::Block> = input.domtree.cfg_rpo().copied().collect();
    let mut number = vec![usize::MAX; func.dfg.num_blocks()];
    for (at, &block) in order.iter().enumerate() {
        number[block.index()] = at;
    }
    let values = func.dfg.num_values();
    let classes = (0..values)
        .map(|value| class_of(func.dfg.value_type(Value::new(value))))
        .collect();
    let mut select = Select {
        func,
        facts: Facts::new(func, &order)?,
        features: input.features,
        needed: vec![false; values],
        folded: vec![false; values],
        sunk: vec![false; values],
        classes,
        constants: Vec::new(),
        constant_numbers: HashMap::new(),
        outgoing: 0,
        colour: 0,
        place: None,
        out: Vec::new(),
    };
    let mut blocks: Vec<Block> = order.iter().map(|_| Block::default()).collect();
    for (at, &block) in order.iter().enumerate().rev() {
        select.block(block, &number, &mut blocks[at])?;
    }
    for (at, &block) in order.iter().enumerate() {
        let params = func.dfg.block_params(block);
        for &param in params {
            let mut incoming = name(param);
            if select.facts.is_extended(param) && select.needed[param.index()] {
                incoming = select.temporary(Class::Narrow);
                let extend = Inst::new(Kind::ZeroExtend, Flags::Keeps)
                    .reads(incoming, UseAt::Reg)
                    .makes(name(param), DefAt::Reg);
                blocks[at].insts.insert(0, extend);
            }
            blocks[at].params.push(incoming);
        }
        blocks[at].cold = func.layout.is_cold(block);
        blocks[at].depth = input.loops.loop_level(block).level() as u32;
        let loops = input.loops;
        let header = |of| number[loops.loop_header(of).index()];
        let own = loops.is_loop_header(block);
        blocks[at].is_header = own.is_some();
        blocks[at].innermost = loops.innermost_loop(block).map(header);
        blocks[at].outer = own.and_then(|own| loops.loop_parent(own)).map(header);
        for edge in 0..blocks[at].edges.len() {
            let to = blocks[at].edges[edge].to;
            blocks[to].preds.push((at, edge));
        }
    }
    if !blocks[0].preds.is_empty() {
        return Err(Refusal::Shape("a loop at the function's entry"));
    }
    let (params, popped) = select.params(&mut blocks[0]);
    Ok(Func {
        blocks,
        classes: select.classes,
        params,
        constants: select.constants,
        outgoing: select.outgoing,
        popped,
        reserved: match input.pinned {
            true => RegSet::of(Reg::PINNED),
            false => RegSet::EMPTY,
        },
    })
}

/// The name of a CLIF value.
fn name(value: Value) -> VReg {
    VReg::from_u32(value.as_u32())
}

fn class_of(ty: Type) -> Class {
    match ty {
        ty if ty.is_float() => Class::Float,
        ty if ty.bits() > 32 => Class::Wide,
        _ => Class::Narrow,
    }
}

/// Whether values of a type are in the registers that we know.
fn is_scalar(ty: Type) -> bool {
    matches!(
        ty,
        types::I8 | types::I16 | types::I32 | types::I64 | types::F32 | types::F64
    )
}

fn check_signature(func: &ir::Function) -> Result<()> {
    let signature = &func.signature;
    if signature.call_conv != CallConv::Tail {
        return Err(Refusal::Shape("a function of another calling convention"));
    }
    if !func.sized_stack_slots.is_empty() || !func.dynamic_stack_slots.is_empty() {
        return Err(Refusal::Shape("stack slots"));
    }
    calls::check(signature)
}

impl Select<'_> {
    /// Selects a block, from its end.
    fn block(&mut self, block: ir::Block, number: &[usize], into: &mut Block) -> Result<()> {
        let func = self.func;
        let mut reversed = Vec::new();
        let mut next = func.layout.last_inst(block);
        while let Some(inst) = next {
            next = func.layout.prev_inst(inst);
            if self.is_wanted(inst) {
                self.colour = self.facts.colour_before(inst);
                let place = func.srcloc(inst);
                self.place = (!place.is_default()).then(|| place.bits());
                match self.terminator(inst, number, into)? {
                    true => {}
                    false => self.instruction(inst)?,
                }
                reversed.extend(self.out.drain(..).rev());
            }
        }
        reversed.reverse();
        into.insts = reversed;
        if let Some(Inst {
            kind: Kind::Trap(_),
            ..
        }) = into.insts.last()
        {
            into.cold = true;
        }
        Ok(())
    }

    /// Whether an instruction must be selected at its place.
    fn is_wanted(&self, inst: ir::Inst) -> bool {
        let opcode = self.func.dfg.insts[inst].opcode();
        let results = self.func.dfg.inst_results(inst);
        if facts::is_pure(opcode) {
            let is_wanted = |value: &Value| self.needed[value.index()] && !self.sunk[value.index()];
            !facts::is_constant(opcode) && results.iter().any(is_wanted)
        } else if facts::is_load(opcode) {
            !self.folded[results[0].index()]
        } else {
            opcode != Opcode::Nop
        }
    }

    /// Selects an instruction that leads to other blocks; `false` if it does not.
    fn terminator(&mut self, inst: ir::Inst, number: &[usize], into: &mut Block) -> Result<bool> {
        let func = self.func;
        match func.dfg.insts[inst] {
            InstructionData::Jump { destination, .. } => {
                into.edges = vec![self.edge(&destination, number)];
                self.push(Inst::new(Kind::Jump, Flags::Keeps));
            }
            InstructionData::Brif { arg, blocks, .. } => {
                into.edges = blocks.iter().map(|to| self.edge(to, number)).collect();
                let condition = match self.result_as_condition(inst, arg)? {
                    Some(condition) => condition,
                    None => self.condition(arg)?,
                };
                for to in &blocks {
                    self.sink_sums(inst, to);
                }
                self.push(Inst::new(Kind::Branch(condition), Flags::Reads));
            }
            InstructionData::BranchTable { arg, table, .. } => {
                let table = &func.dfg.jump_tables[table];
                let mut seen: HashMap<(usize, SmallVec<[Arg; 4]>), u32> = HashMap::new();
                for to in table.all_branches() {
                    let edge = self.edge(to, number);
                    let count = into.edges.len() as u32;
                    let known = *seen.entry((edge.to, edge.args.clone())).or_insert(count);
                    if known == count {
                        into.edges.push(edge);
                    }
                    into.table.push(known);
                }
                let index = self.reg(arg);
                let (first, second) = (self.temporary(Class::Wide), self.temporary(Class::Wide));
                let mut jump = Inst::new(Kind::Table, Flags::Writes)
                    .reads(index, UseAt::Reg)
                    .makes(first, DefAt::Reg)
                    .makes(second, DefAt::Reg);
                jump.early = true;
                self.push(jump);
            }
            InstructionData::TryCall { .. } | InstructionData::TryCallIndirect { .. } => {
                self.try_call(inst, number, into)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Arithmetic whose result nobody but the branch reads is done just before it, and its flags say
    /// whether that is zero.
    fn result_as_condition(&mut self, branch: ir::Inst, value: Value) -> Result<Option<Condition>> {
        let func = self.func;
        let Some((inst, opcode)) = self.maker(value) else {
            return Ok(None);
        };
        let Some(op) = Alu::of(opcode) else {
            return Ok(None);
        };
        let read = func.dfg.inst_values(branch).filter(|&other| other == value);
        let read = read.count() as u32;
        // `test` leaves its operands alone.
        let is_test = op == Alu::And && read == 1;
        if is_test
            || !matches!(self.ty(value), types::I32 | types::I64)
            || self.facts.uses(value) != read
            || func.layout.inst_block(inst) != func.layout.inst_block(branch)
        {
            return Ok(None);
        }
        let &[left, right] = func.dfg.inst_args(inst) else {
            unreachable!("arithmetic has two operands")
        };
        self.sunk[value.index()] = true;
        self.alu(op, name(value), left, right)?;
        Ok(Some(Condition::NOT_EQUAL))
    }

    /// Sums with constants that nobody but the branch hands on are made just before it, when nothing
    /// reads the first operand any more, whose register they can then have. `lea` leaves the flags.
    fn sink_sums(&mut self, branch: ir::Inst, to: &ir::BlockCall) {
        let func = self.func;
        for arg in to.args(&func.dfg.value_lists) {
            let ir::BlockArg::Value(value) = arg else {
                continue;
            };
            let Some((inst, Opcode::Iadd)) = self.maker(value) else {
                continue;
            };
            let &[left, right] = func.dfg.inst_args(inst) else {
                unreachable!("a sum has two operands")
            };
            let ty = self.ty(value);
            let handed_on = func.dfg.inst_values(branch).filter(|&other| other == value);
            let (Some(constant), true) = (
                self.immediate(right),
                matches!(ty, types::I32 | types::I64)
                    && !self.sunk[value.index()]
                    && func.dfg.inst_args(branch)[0] != value
                    && func.layout.inst_block(inst) == func.layout.inst_block(branch)
                    && self.facts.uses(value) == handed_on.count() as u32
                    && self.constant(self.through(left)).is_none(),
            ) else {
                continue;
            };
            self.sunk[value.index()] = true;
            let wide = ty == types::I64;
            let left = self.reg(left);
            self.push(
                Inst::new(Kind::AddConstant { wide, constant }, Flags::Keeps)
                    .reads(left, UseAt::Reg)
                    .makes(name(value), DefAt::Reg),
            );
        }
    }

    fn edge(&mut self, to: &ir::BlockCall, number: &[usize]) -> Edge {
        self.edge_of_call(to, number, |_| {
            unreachable!("only calls with handlers hand over anything but values")
        })
    }

    /// An edge on which `made` says what becomes of the results of the call that ends the block.
    fn edge_of_call(
        &mut self,
        to: &ir::BlockCall,
        number: &[usize],
        mut made: impl FnMut(ir::BlockArg) -> VReg,
    ) -> Edge {
        let lists = &self.func.dfg.value_lists;
        let values: SmallVec<[ir::BlockArg; 4]> = to.args(lists).collect();
        let args = values
            .into_iter()
            .map(|arg| match arg {
                ir::BlockArg::Value(value) => match self.constant(self.through(value)) {
                    Some(constant) => Arg::Constant(self.bits(value, constant)),
                    None => Arg::Value(self.reg(value)),
                },
                arg => Arg::Value(made(arg)),
            })
            .collect();
        Edge {
            to: number[to.block(lists).index()],
            args,
        }
    }

    /// Selects an instruction that stays in its block.
    fn instruction(&mut self, inst: ir::Inst) -> Result<()> {
        let opcode = self.func.dfg.insts[inst].opcode();
        let results = self.func.dfg.inst_results(inst);
        if results.iter().any(|&value| !is_scalar(self.ty(value))) {
            return Err(Refusal::Type(self.ty(results[0])));
        }
        match opcode {
            Opcode::Call
            | Opcode::CallIndirect
            | Opcode::ReturnCall
            | Opcode::ReturnCallIndirect => self.call(inst),
            Opcode::Return => self.return_(inst),
            Opcode::Trap | Opcode::Trapz | Opcode::Trapnz => self.trap(inst),
            Opcode::Load
            | Opcode::Uload8
            | Opcode::Uload16
            | Opcode::Uload32
            | Opcode::Sload8
            | Opcode::Sload16
            | Opcode::Sload32 => self.load(inst),
            Opcode::Store | Opcode::Istore8 | Opcode::Istore16 | Opcode::Istore32 => {
                self.store(inst)
            }
            Opcode::GetPinnedReg => {
                let result = name(self.result(inst));
                self.push(Inst::new(Kind::Pinned, Flags::Keeps).makes(result, DefAt::Reg));
                Ok(())
            }
            Opcode::GetFramePointer => {
                let result = name(self.result(inst));
                self.push(Inst::new(Kind::FramePointer, Flags::Keeps).makes(result, DefAt::Reg));
                Ok(())
            }
            Opcode::SymbolValue | Opcode::FuncAddr => self.symbol_value(inst),
            Opcode::Icmp | Opcode::Fcmp => self.boolean(inst),
            Opcode::Select | Opcode::SelectSpectreGuard => self.select(inst),
            opcode if float::handles(opcode) => self.float(inst),
            _ => self.integer(inst),
        }
    }

    /// The function's parameters, and the bytes of those on the stack. Those that must be zero above
    /// and may not be come in under another name.
    fn params(&mut self, entry: &mut Block) -> (Vec<(VReg, Incoming)>, u32) {
        let values = std::mem::take(&mut entry.params);
        let (places, popped) = calls::arguments(&self.func.signature);
        let mut insts = Vec::new();
        let mut params = Vec::new();
        for (&value, place) in values.iter().zip(places) {
            let index = value.as_u32() as usize;
            let mut incoming = value;
            if self.facts.is_zero_above(index) && self.needed[index] {
                incoming = self.temporary(Class::Narrow);
                insts.push(
                    Inst::new(Kind::ZeroExtend, Flags::Keeps)
                        .reads(incoming, UseAt::Reg)
                        .makes(value, DefAt::Reg),
                );
            }
            params.push((incoming, place));
        }
        insts.append(&mut entry.insts);
        entry.insts = insts;
        (params, popped)
    }

    fn temporary(&mut self, class: Class) -> VReg {
        self.classes.push(class);
        VReg::from_u32(self.classes.len() as u32 - 1)
    }

    fn push(&mut self, mut inst: Inst) {
        inst.place = self.place;
        self.out.push(inst);
    }

    fn ty(&self, value: Value) -> Type {
        self.func.dfg.value_type(value)
    }

    fn is_wide(&self, value: Value) -> bool {
        self.ty(value) == types::I64
    }

    /// The instruction that makes a value, and its opcode.
    fn maker(&self, value: Value) -> Option<(ir::Inst, Opcode)> {
        let inst = self.func.dfg.value_def(value).inst()?;
        Some((inst, self.func.dfg.insts[inst].opcode()))
    }

    /// The result of an instruction that has one.
    fn result(&self, inst: ir::Inst) -> Value {
        self.func.dfg.first_result(inst)
    }

    fn trap(&mut self, inst: ir::Inst) -> Result<()> {
        let opcode = self.func.dfg.insts[inst].opcode();
        match self.func.dfg.insts[inst] {
            InstructionData::Trap { code, .. } => {
                self.push(Inst::new(Kind::Trap(code), Flags::Keeps));
            }
            InstructionData::CondTrap { arg, code, .. } => {
                let condition = self.condition(arg)?;
                let condition = match opcode {
                    Opcode::Trapz => condition.inverted(),
                    _ => condition,
                };
                self.push(Inst::new(Kind::TrapIf(condition, code), Flags::Reads));
            }
            _ => unreachable!("{opcode} traps"),
        }
        Ok(())
    }

    /// The address of a symbol, into a register.
    fn symbol_value(&mut self, inst: ir::Inst) -> Result<()> {
        let symbol = match self.func.dfg.insts[inst] {
            InstructionData::UnaryGlobalValue { global_value, .. } => self.symbol(global_value)?,
            InstructionData::FuncAddr { func_ref, .. } => (self.callee(func_ref)?, 0),
            _ => return Err(Refusal::Opcode(Opcode::SymbolValue)),
        };
        let address = Address {
            symbol: Some(symbol),
            ..Address::default()
        };
        let result = name(self.result(inst));
        self.push(forms::lea(true, address).makes(result, DefAt::Reg));
        Ok(())
    }
}

/// The register of an argument or result by its number among those of its kind.
fn register(numbers: &[u8], at: usize) -> Option<Reg> {
    numbers.get(at).map(|&number| Reg::new(number))
}
