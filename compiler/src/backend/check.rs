//! Proves that every use reads the value that SSA names.
//!
//! The code with places is carried out on names instead of values. What allocation says of the start
//! of each block is taken for granted in the block, and proven on every edge to it: then it holds
//! whenever the block begins, by induction on the way there. One pass, and independent of how
//! allocation came to its result.

use super::Refusal;
use super::allocate::moves::needs_scratch;
use super::allocate::{Op, Place};
use super::machine::{Arg, Class, DefAt, Edge, Flags, Func, Incoming, Inst, Reg, UseAt, VReg};
use super::slots::{Placed, Slot};

/// What a place holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Name {
    Value(VReg),
    Constant(i64),
}

#[derive(Clone, Default)]
struct State {
    regs: [Option<Name>; 32],
    /// Slots of the frame, by number.
    own: Vec<Option<Name>>,
    /// Slots of the caller's: their offsets.
    incoming: Vec<(u32, Option<Name>)>,
    stack: Vec<Name>,
    /// Slots that may hold something.
    written: Vec<Slot>,
    /// Slots that were written since the last mark, and what they held.
    undone: Vec<(Slot, Option<Name>)>,
}

struct Check<'a> {
    func: &'a Func,
    placed: &'a Placed,
    state: State,
    /// By value: the block that it was last seen as a parameter of, and its number there.
    param_of: Vec<(u32, u32)>,
    /// The flags are those that the last instruction to write them left.
    has_flags: bool,
}

type Result = std::result::Result<(), Refusal>;

fn refuse(what: &str, at: &dyn std::fmt::Debug) -> Refusal {
    Refusal::internal(&format!("{what}: {at:?}"))
}

/// Proves it, or says what does not hold.
pub(super) fn check(func: &Func, placed: &Placed) -> Result {
    let mut incoming: Vec<(u32, Option<Name>)> = func
        .params
        .iter()
        .filter_map(|&(_, incoming)| match incoming {
            Incoming::Stack(offset) => Some((offset, None)),
            Incoming::Reg(_) => None,
        })
        .collect();
    incoming.sort_unstable_by_key(|slot| slot.0);
    let mut check = Check {
        func,
        placed,
        state: State {
            own: vec![None; placed.count as usize],
            incoming,
            ..State::default()
        },
        param_of: vec![(u32::MAX, 0); func.classes.len()],
        has_flags: false,
    };
    check.function_entry()?;
    for at in 0..func.blocks.len() {
        check.block(at)?;
    }
    Ok(())
}

impl Check<'_> {
    /// What the first block begins with must be what the caller hands over.
    fn function_entry(&self) -> Result {
        let entry = &self.placed.entries[0];
        let comes_in = |vreg, place| self.func.params.contains(&(vreg, place));
        for (number, vreg) in entry.regs.iter().enumerate() {
            let reg = Incoming::Reg(Reg::new(number as u8));
            if vreg.is_some_and(|vreg| !comes_in(vreg, reg)) {
                return Err(refuse("a register does not come in so", vreg));
            }
        }
        for &vreg in &entry.slots {
            match self.placed.slot(vreg) {
                Some(Slot::Incoming(offset)) if comes_in(vreg, Incoming::Stack(offset)) => {}
                None if self.is_stack_param(vreg) => {}
                _ => return Err(refuse("a slot does not come in so", &vreg)),
            }
        }
        Ok(())
    }

    fn is_stack_param(&self, vreg: VReg) -> bool {
        let mut params = self.func.params.iter();
        params.any(|param| param.0 == vreg && matches!(param.1, Incoming::Stack(_)))
    }

    fn block(&mut self, at: usize) -> Result {
        let block = &self.func.blocks[at];
        let entry = &self.placed.entries[at];
        for slot in std::mem::take(&mut self.state.written) {
            self.write_slot(slot, None)?;
        }
        self.state.written.clear();
        self.state.undone.clear();
        self.has_flags = false;
        self.state.regs = entry.regs.map(|vreg| vreg.map(Name::Value));
        for &vreg in &entry.slots {
            // What never needs one has none.
            let Some(slot) = self.placed.slot(vreg) else {
                continue;
            };
            if self.read_slot(slot)?.is_some() {
                return Err(refuse("two values in a slot", &vreg));
            }
            self.write_slot(slot, Some(Name::Value(vreg)))?;
        }
        let mut next = 0;
        for op in &self.placed.ops[at] {
            match *op {
                Op::Inst { inst, places } => {
                    if inst != next {
                        return Err(refuse("an instruction is out of order", &inst));
                    }
                    next += 1;
                    self.inst(&block.insts[inst as usize], places as usize)?;
                }
                _ => self.copy(op)?,
            }
        }
        if next as usize != block.insts.len() {
            return Err(refuse("an instruction is missing", &at));
        }
        for (edge, ops) in block.edges.iter().zip(&self.placed.edges[at]) {
            let regs = self.state.regs;
            self.state.undone.clear();
            for op in ops {
                self.copy(op)?;
            }
            self.arrives(edge)?;
            let undone = std::mem::take(&mut self.state.undone);
            for &(slot, name) in undone.iter().rev() {
                self.write_slot(slot, name)?;
            }
            self.state.undone = undone;
            self.state.regs = regs;
        }
        Ok(())
    }

    /// The block at the end of an edge begins as it was said to.
    fn arrives(&mut self, edge: &Edge) -> Result {
        let to = &self.func.blocks[edge.to];
        if !self.state.stack.is_empty() {
            return Err(refuse("something is left on the stack", &edge.to));
        }
        for (number, param) in to.params.iter().enumerate() {
            self.param_of[param.as_u32() as usize] = (edge.to as u32, number as u32);
        }
        let entry = &self.placed.entries[edge.to];
        let expected = |vreg: VReg| {
            let (of, number) = self.param_of[vreg.as_u32() as usize];
            match of == edge.to as u32 {
                false => Name::Value(vreg),
                true => match edge.args[number as usize] {
                    Arg::Value(arg) => Name::Value(arg),
                    Arg::Constant(value) => Name::Constant(value),
                },
            }
        };
        for (number, vreg) in entry.regs.iter().enumerate() {
            if let Some(vreg) = *vreg
                && self.state.regs[number] != Some(expected(vreg))
            {
                return Err(refuse("a register arrives otherwise", &(vreg, edge.to)));
            }
        }
        for &vreg in &entry.slots {
            let Some(slot) = self.placed.slot(vreg) else {
                continue;
            };
            if self.read_slot(slot)? != Some(expected(vreg)) {
                return Err(refuse("a slot arrives otherwise", &(vreg, edge.to)));
            }
        }
        Ok(())
    }

    fn copy(&mut self, op: &Op) -> Result {
        match *op {
            Op::Copy { from, to, class } => {
                let name = self.read(from)?;
                self.check_class(name, class)?;
                self.check_register(to, class)?;
                self.check_register(from, class)?;
                if needs_scratch(from, to) {
                    self.state.regs[Reg::SCRATCH.number() as usize] = None;
                }
                self.write(to, name)
            }
            Op::Exchange(a, b) => {
                if a.is_vector() || b.is_vector() {
                    return Err(refuse("an exchange of vectors", &(a, b)));
                }
                self.state
                    .regs
                    .swap(a.number() as usize, b.number() as usize);
                Ok(())
            }
            Op::Push(place) => {
                let name = self.read(place)?;
                self.state.stack.push(name);
                Ok(())
            }
            Op::Pop(place) => match self.state.stack.pop() {
                Some(name) => {
                    let class = match name {
                        Name::Value(vreg) => self.func.class(vreg),
                        Name::Constant(_) => Class::Wide,
                    };
                    self.check_register(place, class)?;
                    self.write(place, name)
                }
                None => Err(refuse("nothing is on the stack", &place)),
            },
            Op::Inst { .. } => Err(refuse("an instruction on an edge", op)),
        }
    }

    /// A copy of 32 bits is one only of values that have no more.
    fn check_class(&self, name: Name, class: Class) -> Result {
        let fits = match name {
            Name::Value(vreg) => match (self.func.class(vreg), class) {
                (Class::Float, Class::Float) => true,
                (Class::Float, _) | (_, Class::Float) => false,
                (Class::Wide, Class::Narrow) => false,
                _ => true,
            },
            Name::Constant(value) => {
                class == Class::Wide || class == Class::Narrow && u32::try_from(value).is_ok()
            }
        };
        match fits {
            true => Ok(()),
            false => Err(refuse("a copy of the wrong kind", &(name, class))),
        }
    }

    /// Values are in registers of their kind, and not in those that have a purpose.
    fn check_register(&self, place: Place, class: Class) -> Result {
        match place {
            Place::Reg(Reg::SCRATCH) if class == Class::Float => Ok(()),
            Place::Reg(reg) if !self.func.registers(class).contains(reg) => {
                Err(refuse("the wrong kind of register", &(reg, class)))
            }
            _ => Ok(()),
        }
    }

    fn inst(&mut self, inst: &Inst, places: usize) -> Result {
        let count = inst.uses.len() + inst.defs.len();
        let Some(places) = self.placed.places.get(places..places + count) else {
            return Err(refuse("places are missing", inst));
        };
        let (uses, defs) = places.split_at(inst.uses.len());
        let holds = |check: &Self, order: &[usize]| {
            order.iter().enumerate().all(|(number, &operand)| {
                let name = Name::Value(inst.uses[operand].vreg);
                check.read(uses[number]).is_ok_and(|there| there == name)
            })
        };
        let order: Vec<usize> = (0..uses.len()).collect();
        let is_right = holds(self, &order) || inst.commutes && holds(self, &[1, 0]);
        if !is_right {
            return Err(refuse("a use reads another value", &(inst, places)));
        }
        for (operand, &place) in inst.uses.iter().zip(uses) {
            let class = self.func.class(operand.vreg);
            let is_allowed = match (operand.at, place) {
                (UseAt::Fixed(reg), place) => place == Place::Reg(reg),
                (UseAt::Any, Place::Slot(_)) => true,
                (UseAt::Reg | UseAt::Any, Place::Reg(reg)) => {
                    self.func.registers(class).contains(reg)
                }
                _ => false,
            };
            if !is_allowed {
                return Err(refuse("an operand is in the wrong place", &(inst, places)));
            }
        }
        match inst.flags {
            Flags::Keeps => {}
            Flags::Reads if !self.has_flags => return Err(refuse("there are no flags", inst)),
            Flags::Reads => {}
            Flags::Writes => self.has_flags = true,
        }
        if inst.is_call() {
            self.has_flags = false;
        }
        for reg in inst.clobbers.iter() {
            self.state.regs[reg.number() as usize] = None;
        }
        let mut defined = Vec::new();
        for (number, (def, &place)) in inst.defs.iter().zip(defs).enumerate() {
            let Place::Reg(reg) = place else {
                return Err(refuse("a result is in no register", inst));
            };
            let is_allowed = match def.at {
                DefAt::Reg => true,
                DefAt::Fixed(fixed) => reg == fixed,
                DefAt::First => number == 0 && uses.first() == Some(&place),
            };
            let overwrites = inst.early
                && inst.uses.iter().zip(uses).any(|(operand, use_place)| {
                    *use_place == place && !matches!(operand.at, UseAt::Fixed(_))
                });
            let class = self.func.class(def.vreg);
            if !is_allowed
                || overwrites
                || defined.contains(&reg)
                || !self.func.registers(class).contains(reg)
            {
                return Err(refuse("a result is in the wrong place", &(inst, places)));
            }
            defined.push(reg);
        }
        // An overwritten operand must not be read again by another use of the instruction under
        // another name: it is in its own register, as every other name in it is gone.
        for (def, &reg) in inst.defs.iter().zip(&defined) {
            let name = Name::Value(def.vreg);
            for held in &mut self.state.regs {
                if *held == Some(name) {
                    *held = None;
                }
            }
            if let Some(slot) = self.placed.slot(def.vreg) {
                self.write_slot(slot, None)?;
            }
            self.state.regs[reg.number() as usize] = Some(name);
        }
        Ok(())
    }

    fn read(&self, place: Place) -> std::result::Result<Name, Refusal> {
        let name = match place {
            Place::Reg(reg) => self.state.regs[reg.number() as usize],
            Place::Constant(value) => Some(Name::Constant(value)),
            Place::Slot(vreg) => match self.placed.slot(vreg) {
                Some(slot) => self.read_slot(slot)?,
                None => None,
            },
        };
        name.ok_or_else(|| refuse("nothing is there", &place))
    }

    fn write(&mut self, place: Place, name: Name) -> Result {
        match place {
            Place::Reg(reg) => {
                self.state.regs[reg.number() as usize] = Some(name);
                Ok(())
            }
            Place::Slot(vreg) => match self.placed.slot(vreg) {
                Some(slot) => self.write_slot(slot, Some(name)),
                None => Err(refuse("a value without a slot", &vreg)),
            },
            Place::Constant(_) => Err(refuse("a constant is written", &place)),
        }
    }

    fn read_slot(&self, slot: Slot) -> std::result::Result<Option<Name>, Refusal> {
        match slot {
            Slot::Own(number) => match self.state.own.get(number as usize) {
                Some(name) => Ok(*name),
                None => Err(refuse("no such slot", &slot)),
            },
            Slot::Incoming(offset) => {
                let slots = &self.state.incoming;
                match slots.binary_search_by_key(&offset, |slot| slot.0) {
                    Ok(found) => Ok(slots[found].1),
                    Err(_) => Err(refuse("no such argument", &slot)),
                }
            }
        }
    }

    fn write_slot(&mut self, slot: Slot, name: Option<Name>) -> Result {
        let before = self.read_slot(slot)?;
        self.state.undone.push((slot, before));
        self.state.written.push(slot);
        match slot {
            Slot::Own(number) => self.state.own[number as usize] = name,
            Slot::Incoming(offset) => {
                let slots = &mut self.state.incoming;
                if let Ok(found) = slots.binary_search_by_key(&offset, |slot| slot.0) {
                    slots[found].1 = name;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use cranelift_codegen::Context;
    use cranelift_codegen::control::ControlPlane;
    use cranelift_codegen::ir::{
        self, AbiParam, ExtFuncData, ExternalName, InstBuilder, MemFlagsData, Signature,
        UserExternalName, types,
    };
    use cranelift_codegen::isa::{self, CallConv, TargetIsa};
    use cranelift_codegen::settings;
    use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

    use super::super::liveness::Liveness;
    use super::super::machine::RegSet;
    use super::super::{Features, Input, allocate, frequency, select, slots};
    use super::*;

    /// A loop that keeps more values than there are registers across a call, and adds them up in an
    /// order that leaves the last one for last.
    fn crowded(isa: &dyn TargetIsa) -> ir::Function {
        let mut func = ir::Function::new();
        let mut signature = Signature::new(CallConv::Tail);
        signature.params.push(AbiParam::new(types::I64));
        signature.returns.push(AbiParam::new(types::I64));
        func.signature = signature.clone();
        let mut context = FunctionBuilderContext::new();
        let mut builder = FunctionBuilder::new(&mut func, &mut context);
        let callee = builder
            .func
            .declare_imported_user_function(UserExternalName::new(0, 1));
        let signature = builder.import_signature(signature);
        let callee = builder.import_function(ExtFuncData {
            name: ExternalName::user(callee),
            signature,
            colocated: true,
            patchable: false,
        });
        let (entry, body, exit) = (
            builder.create_block(),
            builder.create_block(),
            builder.create_block(),
        );
        builder.append_block_params_for_function_params(entry);
        let sum = builder.append_block_param(body, types::I64);
        builder.switch_to_block(entry);
        let base = builder.block_params(entry)[0];
        let values: Vec<ir::Value> = (0..24)
            .map(|number| {
                let flags = MemFlagsData::trusted();
                builder.ins().load(types::I64, flags, base, number * 8)
            })
            .collect();
        builder.ins().jump(body, &[base.into()]);
        builder.switch_to_block(body);
        let call = builder.ins().call(callee, &[sum]);
        let mut total = builder.inst_results(call)[0];
        for value in values {
            total = builder.ins().iadd(total, value);
            let seven = builder.ins().iconst(types::I64, 7);
            total = builder.ins().rotl(total, seven);
        }
        builder.ins().brif(total, body, &[total.into()], exit, &[]);
        builder.switch_to_block(exit);
        builder.ins().return_(&[total]);
        builder.seal_all_blocks();
        builder.finalize(isa.frontend_config());
        func
    }

    /// Places it, with some registers set aside.
    fn place(reserved: RegSet) -> (Func, Placed) {
        let triple = "x86_64-unknown-linux".parse().expect("a triple");
        let flags = settings::Flags::new(settings::builder());
        let lookup = isa::lookup(triple).expect("it is built in");
        let isa = lookup.finish(flags).expect("an ISA");
        let func = crowded(&*isa);
        let mut context = Context::for_function(func);
        context
            .optimize(&*isa, &mut ControlPlane::default())
            .expect("it is valid");
        context.compute_cfg();
        context.compute_domtree();
        context.compute_loop_analysis();
        let input = Input {
            func: &context.func,
            domtree: &context.domtree,
            loops: &context.loop_analysis,
            features: Features::default(),
            pinned: false,
        };
        let mut func = select::select(&input).expect("it is selected");
        func.reserved = reserved;
        frequency::estimate(&mut func);
        let liveness = Liveness::new(&func).expect("it is small");
        let allocation = allocate::allocate(&func, &liveness).expect("it is allocated");
        let placed = slots::assign(&func, &liveness, allocation);
        (func, placed)
    }

    #[test]
    fn what_allocation_made_is_right_until_something_is_changed() {
        let (func, placed) = place(RegSet::EMPTY);
        check(&func, &placed).expect("it is right");
        assert!(placed.count > 10, "not all values fit registers");
        let again = || place(RegSet::EMPTY).1;
        let (mut changes, mut unnoticed) = (0, 0);
        let mut judge = |changed: &Placed| {
            changes += 1;
            unnoticed += usize::from(check(&func, changed).is_ok());
        };
        for block in 0..func.blocks.len() {
            for op in 0..placed.ops[block].len() {
                // Without any one of the operations.
                let mut changed = again();
                changed.ops[block].remove(op);
                judge(&changed);
            }
            for edge in 0..func.blocks[block].edges.len() {
                for op in 0..placed.edges[block][edge].len() {
                    let mut changed = again();
                    changed.edges[block][edge].remove(op);
                    judge(&changed);
                }
            }
        }
        for at in 0..placed.places.len() {
            // With any operand in another register.
            let Place::Reg(reg) = placed.places[at] else {
                continue;
            };
            let mut changed = again();
            let other = RegSet::INTEGERS.iter().find(|&other| other != reg);
            changed.places[at] = Place::Reg(other.expect("there are others"));
            judge(&changed);
        }
        assert!(changes > 150);
        // A result whose register nobody else needs may be in another one, if all its uses were.
        assert!(
            unnoticed * 50 <= changes,
            "{unnoticed} of {changes} changes"
        );
    }

    #[test]
    fn few_registers_are_enough() {
        let mut reserved = RegSet::EMPTY;
        // Arguments, results and call targets leave no fewer than these.
        for number in (8..16).rev() {
            reserved.insert(Reg::new(number));
            let (func, placed) = place(reserved);
            check(&func, &placed).expect("it is right");
            assert!((placed.used & reserved).is_empty(), "{reserved:?}");
        }
    }
}
