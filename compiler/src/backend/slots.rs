//! Slots of the frame: values whose lives do not overlap share one.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::allocate::moves::sequence;
use super::allocate::{Allocation, Entry, Op, Place};
use super::liveness::Liveness;
use super::machine::{Arg, Func, Incoming, RegSet, VReg};

/// A slot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Slot {
    /// Of the function's frame, by number.
    Own(u32),
    /// Among the arguments that the caller made, by offset.
    Incoming(u32),
}

/// A function whose every operand has a place.
pub(super) struct Placed {
    pub ops: Vec<Vec<Op>>,
    pub places: Vec<Place>,
    /// By block and edge, one after the other.
    pub edges: Vec<Vec<Vec<Op>>>,
    pub entries: Vec<Entry>,
    pub used: RegSet,
    /// How many slots the frame has.
    pub count: u32,
    slots: Vec<Option<Slot>>,
}

impl Placed {
    /// How many operations read or write slots.
    pub fn accesses(&self) -> u32 {
        let is_slot = |place: Place| u32::from(matches!(place, Place::Slot(_)));
        let edges = self.edges.iter().flatten().flatten();
        let copies = self.ops.iter().flatten().chain(edges).map(|op| match *op {
            Op::Copy { from, to, .. } => is_slot(from) + is_slot(to),
            Op::Push(_) | Op::Pop(_) => 1,
            Op::Inst { .. } | Op::Exchange(..) => 0,
        });
        let operands = self.places.iter().map(|&place| is_slot(place));
        copies.chain(operands).sum()
    }

    /// The slot of a value that has one.
    pub fn slot(&self, vreg: VReg) -> Option<Slot> {
        self.slots[vreg.as_u32() as usize]
    }
}

/// When a value lives, in positions of the code: at most from the first to the last.
#[derive(Clone, Copy)]
struct Life {
    start: u32,
    end: u32,
}

/// Gives slots to the values that need one, and orders the copies of edges.
pub(super) fn assign(func: &Func, liveness: &Liveness, allocation: Allocation) -> Placed {
    let wanted = wanted(func, &allocation);
    let lives = lives(func, liveness);
    let mut slots: Vec<Option<Slot>> = vec![None; func.classes.len()];
    for &(vreg, incoming) in &func.params {
        if let Incoming::Stack(offset) = incoming {
            slots[vreg.as_u32() as usize] = Some(Slot::Incoming(offset));
        }
    }
    // Pairs that a copy connects, from both sides.
    let mut friends: Vec<(VReg, VReg)> = Vec::new();
    for copy in allocation.edges.iter().flatten().flatten() {
        if let (Place::Slot(from), Place::Slot(to)) = (copy.from, copy.to) {
            friends.push((from, to));
            friends.push((to, from));
        }
    }
    friends.sort_unstable();
    let mut order: Vec<(u32, usize)> = (0..slots.len())
        .filter(|&value| wanted[value] && slots[value].is_none())
        .map(|value| (lives[value].start, value))
        .collect();
    order.sort_unstable();
    let mut ending: BinaryHeap<Reverse<(u32, u32)>> = BinaryHeap::new();
    let mut free = BTreeSet::new();
    let mut count = 0;
    for (start, value) in order {
        while let Some(&Reverse((end, slot))) = ending.peek() {
            if end >= start {
                break;
            }
            ending.pop();
            free.insert(slot);
        }
        let vreg = VReg::from_u32(value as u32);
        let first = friends.partition_point(|pair| pair.0 < vreg);
        let friendly = friends[first..]
            .iter()
            .take_while(|pair| pair.0 == vreg)
            .filter_map(|pair| match slots[pair.1.as_u32() as usize] {
                Some(Slot::Own(slot)) => Some(slot),
                _ => None,
            })
            .find(|slot| free.contains(slot));
        let slot = friendly.or(free.first().copied()).unwrap_or_else(|| {
            count += 1;
            count - 1
        });
        free.remove(&slot);
        ending.push(Reverse((lives[value].end, slot)));
        slots[value] = Some(Slot::Own(slot));
    }
    let key = |vreg: VReg| match slots[vreg.as_u32() as usize] {
        Some(Slot::Own(number)) => number,
        // Offsets of arguments count from the other end.
        Some(Slot::Incoming(offset)) => u32::MAX - offset,
        None => unreachable!("what is copied has a slot"),
    };
    let edges = allocation
        .edges
        .into_iter()
        .map(|edges| {
            let ordered = edges.into_iter().map(|mut copies| {
                let mut ops = Vec::new();
                sequence(&mut copies, key, |op| ops.push(op));
                ops
            });
            ordered.collect()
        })
        .collect();
    Placed {
        ops: allocation.ops,
        places: allocation.places,
        edges,
        entries: allocation.entries,
        used: allocation.used,
        count,
        slots,
    }
}

/// By value: whether it is ever in a slot.
fn wanted(func: &Func, allocation: &Allocation) -> Vec<bool> {
    let mut wanted = vec![false; func.classes.len()];
    let mut note = |place: Place| {
        if let Place::Slot(vreg) = place {
            wanted[vreg.as_u32() as usize] = true;
        }
    };
    for op in allocation.ops.iter().flatten() {
        if let Op::Copy { from, to, .. } = *op {
            note(from);
            note(to);
        }
    }
    for copy in allocation.edges.iter().flatten().flatten() {
        note(copy.from);
        note(copy.to);
    }
    allocation.places.iter().for_each(|&place| note(place));
    wanted
}

/// By value: when it lives. Blocks are in an order in which a definition comes before all blocks that
/// it is live in, also those of loops.
fn lives(func: &Func, liveness: &Liveness) -> Vec<Life> {
    let mut lives = vec![Life { start: 0, end: 0 }; func.classes.len()];
    let mut start = 1;
    for (at, block) in func.blocks.iter().enumerate() {
        let end = start + block.insts.len() as u32 + 1;
        let mut until = |vreg: VReg, position: u32| {
            let life = &mut lives[vreg.as_u32() as usize];
            life.end = life.end.max(position);
        };
        for &(vreg, _) in &liveness.live_in[at] {
            until(vreg, end);
        }
        for edge in &block.edges {
            for arg in &edge.args {
                if let Arg::Value(vreg) = *arg {
                    until(vreg, end);
                }
            }
        }
        for &param in &block.params {
            until(param, start);
        }
        for (number, inst) in block.insts.iter().enumerate() {
            let position = start + 1 + number as u32;
            for operand in &inst.uses {
                until(operand.vreg, position);
            }
            for def in &inst.defs {
                until(def.vreg, position);
            }
        }
        for &param in &block.params {
            lives[param.as_u32() as usize].start = start;
        }
        for (number, inst) in block.insts.iter().enumerate() {
            for def in &inst.defs {
                lives[def.vreg.as_u32() as usize].start = start + 1 + number as u32;
            }
        }
        start = end + 1;
    }
    lives
}
