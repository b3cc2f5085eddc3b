//! The walk over blocks: what is where when one begins, and what happens on the edges.

use super::super::Refusal;
use super::super::liveness::{Distances, FAR};
use super::super::machine::{Arg, Block, Class, Incoming, Reg, RegSet, VReg};
use super::moves::Copy;
use super::place::{Experience, State};
use super::{Allocation, Entry, Facts, Op, Place};

/// What is where when a block ends.
struct Exit {
    regs: [Option<VReg>; 32],
    /// Values that are used later and in their slots.
    slots: Vec<VReg>,
}

/// A value that is next used so far away is not kept where paths join, if some of them lack it.
const NEAR: u32 = 60;

pub(super) fn walk(facts: &Facts<'_>, experience: Experience) -> Result<Allocation, Refusal> {
    let func = facts.func;
    let count = func.blocks.len();
    let mut state = State::new(facts, experience);
    let mut distances = Distances::new(func.classes.len());
    let mut exits: Vec<Exit> = Vec::with_capacity(count);
    let mut entries = Vec::with_capacity(count);
    let mut ops = Vec::with_capacity(count);
    let mut joined = Joined {
        valid: vec![0; func.classes.len()],
    };
    for (at, block) in func.blocks.iter().enumerate() {
        facts.liveness.leave(func, at, &mut distances);
        state.begin(at, block, &mut distances);
        match at {
            0 => enter_function(&mut state),
            _ => joined.enter_block(&mut state, at, block, &exits)?,
        }
        entries.push(Entry {
            regs: state.regs,
            slots: state.valid_of(facts, at),
        });
        let params = func.params.iter().filter(|_| at == 0).map(|param| param.0);
        for vreg in params.chain(block.params.iter().copied()) {
            state.store_at_definition(vreg);
        }
        for number in 0..block.insts.len() {
            state.step(number)?;
        }
        let mut slots = Vec::new();
        distances.take(|vreg, _| {
            if state.is_valid(vreg) {
                slots.push(vreg);
            }
        });
        slots.sort_unstable();
        exits.push(Exit {
            regs: state.regs,
            slots,
        });
        ops.push(state.finish());
    }
    let edges = edges(&mut state, &exits, &entries)?;
    Ok(state.into_allocation(ops, edges, entries))
}

/// Parameters of the function come in registers or slots of the caller.
fn enter_function(state: &mut State<'_>) {
    for &(vreg, incoming) in &state.facts.func.params {
        let used = state.facts.liveness.used[vreg.as_u32() as usize];
        match incoming {
            Incoming::Stack(_) => state.set_valid(vreg),
            Incoming::Reg(reg) if used => state.set(vreg, reg),
            Incoming::Reg(_) => {}
        }
    }
}

struct Joined {
    /// By value: how many of the predecessors have it in its slot.
    valid: Vec<u32>,
}

impl Joined {
    /// Decides what is where when a block begins.
    fn enter_block(
        &mut self,
        state: &mut State<'_>,
        at: usize,
        block: &Block,
        exits: &[Exit],
    ) -> Result<(), Refusal> {
        let facts = state.facts;
        let func = facts.func;
        let live_in = &facts.liveness.live_in[at];
        let done: Vec<(usize, usize)> = block
            .preds
            .iter()
            .copied()
            .filter(|pred| pred.0 < at)
            .collect();
        let frequency = |pred: &(usize, usize)| func.blocks[pred.0].frequency;
        let Some(&best) =
            done.iter()
                .reduce(|best, pred| match frequency(pred) > frequency(best) {
                    true => pred,
                    false => best,
                })
        else {
            return Err(Refusal::internal("a block that nothing leads to"));
        };
        let before = &exits[best.0];
        for (number, &vreg) in before.regs.iter().enumerate() {
            if let Some(vreg) = vreg
                && state.is_live_in(vreg)
                && !block.params.contains(&vreg)
            {
                state.set(vreg, Reg::new(number as u8));
            }
        }
        if block.is_header {
            self.make_room(state, at);
        } else if done.len() > 1 {
            self.drop_distant(state, &done, exits);
        }
        for &(pred, _) in &done {
            for vreg in &exits[pred].slots {
                self.valid[vreg.as_u32() as usize] += 1;
            }
        }
        for &(vreg, _) in live_in {
            let everywhere = self.valid[vreg.as_u32() as usize] == done.len() as u32;
            if state.reg_of(vreg).is_none() || everywhere {
                state.set_valid(vreg);
            }
        }
        for &(pred, _) in &done {
            for vreg in &exits[pred].slots {
                self.valid[vreg.as_u32() as usize] = 0;
            }
        }
        if block.is_header {
            survive_calls(state);
        }
        place_params(
            state,
            block,
            &before.regs,
            &func.blocks[best.0].edges[best.1].args,
        );
        if block.is_header {
            state.begin_loop();
        }
        Ok(())
    }

    /// A loop keeps values that it does not use in registers only as far as it leaves some free.
    fn make_room(&self, state: &mut State<'_>, at: usize) {
        let mut through: Vec<(u32, VReg)> = state
            .occupants()
            .filter(|&vreg| state.facts.func.class(vreg) != Class::Float)
            .map(|vreg| (state.next_use(vreg), vreg))
            .filter(|&(distance, _)| distance >= FAR)
            .collect();
        through.sort_unstable();
        for &(_, vreg) in through.iter().skip(state.facts.spare[at] as usize) {
            state.clear(vreg);
        }
    }

    /// What some ways into a block lack and is not used soon is left in its slot.
    fn drop_distant(&self, state: &mut State<'_>, done: &[(usize, usize)], exits: &[Exit]) {
        for number in 0..32u8 {
            let Some(vreg) = state.regs[number as usize] else {
                continue;
            };
            let distance = state.next_use(vreg);
            if distance <= NEAR {
                continue;
            }
            let (mut missing, mut unstored) = (0.0, 0.0);
            for &(pred, _) in done {
                let exit = &exits[pred];
                let frequency = state.facts.func.blocks[pred].frequency;
                if exit.regs[number as usize] != Some(vreg) && !exit.regs.contains(&Some(vreg)) {
                    missing += frequency;
                } else if exit.slots.binary_search(&vreg).is_err() {
                    unstored += frequency;
                }
            }
            if missing > 0.0 && missing > unstored * 0.7 {
                state.clear(vreg);
            }
        }
    }
}

/// Values of a loop that calls would push out get registers that calls leave alone.
fn survive_calls(state: &mut State<'_>) {
    let mut crossing: Vec<(f32, VReg)> = state
        .occupants()
        .filter(|&vreg| state.facts.func.class(vreg) != Class::Float)
        .map(|vreg| (state.crossing(vreg), vreg))
        .filter(|&(gain, _)| gain > 2.0)
        .collect();
    crossing.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, vreg) in crossing {
        let saved = RegSet::CALLEE_SAVED & state.free();
        let is_saved = state
            .reg_of(vreg)
            .is_some_and(|reg| RegSet::CALLEE_SAVED.contains(reg));
        if let (false, Some(reg)) = (is_saved, saved.first()) {
            state.clear(vreg);
            state.set(vreg, reg);
        }
    }
}

/// Parameters stay where the most frequent predecessor has their arguments, if that is free.
fn place_params(state: &mut State<'_>, block: &Block, before: &[Option<VReg>; 32], args: &[Arg]) {
    let facts = state.facts;
    let mut rest: Vec<(f32, VReg)> = Vec::new();
    for (&param, arg) in block.params.iter().zip(args) {
        if !facts.liveness.used[param.as_u32() as usize] {
            continue;
        }
        let class = facts.func.class(param);
        let there = match arg {
            Arg::Value(arg) => before.iter().position(|&vreg| vreg == Some(*arg)),
            Arg::Constant(_) => None,
        };
        let reg = there.map(|number| Reg::new(number as u8));
        let gain = state.crossing(param);
        match reg {
            Some(reg)
                if state.regs[reg.number() as usize].is_none()
                    && facts.func.registers(class).contains(reg)
                    && (gain <= 2.0 || RegSet::CALLEE_SAVED.contains(reg)) =>
            {
                state.set(param, reg);
            }
            _ => rest.push((gain, param)),
        }
    }
    rest.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, param) in rest {
        let candidates = facts.func.registers(facts.func.class(param)) & state.free();
        match state.choose(param, candidates) {
            Some(reg) => state.set(param, reg),
            None => state.set_valid(param),
        }
    }
}

/// The copies that each edge needs.
fn edges(
    state: &mut State<'_>,
    exits: &[Exit],
    entries: &[Entry],
) -> Result<Vec<Vec<Vec<Copy>>>, Refusal> {
    let facts = state.facts;
    let func = facts.func;
    // By value: the block that it was last seen as a parameter of, or in its slot at the end of.
    let mut param_of = vec![(u32::MAX, 0u32); func.classes.len()];
    let mut stored = vec![u32::MAX; func.classes.len()];
    let mut all = Vec::with_capacity(func.blocks.len());
    for (at, block) in func.blocks.iter().enumerate() {
        let exit = &exits[at];
        for vreg in &exit.slots {
            stored[vreg.as_u32() as usize] = at as u32;
        }
        let mut of_block = Vec::with_capacity(block.edges.len());
        for edge in &block.edges {
            let to = &func.blocks[edge.to];
            for (number, param) in to.params.iter().enumerate() {
                param_of[param.as_u32() as usize] = (edge.to as u32, number as u32);
            }
            let frequency = block.frequency.min(to.frequency);
            // The value that becomes another in the block, and where it is now.
            let source = |vreg: VReg| -> Result<(Place, Class, bool), Refusal> {
                let (of, number) = param_of[vreg.as_u32() as usize];
                let is_param = of == edge.to as u32;
                let vreg = match is_param {
                    false => vreg,
                    true => match edge.args[number as usize] {
                        Arg::Value(arg) => arg,
                        Arg::Constant(value) => {
                            return Ok((Place::Constant(value), func.class(vreg), true));
                        }
                    },
                };
                let class = func.class(vreg);
                let reg = exit.regs.iter().position(|&other| other == Some(vreg));
                match reg {
                    Some(number) => Ok((Place::Reg(Reg::new(number as u8)), class, is_param)),
                    None if stored[vreg.as_u32() as usize] == at as u32 => {
                        Ok((Place::Slot(vreg), class, is_param))
                    }
                    None => Err(Refusal::internal("a value is lost on an edge")),
                }
            };
            let mut copies = Vec::new();
            let entry = &entries[edge.to];
            for (number, &vreg) in entry.regs.iter().enumerate() {
                let Some(vreg) = vreg else { continue };
                let to = Place::Reg(Reg::new(number as u8));
                let (from, class, _) = source(vreg)?;
                if from != to {
                    copies.push(Copy { from, to, class });
                }
            }
            for &vreg in &entry.slots {
                let (from, class, is_param) = source(vreg)?;
                let is_stored = !is_param && stored[vreg.as_u32() as usize] == at as u32;
                if is_stored || from == Place::Slot(vreg) {
                    continue;
                }
                let to = Place::Slot(vreg);
                copies.push(Copy { from, to, class });
                state.note_store(vreg, if is_param { 0.0 } else { frequency });
            }
            for &Copy { from, to, class } in &copies {
                state.pay(&Op::Copy { from, to, class }, frequency);
            }
            if !copies.is_empty() {
                state.cost += 0.3 * f64::from(frequency);
            }
            of_block.push(copies);
        }
        all.push(of_block);
    }
    Ok(all)
}
