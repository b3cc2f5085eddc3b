//! The walk within a block: where the operands of each instruction are.

use smallvec::SmallVec;

use super::super::Refusal;
use super::super::liveness::{Distances, NEVER};
use super::super::machine::{Block, Class, DefAt, Inst, Kind, Reg, RegSet, Use, UseAt, VReg};
use super::moves::{Copy, sequence};
use super::{Allocation, Entry, Facts, Op, Place};

/// What an earlier round found out.
pub(super) struct Experience {
    pub hints: Vec<Option<Reg>>,
    pub used: RegSet,
    /// By value: it is stored where it is defined.
    pub stored_at_definition: Vec<bool>,
}

impl Experience {
    pub fn none(values: usize) -> Experience {
        Experience {
            hints: vec![None; values],
            used: RegSet::EMPTY,
            stored_at_definition: vec![false; values],
        }
    }
}

/// Values that later code needs survive a call in a register from this gain on.
const WORTH: f32 = 0.02;

/// What is where at a point of the walk, and what was written down on the way.
pub(super) struct State<'a> {
    pub facts: &'a Facts<'a>,
    experience: Experience,
    pub regs: [Option<VReg>; 32],
    /// By value.
    places: Vec<Option<Reg>>,
    /// By value: the number of the block in which its slot was last known to have it.
    valid: Vec<u32>,
    /// By value: where it is used next, counted from the start of the block.
    next: Vec<u32>,
    /// By value: the block, by number, that it is live into, and that it is wanted in a register in.
    live_in: Vec<u32>,
    wanted: Vec<(u32, Reg)>,
    /// Registers that some value of the block is wanted in.
    reserved: RegSet,
    /// Of the block: what is used after each operand, uses and results in order.
    after: Vec<u32>,
    /// The operand that comes next.
    operand: usize,
    at: usize,
    block: &'a Block,
    frequency: f32,
    ops: Vec<Op>,
    operands: Vec<Place>,
    used: RegSet,
    hints: Vec<Option<Reg>>,
    /// By value, and by web: the register that the innermost loop begins with, which its end must
    /// have again.
    homes: Vec<Option<Reg>>,
    anchors: Vec<Option<Reg>>,
    stores: Vec<f32>,
    pub cost: f64,
}

/// What is decided of an instruction on the way.
struct Placing {
    /// Registers that operands must be in.
    fixed: RegSet,
    /// Registers whose contents do not survive the instruction.
    gone: RegSet,
    /// Those are written before all operands are read.
    early: bool,
    /// Registers that may not be given to anything else any more.
    pinned: RegSet,
    /// Copies that happen at once, before the instruction.
    moves: Vec<Copy>,
    /// By use.
    places: SmallVec<[Option<Place>; 4]>,
}

impl Placing {
    /// Whether a register still holds a value when the operands have been copied to where they must
    /// be.
    fn keeps(&self, uses: &[Use], reg: Reg, vreg: VReg) -> bool {
        let mut operands = uses.iter();
        !self.fixed.contains(reg)
            || operands.any(|operand| operand.at == UseAt::Fixed(reg) && operand.vreg == vreg)
    }
}

impl<'a> State<'a> {
    pub fn new(facts: &'a Facts<'a>, experience: Experience) -> State<'a> {
        let values = facts.func.classes.len();
        State {
            facts,
            regs: [None; 32],
            places: vec![None; values],
            valid: vec![u32::MAX; values],
            next: vec![NEVER; values],
            live_in: vec![u32::MAX; values],
            wanted: vec![(u32::MAX, Reg::RAX); values],
            reserved: RegSet::EMPTY,
            after: Vec::new(),
            operand: 0,
            at: 0,
            block: &facts.func.blocks[0],
            frequency: 1.0,
            ops: Vec::new(),
            operands: Vec::new(),
            used: experience.used & RegSet::CALLEE_SAVED,
            hints: experience.hints.clone(),
            homes: vec![None; values],
            anchors: vec![None; values],
            stores: vec![0.0; values],
            cost: 0.0,
            experience,
        }
    }

    /// Prepares for a block; `distances` are those at its end, and still are afterwards.
    pub fn begin(&mut self, at: usize, block: &'a Block, distances: &mut Distances) {
        self.at = at;
        self.block = block;
        self.frequency = block.frequency;
        for vreg in self.regs.iter_mut().filter_map(Option::take) {
            self.places[vreg.as_u32() as usize] = None;
        }
        for &(vreg, distance) in &self.facts.liveness.live_in[at] {
            self.live_in[vreg.as_u32() as usize] = at as u32;
            self.next[vreg.as_u32() as usize] = distance;
        }
        let (wanted_in, number) = (&mut self.wanted, at as u32);
        self.reserved = wanted(block, |vreg, reg| {
            wanted_in[vreg.as_u32() as usize] = (number, reg);
        });
        // Backwards, what comes after each operand.
        let out: SmallVec<[(VReg, u32); 32]> = distances.iter().collect();
        self.after.clear();
        for (number, inst) in block.insts.iter().enumerate().rev() {
            for def in inst.defs.iter().rev() {
                self.after.push(distances.get(def.vreg));
            }
            let after = inst.uses.iter().rev();
            self.after
                .extend(after.map(|operand| distances.get(operand.vreg)));
            for def in &inst.defs {
                distances.set(def.vreg, NEVER);
            }
            for operand in &inst.uses {
                distances.set(operand.vreg, number as u32);
            }
        }
        self.after.reverse();
        self.operand = 0;
        for &param in &block.params {
            self.next[param.as_u32() as usize] = distances.get(param);
        }
        if at == 0 {
            for &(param, _) in &self.facts.func.params {
                self.next[param.as_u32() as usize] = distances.get(param);
            }
        }
        distances.take(|_, _| {});
        for (vreg, distance) in out {
            distances.set(vreg, distance);
        }
    }

    /// The code of the block.
    pub fn finish(&mut self) -> Vec<Op> {
        std::mem::take(&mut self.ops)
    }

    pub fn into_allocation(
        self,
        ops: Vec<Vec<Op>>,
        edges: Vec<Vec<Vec<Copy>>>,
        entries: Vec<Entry>,
    ) -> Allocation {
        let saved = self.used & RegSet::CALLEE_SAVED;
        Allocation {
            ops,
            places: self.operands,
            edges,
            entries,
            used: self.used,
            cost: self.cost + 2.0 * f64::from(saved.len()),
            hints: self.hints,
            stores: self.stores,
        }
    }

    pub fn occupants(&self) -> impl Iterator<Item = VReg> {
        self.regs.into_iter().flatten()
    }

    /// Registers that hold nothing.
    pub fn free(&self) -> RegSet {
        let mut free = (RegSet::INTEGERS | RegSet::VECTORS) - self.facts.func.reserved;
        for (number, vreg) in self.regs.iter().enumerate() {
            if vreg.is_some() {
                free.remove(Reg::new(number as u8));
            }
        }
        free
    }

    pub fn reg_of(&self, vreg: VReg) -> Option<Reg> {
        self.places[vreg.as_u32() as usize]
    }

    pub fn set(&mut self, vreg: VReg, reg: Reg) {
        debug_assert!(self.regs[reg.number() as usize].is_none());
        self.regs[reg.number() as usize] = Some(vreg);
        self.places[vreg.as_u32() as usize] = Some(reg);
        self.used.insert(reg);
        let web = self.facts.webs[vreg.as_u32() as usize];
        self.hints[web.as_u32() as usize] = Some(reg);
    }

    pub fn clear(&mut self, vreg: VReg) {
        if let Some(reg) = self.places[vreg.as_u32() as usize].take() {
            self.regs[reg.number() as usize] = None;
        }
    }

    /// What is in registers now is where it should be when the loop that begins here goes on.
    pub fn begin_loop(&mut self) {
        for number in 0..32u8 {
            if let Some(vreg) = self.regs[number as usize] {
                let web = self.facts.webs[vreg.as_u32() as usize];
                self.homes[vreg.as_u32() as usize] = Some(Reg::new(number));
                self.anchors[web.as_u32() as usize] = Some(Reg::new(number));
            }
        }
    }

    pub fn is_live_in(&self, vreg: VReg) -> bool {
        self.live_in[vreg.as_u32() as usize] == self.at as u32
    }

    pub fn is_valid(&self, vreg: VReg) -> bool {
        self.valid[vreg.as_u32() as usize] == self.at as u32
    }

    pub fn set_valid(&mut self, vreg: VReg) {
        self.valid[vreg.as_u32() as usize] = self.at as u32;
    }

    /// The values that are in their slots when the block begins.
    pub fn valid_of(&self, facts: &Facts<'_>, at: usize) -> Vec<VReg> {
        let live = facts.liveness.live_in[at].iter().map(|live| live.0);
        let params = facts.func.blocks[at].params.iter().copied();
        live.chain(params)
            .filter(|&vreg| self.is_valid(vreg))
            .collect()
    }

    pub fn next_use(&self, vreg: VReg) -> u32 {
        self.next[vreg.as_u32() as usize]
    }

    fn is_dead(&self, vreg: VReg) -> bool {
        self.next_use(vreg) == NEVER
    }

    /// How often a value is used after calls.
    pub fn crossing(&self, vreg: VReg) -> f32 {
        self.facts.crossing[vreg.as_u32() as usize]
    }

    fn registers(&self, vreg: VReg) -> RegSet {
        self.facts.func.registers(self.class(vreg))
    }

    fn class(&self, vreg: VReg) -> Class {
        self.facts.func.class(vreg)
    }

    /// Adds what an operation costs.
    pub fn pay(&mut self, op: &Op, frequency: f32) {
        let price = match op {
            Op::Copy {
                from: Place::Reg(_) | Place::Constant(_),
                to: Place::Reg(_),
                ..
            } => 0.25,
            Op::Copy {
                from: Place::Slot(_),
                to: Place::Slot(_),
                ..
            } => 2.0,
            Op::Copy { .. } | Op::Push(_) | Op::Pop(_) => 1.0,
            Op::Exchange(..) => 0.6,
            Op::Inst { .. } => 0.0,
        };
        self.cost += price * f64::from(frequency);
    }

    /// Notes what it costs to store a value where that is done.
    pub fn note_store(&mut self, vreg: VReg, frequency: f32) {
        self.stores[vreg.as_u32() as usize] += frequency;
    }

    fn write(&mut self, op: Op) {
        self.pay(&op, self.frequency);
        if let Op::Copy {
            to: Place::Reg(reg),
            ..
        } = op
        {
            self.used.insert(reg);
        }
        self.ops.push(op);
    }

    fn copy(&mut self, from: Place, to: Place, class: Class) {
        self.write(Op::Copy { from, to, class });
    }

    /// Sees to it that a value is in its slot; it must be in a register.
    fn store(&mut self, vreg: VReg) -> Result<(), Refusal> {
        if self.is_valid(vreg) {
            return Ok(());
        }
        let Some(reg) = self.reg_of(vreg) else {
            return Err(Refusal::internal("a value is lost"));
        };
        self.copy(Place::Reg(reg), Place::Slot(vreg), self.class(vreg));
        self.set_valid(vreg);
        self.note_store(vreg, self.frequency);
        Ok(())
    }

    /// Stores a value that was just defined, if it is one that is stored there.
    pub fn store_at_definition(&mut self, vreg: VReg) {
        if self.experience.stored_at_definition[vreg.as_u32() as usize]
            && self.reg_of(vreg).is_some()
        {
            self.store(vreg).expect("it is in a register");
        }
    }

    /// The best of some registers for a value; they hold nothing.
    pub fn choose(&self, vreg: VReg, candidates: RegSet) -> Option<Reg> {
        let gain = self.crossing(vreg);
        let web = self.facts.webs[vreg.as_u32() as usize];
        let hint = [
            self.homes[vreg.as_u32() as usize],
            self.anchors[web.as_u32() as usize],
            self.hints[web.as_u32() as usize],
        ];
        let mut hint = hint.into_iter().flatten();
        let hint = hint.find(|&reg| candidates.contains(reg));
        let (block, reg) = self.wanted[vreg.as_u32() as usize];
        let want = (block == self.at as u32 && candidates.contains(reg)).then_some(reg);
        if gain > WORTH {
            let mut saved = candidates & RegSet::CALLEE_SAVED;
            // One more register to save costs two accesses.
            if gain < 0.9 {
                saved = saved & self.used;
            }
            let reg = hint.filter(|&reg| saved.contains(reg)).or(saved.first());
            if reg.is_some() {
                return reg;
            }
        } else if want.is_some() {
            return want;
        }
        let scratch = candidates - RegSet::CALLEE_SAVED;
        hint.or(want)
            .or((scratch - self.reserved).first())
            .or(scratch.first())
            .or((candidates & self.used).first())
            .or(candidates.first())
    }

    /// A register for a value; what is in it is stored, if it is needed later.
    fn obtain(&mut self, vreg: VReg, avoid: RegSet) -> Result<Reg, Refusal> {
        let registers = self.registers(vreg) - avoid;
        if let Some(reg) = self.choose(vreg, registers & self.free()) {
            return Ok(reg);
        }
        let farthest = registers.iter().max_by_key(|reg| {
            let Some(vreg) = self.regs[reg.number() as usize] else {
                return (0, std::cmp::Reverse(*reg));
            };
            let distance = u64::from(self.next_use(vreg));
            let distance = match self.is_valid(vreg) {
                true => distance * 3 / 2 + 2,
                false => distance,
            };
            (distance, std::cmp::Reverse(*reg))
        });
        let reg = farthest.ok_or(Refusal::internal("too few registers"))?;
        if let Some(evicted) = self.regs[reg.number() as usize] {
            self.store(evicted)?;
            self.clear(evicted);
        }
        Ok(reg)
    }

    /// Places an instruction.
    pub fn step(&mut self, number: usize) -> Result<(), Refusal> {
        let block = self.block;
        let inst = &block.insts[number];
        let mut uses = inst.uses.clone();
        // Beyond this point the state is that after the instruction, as far as uses are concerned.
        let mut after = self.operand;
        for operand in &uses {
            self.next[operand.vreg.as_u32() as usize] = self.after[after];
            after += 1;
        }
        self.operand = after + inst.defs.len();
        self.exchange_operands(inst, &mut uses);

        let mut fixed = RegSet::EMPTY;
        for operand in &uses {
            if let UseAt::Fixed(reg) = operand.at {
                fixed.insert(reg);
            }
        }
        let mut gone = inst.clobbers;
        for def in &inst.defs {
            if let DefAt::Fixed(reg) = def.at {
                gone.insert(reg);
            }
        }
        let mut placing = Placing {
            fixed,
            gone,
            early: inst.early,
            pinned: fixed,
            moves: Vec::new(),
            places: SmallVec::from_elem(None, uses.len()),
        };
        // Where an exception arrives the callers' values are gone too: they are saved.
        let saved = RegSet::CALLEE_SAVED - self.facts.func.reserved;
        self.used = self.used | (inst.clobbers & saved);
        self.place_fixed(&uses, &mut placing)?;
        self.place_present(inst, &uses, &mut placing);
        self.evacuate_fixed(&uses, &mut placing)?;
        self.evacuate_gone(inst, &mut placing)?;
        self.place_rest(inst, &uses, &mut placing)?;
        self.write_moves(&mut placing.moves);
        let first = self.place_first(inst, &uses, &mut placing)?;
        // Beyond this point the registers' contents are those after the instruction.
        for operand in &uses {
            if self.is_dead(operand.vreg) {
                self.clear(operand.vreg);
            }
        }
        for reg in (placing.gone | fixed).iter() {
            let Some(vreg) = self.regs[reg.number() as usize] else {
                continue;
            };
            let stays = !placing.gone.contains(reg)
                && !uses
                    .iter()
                    .any(|operand| operand.at == UseAt::Fixed(reg) && operand.vreg != vreg);
            if stays {
                continue;
            }
            if !self.is_dead(vreg) && !self.is_valid(vreg) {
                return Err(Refusal::internal("a value that is needed is overwritten"));
            }
            self.clear(vreg);
        }
        self.define(inst, number, first, after, &placing)
    }

    /// If the first operand is overwritten and lives on, but the second does not, they change places.
    fn exchange_operands(&self, inst: &Inst, uses: &mut [Use]) {
        let is_first = inst.defs.first().is_some_and(|def| def.at == DefAt::First);
        let [left, right] = uses else { return };
        if !inst.commutes || !is_first || left.vreg == right.vreg {
            return;
        }
        let right_dies = self.is_dead(right.vreg) && self.reg_of(right.vreg).is_some();
        let left_stays = !self.is_dead(left.vreg) || self.reg_of(left.vreg).is_none();
        if right_dies && left_stays {
            std::mem::swap(&mut left.vreg, &mut right.vreg);
        }
    }

    /// Operands that must be in certain registers are copied there, from where they are before
    /// anything else happens.
    fn place_fixed(&mut self, uses: &[Use], placing: &mut Placing) -> Result<(), Refusal> {
        for (number, operand) in uses.iter().enumerate() {
            let UseAt::Fixed(reg) = operand.at else {
                continue;
            };
            let from = match self.reg_of(operand.vreg) {
                Some(from) => {
                    placing.pinned.insert(from);
                    Place::Reg(from)
                }
                None if self.is_valid(operand.vreg) => Place::Slot(operand.vreg),
                None => return Err(Refusal::internal("a value is lost")),
            };
            placing.places[number] = Some(Place::Reg(reg));
            placing.moves.push(Copy {
                from,
                to: Place::Reg(reg),
                class: self.class(operand.vreg),
            });
        }
        Ok(())
    }

    /// Operands that are in registers where they may be read stay there.
    fn place_present(&self, inst: &Inst, uses: &[Use], placing: &mut Placing) {
        for (number, operand) in uses.iter().enumerate() {
            if let (UseAt::Reg | UseAt::Any, Some(reg)) = (operand.at, self.reg_of(operand.vreg)) {
                let is_overwritten = inst.early && placing.gone.contains(reg);
                if !is_overwritten && placing.keeps(uses, reg, operand.vreg) {
                    placing.pinned.insert(reg);
                    placing.places[number] = Some(Place::Reg(reg));
                }
            }
        }
    }

    /// What is in registers that other operands must be in leaves them.
    fn evacuate_fixed(&mut self, uses: &[Use], placing: &mut Placing) -> Result<(), Refusal> {
        for reg in (placing.fixed | placing.gone).iter() {
            let Some(vreg) = self.regs[reg.number() as usize] else {
                continue;
            };
            // Whether the instruction reads it elsewhere.
            let is_read = uses.iter().zip(&placing.places).any(|(operand, place)| {
                operand.vreg == vreg
                    && !matches!(operand.at, UseAt::Fixed(_))
                    && *place != Some(Place::Reg(reg))
            });
            let is_in_the_way = !placing.keeps(uses, reg, vreg);
            if !is_read && (!is_in_the_way || self.is_dead(vreg)) {
                continue;
            }
            let lives = !self.is_dead(vreg);
            placing.pinned.insert(reg);
            let mut avoid = placing.pinned | placing.fixed;
            let registers = self.registers(vreg);
            let free = self.free();
            let both = registers & (free - avoid - placing.gone);
            let other = match self.choose(vreg, both) {
                Some(other) => Some(other),
                None if !is_read => None,
                // It is read now; if it lives on, that is in its slot.
                None => {
                    if lives {
                        self.store(vreg)?;
                    }
                    if placing.early {
                        avoid = avoid | placing.gone;
                    }
                    Some(self.obtain(vreg, avoid)?)
                }
            };
            match other {
                Some(other) => {
                    placing.moves.push(Copy {
                        from: Place::Reg(reg),
                        to: Place::Reg(other),
                        class: self.class(vreg),
                    });
                    self.clear(vreg);
                    self.set(vreg, other);
                    placing.pinned.insert(other);
                    for (operand, place) in uses.iter().zip(&mut placing.places) {
                        if operand.vreg == vreg && !matches!(operand.at, UseAt::Fixed(_)) {
                            *place = Some(Place::Reg(other));
                        }
                    }
                }
                None => {
                    self.store(vreg)?;
                    self.clear(vreg);
                }
            }
        }
        Ok(())
    }

    /// What is in registers that the instruction destroys goes elsewhere, if it is needed later. The
    /// instruction still reads it where it is.
    fn evacuate_gone(&mut self, inst: &Inst, placing: &mut Placing) -> Result<(), Refusal> {
        for reg in placing.gone.iter() {
            let Some(vreg) = self.regs[reg.number() as usize] else {
                continue;
            };
            if self.is_dead(vreg) {
                continue;
            }
            placing.pinned.insert(reg);
            let registers = self.registers(vreg) & self.free();
            let other = match inst.is_call() && self.crossing(vreg) <= WORTH {
                true => None,
                false => self.choose(vreg, registers - placing.gone - placing.pinned),
            };
            if other.is_none() {
                self.store(vreg)?;
            }
            self.clear(vreg);
            if let Some(other) = other {
                placing.moves.push(Copy {
                    from: Place::Reg(reg),
                    to: Place::Reg(other),
                    class: self.class(vreg),
                });
                self.set(vreg, other);
                placing.pinned.insert(other);
            }
        }
        Ok(())
    }

    /// Operands that are in slots are loaded, or read there.
    fn place_rest(
        &mut self,
        inst: &Inst,
        uses: &[Use],
        placing: &mut Placing,
    ) -> Result<(), Refusal> {
        let overwrites = inst.defs.first().is_some_and(|def| def.at == DefAt::First);
        for (number, operand) in uses.iter().enumerate() {
            if placing.places[number].is_some() || overwrites && number == 0 {
                continue;
            }
            let vreg = operand.vreg;
            if !self.is_valid(vreg) {
                return Err(Refusal::internal("a value is lost"));
            }
            let lives = !self.is_dead(vreg);
            let mut avoid = placing.pinned | placing.fixed;
            if lives || placing.early {
                avoid = avoid | placing.gone;
            }
            let registers = self.registers(vreg) - avoid;
            let has_room = !(registers & self.free()).is_empty();
            if operand.at == UseAt::Any && !(has_room && lives) {
                placing.places[number] = Some(Place::Slot(vreg));
                continue;
            }
            if !has_room && registers.is_empty() && !placing.early {
                avoid = placing.pinned | placing.fixed;
            }
            let reg = self.obtain(vreg, avoid)?;
            self.copy(Place::Slot(vreg), Place::Reg(reg), self.class(vreg));
            self.set(vreg, reg);
            placing.pinned.insert(reg);
            for (operand, place) in uses.iter().zip(&mut placing.places) {
                if operand.vreg == vreg && place.is_none() {
                    *place = Some(Place::Reg(reg));
                }
            }
        }
        Ok(())
    }

    fn write_moves(&mut self, moves: &mut Vec<Copy>) {
        let mut ops: SmallVec<[Op; 8]> = SmallVec::new();
        sequence(moves, VReg::as_u32, |op| ops.push(op));
        for op in ops {
            self.write(op);
        }
    }

    /// The register of a result that takes the place of the first operand.
    fn place_first(
        &mut self,
        inst: &Inst,
        uses: &[Use],
        placing: &mut Placing,
    ) -> Result<Option<Reg>, Refusal> {
        let Some(def) = inst.defs.first().filter(|def| def.at == DefAt::First) else {
            return Ok(None);
        };
        let vreg = uses[0].vreg;
        let from = match placing.places[0] {
            Some(place) => place,
            None => match self.reg_of(vreg) {
                Some(reg) => Place::Reg(reg),
                None if self.is_valid(vreg) => Place::Slot(vreg),
                None => return Err(Refusal::internal("a value is lost")),
            },
        };
        let reg = match from {
            Place::Reg(reg) if self.is_dead(vreg) && !placing.gone.contains(reg) => reg,
            _ => {
                let avoid = placing.pinned | placing.fixed | placing.gone;
                let reg = self.obtain(def.vreg, avoid)?;
                self.copy(from, Place::Reg(reg), self.class(vreg));
                placing.pinned.insert(reg);
                reg
            }
        };
        placing.places[0] = Some(Place::Reg(reg));
        Ok(Some(reg))
    }

    /// Gives the results registers and writes the instruction down.
    fn define(
        &mut self,
        inst: &Inst,
        number: usize,
        first: Option<Reg>,
        after: usize,
        placing: &Placing,
    ) -> Result<(), Refusal> {
        let mut taken = placing.gone;
        if let Some(first) = first {
            taken.insert(first);
        }
        if placing.early {
            taken = taken | placing.pinned;
        }
        let mut regs: SmallVec<[Reg; 2]> = SmallVec::new();
        for (number, def) in inst.defs.iter().enumerate() {
            self.next[def.vreg.as_u32() as usize] = self.after[after + number];
            let reg = match (def.at, first) {
                (DefAt::Fixed(reg), _) => reg,
                (DefAt::First, Some(first)) => first,
                _ => match self.same_as_operand(inst, def.vreg, placing, taken) {
                    Some(reg) => reg,
                    None => self.obtain(def.vreg, taken)?,
                },
            };
            taken.insert(reg);
            self.used.insert(reg);
            regs.push(reg);
        }
        for (def, &reg) in inst.defs.iter().zip(&regs) {
            if self.regs[reg.number() as usize].is_some() {
                return Err(Refusal::internal("a register is taken"));
            }
            if !self.is_dead(def.vreg) {
                self.set(def.vreg, reg);
            }
        }
        let places = self.operands.len() as u32;
        for place in &placing.places {
            let place = place.ok_or(Refusal::internal("an operand without a place"))?;
            self.operands.push(place);
        }
        self.operands
            .extend(regs.iter().map(|&reg| Place::Reg(reg)));
        self.write(Op::Inst {
            inst: number as u32,
            places,
        });
        for def in &inst.defs {
            self.store_at_definition(def.vreg);
        }
        Ok(())
    }

    /// A sum is shorter in the register of its first operand.
    fn same_as_operand(
        &self,
        inst: &Inst,
        vreg: VReg,
        placing: &Placing,
        taken: RegSet,
    ) -> Option<Reg> {
        if !matches!(inst.kind, Kind::Add { .. } | Kind::AddConstant { .. }) {
            return None;
        }
        let Some(Some(Place::Reg(reg))) = placing.places.first().copied() else {
            return None;
        };
        let survives = RegSet::CALLEE_SAVED.contains(reg) || self.crossing(vreg) < WORTH;
        let is_wanted = self.wanted[vreg.as_u32() as usize].0 == self.at as u32;
        let is_free = self.regs[reg.number() as usize].is_none() && !taken.contains(reg);
        (is_free && survives && !is_wanted).then_some(reg)
    }
}

/// The registers that values of a block will be wanted in: by value, that of its first use that needs
/// a certain one before the next call.
fn wanted(block: &Block, mut each: impl FnMut(VReg, Reg)) -> RegSet {
    let mut all = RegSet::EMPTY;
    for inst in block.insts.iter().rev() {
        for def in &inst.defs {
            if let DefAt::Fixed(reg) = def.at {
                all.insert(reg);
            }
        }
        for operand in &inst.uses {
            if let UseAt::Fixed(reg) = operand.at {
                each(operand.vreg, reg);
                all.insert(reg);
            }
        }
    }
    all
}
