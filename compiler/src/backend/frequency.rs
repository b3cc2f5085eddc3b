//! How often blocks run, as far as loops, cold blocks and the shapes of switches tell.

use super::machine::Func;

/// How often a loop is taken to run each time that it is entered.
const TURNS: f32 = 8.0;
/// How likely it is that a cold block is taken where another may be.
const COLD: f32 = 0.002;
/// No block runs less often.
const LEAST: f32 = 1e-6;

/// Sets [`Block::frequency`](super::machine::Block), and marks blocks that only lead to cold ones.
pub(super) fn estimate(func: &mut Func) {
    let blocks = &mut func.blocks;
    let count = blocks.len();
    for at in (0..count).rev() {
        let leads_to_cold = |to: usize| to > at && blocks[to].cold;
        let edges = &blocks[at].edges;
        if !edges.is_empty() && edges.iter().all(|edge| leads_to_cold(edge.to)) {
            blocks[at].cold = true;
        }
    }
    let mut frequencies = vec![0.0f32; count];
    frequencies[0] = 1.0;
    for at in 0..count {
        let block = &blocks[at];
        if block.is_header {
            frequencies[at] *= TURNS;
        }
        if block.cold {
            frequencies[at] = frequencies[at].min(0.01);
        }
        let frequency = frequencies[at].clamp(LEAST, 1e9);
        frequencies[at] = frequency;
        let mut weights = vec![1.0f32; block.edges.len()];
        if !block.table.is_empty() {
            weights.fill(0.0);
            for &edge in &block.table {
                let weight = &mut weights[edge as usize];
                *weight = (*weight + 1.0).min(3.0);
            }
        }
        let hot: f32 = block
            .edges
            .iter()
            .zip(&weights)
            .filter(|(edge, _)| !blocks[edge.to].cold)
            .map(|(_, weight)| weight)
            .sum();
        for (edge, weight) in block.edges.iter().zip(&weights) {
            if edge.to <= at {
                continue;
            }
            let to = &blocks[edge.to];
            let mut share = match (to.cold, hot > 0.0) {
                (true, true) => COLD,
                (true, false) => 1.0,
                _ => weight / hot,
            };
            if to.depth < block.depth {
                share *= 0.5 * (2.0 / TURNS).powi((block.depth - to.depth) as i32);
            }
            frequencies[edge.to] += frequency * share;
        }
    }
    for (block, frequency) in blocks.iter_mut().zip(frequencies) {
        block.frequency = frequency;
    }
}
