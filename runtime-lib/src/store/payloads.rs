//! Payloads of exceptions that references were made of: for how long they are kept.
//!
//! A reference to an exception may be in a local, on the operand stack, in a global, a table or
//! the payload of another exception; linear memory never holds one. A payload that is kept gets a
//! cell of the pool. When the pool is full, whatever looks like a reference is looked for in all
//! those places, the guest's stack included, and the cells that nothing seems to refer to are used
//! again. A number that looks like a reference keeps a cell for longer than needed, never for
//! shorter. So the pool has at most twice as many cells as were in use at some time, and as many
//! as fit into 64 KiB or into the stack that was looked through, which also pays for looking.
//!
//! ```text
//! | state: u64 | link: u64 | payload: units of 16 bytes |
//! ```

use super::table;
use crate::guest::trap;
use crate::sys::mm::{self, Access, page_size};
use crate::{arch, mem, output};
use core::ops::Range;
use wasmc_abi::layout::{
    ExceptionPool, ExceptionRoot, ExceptionRootKind, PAYLOAD_UNIT, SLOT_SIZE, TableState,
    pool_flags,
};

/// The pool is mapped in multiples of this, or of a page if that is larger.
const CHUNK: u64 = 64 * 1024;

/// What a cell holds before its payload.
#[repr(C)]
struct Header {
    /// See below.
    state: u64,
    /// The next free cell, or the next whose payload is to be looked through, plus 1.
    link: u64,
}

const _: () = assert!(size_of::<Header>() as u64 == PAYLOAD_UNIT);

/// Nothing refers to the cell.
const FREE: u64 = 0;
/// Something refers to the cell, as far as is known.
const KEPT: u64 = 1;
/// As [`KEPT`], found during the collection that is going on.
const MARKED: u64 = 2;

/// Copies the payload of an exception to a place of its own: its unit.
///
/// # Safety
/// `pool` must be the program's or the thread's, and `payload` have as many bytes as the pool's payloads.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_keep_payload(pool: *mut ExceptionPool, payload: *const u8) -> u32 {
    trap::ensure_headroom();
    let mut pool = Pool { state: pool };
    // SAFETY: as the caller vouches; the cell is free, and mapped.
    unsafe {
        let cell = pool.take(payload);
        let header = pool.header(cell);
        (*header).state = KEPT;
        let len = pool.cell_bytes() - PAYLOAD_UNIT;
        mem::memcpy(header.add(1).cast(), payload, len as usize);
        (cell * pool.cell_units() + 1) as u32
    }
}

/// Bytes that are mapped for that many bytes of cells.
fn mapped_bytes(bytes: u64) -> u64 {
    bytes.next_multiple_of(CHUNK.max(page_size() as u64))
}

/// Whether a cell more than these may be mapped: none lies beyond the pool's slot, wherever the
/// cells are, so that the unit of every payload fits the 32 bits of a reference.
fn has_room(cells: u64, cell_bytes: u64) -> bool {
    let cells = cells.checked_add(1);
    let bytes = cells.and_then(|cells| cells.checked_mul(cell_bytes));
    bytes.is_some_and(|bytes| mapped_bytes(bytes) <= SLOT_SIZE)
}

const _: () = assert!(SLOT_SIZE / PAYLOAD_UNIT <= u32::MAX as u64);

/// Gives back the payloads of a thread.
///
/// # Safety
/// `pool` must be that of a thread that runs no code of the guest any more.
pub unsafe fn unmap(pool: *const ExceptionPool) {
    // SAFETY: as the caller vouches; `add_cell` has mapped the cells.
    unsafe {
        let bytes = (*pool).cells * u64::from((*pool).cell_bytes);
        if bytes > 0 {
            mm::unmap((*pool).base as usize, mapped_bytes(bytes) as usize);
        }
    }
}

/// The program's pool, or the thread's. Every method needs what [`wasmc_keep_payload`] needs.
struct Pool {
    state: *mut ExceptionPool,
}

impl Pool {
    unsafe fn state(&mut self) -> &mut ExceptionPool {
        // SAFETY: as the caller vouches; no other reference exists.
        unsafe { &mut *self.state }
    }

    unsafe fn cell_bytes(&mut self) -> u64 {
        // SAFETY: as the caller vouches.
        u64::from(unsafe { self.state() }.cell_bytes)
    }

    unsafe fn cell_units(&mut self) -> u64 {
        // SAFETY: as the caller vouches.
        unsafe { self.cell_bytes() / PAYLOAD_UNIT }
    }

    /// The header of a cell below `cells`.
    unsafe fn header(&mut self, cell: u64) -> *mut Header {
        // SAFETY: as the caller vouches.
        let address = unsafe { self.state().base + cell * self.cell_bytes() };
        core::ptr::with_exposed_provenance_mut(address as usize)
    }

    /// A cell for the payload.
    unsafe fn take(&mut self, payload: *const u8) -> u64 {
        // SAFETY: as the caller vouches.
        unsafe {
            if self.state().free == 0 && self.state().cells == self.state().limit {
                self.collect(payload);
            }
            if let Some(cell) = self.take_free() {
                return cell;
            }
            if self.add_cell() {
                return self.state().cells - 1;
            }
            // The system gives no more memory: this may be the time to look for free cells.
            self.collect(payload);
            match self.take_free() {
                Some(cell) => cell,
                None => output::fail("no memory for exceptions that references were made of"),
            }
        }
    }

    unsafe fn take_free(&mut self) -> Option<u64> {
        // SAFETY: as the caller vouches; the list has cells of the pool.
        unsafe {
            let cell = self.state().free.checked_sub(1)?;
            self.state().free = (*self.header(cell)).link;
            Some(cell)
        }
    }

    /// Maps one more cell; whether there was memory for it.
    unsafe fn add_cell(&mut self) -> bool {
        // SAFETY: as the caller vouches.
        unsafe {
            let bytes = self.cell_bytes();
            let state = self.state();
            if !has_room(state.cells, bytes) {
                return false;
            }
            let mapped = mapped_bytes(state.cells * bytes);
            let needed = mapped_bytes((state.cells + 1) * bytes);
            if needed > mapped && state.flags & pool_flags::MAPPED != 0 {
                let base = match mapped {
                    0 => mm::map(needed as usize),
                    // Code reads the address anew when it has kept a payload.
                    _ => mm::lengthen(state.base as usize, mapped as usize, needed as usize),
                };
                match base {
                    Ok(base) => state.base = base as u64,
                    Err(_) => return false,
                }
            } else if needed > mapped {
                let address = (state.base + mapped) as usize;
                let more = (needed - mapped) as usize;
                if mm::map_at(address, more, Access::ReadWrite).is_err() {
                    return false;
                }
            }
            state.cells += 1;
            true
        }
    }

    /// Finds the cells that nothing refers to, and decides how many there may be until the next
    /// time. `payload` is that of the exception being handled.
    #[cold]
    #[inline(never)]
    unsafe fn collect(&mut self, payload: *const u8) {
        // SAFETY: as the caller vouches.
        unsafe {
            let bytes = self.cell_bytes();
            let stack = arch::stack_pointer()..trap::stack_top();
            let mut seen = 0;
            if self.state().cells > 0 {
                seen = stack.end.saturating_sub(stack.start) as u64;
                self.mark_all(stack, payload);
            }
            let in_use = self.sweep();
            let more = in_use.max(CHUNK.max(seen) / bytes).max(1);
            let state = self.state();
            state.limit = state.cells.max(in_use + more);
        }
    }

    /// Marks the cells that something may refer to.
    unsafe fn mark_all(&mut self, stack: Range<usize>, payload: *const u8) {
        let mut marking = Marking { grey: 0 };
        for register in arch::preserved_registers() {
            // SAFETY: as the caller vouches.
            unsafe { marking.word(self, register as u64) };
        }
        // SAFETY: the guest's stack is mapped, and below it are frames of the runtime; the roots
        // are as the compiler has written them; payloads have whole words.
        unsafe {
            let start = stack.start.next_multiple_of(8);
            let words = stack.end.saturating_sub(start) / 8;
            marking.words(self, core::ptr::with_exposed_provenance(start), words);
            let traced = self.state().flags & pool_flags::TRACED != 0;
            let payload_words = ((self.cell_bytes() - PAYLOAD_UNIT) / 8) as usize;
            if traced {
                marking.words(self, payload.cast(), payload_words);
            }
            let pool = self.state;
            let roots = pool.add(1).cast::<ExceptionRoot>();
            for at in 0..(*pool).roots as usize {
                let root = &*roots.add(at);
                let target = pool.cast::<u8>().offset(root.distance as isize);
                if root.kind.get() == Some(ExceptionRootKind::Table) {
                    let table = &*target.cast::<TableState>();
                    marking.words(self, table::elements(table), table.size as usize);
                } else {
                    marking.words(self, target.cast(), 1);
                }
            }
            while let Some(cell) = marking.grey.checked_sub(1) {
                let header = self.header(cell);
                marking.grey = (*header).link;
                if traced {
                    marking.words(self, header.add(1).cast(), payload_words);
                }
            }
        }
    }

    /// Makes a list of the cells that are not marked; the number of the others.
    unsafe fn sweep(&mut self) -> u64 {
        let mut in_use = 0;
        // SAFETY: as the caller vouches; the cells are mapped.
        unsafe {
            self.state().free = 0;
            for cell in (0..self.state().cells).rev() {
                let header = self.header(cell);
                if (*header).state == MARKED {
                    (*header).state = KEPT;
                    in_use += 1;
                } else {
                    (*header).state = FREE;
                    (*header).link = self.state().free;
                    self.state().free = cell + 1;
                }
            }
        }
        in_use
    }
}

/// The marking of cells.
struct Marking {
    /// The first marked cell whose payload is still to be looked through, plus 1.
    grey: u64,
}

impl Marking {
    /// # Safety
    /// The words must be readable.
    unsafe fn words(&mut self, pool: &mut Pool, words: *const u64, count: usize) {
        for at in 0..count {
            // SAFETY: as the caller vouches; volatile, because what else the word is does not
            // matter here.
            unsafe { self.word(pool, words.add(at).read_volatile()) };
        }
    }

    /// Marks the cells that a word may mean: a reference has the unit above its tag. The optimiser
    /// may also have kept only a part of what leads from a reference to its payload: the unit, its
    /// offset, its address.
    unsafe fn word(&mut self, pool: &mut Pool, word: u64) {
        if word == 0 {
            return;
        }
        // SAFETY: as the caller vouches.
        unsafe {
            let base = pool.state().base;
            let units = pool.state().cells * pool.cell_units();
            let readings = [
                word >> 32,
                word & 0xffff_ffff,
                word / PAYLOAD_UNIT,
                word.wrapping_sub(base) / PAYLOAD_UNIT,
            ];
            for unit in readings {
                // Unit 0 is the header of the first cell.
                if unit > 0 && unit < units {
                    let cell = unit / pool.cell_units();
                    self.mark(pool, cell);
                }
            }
        }
    }

    unsafe fn mark(&mut self, pool: &mut Pool, cell: u64) {
        // SAFETY: the cell is one of the pool's.
        unsafe {
            let header = pool.header(cell);
            if (*header).state == KEPT {
                (*header).state = MARKED;
                (*header).link = self.grey;
                self.grey = cell + 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pool with one global as its root, at an address of its own.
    #[repr(C)]
    struct State {
        pool: ExceptionPool,
        root: ExceptionRoot,
        global: u64,
    }

    fn state(base: u64, flags: u32) -> State {
        let distance = core::mem::offset_of!(State, global) as i32;
        State {
            pool: ExceptionPool {
                base,
                cells: 0,
                limit: 0,
                free: 0,
                cell_bytes: 48,
                flags,
                roots: 1,
                reserved: 0,
            },
            root: ExceptionRoot {
                distance,
                kind: ExceptionRootKind::Global.variant(),
            },
            global: 0,
        }
    }

    fn reference(unit: u32) -> u64 {
        u64::from(unit) << 32 | 1 << 31 | 1
    }

    fn payload(state: &State, reference: u64) -> [u64; 4] {
        let address = state.pool.base + (reference >> 32) * PAYLOAD_UNIT;
        // SAFETY: the reference is to a payload of 32 bytes.
        unsafe { core::ptr::with_exposed_provenance::<[u64; 4]>(address as usize).read() }
    }

    fn keep(state: &mut State, payload: [u64; 4]) -> u64 {
        // SAFETY: the pool is as a program's, and has payloads of 32 bytes.
        let unit = unsafe { wasmc_keep_payload((&raw mut *state).cast(), payload.as_ptr().cast()) };
        reference(unit)
    }

    #[test]
    fn units_of_payloads_never_wrap() {
        for cell_bytes in [32, 48, 16 + 16_000] {
            let most = (0..64).rev().fold(0, |cells: u64, bit| {
                match has_room(cells | 1 << bit, cell_bytes) {
                    true => cells | 1 << bit,
                    false => cells,
                }
            });
            let last_unit = most * (cell_bytes / PAYLOAD_UNIT) + 1;
            assert!(u32::try_from(last_unit).is_ok(), "{cell_bytes}: {most}");
            assert!((most + 1) * cell_bytes <= SLOT_SIZE);
            assert!((most + 2) * cell_bytes + CHUNK > SLOT_SIZE);
        }
        assert!(!has_room(u64::MAX, 32) && !has_room(u64::MAX / 16, 32));
    }

    #[test]
    fn cells_are_used_again_and_what_a_global_refers_to_is_kept() {
        let mut state = state(0x6100_0000_0000, 0);
        let mut last = 0;
        for number in 0..200_000 {
            let kept = keep(&mut state, [number, 2, 3, 4]);
            if number % 1000 == 0 {
                state.global = kept;
                last = number;
            }
            assert_eq!(payload(&state, state.global)[0], last);
        }
        assert!(state.pool.cells <= 2 * CHUNK / 48, "{}", state.pool.cells);
    }

    #[test]
    fn references_in_payloads_are_followed() {
        let mut state = state(0x6200_0000_0000, pool_flags::TRACED);
        // Each refers to the one before, and only the last is in the global.
        for number in 0..5000 {
            let before = state.global;
            state.global = keep(&mut state, [number << 40, before, 0, 0]);
        }
        for _ in 0..20_000 {
            keep(&mut state, [0; 4]);
        }
        let mut at = state.global;
        for number in (0..5000).rev() {
            let [found, next, ..] = payload(&state, at);
            assert_eq!(found, number << 40);
            at = next;
        }
        assert_eq!(at, 0);
        assert!(state.pool.cells <= 12_000, "{}", state.pool.cells);
    }
}
