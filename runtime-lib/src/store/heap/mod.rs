//! The garbage-collected heap: where it lies, how objects get room, when it is collected.
//!
//! The heap has two halves, of which one holds objects. Compiled code takes room from that half by
//! itself ([`Allocation`]); when there is none it calls [`wasmc_gc_allocate`], which gives it more of
//! the half, or moves what is live to the other one.
//!
//! ```text
//! | objects … | room … | not yet | the other half … |
//! start       next     end       start + half
//! ```
//!
//! `end` is where the next collection is due: after one there is as much room as keeps collections
//! rare. What is in the room, nobody knows: whoever makes an object writes all of it.
//!
//! All of it is mapped before the kernel confines the program, so that it needs no system call later:
//! what was never used takes no memory. Programs with heap types start no threads.

mod collector;

use super::shortage::{Shortage, explain};
use super::table;
use crate::boot::image::program;
use crate::guest::frames::{self, Caller, Maps, Place};
use crate::guest::{thread, trap};
use crate::options::run_options;
use crate::output::Writer;
use crate::sys::mm;
use crate::{arch, mem};
use collector::{Collector, Types};
use core::cell::UnsafeCell;
use core::sync::atomic::Ordering::Relaxed;
use wasmc_abi::heap::{
    Allocation, HEAP_DEFAULT, HEAP_START, Heap, HeapRootKind, OBJECT_ALIGNMENT, POISON,
};
use wasmc_abi::layout::{TableState, WASM_PAGE};
use wasmc_abi::options::{MAX_HEAP, RunOption, kinds};
use wasmc_abi::traps::Trap;

/// Room that a collection leaves at least.
const ROOM_MIN: usize = 16 << 20;
/// Room that a collection leaves, by the bytes of what is live.
const ROOM_FACTOR: usize = 2;

/// What is known of the heap beside [`Allocation`].
struct State {
    /// Where the half that objects are in begins.
    start: usize,
    /// Where the other one does.
    other: usize,
    /// Bytes of a half.
    half: usize,
    /// Where room ends before a collection.
    limit: usize,
    /// Bytes of what the last collection has found to be in use.
    live: usize,
    /// Whether every allocation collects.
    stress: bool,
}

struct Cell(UnsafeCell<State>);

// SAFETY: programs with heap types start no threads, and signal handlers do not use the heap.
unsafe impl Sync for Cell {}

static STATE: Cell = Cell(UnsafeCell::new(State {
    start: 0,
    other: 0,
    half: 0,
    limit: 0,
    live: 0,
    stress: false,
}));

/// Maps the heap. See [`Parts::make_heap`](wasmc_abi::layout::Parts::make_heap).
#[cfg_attr(not(test), unsafe(no_mangle))]
pub extern "C" fn wasmc_make_heap(heap: &'static Heap) {
    let (mut max, mut stress) = (HEAP_DEFAULT, false);
    for option in run_options(kinds::HEAP) {
        match option {
            RunOption::MaxHeap(bytes) => max = bytes.min(MAX_HEAP),
            RunOption::GcStress => stress = true,
            _ => {}
        }
    }
    let half = max.next_multiple_of(WASM_PAGE).max(WASM_PAGE) as usize;
    let start = HEAP_START as usize;
    if let Err(errno) = mm::map_sparse(start, 2 * half) {
        explain(Shortage {
            address: start,
            bytes: 2 * half,
            reservation: false,
            errno,
        });
    }
    // SAFETY: nothing uses the heap yet; the record refers to words of the state.
    unsafe {
        let state = &mut *STATE.0.get();
        *state = State::new(start, half, stress);
        let allocation = heap.allocation.get().cast_mut();
        (*allocation).next = start as u64;
        (*allocation).end = start as u64;
    }
}

arch::with_caller! {
    /// Makes room for an object of a type, `bytes` bytes: its address.
    ///
    /// # Safety
    /// Must be called by compiled code, in a program with heap types.
    pub fn wasmc_gc_allocate(ty: u32, bytes: u64) -> u64 = allocate;
}

/// # Safety
/// As for [`wasmc_gc_allocate`]; `fp` and `return_address` must be the caller's.
unsafe extern "C" fn allocate(_ty: u32, bytes: u64, fp: usize, return_address: usize) -> u64 {
    trap::ensure_headroom();
    // SAFETY: the program has a heap, and the compiler has written its record; no other reference to
    // the state exists.
    unsafe {
        let heap = &*program().heap.get();
        let state = &mut *STATE.0.get();
        let allocation = &mut *heap.allocation.get().cast_mut();
        let bytes = match usize::try_from(bytes) {
            Ok(bytes) if bytes <= state.half => bytes.next_multiple_of(OBJECT_ALIGNMENT as usize),
            _ => trap::raise(Trap::AllocationTooLarge),
        };
        if !state.stress
            && let Some(object) = state.take(allocation, bytes)
        {
            return object;
        }
        let live = state.collect(
            allocation,
            |collector| roots(heap, collector, Caller { fp, return_address }),
            types(heap),
        );
        state.set_limit(live, bytes);
        match state.take(allocation, bytes) {
            Some(object) => object,
            None => trap::raise_exhausted(explain_exhaustion),
        }
    }
}

/// Says how much is live, behind a trap's text.
fn explain_exhaustion(text: &mut Writer) {
    // SAFETY: the guest has been left, and nothing else uses the heap.
    let state = unsafe { &*STATE.0.get() };
    write_size(text.text(": "), state.live as u64);
    write_size(text.text(" are live, `--max-heap` is "), state.half as u64);
}

/// Writes a size as options have it, whole units.
fn write_size(text: &mut Writer, bytes: u64) {
    if bytes.is_multiple_of(1 << 20) || bytes > 10 << 20 {
        text.decimal(bytes >> 20).text("MiB");
    } else {
        text.decimal(bytes >> 10).text("KiB");
    }
}

/// # Safety
/// The compiler must have written the record.
unsafe fn types(heap: &'static Heap) -> Types<'static> {
    // SAFETY: as the caller vouches.
    unsafe {
        Types {
            types: heap.types.get(),
            offsets: heap.offsets.get(),
        }
    }
}

/// Moves what the program refers to.
///
/// # Safety
/// The compiler must have written the record, and `caller` be the guest's function that has called.
unsafe fn roots(heap: &'static Heap, collector: &mut Collector<'_>, caller: Caller) {
    // SAFETY: as the caller vouches.
    unsafe {
        let thread = thread::current();
        let place = Place {
            text: program().text.ptr.get() as usize,
            stack: thread.stack_low.load(Relaxed)..thread.stack_top.load(Relaxed),
        };
        let maps = Maps {
            returns: heap.maps.returns.get(),
            maps: heap.maps.maps.get(),
            words: heap.maps.words.get(),
        };
        // The maps say that the cells hold references.
        frames::for_each_reference(maps, &place, caller, |cell| collector.cell(cell));
        for root in heap.roots.get() {
            let (cells, count) = match root.kind.get() {
                Some(HeapRootKind::Table) => {
                    let table = &*root.place.to::<TableState>().get();
                    (table::elements(table), table.size as usize)
                }
                _ => (root.place.to::<u64>().get().cast_mut(), root.count as usize),
            };
            for at in 0..count {
                collector.cell(cells.add(at));
            }
        }
    }
}

impl State {
    fn new(start: usize, half: usize, stress: bool) -> State {
        State {
            start,
            other: start + half,
            half,
            limit: start + ROOM_MIN.min(half),
            live: 0,
            stress,
        }
    }

    /// Takes room from the half, if there is enough before the next collection: the object's
    /// address.
    fn take(&self, allocation: &mut Allocation, bytes: usize) -> Option<u64> {
        let object = allocation.next;
        let next = object + bytes as u64;
        if next > self.limit as u64 {
            return None;
        }
        allocation.next = next;
        allocation.end = match self.stress {
            true => next,
            false => self.limit as u64,
        };
        Some(object)
    }

    /// Moves what is live to the other half: its bytes. `move_roots` moves what the program refers
    /// to.
    ///
    /// # Safety
    /// The heap must be mapped, and what `allocation` says hold of this half; references in it must be
    /// to objects of these types.
    unsafe fn collect(
        &mut self,
        allocation: &mut Allocation,
        move_roots: impl FnOnce(&mut Collector<'_>),
        types: Types<'_>,
    ) -> usize {
        let used = self.start..allocation.next as usize;
        // SAFETY: as the caller vouches; both halves have as many bytes.
        let mut collector = unsafe { Collector::new(types, used.clone(), self.other) };
        move_roots(&mut collector);
        let free = collector.finish();
        if self.stress {
            for word in used.step_by(4) {
                // SAFETY: it lies in the half that has been left.
                unsafe { core::ptr::with_exposed_provenance_mut::<u32>(word).write(POISON) };
            }
        }
        core::mem::swap(&mut self.start, &mut self.other);
        allocation.next = free as u64;
        allocation.end = free as u64;
        self.live = free - self.start;
        self.live
    }

    /// Decides when the next collection is due, now that so much is live and `bytes` are wanted.
    fn set_limit(&mut self, live: usize, bytes: usize) {
        let room = ROOM_MIN
            .max(live.saturating_mul(ROOM_FACTOR))
            .saturating_add(bytes);
        self.limit = self.start + live.saturating_add(room).min(self.half);
    }
}

/// Sets `count` elements of an array from `dst` to the low `size` bytes of `low` and `high`.
///
/// # Safety
/// The elements must lie in an array, and have that size.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_gc_fill(dst: *mut u8, low: u64, high: u64, size: u32, count: u64) {
    let count = count as usize;
    // SAFETY: as the caller vouches; elements of more than 8 bytes are aligned to 8.
    unsafe {
        match size {
            1 => drop(mem::memset(dst, low as i32, count)),
            2 => fill(dst.cast(), low as u16, count),
            4 => fill(dst.cast(), low as u32, count),
            8 => fill(dst.cast(), low, count),
            _ => fill(dst.cast(), [low, high], count),
        }
    }
}

/// # Safety
/// The elements must be writable.
unsafe fn fill<T: Copy>(dst: *mut T, value: T, count: usize) {
    for at in 0..count {
        // SAFETY: as the caller vouches.
        unsafe { dst.add(at).write(value) };
    }
}

/// Copies `count` references from cells to elements of an array.
///
/// # Safety
/// Both must be there.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_gc_from_cells(dst: *mut u32, cells: *const u64, count: u64) {
    for at in 0..count as usize {
        // SAFETY: as the caller vouches.
        unsafe { dst.add(at).write(cells.add(at).read() as u32) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmc_abi::heap::{HeapKind, HeapType};

    /// A list: the next, and a number.
    const LIST: &[HeapType] = &[HeapType {
        kind: HeapKind::Struct.variant(),
        size: 16,
        references: 1,
        first: 0,
    }];
    const TYPES: Types<'static> = Types {
        types: LIST,
        offsets: &[4],
    };

    struct Test {
        state: State,
        allocation: Allocation,
    }

    impl Test {
        fn new(place: usize, half: usize, stress: bool) -> Test {
            let start = 0x4000_0000 + place * 0x1000_0000;
            mm::map_sparse(start, 2 * half).unwrap();
            Test {
                state: State::new(start, half, stress),
                allocation: Allocation {
                    next: start as u64,
                    end: start as u64,
                },
            }
        }

        fn collect(&mut self, root: &mut u64) -> usize {
            // SAFETY: the heap is mapped and holds objects of these types.
            unsafe {
                self.state.collect(
                    &mut self.allocation,
                    |collector| collector.cell(root),
                    TYPES,
                )
            }
        }

        /// As compiled code and the runtime do it; `None` if the heap is exhausted.
        fn allocate(&mut self, bytes: usize, root: &mut u64) -> Option<u64> {
            let next = self.allocation.next + bytes as u64;
            let object = if next <= self.allocation.end {
                let object = self.allocation.next;
                self.allocation.next = next;
                object
            } else {
                let taken = match self.state.stress {
                    true => None,
                    false => self.state.take(&mut self.allocation, bytes),
                };
                match taken {
                    Some(object) => object,
                    None => {
                        let live = self.collect(root);
                        self.state.set_limit(live, bytes);
                        self.state.take(&mut self.allocation, bytes)?
                    }
                }
            };
            // All of an object is written before the next one is made.
            for word in 0..bytes / 8 {
                // SAFETY: it lies in the object.
                unsafe { at(object, word).write(0) };
            }
            Some(object)
        }
    }

    fn at(object: u64, word: usize) -> *mut u64 {
        core::ptr::with_exposed_provenance_mut(object as usize + word * 8)
    }

    fn word(object: u64, word: usize) -> u64 {
        // SAFETY: tests ask for words of objects.
        unsafe { at(object, word).read() }
    }

    /// Puts a number before a list.
    fn push(test: &mut Test, list: &mut u64, number: u64) -> Option<()> {
        let object = test.allocate(16, list)?;
        // SAFETY: the object has two words.
        unsafe {
            at(object, 0).write(*list << 32);
            at(object, 1).write(number);
        }
        *list = object;
        Some(())
    }

    /// The objects of a list.
    fn objects(list: u64) -> impl Iterator<Item = u64> {
        let some = |list: u64| (list != 0).then_some(list);
        core::iter::successors(some(list), move |&list| some(word(list, 0) >> 32))
    }

    #[test]
    fn a_list_survives_what_is_dropped_around_it() {
        let mut test = Test::new(0, 40 << 20, false);
        let (mut list, mut starts) = (0, std::collections::BTreeSet::new());
        for number in 0..1000 {
            push(&mut test, &mut list, number).unwrap();
            for bytes in [16, 4000, 200_000] {
                test.allocate(bytes, &mut list).unwrap();
            }
            starts.insert(test.state.start);
        }
        assert_eq!(starts.len(), 2, "both halves were used");
        assert_eq!(objects(list).count(), 1000);
        let numbers = objects(list).map(|object| word(object, 1));
        assert!(numbers.eq((0..1000).rev()));
    }

    #[test]
    fn what_is_live_can_fill_a_half_and_no_more() {
        let mut test = Test::new(1, 1 << 20, false);
        let mut list = 0;
        for _ in 0..3 {
            list = 0;
            let mut count = 0;
            while push(&mut test, &mut list, count).is_some() {
                count += 1;
            }
            assert_eq!(count, (1 << 20) / 16);
            assert_eq!(objects(list).count(), count as usize);
        }
        assert_eq!(test.collect(&mut list), 1 << 20);
        assert_eq!(test.collect(&mut 0), 0);
    }

    #[test]
    fn more_room_follows_what_is_live() {
        let mut test = Test::new(2, 256 << 20, false);
        let state = &mut test.state;
        let room = |state: &State, live: usize| state.limit - state.start - live;
        assert_eq!(room(state, 0), ROOM_MIN);
        for (live, bytes, expected) in [
            (0, 16, ROOM_MIN + 16),
            (10 << 20, 0, 20 << 20),
            (10 << 20, 100 << 20, 120 << 20),
            (200 << 20, 0, 56 << 20),
            (256 << 20, 16, 0),
        ] {
            state.set_limit(live, bytes);
            assert_eq!(room(state, live), expected, "{live}");
        }
    }

    #[test]
    fn every_allocation_moves_everything_under_stress() {
        let mut test = Test::new(4, 1 << 20, true);
        let mut list = 0;
        for number in 0..100 {
            let before = list;
            push(&mut test, &mut list, number).unwrap();
            assert_eq!(test.allocation.next, test.allocation.end);
            if before != 0 {
                let poison = u64::from(POISON) << 32 | u64::from(POISON);
                assert_eq!([word(before, 0), word(before, 1)], [poison; 2]);
            }
        }
        assert_eq!(objects(list).count(), 100);
    }

    #[test]
    fn elements_of_every_size_are_filled() {
        let (low, high) = (0x0807_0605_0403_0201, 0x100f_0e0d_0c0b_0a09);
        for size in [1usize, 2, 4, 8, 16] {
            let mut words = [0u64; 12];
            // SAFETY: three elements from the fourth word on.
            unsafe { wasmc_gc_fill(words.as_mut_ptr().add(4).cast(), low, high, size as u32, 3) };
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            let element: Vec<u8> = (1..=size as u8).collect();
            assert_eq!(bytes[32..32 + 3 * size], element.repeat(3));
            assert!(
                bytes[..32]
                    .iter()
                    .chain(&bytes[32 + 3 * size..])
                    .all(|&byte| byte == 0)
            );
        }
        let mut elements = [9; 4];
        // SAFETY: there are two of each.
        unsafe { wasmc_gc_from_cells(elements.as_mut_ptr().add(1), [1, 0xffff_fff0].as_ptr(), 2) };
        assert_eq!(elements, [9, 1, 0xffff_fff0, 9]);
    }
}
