//! Parameters of blocks that are always the same value give way to it.
//!
//! After optimisation many parameters of loops are what they were before the loop, one loop after the
//! other: each would want a register and copies of its own.

use super::machine::{Arg, Func, VReg, find};

/// How many arguments are looked at, at most: whatever is left then stays as it is.
const MOST: usize = 20_000_000;

/// Replaces every parameter whose arguments are itself and one other value.
pub(super) fn simplify(func: &mut Func) {
    let values = func.classes.len();
    let mut replaced: Vec<VReg> = (0..values as u32).map(VReg::from_u32).collect();
    // By value: the parameters that it is an argument for, by block and number.
    let mut hands_to: Vec<Vec<(usize, usize)>> = vec![Vec::new(); values];
    let mut pending = Vec::new();
    for (at, block) in func.blocks.iter().enumerate() {
        pending.extend((0..block.params.len()).map(|number| (at, number)));
        for edge in &block.edges {
            for (number, arg) in edge.args.iter().enumerate() {
                if let Arg::Value(arg) = *arg {
                    hands_to[arg.as_u32() as usize].push((edge.to, number));
                }
            }
        }
    }
    pending.reverse();
    let mut looked_at = 0;
    while let Some((at, number)) = pending.pop() {
        let block = &func.blocks[at];
        let param = block.params[number];
        if find(&mut replaced, param) != param {
            continue;
        }
        looked_at += block.preds.len();
        if looked_at > MOST {
            break;
        }
        let mut only = None;
        let is_one = block.preds.iter().all(|&(pred, edge)| {
            let Arg::Value(arg) = func.blocks[pred].edges[edge].args[number] else {
                return false;
            };
            let arg = find(&mut replaced, arg);
            arg == param || *only.get_or_insert(arg) == arg
        });
        if let (true, Some(other)) = (is_one, only) {
            replaced[param.as_u32() as usize] = other;
            pending.append(&mut hands_to[param.as_u32() as usize]);
        }
    }
    rewrite(func, &mut replaced);
}

fn rewrite(func: &mut Func, replaced: &mut [VReg]) {
    let stays: Vec<Vec<bool>> = func
        .blocks
        .iter()
        .map(|block| {
            let params = block.params.iter();
            params
                .map(|&param| replaced[param.as_u32() as usize] == param)
                .collect()
        })
        .collect();
    for (at, block) in func.blocks.iter_mut().enumerate() {
        let mut flags = stays[at].iter();
        block
            .params
            .retain(|_| *flags.next().expect("a flag for each"));
        for operand in block.insts.iter_mut().flat_map(|inst| &mut inst.uses) {
            operand.vreg = find(replaced, operand.vreg);
        }
        for edge in &mut block.edges {
            let mut flags = stays[edge.to].iter();
            edge.args
                .retain(|_| *flags.next().expect("a flag for each"));
            for arg in &mut edge.args {
                if let Arg::Value(value) = arg {
                    *value = find(replaced, *value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::machine::{Block, Class, Edge};
    use super::*;

    fn edge(to: usize, args: &[u32]) -> Edge {
        let args = args.iter().map(|&arg| Arg::Value(VReg::from_u32(arg)));
        Edge {
            to,
            args: args.collect(),
        }
    }

    /// Two loops, one in the other, whose parameters are 1 and 2, and 3 and 4.
    #[test]
    fn what_a_loop_does_not_change_is_no_parameter() {
        let params = |numbers: &[u32]| numbers.iter().map(|&n| VReg::from_u32(n)).collect();
        let mut func = Func {
            classes: vec![Class::Wide; 7],
            blocks: vec![
                Block {
                    edges: vec![edge(1, &[0, 5])],
                    ..Block::default()
                },
                Block {
                    params: params(&[1, 2]),
                    edges: vec![edge(2, &[1, 2])],
                    ..Block::default()
                },
                Block {
                    params: params(&[3, 4]),
                    edges: vec![edge(2, &[3, 6]), edge(1, &[3, 4])],
                    ..Block::default()
                },
            ],
            ..Func::default()
        };
        func.blocks[1].preds = vec![(0, 0), (2, 1)];
        func.blocks[2].preds = vec![(1, 0), (2, 0)];
        simplify(&mut func);
        let params: Vec<Vec<VReg>> = func
            .blocks
            .iter()
            .map(|block| block.params.clone())
            .collect();
        let expected: [&[u32]; 3] = [&[], &[2], &[4]];
        let expected = expected.map(|numbers| numbers.iter().map(|&n| VReg::from_u32(n)));
        assert_eq!(params, expected.map(Iterator::collect::<Vec<VReg>>));
        assert_eq!(func.blocks[2].edges, [edge(2, &[6]), edge(1, &[4])]);
    }
}
