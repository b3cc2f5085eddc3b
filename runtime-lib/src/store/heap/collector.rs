//! Moving what is live from one half of the heap to the other (Cheney's algorithm): what is behind in
//! the new half has been looked through, what is before has not, so that there is neither recursion
//! nor a list of what is left to do.
//!
//! Whatever the heap holds is checked where a mistake would lead out of it: the guest is hostile, and
//! may have found a bug of the compiler.

use core::ops::Range;
use wasmc_abi::heap::{ARRAY_ELEMENTS, HeapKind, HeapType, MOVED, OBJECT_ALIGNMENT};

/// What objects are.
#[derive(Clone, Copy)]
pub struct Types<'a> {
    /// Types by their numbers.
    pub types: &'a [HeapType],
    /// Offsets of the references of structures.
    pub offsets: &'a [u32],
}

/// A collection that goes on.
pub struct Collector<'a> {
    types: Types<'a>,
    /// The objects' half, up to the end of the last.
    from: Range<usize>,
    /// Where the next object moves to.
    free: usize,
    /// What is moved does not reach beyond.
    end: usize,
    /// The first object whose references have not been looked at.
    scan: usize,
}

impl<'a> Collector<'a> {
    /// A collection of the objects in `from`, which move to `to`.
    ///
    /// # Safety
    /// Both must be memory of the heap in the low 4 GiB, 8-byte aligned and accessible, `to` have as
    /// many bytes as `from`, and nothing else use it.
    pub unsafe fn new(types: Types<'a>, from: Range<usize>, to: usize) -> Collector<'a> {
        let end = to + (from.end - from.start);
        Collector {
            types,
            from,
            free: to,
            end,
            scan: to,
        }
    }

    /// Moves the object that a cell of 8 bytes refers to, if it does.
    ///
    /// # Safety
    /// The cell must be writable, and hold a reference.
    pub unsafe fn cell(&mut self, cell: *mut u64) {
        // SAFETY: as the caller vouches.
        unsafe {
            let old = *cell;
            if old != 0 {
                *cell = u64::from(self.forward(old as u32));
            }
        }
    }

    /// Moves all that those refer to that have moved: where the next object would begin.
    pub fn finish(mut self) -> usize {
        while self.scan < self.free {
            let object = self.scan;
            // SAFETY: an object was moved here, whose size was checked then.
            unsafe {
                let ty = self.type_of(read(object));
                self.scan += self.size(ty, object);
                self.look_through(ty, object);
            }
        }
        self.free
    }

    /// Moves what an object refers to.
    ///
    /// # Safety
    /// It must have moved, and be of this type.
    #[inline]
    unsafe fn look_through(&mut self, ty: HeapType, object: usize) {
        let references = ty.references as usize;
        if references == 0 {
            return;
        }
        // SAFETY: the array's elements lie in it; the compiler has written offsets of fields.
        unsafe {
            if is_array(ty) {
                let first = object + ARRAY_ELEMENTS as usize;
                for at in 0..read(object + 4) as usize {
                    self.field(first + at * 4);
                }
            } else {
                let first = ty.first as usize;
                let Some(offsets) = self.types.offsets.get(first..first + references) else {
                    damaged();
                };
                for &offset in offsets {
                    self.field(object + offset as usize);
                }
            }
        }
    }

    /// Moves the object that a field of 4 bytes refers to, if it does.
    ///
    /// # Safety
    /// It must lie in an object that has moved, and hold a reference.
    #[inline(always)]
    unsafe fn field(&mut self, field: usize) {
        // SAFETY: as the caller vouches.
        unsafe {
            let old = read(field);
            let new = self.forward(old);
            if new != old {
                write(field, new);
            }
        }
    }

    /// What a reference is after the collection; moves its object if it has not moved yet.
    ///
    /// # Safety
    /// What lies in `from` must be objects, as far as references lead there.
    #[inline(always)]
    unsafe fn forward(&mut self, reference: u32) -> u32 {
        let object = reference as usize;
        if reference & (OBJECT_ALIGNMENT as u32 - 1) != 0 {
            // An i31, or what a driver of the spec suite has made.
            return reference;
        }
        if !self.from.contains(&object) {
            if reference != 0 {
                damaged();
            }
            return 0;
        }
        // SAFETY: the address is aligned, and its 8 bytes lie in the heap.
        let header = unsafe { read(object) };
        if header & MOVED != 0 {
            return header & !MOVED;
        }
        // SAFETY: it is an object that has not moved.
        unsafe { self.relocate(header, object) }
    }

    /// Moves an object: its new address.
    ///
    /// # Safety
    /// It must be one in `from`, with this header, that has not moved.
    #[inline]
    unsafe fn relocate(&mut self, header: u32, object: usize) -> u32 {
        let ty = self.type_of(header);
        // SAFETY: an object has at least 8 bytes, and begins in `from`, whose end is a multiple of 8;
        // that all of it lies there, and fits where it goes, is checked before it is read.
        unsafe {
            let bytes = self.size(ty, object);
            if bytes > self.from.end - object || bytes > self.end - self.free {
                damaged();
            }
            let new = self.free;
            self.free += bytes;
            copy(object, new, bytes);
            write(object, new as u32 | MOVED);
            new as u32
        }
    }

    fn type_of(&self, header: u32) -> HeapType {
        match self.types.types.get((header >> 1) as usize) {
            Some(&ty) => ty,
            None => damaged(),
        }
    }

    /// Bytes of an object.
    ///
    /// # Safety
    /// The object's first 8 bytes must be readable.
    #[inline(always)]
    unsafe fn size(&self, ty: HeapType, object: usize) -> usize {
        if !is_array(ty) {
            return ty.size as usize;
        }
        // SAFETY: as the caller vouches.
        let length = unsafe { read(object + 4) } as usize;
        let bytes = ARRAY_ELEMENTS as usize + length * ty.size as usize;
        bytes.next_multiple_of(OBJECT_ALIGNMENT as usize)
    }
}

fn is_array(ty: HeapType) -> bool {
    ty.kind.get() == Some(HeapKind::Array)
}

/// # Safety
/// The address must be aligned, and readable.
#[inline(always)]
unsafe fn read(address: usize) -> u32 {
    // SAFETY: as the caller vouches.
    unsafe { core::ptr::with_exposed_provenance::<u32>(address).read() }
}

/// # Safety
/// The address must be aligned, and writable.
#[inline(always)]
unsafe fn write(address: usize, value: u32) {
    // SAFETY: as the caller vouches.
    unsafe { core::ptr::with_exposed_provenance_mut::<u32>(address).write(value) }
}

/// Copies whole words.
///
/// # Safety
/// Both must have `bytes` bytes, a multiple of 8, aligned to 8, and not overlap.
#[inline(always)]
unsafe fn copy(source: usize, target: usize, bytes: usize) {
    /// From here on a loop that moves words is not the fastest.
    const LARGE: usize = 256;
    let source = core::ptr::with_exposed_provenance::<u64>(source);
    let target = core::ptr::with_exposed_provenance_mut::<u64>(target);
    // SAFETY: as the caller vouches.
    unsafe {
        if bytes >= LARGE {
            crate::mem::memcpy(target.cast(), source.cast(), bytes);
            return;
        }
        for at in 0..bytes / 8 {
            target.add(at).write(source.add(at).read());
        }
    }
}

/// What cannot be has come about: nothing that the heap holds can be relied on.
#[cold]
#[inline(never)]
fn damaged() -> ! {
    panic!("the heap is damaged")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::mm;

    /// Memory for two halves, in the low 4 GiB, that no other test has.
    struct Halves {
        first: usize,
        bytes: usize,
        next: usize,
    }

    impl Halves {
        fn new(place: usize, bytes: usize) -> Halves {
            let first = 0x2000_0000 + place * 0x0100_0000;
            mm::map_sparse(first, 2 * bytes).unwrap();
            Halves {
                first,
                bytes,
                next: first,
            }
        }

        /// An object with these words.
        fn object(&mut self, words: &[u32]) -> u32 {
            let object = self.next;
            self.next += (words.len() * 4).next_multiple_of(8);
            for (at, &word) in words.iter().enumerate() {
                // SAFETY: it lies in the first half.
                unsafe { write(object + at * 4, word) };
            }
            object as u32
        }

        /// Collects with these cells as roots: where objects end, and how the cells are then.
        fn collect<const N: usize>(
            &self,
            types: Types<'_>,
            mut roots: [u64; N],
        ) -> (usize, [u64; N]) {
            // SAFETY: the halves are mapped, and nothing else uses them.
            unsafe {
                let to = self.first + self.bytes;
                let mut collector = Collector::new(types, self.first..self.next, to);
                for root in &mut roots {
                    collector.cell(root);
                }
                (collector.finish(), roots)
            }
        }

        fn second(&self) -> usize {
            self.first + self.bytes
        }
    }

    fn word(object: u64, at: usize) -> u32 {
        // SAFETY: tests ask for words of objects.
        unsafe { read(object as usize + at * 4) }
    }

    fn structure(size: u32, references: u32, first: u32) -> HeapType {
        HeapType {
            kind: HeapKind::Struct.variant(),
            size,
            references,
            first,
        }
    }

    fn array(size: u32, references: u32) -> HeapType {
        HeapType {
            kind: HeapKind::Array.variant(),
            size,
            references,
            first: 0,
        }
    }

    /// 0: a pair of references and a number; 1: nothing; 2: references; 3: bytes; 4: vectors.
    const OFFSETS: &[u32] = &[4, 12];

    fn types() -> [HeapType; 5] {
        [
            structure(16, 2, 0),
            structure(8, 0, 0),
            array(4, 1),
            array(1, 0),
            array(16, 0),
        ]
    }

    macro_rules! types {
        () => {
            Types {
                types: &types(),
                offsets: OFFSETS,
            }
        };
    }

    const PAIR: u32 = 0;
    const EMPTY: u32 = 2;
    const REFERENCES: u32 = 4;
    const BYTES: u32 = 6;
    const VECTORS: u32 = 8;

    #[test]
    fn what_is_live_moves_and_the_rest_does_not() {
        let mut heap = Halves::new(0, 0x1000);
        let dead = heap.object(&[PAIR, 0, 7, 0]);
        let leaf = heap.object(&[EMPTY, 0]);
        let bytes = heap.object(&[BYTES, 5, 0x0403_0201, 5]);
        let pair = heap.object(&[PAIR, leaf, 42, bytes]);
        heap.object(&[PAIR, pair, 7, dead]);
        let (end, [root]) = heap.collect(types!(), [pair.into()]);
        assert_eq!(root as usize, heap.second());
        assert_eq!(end - heap.second(), 16 + 8 + 16);
        assert_eq!((word(root, 0), word(root, 2)), (PAIR, 42));
        assert_eq!(word(word(root, 1).into(), 0), EMPTY);
        let bytes = word(root, 3).into();
        let words: Vec<u32> = (0..4).map(|at| word(bytes, at)).collect();
        assert_eq!(words, [BYTES, 5, 0x0403_0201, 5]);
    }

    #[test]
    fn what_is_referred_to_twice_moves_once_and_circles_end() {
        let mut heap = Halves::new(1, 0x1000);
        let first = heap.object(&[PAIR, 0, 1, 0]);
        let second = heap.object(&[PAIR, first, 2, first]);
        // SAFETY: the field of an object.
        unsafe { write(first as usize + 4, second) };
        let roots = [first.into(), second.into(), first.into()];
        let (end, [a, b, c]) = heap.collect(types!(), roots);
        assert_eq!(end - heap.second(), 32);
        assert_eq!(a, c);
        assert_eq!(
            (word(a, 1), word(b, 1), word(b, 3)),
            (b as u32, a as u32, a as u32)
        );
    }

    #[test]
    fn what_is_no_object_stays_as_it_is() {
        let mut heap = Halves::new(2, 0x1000);
        // Numbers that are where objects are, too.
        let near = heap.first as u32 | 1;
        let array = heap.object(&[REFERENCES, 4, 0, 0xffff_ffff, near, 2]);
        let (_, [root, null, number]) = heap.collect(types!(), [array.into(), 0, near.into()]);
        assert_eq!((null, number), (0, near.into()));
        let words: Vec<u32> = (2..6).map(|at| word(root, at)).collect();
        assert_eq!(words, [0, 0xffff_ffff, near, 2]);
    }

    #[test]
    fn arrays_of_every_length_move_whole() {
        let mut heap = Halves::new(3, 0x10000);
        let lengths = [0u32, 1, 2, 3, 7, 8, 9, 200, 300];
        let arrays: Vec<u32> = lengths
            .iter()
            .map(|&length| {
                let mut words = vec![BYTES, length];
                words.resize(2 + length.div_ceil(4) as usize, 0x5a5a_5a5a);
                heap.object(&words)
            })
            .collect();
        let vector = heap.object(&[VECTORS, 1, 1, 2, 3, 4]);
        let mut words = vec![REFERENCES, 10];
        words.extend(arrays);
        words.push(vector);
        let all = heap.object(&words);
        let (_, [root]) = heap.collect(types!(), [all.into()]);
        for (at, &length) in lengths.iter().enumerate() {
            let array = word(root, 2 + at).into();
            assert_eq!((word(array, 0), word(array, 1)), (BYTES, length));
            for word_at in 0..length.div_ceil(4) as usize {
                assert_eq!(word(array, 2 + word_at), 0x5a5a_5a5a);
            }
        }
        let vector = word(root, 11).into();
        assert_eq!((word(vector, 1), word(vector, 5)), (1, 4));
    }

    #[test]
    fn a_long_list_needs_no_stack() {
        const COUNT: usize = 400_000;
        let mut heap = Halves::new(4, COUNT * 16);
        let mut last = 0;
        for number in 0..COUNT as u32 {
            last = heap.object(&[PAIR, last, number, 0]);
        }
        let (end, [root]) = heap.collect(types!(), [last.into()]);
        assert_eq!(end - heap.second(), COUNT * 16);
        let mut at = root;
        for number in (0..COUNT as u32).rev() {
            assert_eq!(word(at, 2), number);
            at = word(at, 1).into();
        }
        assert_eq!(at, 0);
    }

    /// Collects a heap that cannot be in a process of its own... as far as a test can: it panics.
    fn is_refused(place: usize, make: impl FnOnce(&mut Halves) -> u32 + std::panic::UnwindSafe) {
        let refused = std::panic::catch_unwind(|| {
            let mut heap = Halves::new(place, 0x1000);
            let object = make(&mut heap);
            heap.collect(types!(), [object.into()]);
        });
        assert!(refused.is_err());
    }

    #[test]
    fn damaged_heaps_are_refused() {
        // Of a type that there is not; longer than the heap; a reference that leads out of it.
        is_refused(5, |heap| heap.object(&[0x1234_5678, 0]));
        is_refused(6, |heap| heap.object(&[VECTORS, u32::MAX, 0, 0]));
        is_refused(7, |heap| heap.object(&[REFERENCES, 2, 0x1000, 0]));
        is_refused(8, |heap| heap.object(&[PAIR, heap.second() as u32, 0, 0]));
        // A structure of which only a part is there.
        is_refused(9, |heap| heap.object(&[PAIR, 0]));
    }
}
