//! Memory of the host for what the guest makes it keep: fields of HTTP, what waits to be sent.
//!
//! Blocks of a few sizes in one reservation, with a hard ceiling (`--max-host-memory`): beyond it there
//! is none, which the caller tells the guest. A block is an offset, so that no mistake of a caller
//! reaches other memory, and all blocks together can be forgotten at once.

use crate::options::run_options;
use crate::sys::lock::Lock;
use crate::sys::region::Region;
use wasmc_abi::options::{DEFAULT_HOST_MEMORY, MAX_HOST_MEMORY, RunOption, kinds};

/// log2 of the bytes of the smallest block.
const LEAST_LOG2: u32 = 4;
/// log2 of the bytes of the largest block.
const MOST_LOG2: u32 = 16;
const CLASSES: usize = (MOST_LOG2 - LEAST_LOG2 + 1) as usize;
/// Bytes of the largest block.
pub const MAX_BLOCK: usize = 1 << MOST_LOG2;
/// Bytes that stay in memory when everything is forgotten.
const KEPT: usize = 256 * 1024;

/// Bytes of the heap, or nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Block {
    /// 1 more than the offset of its first byte; 0 for nothing.
    place: u32,
    len: u32,
}

impl Block {
    /// Nothing.
    pub const NONE: Block = Block { place: 0, len: 0 };

    /// How many bytes it has.
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// Whether it is nothing.
    pub fn is_none(self) -> bool {
        self.place == 0
    }

    /// As two numbers, for a block that another one refers to.
    pub fn to_numbers(self) -> [u32; 2] {
        [self.place, self.len]
    }

    /// What [`to_numbers`](Self::to_numbers) gave.
    pub fn from_numbers([place, len]: [u32; 2]) -> Block {
        Block { place, len }
    }
}

/// The blocks. All zeros: none, and no reservation yet.
pub struct Heap {
    /// None before the first block.
    region: Region,
    /// Bytes that were ever handed out since everything was forgotten.
    used: usize,
    /// Of each class, the place of the block that was freed last; 0 for none. A free block begins
    /// with the place of the next one.
    free: [u32; CLASSES],
}

static HEAP: Lock<Heap> = Lock::new(Heap::new());

/// Uses the heap. Nothing in `action` may trap.
pub fn with<R>(action: impl FnOnce(&mut Heap) -> R) -> R {
    HEAP.with(action)
}

/// Forgets all blocks: to be called when nothing refers to one any more.
pub fn forget_all() {
    HEAP.with(Heap::forget_all);
}

/// The class whose blocks have room for so many bytes.
fn class_of(len: usize) -> Option<usize> {
    let log2 = len.max(1).checked_next_power_of_two()?.trailing_zeros();
    (log2 <= MOST_LOG2).then(|| log2.saturating_sub(LEAST_LOG2) as usize)
}

impl Heap {
    const fn new() -> Heap {
        Heap {
            region: Region::NONE,
            used: 0,
            free: [0; CLASSES],
        }
    }

    /// A block of up to [`MAX_BLOCK`] bytes, which hold anything; `None` when that is too many, or too
    /// many together.
    pub fn allocate(&mut self, len: usize) -> Option<Block> {
        let class = class_of(len)?;
        let place = match self.free.get(class).copied()? {
            0 => self.extend(1 << (class as u32 + LEAST_LOG2))?,
            place => {
                let next = self.bytes(Block { place, len: 4 });
                let next = u32::from_le_bytes(*next.first_chunk()?);
                *self.free.get_mut(class)? = next;
                place
            }
        };
        Some(Block {
            place,
            len: len as u32,
        })
    }

    /// The place of bytes that were not handed out yet.
    fn extend(&mut self, size: usize) -> Option<u32> {
        if self.region.is_none() {
            self.reserve(ceiling())?;
        }
        let start = self.used;
        let end = start.checked_add(size)?;
        if end > self.region.len() {
            return None;
        }
        self.used = end;
        u32::try_from(start + 1).ok()
    }

    fn reserve(&mut self, ceiling: u64) -> Option<()> {
        let ceiling = ceiling.min(MAX_HOST_MEMORY) as usize;
        self.region = Region::map(ceiling).ok()?;
        Some(())
    }

    /// Gives a block back.
    pub fn free(&mut self, block: Block) {
        let Some(class) = class_of(block.len()) else {
            return;
        };
        if block.is_none() {
            return;
        }
        let Some(first) = self.free.get_mut(class) else {
            return;
        };
        let next = core::mem::replace(first, block.place);
        let bytes = self.bytes_mut(Block {
            place: block.place,
            len: 4,
        });
        if let Some(bytes) = bytes.first_chunk_mut() {
            *bytes = next.to_le_bytes();
        }
    }

    /// Where a block begins and how many bytes it has; no bytes for what is no block.
    fn range(&self, block: Block) -> (usize, usize) {
        let start = (block.place as usize).wrapping_sub(1);
        match start.checked_add(block.len()) {
            Some(end) if end <= self.used => (start, block.len()),
            _ => (0, 0),
        }
    }

    /// A block's bytes.
    pub fn bytes(&self, block: Block) -> &[u8] {
        let (start, len) = self.range(block);
        self.region.bytes(start, len)
    }

    /// A block's bytes, to change them.
    pub fn bytes_mut(&mut self, block: Block) -> &mut [u8] {
        let (start, len) = self.range(block);
        self.region.bytes_mut(start, len)
    }

    /// Copies bytes into a block of their own; `None` as in [`allocate`](Self::allocate).
    pub fn copy(&mut self, bytes: &[u8]) -> Option<Block> {
        let block = self.allocate(bytes.len())?;
        self.bytes_mut(block).copy_from_slice(bytes);
        Some(block)
    }

    /// Copies what one block holds into another of the same length.
    pub fn copy_within(&mut self, from: Block, to: Block) {
        let ((from, len), (to, room)) = (self.range(from), self.range(to));
        let all = self.region.bytes_mut(0, self.used);
        if from.max(to) + len.max(room) <= all.len() {
            all.copy_within(from..from + len.min(room), to);
        }
    }

    fn forget_all(&mut self) {
        if self.used > KEPT {
            self.region.forget_from(KEPT);
        }
        self.used = 0;
        self.free = [0; CLASSES];
    }
}

#[cfg(test)]
impl Heap {
    /// An empty heap with this ceiling.
    pub fn for_tests(ceiling: u64) -> Heap {
        let mut heap = Heap::new();
        heap.reserve(ceiling).expect("memory can be mapped");
        heap
    }
}

/// Most bytes that all blocks may have together.
fn ceiling() -> u64 {
    let mut ceiling = DEFAULT_HOST_MEMORY;
    for option in run_options(kinds::SERVER) {
        if let RunOption::MaxHostMemory(bytes) = option {
            ceiling = bytes;
        }
    }
    ceiling
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heap(ceiling: u64) -> Heap {
        Heap::for_tests(ceiling)
    }

    #[test]
    fn blocks_do_not_overlap_and_are_used_again() {
        let mut heap = heap(1 << 20);
        let blocks: Vec<_> = (0..200)
            .map(|at| {
                let block = heap.allocate(at * 7).unwrap();
                heap.bytes_mut(block).fill(at as u8);
                block
            })
            .collect();
        for (at, &block) in blocks.iter().enumerate() {
            assert_eq!(heap.bytes(block).len(), at * 7);
            assert!(heap.bytes(block).iter().all(|&byte| byte == at as u8));
        }
        let used = heap.used;
        for &block in &blocks {
            heap.free(block);
        }
        for at in (0..200).rev() {
            heap.allocate(at * 7).unwrap();
        }
        assert_eq!(heap.used, used);
    }

    #[test]
    fn there_is_a_ceiling() {
        let mut heap = heap(3 * MAX_BLOCK as u64);
        assert_eq!(heap.allocate(MAX_BLOCK + 1), None);
        assert_eq!(heap.allocate(usize::MAX), None);
        let blocks = [(); 3].map(|()| heap.allocate(MAX_BLOCK).unwrap());
        assert_eq!(heap.allocate(1), None);
        heap.free(blocks[1]);
        assert_eq!(heap.allocate(MAX_BLOCK), Some(blocks[1]));
        heap.forget_all();
        assert_eq!(heap.bytes(blocks[0]), b"");
        assert_eq!(heap.copy(b"new").map(|block| block.len()), Some(3));
    }

    #[test]
    fn what_is_no_block_has_no_bytes() {
        let mut heap = heap(1 << 20);
        let block = heap.allocate(10).unwrap();
        assert_eq!(heap.bytes(Block::NONE), b"");
        let [place, _] = block.to_numbers();
        for (place, len) in [(place, u32::MAX), (place + 4096, 4), (u32::MAX, u32::MAX)] {
            assert_eq!(heap.bytes(Block::from_numbers([place, len])), b"");
        }
        heap.free(Block::NONE);
        assert_ne!(heap.allocate(10), Some(block));
    }
}
