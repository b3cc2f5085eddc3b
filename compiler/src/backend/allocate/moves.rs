//! Copies that happen at once, one after the other.

use super::super::machine::{Class, VReg};
use super::{Op, Place};

/// One of several copies that all read before any of them writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) struct Copy {
    pub from: Place,
    pub to: Place,
    pub class: Class,
}

/// Writes copies in an order in which none overwrites what another one still reads. No two write the
/// same place. `same` says whether two values share a slot. Circles go through an exchange, or by
/// way of the stack; memory is copied by way of a vector register that holds no value.
pub(in super::super) fn sequence(
    copies: &mut Vec<Copy>,
    same: impl Fn(VReg, VReg) -> bool,
    mut write: impl FnMut(Op),
) {
    let alike = |a: Place, b: Place| match (a, b) {
        (Place::Slot(a), Place::Slot(b)) => same(a, b),
        (Place::Constant(_), _) => false,
        (a, b) => a == b,
    };
    copies.retain(|copy| !alike(copy.from, copy.to));
    // What was pushed, and where it goes when nobody reads that any more.
    let mut pushed: Vec<Place> = Vec::new();
    while !copies.is_empty() {
        let ready = (0..copies.len()).find(|&number| {
            let to = copies[number].to;
            let mut others = copies.iter().enumerate();
            !others.any(|(other, copy)| other != number && alike(copy.from, to))
        });
        if let Some(number) = ready {
            let Copy { from, to, class } = copies.remove(number);
            write(Op::Copy { from, to, class });
            continue;
        }
        // Every destination is read by another copy: circles only, and nothing reads a place twice.
        let copy = copies[0];
        if let (Place::Reg(a), Place::Reg(b)) = (copy.from, copy.to)
            && !a.is_vector()
        {
            copies.remove(0);
            write(Op::Exchange(a, b));
            for other in copies.iter_mut() {
                if other.from == copy.to {
                    other.from = copy.from;
                } else if other.from == copy.from {
                    other.from = copy.to;
                }
            }
            copies.retain(|copy| !alike(copy.from, copy.to));
            continue;
        }
        // The copy that reads what this one overwrites waits on the stack.
        let waiting = copies
            .iter()
            .position(|other| alike(other.from, copy.to))
            .expect("every destination is read");
        let waiting = copies.remove(waiting);
        write(Op::Push(waiting.from));
        pushed.push(waiting.to);
        // The rest of its circle is no circle any more, and all of it must be done before what was
        // pushed comes back: nothing else is on the stack then.
        while let Some(number) = (0..copies.len()).find(|&number| {
            let to = copies[number].to;
            !copies.iter().any(|copy| alike(copy.from, to))
        }) {
            let Copy { from, to, class } = copies.remove(number);
            write(Op::Copy { from, to, class });
        }
        write(Op::Pop(pushed.pop().expect("just pushed")));
    }
}

/// Whether a copy needs the register that no value is in.
pub(in super::super) fn needs_scratch(from: Place, to: Place) -> bool {
    matches!((from, to), (Place::Slot(_), Place::Slot(_)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::super::machine::Reg;
    use super::*;

    /// What copies do to places, as if the machine were a map.
    fn carry_out(ops: &[Op], before: &HashMap<String, i64>) -> HashMap<String, i64> {
        let name = |place: Place| match place {
            Place::Reg(reg) => format!("{reg:?}"),
            // Two values share each slot.
            Place::Slot(vreg) => format!("slot{}", vreg.as_u32() / 2),
            Place::Constant(_) => unreachable!("constants have no place"),
        };
        let mut state = before.clone();
        let mut stack = Vec::new();
        for op in ops {
            match *op {
                Op::Copy {
                    from: Place::Constant(value),
                    to,
                    ..
                } => drop(state.insert(name(to), value)),
                Op::Copy { from, to, .. } => {
                    let value = state[&name(from)];
                    state.insert(name(to), value);
                }
                Op::Exchange(a, b) => {
                    let (a, b) = (name(Place::Reg(a)), name(Place::Reg(b)));
                    let (x, y) = (state[&a], state[&b]);
                    state.insert(a, y);
                    state.insert(b, x);
                }
                Op::Push(place) => stack.push(state[&name(place)]),
                Op::Pop(place) => {
                    let value = stack.pop().expect("something was pushed");
                    state.insert(name(place), value);
                }
                Op::Inst { .. } => unreachable!("only copies"),
            }
        }
        assert!(stack.is_empty());
        state
    }

    #[test]
    fn copies_happen_as_if_at_once() {
        let places: Vec<Place> = [0, 1, 2, 3, 17, 18, 19]
            .map(|number| Place::Reg(Reg::new(number)))
            .into_iter()
            .chain([0, 2, 4, 7].map(|slot| Place::Slot(VReg::from_u32(slot))))
            .collect();
        let is_vector = |place: Place| matches!(place, Place::Reg(reg) if reg.is_vector());
        let is_integer = |place: Place| matches!(place, Place::Reg(reg) if !reg.is_vector());
        let mut seed = 1u64;
        let mut random = move |below: usize| {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (seed >> 33) as usize % below
        };
        for _ in 0..20_000 {
            let mut copies = Vec::new();
            for &to in &places {
                let from = match random(8) {
                    0 => Place::Constant(1000 + random(5) as i64),
                    _ => places[random(places.len())],
                };
                let mixes = is_vector(from) && is_integer(to) || is_integer(from) && is_vector(to);
                let loads_constant = matches!(from, Place::Constant(_)) && is_vector(to);
                if random(3) > 0 && !mixes && !loads_constant {
                    let class = Class::Wide;
                    copies.push(Copy { from, to, class });
                }
            }
            let name = |place: Place| match place {
                Place::Slot(vreg) => format!("slot{}", vreg.as_u32() / 2),
                Place::Reg(reg) => format!("{reg:?}"),
                Place::Constant(_) => unreachable!(),
            };
            let before: HashMap<String, i64> = places
                .iter()
                .enumerate()
                .map(|(at, &place)| (name(place), at as i64))
                .collect();
            let mut expected = before.clone();
            for copy in &copies {
                let value = match copy.from {
                    Place::Constant(value) => value,
                    from => before[&name(from)],
                };
                expected.insert(name(copy.to), value);
            }
            let mut ops = Vec::new();
            let same = |a: VReg, b: VReg| a.as_u32() / 2 == b.as_u32() / 2;
            sequence(&mut copies.clone(), same, |op| ops.push(op));
            assert_eq!(carry_out(&ops, &before), expected, "{copies:?}: {ops:?}");
        }
    }
}
