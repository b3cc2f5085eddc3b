//! Where are the references to objects in the guest's stack?
//!
//! The frames are walked by their frame pointers, and the compiler has written for each return
//! address where references are in the frame that is returned to. A frame without a map has none:
//! those of the runtime, and of functions that hold no reference across the call.

use crate::arch;
use core::ops::Range;

/// The maps of a program (see [`StackMaps`](wasmc_abi::heap::StackMaps)).
#[derive(Clone, Copy)]
pub struct Maps<'a> {
    /// Text offsets of return addresses, ascending.
    pub returns: &'a [u32],
    /// For each the index of its map.
    pub maps: &'a [u32],
    /// Maps.
    pub words: &'a [u32],
}

/// A frame of a function of the guest that has called the runtime.
#[derive(Clone, Copy)]
pub struct Caller {
    /// Its frame pointer.
    pub fp: usize,
    /// Where it goes on.
    pub return_address: usize,
}

/// The code of the guest, and the stack that it runs on.
#[derive(Clone)]
pub struct Place {
    /// Where the text begins.
    pub text: usize,
    /// The guest's stack.
    pub stack: Range<usize>,
}

/// Calls `visit` for every cell in the stack that holds a reference, from the innermost frame on.
///
/// # Safety
/// `caller` must be the frame of the guest's function that has called the runtime, on this stack,
/// and `maps` those of its program.
pub unsafe fn for_each_reference(
    maps: Maps<'_>,
    place: &Place,
    caller: Caller,
    mut visit: impl FnMut(*mut u64),
) {
    let Caller {
        mut fp,
        mut return_address,
    } = caller;
    // In a recursion the same address comes again and again.
    let mut last: (usize, &[u32]) = (0, &[]);
    while fp != 0 {
        if last.0 != return_address {
            last = (return_address, maps.of(place.text, return_address));
        }
        if let [frame, offsets @ ..] = last.1 {
            for &offset in offsets {
                let cell = fp
                    .wrapping_sub(*frame as usize)
                    .wrapping_add(offset as usize);
                place.check(cell);
                visit(core::ptr::with_exposed_provenance_mut(cell));
            }
        }
        place.check(fp);
        place.check(fp + size_of::<usize>());
        // SAFETY: both words lie in the guest's stack.
        let [next, address] =
            unsafe { core::ptr::with_exposed_provenance::<[usize; 2]>(fp).read() };
        // Callers lie above: so this ends.
        if next != 0 && next <= fp {
            broken();
        }
        fp = next;
        return_address = arch::strip_return_address(address);
    }
}

impl<'a> Maps<'a> {
    /// The map for a return address without its number of references; empty if there is none.
    fn of(&self, text: usize, return_address: usize) -> &'a [u32] {
        let Ok(offset) = u32::try_from(return_address.wrapping_sub(text)) else {
            return &[];
        };
        let Ok(at) = self.returns.binary_search(&offset) else {
            return &[];
        };
        let map = || {
            let start = *self.maps.get(at)? as usize;
            let (&[count], map) = self.words.get(start..)?.split_first_chunk()?;
            map.get(..count as usize + 1)
        };
        map().unwrap_or_else(|| broken())
    }
}

impl Place {
    /// Makes sure that a word lies in the guest's stack.
    #[inline(always)]
    fn check(&self, word: usize) {
        let bytes = size_of::<usize>();
        let is_inside = word >= self.stack.start && word <= self.stack.end.wrapping_sub(bytes);
        if !is_inside || !word.is_multiple_of(bytes) {
            broken();
        }
    }
}

/// The stack or the maps are not what the compiler has made them.
#[cold]
#[inline(never)]
fn broken() -> ! {
    panic!("the stack is damaged")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: usize = 0x5000_0000;

    /// Frames from the innermost on: words before the frame record, and where the caller goes on.
    /// The last returns to nobody.
    struct Stack {
        words: Vec<usize>,
        caller: Caller,
    }

    impl Stack {
        fn new(frames: &[(&[usize], usize)]) -> Stack {
            let mut words = Vec::with_capacity(64 * frames.len() + 64);
            let start = words.as_ptr() as usize;
            let mut records = Vec::new();
            for (locals, _) in frames {
                words.extend_from_slice(locals);
                records.push(words.len());
                words.extend([0, 0]);
            }
            let fp = |frame: usize| start + records[frame] * 8;
            for frame in 1..frames.len() {
                words[records[frame - 1]] = fp(frame);
                words[records[frame - 1] + 1] = frames[frame].1;
            }
            let caller = Caller {
                fp: fp(0),
                return_address: frames[0].1,
            };
            Stack { words, caller }
        }

        fn place(&self) -> Place {
            let range = self.words.as_ptr_range();
            Place {
                text: TEXT,
                stack: range.start as usize..range.end as usize,
            }
        }

        fn found(&self, maps: Maps<'_>) -> Vec<u64> {
            let mut found = Vec::new();
            // SAFETY: the frames are as the maps say, or the walk panics.
            unsafe {
                for_each_reference(maps, &self.place(), self.caller, |cell| {
                    found.push(cell.read());
                });
            }
            found
        }
    }

    /// At 10: two of three words; at 20: the second of two; at 30: as at 10.
    const MAPS: Maps<'static> = Maps {
        returns: &[10, 20, 30],
        maps: &[0, 4, 0],
        words: &[2, 24, 0, 16, 1, 16, 8],
    };

    #[test]
    fn references_are_found_where_the_maps_say() {
        let stack = Stack::new(&[
            (&[1, 2, 3], TEXT + 10),
            // A frame of the runtime, one without references, and a recursion.
            (&[90, 91], 0x7777_0000),
            (&[92], TEXT + 11),
            (&[4, 5], TEXT + 20),
            (&[6, 7], TEXT + 20),
            (&[8, 9, 10], TEXT + 30),
        ]);
        assert_eq!(stack.found(MAPS), [1, 3, 5, 7, 8, 10]);
    }

    #[test]
    fn the_cells_can_be_changed() {
        let mut stack = Stack::new(&[(&[1, 2, 3], TEXT + 30), (&[4, 5], TEXT + 20)]);
        let (place, caller) = (stack.place(), stack.caller);
        stack.words.as_mut_ptr().expose_provenance();
        // SAFETY: the frames are as the maps say.
        unsafe { for_each_reference(MAPS, &place, caller, |cell| *cell += 100) };
        assert_eq!(stack.words[..3], [101, 2, 103]);
        assert_eq!(stack.words[5..7], [4, 105]);
    }

    #[test]
    fn a_damaged_stack_is_refused() {
        let refused = |change: fn(&mut Stack)| {
            let walk = std::panic::catch_unwind(|| {
                let mut stack = Stack::new(&[(&[1, 2, 3], TEXT + 10), (&[4, 5], TEXT + 20)]);
                change(&mut stack);
                stack.found(MAPS)
            });
            assert!(walk.is_err());
        };
        // Frames that go in a circle, out of the stack, or are not aligned.
        refused(|stack| stack.words[3] = stack.caller.fp);
        refused(|stack| stack.words[3] = stack.place().stack.end);
        refused(|stack| stack.words[3] += 4);
        // A map that reaches below the stack.
        refused(|stack| stack.caller.fp = stack.place().stack.start);
    }
}
