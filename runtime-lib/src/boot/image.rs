//! The image of the running program: where it lies, and what it needs before it is as the linker
//! and the compiler described it.

use super::process::{AT_PAGESZ, AT_PHDR, AT_PHNUM, Process};
use crate::sys::mm::{self, page_size};
use crate::{arch, mem};
use core::sync::atomic::{AtomicPtr, Ordering};
use wasmc_abi::layout::{Program, RelPtr, StateImage, program_flags};

/// The running program: with the data that every program touches, not among large zeros.
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static PROGRAM: AtomicPtr<Program> = AtomicPtr::new(core::ptr::null_mut());

/// The running program.
pub fn program() -> &'static Program {
    // SAFETY: set by `set_program`, before anything can ask, to the record in the image.
    unsafe { &*PROGRAM.load(Ordering::Relaxed) }
}

/// Makes a program the running one.
pub fn set_program(program: &'static Program) {
    PROGRAM.store((&raw const *program).cast_mut(), Ordering::Relaxed);
}

/// Puts into the writable state what it begins with.
///
/// # Safety
/// `image` must be the record in the image, and nothing may use the state.
pub unsafe fn place_state(image: &'static StateImage) {
    if image.place.is_null() {
        return;
    }
    let place = image.place.get().cast_mut();
    let source = image.bytes.ptr.get();
    // SAFETY: the compiler has left room for the bytes, and the pointers lie among them.
    unsafe {
        mem::memcpy(place, source, image.bytes.len as usize);
        let moved = (source as usize).wrapping_sub(place as usize) as i32;
        for &offset in image.pointers.get() {
            let pointer = place.add(offset as usize).cast::<RelPtr<u8>>();
            (*pointer).advance(moved);
        }
    }
}

/// Guards the indirect branches into the guest's code if it was compiled for that, as far as it
/// fills whole pages.
pub fn guard_branches(program: &Program) {
    if program.flags & program_flags::GUARD_BRANCHES == 0 {
        return;
    }
    let mask = page_size().wrapping_sub(1);
    let start = program.text.ptr.get() as usize;
    let first = start.wrapping_add(mask) & !mask;
    let end = start.wrapping_add(program.text.len as usize) & !mask;
    if first < end {
        mm::guard_branches(first, end - first);
    }
}

/// A program header of an ELF file.
#[repr(C)]
struct ProgramHeader {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    physical_address: u64,
    file_size: u64,
    memory_size: u64,
    alignment: u64,
}

/// The first page of the writable segment that holds an address, if nothing below it can be
/// written: code or constants of the image end where it begins.
pub fn guarded_segment(process: &Process, address: usize) -> Option<usize> {
    let page = page_size();
    let headers = process.auxiliary(AT_PHDR)? as *const ProgramHeader;
    let count = process.auxiliary(AT_PHNUM)?;
    // SAFETY: the kernel gives the address and the number of the program headers.
    let headers = unsafe { core::slice::from_raw_parts(headers, count) };
    let loads = || headers.iter().filter(|header| header.kind == PT_LOAD);
    let first = loads().find(|header| header.offset == 0 && header.file_size > 0)?;
    let base = (headers.as_ptr() as usize).wrapping_sub(first.address as usize + FILE_HEADER_BYTES);
    let start = |header: &ProgramHeader| base.wrapping_add(header.address as usize) & !(page - 1);
    let end = |header: &ProgramHeader| {
        let end = base.wrapping_add((header.address + header.memory_size) as usize);
        end.wrapping_add(page - 1) & !(page - 1)
    };
    let own = loads().find(|header| (start(header)..end(header)).contains(&address))?;
    let is_guard = |header: &ProgramHeader| header.flags & PF_W == 0 && end(header) == start(own);
    loads().any(is_guard).then(|| start(own))
}

/// A relocation with addend.
#[repr(C)]
struct Relocation {
    offset: u64,
    info: u64,
    addend: u64,
}

/// Bytes of an ELF file's header, behind which the program headers stand.
const FILE_HEADER_BYTES: usize = 64;
const PT_LOAD: u32 = 1;
const PF_W: u32 = 2;
const PT_DYNAMIC: u32 = 2;
const PT_GNU_RELRO: u32 = 0x6474_e552;
const DT_NULL: u64 = 0;
const DT_RELA: u64 = 7;
const DT_RELASZ: u64 = 8;
const DT_RELRSZ: u64 = 35;
const DT_RELR: u64 = 36;

/// Applies the image's relative relocations, and then protects what they were for if the linker
/// asks for it.
///
/// # Safety
/// `process` must be that of the running program; must be called once, before anything reads
/// relocated data.
pub unsafe fn relocate(process: &Process) {
    let headers = process.auxiliary(AT_PHDR).unwrap_or(0) as *const ProgramHeader;
    let count = process.auxiliary(AT_PHNUM).unwrap_or(0);
    let (mut rela, mut rela_bytes, mut relr, mut relr_bytes) = (0, 0, 0, 0);
    // SAFETY: the kernel gives the address of the program headers, which say where the dynamic
    // section lies, and with it how far the image was moved: a linker puts them behind the ELF
    // header. The linker has written the tables,
    // whose places are words of the image.
    unsafe {
        let (mut base, mut dynamic, mut relro, mut relro_bytes) = (0, 0, 0, 0);
        for at in 0..count {
            let header = &*headers.add(at);
            match header.kind {
                // The segment that holds the program headers, at their usual place in the file.
                PT_LOAD if header.offset == 0 && header.file_size > 0 => {
                    let address = header.address as usize + FILE_HEADER_BYTES;
                    base = (headers as usize).wrapping_sub(address);
                }
                PT_DYNAMIC => dynamic = header.address as usize,
                PT_GNU_RELRO => {
                    relro = header.address as usize;
                    relro_bytes = header.memory_size as usize;
                }
                _ => {}
            }
        }
        if dynamic == 0 {
            return;
        }
        let word = |address: usize| base.wrapping_add(address) as *mut usize;
        let mut entry: *const [u64; 2] = word(dynamic).cast();
        while (*entry)[0] != DT_NULL {
            let value = (*entry)[1] as usize;
            match (*entry)[0] {
                DT_RELA => rela = value,
                DT_RELASZ => rela_bytes = value,
                DT_RELR => relr = value,
                DT_RELRSZ => relr_bytes = value,
                _ => {}
            }
            entry = entry.add(1);
        }
        for at in 0..rela_bytes / size_of::<Relocation>() {
            let relocation = &*word(rela).cast::<Relocation>().add(at);
            if relocation.info as u32 as u64 == arch::RELOCATION_RELATIVE {
                word(relocation.offset as usize)
                    .write(base.wrapping_add(relocation.addend as usize));
            }
        }
        // An even word is the address of a word to relocate; an odd one tells with its upper 63
        // bits which of the next 63 words to relocate.
        let mut next = 0;
        for at in 0..relr_bytes / 8 {
            let packed = *word(relr).add(at);
            if packed & 1 == 0 {
                *word(packed) = (*word(packed)).wrapping_add(base);
                next = packed + 8;
                continue;
            }
            for bit in 0..63 {
                if packed >> (bit + 1) & 1 != 0 {
                    let address = word(next + bit * 8);
                    *address = (*address).wrapping_add(base);
                }
            }
            next += 63 * 8;
        }
        // Whole pages only: what follows on the last one may have to stay writable.
        let page = process.auxiliary(AT_PAGESZ).unwrap_or(4096);
        let start = word(relro) as usize / page * page;
        let end = (word(relro) as usize + relro_bytes) / page * page;
        if start < end {
            let _ = mm::protect(start, end - start, mm::Access::Read);
        }
    }
}
