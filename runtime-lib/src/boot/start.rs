//! From the kernel's entry to the guest's `_start`, and to the exit status.

use crate::guest::trap;
use crate::output;
use crate::store::memory;
use crate::sys::{mm, process};
use crate::wasi::p1 as wasi;
use crate::{arch, confine, limits, mem, options};
use core::ffi::c_char;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use wasmc_abi::layout::{
    ABI_VERSION, Entry, Instance, MAGIC, Program, RelPtr, StateImage, Trampoline, program_flags,
};

/// Auxiliary vector entries.
const AT_PHDR: usize = 3;
const AT_PHNUM: usize = 5;
const AT_PAGESZ: usize = 6;

/// The running program, and the size of a page of memory: with the data that every program
/// touches, not among large zeros.
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static PROGRAM: AtomicPtr<Program> = AtomicPtr::new(core::ptr::null_mut());
/// The initial stack, until the auxiliary vector has been shared.
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static STACK: AtomicPtr<usize> = AtomicPtr::new(core::ptr::null_mut());
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static PAGE_SIZE: AtomicUsize = AtomicUsize::new(0);

/// What the kernel handed over: arguments, environment, auxiliary vector.
#[derive(Clone, Copy)]
pub struct Process {
    /// The arguments, the program's name first.
    pub args: &'static [*const c_char],
    /// The environment.
    pub environment: &'static [*const c_char],
    auxiliary: *const [usize; 2],
}

impl Process {
    /// Reads the initial process stack:
    ///
    /// ```text
    /// argc | argv[0] … argv[argc - 1] | 0 | envp[0] … | 0 | (type, value) … | (0, 0)
    /// ```
    ///
    /// # Safety
    /// `stack` must be the stack pointer at the process's entry.
    pub unsafe fn new(stack: *const usize) -> Process {
        // SAFETY: this is the layout that the kernel has made, and nothing writes to it.
        unsafe {
            let argc = *stack;
            let argv = stack.add(1).cast::<*const c_char>();
            let envp = argv.add(argc + 1);
            let mut envc = 0;
            while !(*envp.add(envc)).is_null() {
                envc += 1;
            }
            Process {
                args: core::slice::from_raw_parts(argv, argc),
                environment: core::slice::from_raw_parts(envp, envc),
                auxiliary: envp.add(envc + 1).cast(),
            }
        }
    }

    /// The arguments without their NUL, the program's name first.
    pub fn args(&self) -> impl ExactSizeIterator<Item = &'static [u8]> + Clone + use<> {
        // SAFETY: the kernel has made these strings.
        self.args.iter().map(|&arg| unsafe { c_bytes(arg) })
    }

    /// The words of the environment (`NAME=VALUE`) without their NUL.
    pub fn environment(&self) -> impl ExactSizeIterator<Item = &'static [u8]> + Clone + use<> {
        // SAFETY: the kernel has made these strings.
        self.environment
            .iter()
            .map(|&word| unsafe { c_bytes(word) })
    }

    /// The value of an environment variable.
    pub fn variable(&self, name: &[u8]) -> Option<&'static [u8]> {
        self.environment()
            .find_map(|word| word.strip_prefix(name)?.strip_prefix(b"="))
    }

    /// An entry of the auxiliary vector (`AT_…`).
    pub fn auxiliary(&self, key: usize) -> Option<usize> {
        let mut at = self.auxiliary;
        // SAFETY: the vector ends with an entry of type 0.
        unsafe {
            while (*at)[0] != 0 {
                if (*at)[0] == key {
                    return Some((*at)[1]);
                }
                at = at.add(1);
            }
        }
        None
    }
}

/// The bytes of a C string.
unsafe fn c_bytes(string: *const c_char) -> &'static [u8] {
    let start = string.cast::<u8>();
    // SAFETY: the caller vouches for the string, which lives as long as the process.
    unsafe { core::slice::from_raw_parts(start, mem::strlen(start)) }
}

/// The running program.
pub fn program() -> &'static Program {
    // SAFETY: set at start, before anything can ask, to the record in the image.
    unsafe { &*PROGRAM.load(Ordering::Relaxed) }
}

/// Bytes of a page of memory of this machine.
pub fn page_size() -> usize {
    PAGE_SIZE.load(Ordering::Relaxed)
}

/// Makes sure that rustix knows the auxiliary vector, which it needs for the kernel's code that
/// reads clocks and for the features of the CPU. Not done at start, as most programs need neither.
pub fn share_auxiliary_vector() {
    if STACK.load(Ordering::Relaxed).is_null() {
        return;
    }
    let stack = STACK.swap(core::ptr::null_mut(), Ordering::Relaxed);
    if !stack.is_null() {
        // SAFETY: this is the initial stack; the auxiliary vector follows the environment, and
        // rustix only reads it.
        unsafe {
            let process = Process::new(stack);
            rustix::param::init(process.environment.as_ptr().cast_mut().cast());
        }
    }
}

/// Called by `_start`: relocates the image, checks the program, and calls the main function
/// that the program names.
///
/// # Safety
/// `stack` must be the stack pointer at the process's entry and `program` the record in the image.
pub unsafe extern "C" fn start(stack: *const usize, program: *const Program) -> ! {
    // SAFETY: as the caller vouches. Nothing before `relocate` reads relocated data.
    let process = unsafe { Process::new(stack) };
    // SAFETY: as above.
    unsafe { relocate(&process) };
    // Beyond this point the image is as the linker described it.

    // SAFETY: the record is constant.
    let program = unsafe { &*program };
    if program.magic != MAGIC || program.version != ABI_VERSION {
        output::fail("this program and its runtime come from different versions of wasmc");
    }
    // SAFETY: the compiler has written the record, and nothing uses the state yet.
    unsafe { place_state(&program.state) };
    PROGRAM.store((&raw const *program).cast_mut(), Ordering::Relaxed);
    let page_size = process.auxiliary(AT_PAGESZ).unwrap_or(4096);
    PAGE_SIZE.store(page_size, Ordering::Relaxed);
    STACK.store(stack.cast_mut(), Ordering::Relaxed);
    type Main = unsafe extern "C" fn(&'static Program, *const usize) -> !;
    // SAFETY: the field refers to a function of this type.
    unsafe {
        let main: Main = core::mem::transmute::<*const u8, Main>(program.main.get());
        main(program, stack)
    }
}

/// Puts into the writable state what it begins with.
///
/// # Safety
/// `image` must be the record in the image, and nothing may use the state.
unsafe fn place_state(image: &'static StateImage) {
    if image.place.is_null() {
        return;
    }
    let place = image.place.get().cast_mut();
    let source = image.bytes.ptr.get();
    // SAFETY: the compiler has left room for the bytes, and the pointers lie among them.
    unsafe {
        mem::memcpy(place, source, image.bytes.len as usize);
        let moved = (source as usize).wrapping_sub(place as usize) as i32;
        for &offset in image.pointers.get::<u32>() {
            let pointer = place.add(offset as usize).cast::<RelPtr>();
            (*pointer).0 = (*pointer).0.wrapping_add(moved);
        }
    }
}

/// Main function of an ordinary program.
///
/// # Safety
/// The arguments must be those of [`start`].
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_main_command(program: &'static Program, stack: *const usize) -> ! {
    // SAFETY: as the caller vouches.
    let process = unsafe { Process::new(stack) };
    if program.flags & program_flags::INVOKE != 0 {
        output::fail("the program's main function does not pass arguments on");
    }
    prepare(program, &process);
    call_entry(&program.entry, &mut []);
    process::exit(0)
}

/// Makes sure that the CPU has what the program was compiled for, or ends the process.
pub fn check_cpu(program: &Program) {
    if arch::use_features(program.required_cpu) != 0 {
        explain_cpu(program);
    }
}

/// Ends the process with a message if the CPU lacks what the program was compiled for.
#[inline(never)]
pub fn explain_cpu(program: &Program) {
    let missing = arch::missing_features(program.required_cpu);
    if missing != 0 {
        missing_features(missing);
    }
}

/// Everything before the entry of a program: options, system interface, instances, confinement,
/// `_initialize`.
pub fn prepare(program: &'static Program, process: &Process) {
    options::init(process);
    trap::init(program, process);
    check_cpu(program);
    guard_branches(program);
    limits::init();
    wasi::init(process);
    // SAFETY: the compiler has written these records.
    for instance in unsafe { program.instances.get::<Instance>() } {
        if let Err(failure) = memory::instantiate(instance) {
            memory::report(instance, failure);
        }
    }
    confine::enforce();
    // Beyond this point the process can do what the program can need, and nothing else.

    call_entry(&program.initialize, &mut []);
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

/// Calls a function of the guest if there is one; a trap is reported and ends the process.
pub fn call_entry(entry: &'static Entry, values: &mut [[u64; 2]]) {
    if entry.code.is_null() {
        return;
    }
    // SAFETY: the compiler has written a function and the trampoline of its signature.
    let result = unsafe {
        trap::enter(
            trampoline(&entry.trampoline),
            entry.code.get(),
            values.as_mut_ptr(),
        )
    };
    if let Err(trap) = result {
        trap::report(trap);
    }
}

/// The trampoline that a field of the image refers to.
///
/// # Safety
/// It must refer to a trampoline.
pub unsafe fn trampoline(pointer: &RelPtr) -> Trampoline {
    // SAFETY: as the caller vouches.
    unsafe { core::mem::transmute::<*const u8, Trampoline>(pointer.get()) }
}

#[cold]
#[inline(never)]
fn missing_features(missing: u32) -> ! {
    let mut line = output::error();
    line.text("this CPU lacks features that the program was compiled for:");
    for (bit, name) in FEATURE_NAMES.iter().enumerate() {
        if missing >> bit & 1 != 0 {
            line.byte(b' ');
            for &byte in name.iter().filter(|&&byte| byte != 0) {
                line.byte(byte);
            }
        }
    }
    line.exit()
}

/// The names of CPU features by the number of their bit, padded with NULs: without pointers, so
/// that the program needs no relocations at start.
static FEATURE_NAMES: [[u8; 16]; 32] = {
    let mut names = [[0; 16]; 32];
    let mut row = 0;
    while row < arch::FEATURES.len() {
        let (bit, name) = arch::FEATURES[row];
        let mut at = 0;
        while at < name.len() {
            names[bit.trailing_zeros() as usize][at] = name.as_bytes()[at];
            at += 1;
        }
        row += 1;
    }
    names
};

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
/// As for [`start`]; must be called once.
unsafe fn relocate(process: &Process) {
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
