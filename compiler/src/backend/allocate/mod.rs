//! From values to registers and slots of the frame.
//!
//! One walk over the blocks in order, in which the registers' contents are a state: a block begins
//! with the state that its most frequent predecessor ends with, as far as that is of use in it, and
//! every other edge into it gets the copies that make its state the same. What is evicted is what
//! is used again last. It is stored where that happens (which may be a cold block), or where it is
//! defined, if that is less frequent: the second round knows.

mod blocks;
mod crossing;
pub(super) mod moves;
mod place;

use super::Refusal;
use super::liveness::Liveness;
use super::machine::{Arg, Class, Func, Reg, RegSet, VReg, find};

/// Where something is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Reg(Reg),
    /// The slot of a value.
    Slot(VReg),
    /// Nowhere: it is a constant.
    Constant(i64),
}

/// Code of a block with places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Op {
    /// An instruction by its number in the block, and where its operands' places begin in
    /// [`Allocation::places`]: those of its uses, then those of its results.
    Inst {
        inst: u32,
        places: u32,
    },
    /// A copy, of the kind that its value needs.
    Copy {
        from: Place,
        to: Place,
        class: Class,
    },
    Exchange(Reg, Reg),
    /// Pushes a register or slot, which the stack keeps while copies go on.
    Push(Place),
    Pop(Place),
}

/// What is where when a block begins. The checker takes it for granted within the block, and proves
/// it on all edges to the block.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// By the register's number.
    pub regs: [Option<VReg>; 32],
    /// Values that are in their slots.
    pub slots: Vec<VReg>,
}

/// Everything in its place.
pub(super) struct Allocation {
    pub ops: Vec<Vec<Op>>,
    pub places: Vec<Place>,
    /// By block and edge: copies that happen at once.
    pub edges: Vec<Vec<Vec<moves::Copy>>>,
    pub entries: Vec<Entry>,
    /// Registers that are written.
    pub used: RegSet,
    /// Loads, stores and copies, by how often they are done.
    pub cost: f64,
    /// By value: the registers are hints for the next round.
    hints: Vec<Option<Reg>>,
    /// By value: what storing it costs where that was done.
    stores: Vec<f32>,
}

/// Facts that all rounds share.
struct Facts<'a> {
    func: &'a Func,
    liveness: &'a Liveness,
    /// By value: how often it is used after calls, that is what a register that survives them saves.
    crossing: Vec<f32>,
    /// By value: one of those that would best be in the same register.
    webs: Vec<VReg>,
    /// By header: registers that the loop leaves to values which it does not use.
    spare: Vec<u32>,
}

/// Allocates a function, twice: the second time knows where values went and what was stored often.
pub(super) fn allocate(func: &Func, liveness: &Liveness) -> Result<Allocation, Refusal> {
    let values = func.classes.len();
    let facts = Facts {
        func,
        liveness,
        crossing: crossing::estimate(func, liveness),
        webs: webs(func),
        spare: spare(func, liveness),
    };
    let first = blocks::walk(&facts, place::Experience::none(values))?;
    let stored_at_definition = (0..values)
        .map(|value| {
            let block = &func.blocks[liveness.defined_in[value] as usize];
            first.stores[value] > block.frequency * 1.0001
        })
        .collect();
    let experience = place::Experience {
        hints: first.hints.clone(),
        used: first.used,
        stored_at_definition,
    };
    let second = blocks::walk(&facts, experience)?;
    Ok(match second.cost < first.cost {
        true => second,
        false => first,
    })
}

/// Values that parameters connect.
fn webs(func: &Func) -> Vec<VReg> {
    let mut webs: Vec<VReg> = (0..func.classes.len() as u32).map(VReg::from_u32).collect();
    for block in &func.blocks {
        for edge in &block.edges {
            for (&param, arg) in func.blocks[edge.to].params.iter().zip(&edge.args) {
                if let Arg::Value(arg) = *arg {
                    let (param, arg) = (find(&mut webs, param), find(&mut webs, arg));
                    webs[param.as_u32() as usize] = arg;
                }
            }
        }
    }
    for value in 0..webs.len() {
        let root = find(&mut webs, VReg::from_u32(value as u32));
        webs[value] = root;
    }
    webs
}

/// By block that heads a loop: how many integer registers the values that the loop uses leave free,
/// even where they need the most.
fn spare(func: &Func, liveness: &Liveness) -> Vec<u32> {
    let mut distances = super::liveness::Distances::new(func.classes.len());
    let mut peaks = vec![0u32; func.blocks.len()];
    for (at, block) in func.blocks.iter().enumerate() {
        let Some(innermost) = block.innermost else {
            continue;
        };
        let mut live = 0i64;
        liveness.leave(func, at, &mut distances);
        let is_integer = |vreg| func.class(vreg) != Class::Float;
        let mut alive = Vec::new();
        distances.take(|vreg, _| alive.push(vreg));
        for &vreg in &alive {
            distances.set(vreg, 0);
            live += i64::from(is_integer(vreg));
        }
        let mut peak = live;
        for inst in block.insts.iter().rev() {
            for def in &inst.defs {
                if distances.get(def.vreg) == 0 {
                    distances.set(def.vreg, super::liveness::NEVER);
                    live -= i64::from(is_integer(def.vreg));
                }
            }
            for operand in &inst.uses {
                if distances.get(operand.vreg) != 0 {
                    distances.set(operand.vreg, 0);
                    live += i64::from(is_integer(operand.vreg));
                }
            }
            peak = peak.max(live);
        }
        distances.take(|_, _| {});
        let mut header = Some(innermost);
        while let Some(at) = header {
            peaks[at] = peaks[at].max(peak as u32);
            header = func.blocks[at].outer;
        }
    }
    let headers = func.blocks.iter().enumerate().map(|(at, block)| {
        if !block.is_header {
            return 0;
        }
        let through = liveness.live_in[at]
            .iter()
            .filter(|&&(vreg, distance)| {
                distance >= super::liveness::FAR && func.class(vreg) != Class::Float
            })
            .count() as u32;
        let needed = peaks[at].saturating_sub(through);
        func.registers(Class::Wide).len().saturating_sub(needed)
    });
    headers.collect()
}
