//! Which values are live where, and how far away their next use is.

use super::Refusal;
use super::machine::{Arg, Block, Func, VReg};

/// There is no further use.
pub(super) const NEVER: u32 = u32::MAX;
/// How far away what is used only after a loop is while the loop runs.
pub(super) const FAR: u32 = 1_000_000;
/// How far away what is used only in cold blocks is.
pub(super) const COLD: u32 = 100_000;

/// The most values that may be live into all blocks together: beyond this, the function is
/// Cranelift's.
const MOST: usize = 8_000_000;
/// The most loops in each other.
const DEEPEST: usize = 24;

/// Facts of a whole function.
pub(super) struct Liveness {
    /// By block: the values that are live into it, without its parameters, and the distance to their
    /// next use from its start.
    pub live_in: Vec<Vec<(VReg, u32)>>,
    /// By value: whether anything uses it. Parameters that nothing uses get no place.
    pub used: Vec<bool>,
    /// By value: the block that defines it.
    pub defined_in: Vec<u32>,
}

/// Distances by value, of those that were touched.
#[derive(Default)]
pub(super) struct Distances {
    by_value: Vec<u32>,
    touched: Vec<VReg>,
}

impl Distances {
    pub fn new(values: usize) -> Distances {
        Distances {
            by_value: vec![NEVER; values],
            touched: Vec::new(),
        }
    }

    pub fn get(&self, vreg: VReg) -> u32 {
        self.by_value[vreg.as_u32() as usize]
    }

    /// Sets a distance; `NEVER` for none.
    pub fn set(&mut self, vreg: VReg, distance: u32) {
        let known = &mut self.by_value[vreg.as_u32() as usize];
        if *known == NEVER && distance != NEVER {
            self.touched.push(vreg);
        }
        *known = distance;
    }

    fn nearer(&mut self, vreg: VReg, distance: u32) {
        if distance < self.get(vreg) {
            self.set(vreg, distance);
        }
    }

    /// The values that have a distance, each once, and forgets them.
    pub fn take(&mut self, mut each: impl FnMut(VReg, u32)) {
        for vreg in self.touched.drain(..) {
            let distance = std::mem::replace(&mut self.by_value[vreg.as_u32() as usize], NEVER);
            if distance != NEVER {
                each(vreg, distance);
            }
        }
    }

    /// The values that have a distance; some may come more than once.
    pub fn iter(&self) -> impl Iterator<Item = (VReg, u32)> {
        let known = self.touched.iter().map(|&vreg| (vreg, self.get(vreg)));
        known.filter(|&(_, distance)| distance != NEVER)
    }
}

impl Liveness {
    pub fn new(func: &Func) -> Result<Liveness, Refusal> {
        let count = func.blocks.len();
        let values = func.classes.len();
        let mut liveness = Liveness {
            live_in: vec![Vec::new(); count],
            used: used(func),
            defined_in: vec![0; values],
        };
        for (at, block) in func.blocks.iter().enumerate() {
            let defs = block.insts.iter().flat_map(|inst| &inst.defs);
            for vreg in defs.map(|def| def.vreg).chain(block.params.iter().copied()) {
                liveness.defined_in[vreg.as_u32() as usize] = at as u32;
            }
        }
        let mut distances = Distances::new(values);
        let mut stale = vec![true; count];
        let mut total = 0;
        // Sets only grow, so that one of the same size is the same. In a reducible function each
        // sweep settles one more level of loops.
        for _ in 0..DEEPEST + 2 {
            let mut changed = false;
            for at in (0..count).rev() {
                if !std::mem::replace(&mut stale[at], false) {
                    continue;
                }
                liveness.leave(func, at, &mut distances);
                enter(&func.blocks[at], &mut distances);
                let mut live = Vec::with_capacity(liveness.live_in[at].len());
                distances.take(|vreg, distance| live.push((vreg, distance)));
                let before = liveness.live_in[at].len();
                total += live.len() - before.min(live.len());
                if live.len() != before {
                    for &(pred, _) in &func.blocks[at].preds {
                        stale[pred] = true;
                        changed |= pred >= at;
                    }
                }
                liveness.live_in[at] = live;
            }
            if total > MOST {
                return Err(Refusal::Size("live values"));
            }
            if !changed {
                let edges = func.blocks.iter().flat_map(|block| &block.edges);
                let along: usize = edges.map(|edge| liveness.live_in[edge.to].len()).sum();
                if along > MOST {
                    return Err(Refusal::Size("live values of edges"));
                }
                let entry = &liveness.live_in[0];
                let is_param = |vreg| func.params.iter().any(|param| param.0 == vreg);
                return match entry.iter().all(|&(vreg, _)| is_param(vreg)) {
                    true => Ok(liveness),
                    false => Err(Refusal::internal("a value is live that nothing defines")),
                };
            }
        }
        Err(Refusal::Size("loops in loops"))
    }

    /// Distances at the end of a block, counted from its start.
    pub fn leave(&self, func: &Func, at: usize, distances: &mut Distances) {
        let block = &func.blocks[at];
        let length = block.insts.len() as u32;
        for edge in &block.edges {
            let to = &func.blocks[edge.to];
            let detour = if to.depth < block.depth {
                FAR
            } else if to.cold && !block.cold {
                COLD
            } else {
                0
            };
            for &(vreg, distance) in &self.live_in[edge.to] {
                let there = length.saturating_add(detour).saturating_add(distance);
                distances.nearer(vreg, there.min(NEVER - 1));
            }
            for (&param, arg) in to.params.iter().zip(&edge.args) {
                if let (Arg::Value(vreg), true) = (arg, self.used[param.as_u32() as usize]) {
                    distances.nearer(*vreg, length + detour);
                }
            }
        }
    }
}

/// From the distances at the end of a block to those at its start.
fn enter(block: &Block, distances: &mut Distances) {
    for (at, inst) in block.insts.iter().enumerate().rev() {
        for def in &inst.defs {
            distances.set(def.vreg, NEVER);
        }
        for operand in &inst.uses {
            distances.set(operand.vreg, at as u32);
        }
    }
    for &param in &block.params {
        distances.set(param, NEVER);
    }
}

/// Which values are used, by instructions or by parameters that are.
fn used(func: &Func) -> Vec<bool> {
    let mut used = vec![false; func.classes.len()];
    let mut params = vec![None; func.classes.len()];
    let mut pending = Vec::new();
    for (at, block) in func.blocks.iter().enumerate() {
        for (number, param) in block.params.iter().enumerate() {
            params[param.as_u32() as usize] = Some((at, number));
        }
        let uses = block.insts.iter().flat_map(|inst| &inst.uses);
        pending.extend(uses.map(|operand| operand.vreg));
    }
    while let Some(vreg) = pending.pop() {
        if std::mem::replace(&mut used[vreg.as_u32() as usize], true) {
            continue;
        }
        let Some((block, number)) = params[vreg.as_u32() as usize] else {
            continue;
        };
        for &(pred, edge) in &func.blocks[block].preds {
            if let Arg::Value(arg) = func.blocks[pred].edges[edge].args[number] {
                pending.push(arg);
            }
        }
    }
    used
}
