//! How much a value gains from a register that calls leave alone.

use super::super::liveness::Liveness;
use super::super::machine::{Arg, Func};

/// By value: how often it is used for the first time after a call.
pub(super) fn estimate(func: &Func, liveness: &Liveness) -> Vec<f32> {
    let values = func.classes.len();
    let mut scores = vec![0.0f32; values];
    // By block and number in its live values: whether it comes in from across a call.
    let mut crossed: Vec<Vec<bool>> = liveness
        .live_in
        .iter()
        .map(|live| vec![false; live.len()])
        .collect();
    // By value: the number of the last call that it was known to be alive before.
    let mut since = vec![u32::MAX; values];
    // The second time knows what comes from behind, in loops.
    for round in 0..2 {
        scores.fill(0.0);
        for (at, block) in func.blocks.iter().enumerate() {
            // Values are marked with the calls before them; those alive from before have an older one.
            let mut calls = 1;
            for (number, &(vreg, _)) in liveness.live_in[at].iter().enumerate() {
                since[vreg.as_u32() as usize] = u32::from(!crossed[at][number]);
            }
            for &param in &block.params {
                since[param.as_u32() as usize] = calls;
            }
            for inst in &block.insts {
                for operand in &inst.uses {
                    let value = operand.vreg.as_u32() as usize;
                    if since[value] < calls {
                        scores[value] += block.frequency;
                        since[value] = calls;
                    }
                }
                calls += u32::from(inst.is_call());
                for def in &inst.defs {
                    since[def.vreg.as_u32() as usize] = calls;
                }
            }
            for edge in &block.edges {
                let frequency = block.frequency.min(func.blocks[edge.to].frequency);
                for arg in &edge.args {
                    if let Arg::Value(vreg) = arg {
                        let value = vreg.as_u32() as usize;
                        if since[value] < calls {
                            scores[value] += frequency;
                        }
                    }
                }
                if round == 0 || edge.to > at {
                    let live = liveness.live_in[edge.to].iter();
                    for (&(vreg, _), crossed) in live.zip(&mut crossed[edge.to]) {
                        *crossed |= since[vreg.as_u32() as usize] < calls;
                    }
                }
            }
        }
    }
    scores
}
