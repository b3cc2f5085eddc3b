//! Copies that happen at once, one after the other.

use std::collections::HashMap;

use super::super::machine::{Class, Reg, VReg};
use super::{Op, Place};

/// One of several copies that all read before any of them writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) struct Copy {
    pub from: Place,
    pub to: Place,
    pub class: Class,
}

/// A place as a key: what is the same key is the same place.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Reg(u8),
    Slot(u32),
    Constant,
}

/// Copies that are still to be written.
struct Pending<'c, F> {
    copies: &'c [Copy],
    /// A number for each slot.
    slot: F,
    done: Vec<bool>,
    /// How many of them read a place.
    readers: HashMap<Key, u32>,
    /// The copy that writes a place.
    writers: HashMap<Key, usize>,
    /// Those whose destination nobody reads any more.
    ready: Vec<usize>,
}

impl<F: Fn(VReg) -> u32> Pending<'_, F> {
    fn key(&self, place: Place) -> Key {
        match place {
            Place::Reg(reg) => Key::Reg(reg.number()),
            Place::Slot(vreg) => Key::Slot((self.slot)(vreg)),
            Place::Constant(_) => Key::Constant,
        }
    }

    fn is_read(&self, place: Place) -> bool {
        self.readers
            .get(&self.key(place))
            .is_some_and(|&readers| readers > 0)
    }

    /// A copy is done, or what it reads is safe elsewhere.
    fn finish(&mut self, number: usize) {
        self.done[number] = true;
        let from = self.key(self.copies[number].from);
        if let Some(readers) = self.readers.get_mut(&from) {
            *readers -= 1;
            if let (0, Some(&writer)) = (*readers, self.writers.get(&from))
                && !self.done[writer]
            {
                self.ready.push(writer);
            }
        }
    }

    /// Writes what nothing stands in the way of.
    fn drain(&mut self, write: &mut impl FnMut(Op)) {
        while let Some(number) = self.ready.pop() {
            let Copy { from, to, class } = self.copies[number];
            write(Op::Copy { from, to, class });
            self.finish(number);
        }
    }

    /// The circle that a copy is in, from it on: each reads what the next one writes.
    fn circle(&self, first: usize) -> Vec<usize> {
        let mut circle = vec![first];
        loop {
            let last = circle[circle.len() - 1];
            let next = self.writers[&self.key(self.copies[last].from)];
            if next == first {
                return circle;
            }
            circle.push(next);
        }
    }
}

/// Writes copies in an order in which none overwrites what another one still reads. No two write the
/// same place. `slot` gives each slot a number. Circles of general registers are exchanged; others
/// go through the register that no value is in, or, where memory is copied through that, by way of the
/// stack.
pub(in super::super) fn sequence(
    copies: &mut Vec<Copy>,
    slot: impl Fn(VReg) -> u32,
    mut write: impl FnMut(Op),
) {
    copies.retain(|copy| match (copy.from, copy.to) {
        (Place::Slot(from), Place::Slot(to)) => slot(from) != slot(to),
        (from, to) => from != to,
    });
    let copies: &[Copy] = copies;
    if let &[Copy { from, to, class }] = copies {
        return write(Op::Copy { from, to, class });
    }
    if copies.is_empty() {
        return;
    }
    let mut pending = Pending {
        copies,
        slot,
        done: vec![false; copies.len()],
        readers: HashMap::new(),
        writers: HashMap::new(),
        ready: Vec::new(),
    };
    for (number, copy) in copies.iter().enumerate() {
        let (from, to) = (pending.key(copy.from), pending.key(copy.to));
        if from != Key::Constant {
            *pending.readers.entry(from).or_default() += 1;
        }
        pending.writers.insert(to, number);
    }
    let ready = (0..copies.len()).filter(|&number| !pending.is_read(copies[number].to));
    pending.ready = ready.rev().collect();
    pending.drain(&mut write);
    // What is left is circles, and nothing reads a place twice.
    for first in 0..copies.len() {
        if !pending.done[first] {
            break_circle(&mut pending, first, &mut write);
        }
    }
}

fn break_circle<F: Fn(VReg) -> u32>(
    pending: &mut Pending<'_, F>,
    first: usize,
    write: &mut impl FnMut(Op),
) {
    let circle = pending.circle(first);
    let copies = pending.copies;
    let regs: Option<Vec<Reg>> = circle
        .iter()
        .map(|&number| match copies[number].to {
            Place::Reg(reg) => Some(reg),
            _ => None,
        })
        .collect();
    let (integers, vectors) = match &regs {
        None => (false, false),
        Some(regs) => (
            regs.iter().all(|reg| !reg.is_vector()),
            regs.iter().all(|reg| reg.is_vector()),
        ),
    };
    if let (true, Some(regs)) = (integers, &regs) {
        // Each register gets what the next one has, and the last one what the first had.
        for pair in regs.windows(2) {
            write(Op::Exchange(pair[0], pair[1]));
        }
        for number in circle {
            pending.done[number] = true;
        }
        return;
    }
    // What the last copy reads, which the first one writes, is kept until all others are done.
    let waiting = circle[circle.len() - 1];
    let Copy { from, to, class } = copies[waiting];
    let scratch = Place::Reg(Reg::SCRATCH);
    match vectors {
        true => write(Op::Copy {
            from,
            to: scratch,
            class,
        }),
        false => write(Op::Push(from)),
    }
    pending.finish(waiting);
    pending.drain(write);
    match vectors {
        true => write(Op::Copy {
            from: scratch,
            to,
            class,
        }),
        false => write(Op::Pop(to)),
    }
}

/// Whether a copy needs the register that no value is in.
pub(in super::super) fn needs_scratch(from: Place, to: Place) -> bool {
    matches!((from, to), (Place::Slot(_), Place::Slot(_)))
}

#[cfg(test)]
mod tests {
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
                    if needs_scratch(from, to) {
                        state.remove(&name(Place::Reg(Reg::SCRATCH)));
                    }
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
        state.remove(&name(Place::Reg(Reg::SCRATCH)));
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
            let slot = |vreg: VReg| vreg.as_u32() / 2;
            sequence(&mut copies.clone(), slot, |op| ops.push(op));
            assert_eq!(carry_out(&ops, &before), expected, "{copies:?}: {ops:?}");
        }
    }
}
