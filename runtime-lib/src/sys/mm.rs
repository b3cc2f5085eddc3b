//! Address space: mappings at fixed addresses, protections, moves.

use core::ffi::c_void;
use core::sync::atomic::{AtomicUsize, Ordering};
use rustix::fd::OwnedFd;
use rustix::fs::MemfdFlags;
use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, MprotectFlags, MremapFlags, ProtFlags};

/// With the data that every program touches, not among large zeros.
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static PAGE_SIZE: AtomicUsize = AtomicUsize::new(0);

/// Bytes of a page of memory of this machine.
pub fn page_size() -> usize {
    PAGE_SIZE.load(Ordering::Relaxed)
}

/// Sets how many bytes a page of memory has: once, at start.
pub fn set_page_size(bytes: usize) {
    PAGE_SIZE.store(bytes, Ordering::Relaxed);
}

/// Access to mapped pages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reserved only.
    None,
    /// Readable.
    Read,
    /// Readable and writable.
    ReadWrite,
}

impl Access {
    fn map(self) -> ProtFlags {
        match self {
            Access::None => ProtFlags::empty(),
            Access::Read => ProtFlags::READ,
            Access::ReadWrite => ProtFlags::READ | ProtFlags::WRITE,
        }
    }

    fn protect(self) -> MprotectFlags {
        match self {
            Access::None => MprotectFlags::empty(),
            Access::Read => MprotectFlags::READ,
            Access::ReadWrite => MprotectFlags::READ | MprotectFlags::WRITE,
        }
    }
}

/// Maps zeros at exactly `address`, or fails; never replaces another mapping.
///
/// The mapping is accounted for when it becomes accessible (no `MAP_NORESERVE`), so that growth
/// beyond what the machine has fails instead of ending the process later.
pub fn map_at(address: usize, len: usize, access: Access) -> Result<(), Errno> {
    map_exactly(address, len, access, MapFlags::PRIVATE)
}

/// Maps zeros at exactly `address`, or fails; never replaces another mapping.
fn map_exactly(address: usize, len: usize, access: Access, flags: MapFlags) -> Result<(), Errno> {
    let flags = flags | MapFlags::FIXED_NOREPLACE;
    // SAFETY: without replacing anything, a new mapping invalidates no memory in use.
    let mapped =
        unsafe { rustix::mm::mmap_anonymous(address as *mut c_void, len, access.map(), flags)? };
    if mapped as usize == address {
        return Ok(());
    }
    // Kernels that do not know the flag take the address as a hint.
    // SAFETY: the mapping is the one just made.
    let _ = unsafe { rustix::mm::munmap(mapped, len) };
    Err(Errno::EXIST)
}

/// Maps zeros at exactly `address`, readable and writable, or fails; never replaces another mapping.
/// Only what is used will be accounted for: there may be much more of it than the machine has.
pub fn map_sparse(address: usize, len: usize) -> Result<(), Errno> {
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
    map_exactly(address, len, Access::ReadWrite, flags)
}

/// Zeros that can be mapped several times.
pub fn shared_zeros(len: usize) -> Result<OwnedFd, Errno> {
    let file = rustix::fs::memfd_create(c"wasmc-memory", MemfdFlags::CLOEXEC)?;
    rustix::fs::ftruncate(&file, len as u64)?;
    Ok(file)
}

/// Maps bytes of a file at exactly `address`, shared with every other mapping of them, or fails;
/// never replaces another mapping.
pub fn map_file_at(
    address: usize,
    file: &OwnedFd,
    offset: usize,
    len: usize,
    access: Access,
) -> Result<(), Errno> {
    let flags = MapFlags::SHARED | MapFlags::FIXED_NOREPLACE;
    let place = address as *mut c_void;
    // SAFETY: without replacing anything, a new mapping invalidates no memory in use.
    let mapped = unsafe { rustix::mm::mmap(place, len, access.map(), flags, file, offset as u64)? };
    if mapped as usize == address {
        return Ok(());
    }
    // Kernels that do not know the flag take the address as a hint.
    // SAFETY: the mapping is the one just made.
    let _ = unsafe { rustix::mm::munmap(mapped, len) };
    Err(Errno::EXIST)
}

/// Keeps pages out of core files.
///
/// # Safety
/// The range must belong to the caller.
pub unsafe fn keep_out_of_dumps(address: usize, len: usize) -> Result<(), Errno> {
    // SAFETY: the advice changes nothing of what is mapped.
    unsafe { rustix::mm::madvise(address as *mut c_void, len, Advice::LinuxDontDump) }
}

/// Lets core files have pages.
///
/// # Safety
/// The range must belong to the caller.
pub unsafe fn put_into_dumps(address: usize, len: usize) -> Result<(), Errno> {
    // SAFETY: the advice changes nothing of what is mapped.
    unsafe { rustix::mm::madvise(address as *mut c_void, len, Advice::LinuxDoDump) }
}

/// Maps zeros anywhere, readable and writable.
pub fn map_anywhere(len: usize) -> Result<*mut u8, Errno> {
    // SAFETY: a new mapping at an address that the kernel chooses.
    let mapped = unsafe {
        rustix::mm::mmap_anonymous(
            core::ptr::null_mut(),
            len,
            Access::ReadWrite.map(),
            MapFlags::PRIVATE,
        )?
    };
    Ok(mapped.cast())
}

/// Reserves address space without access anywhere, for stacks.
pub fn map_stack(len: usize) -> Result<usize, Errno> {
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::STACK;
    // SAFETY: a new mapping at an address that the kernel chooses.
    let mapped = unsafe {
        rustix::mm::mmap_anonymous(core::ptr::null_mut(), len, Access::None.map(), flags)?
    };
    Ok(mapped as usize)
}

/// Maps zeros, readable and writable, at an address that the kernel chooses.
pub fn map(len: usize) -> Result<usize, Errno> {
    // SAFETY: a new mapping at an address that the kernel chooses.
    let mapped = unsafe {
        rustix::mm::mmap_anonymous(
            core::ptr::null_mut(),
            len,
            Access::ReadWrite.map(),
            MapFlags::PRIVATE,
        )?
    };
    Ok(mapped as usize)
}

/// Makes a mapping of [`map`] longer, at another address if need be: its address.
///
/// # Safety
/// The mapping must belong to the caller, and nothing may refer to the old address any more.
pub unsafe fn lengthen(address: usize, len: usize, new_len: usize) -> Result<usize, Errno> {
    // SAFETY: as the caller vouches.
    let mapped =
        unsafe { rustix::mm::mremap(address as *mut c_void, len, new_len, MremapFlags::MAYMOVE)? };
    Ok(mapped as usize)
}

/// Gives a mapping back.
///
/// # Safety
/// It must belong to the caller, and nothing may refer to it any more.
pub unsafe fn unmap(address: usize, len: usize) {
    // SAFETY: as the caller vouches. A failure leaves the pages mapped, which does no harm.
    let _ = unsafe { rustix::mm::munmap(address as *mut c_void, len) };
}

/// Maps zeros that copies of the process share with it.
pub fn map_shared(len: usize) -> Result<*mut u8, Errno> {
    // SAFETY: a new mapping at an address that the kernel chooses.
    let mapped = unsafe {
        rustix::mm::mmap_anonymous(
            core::ptr::null_mut(),
            len,
            Access::ReadWrite.map(),
            MapFlags::SHARED,
        )?
    };
    Ok(mapped.cast())
}

/// Moves whole pages of a file's private mapping from `source` to `target`, replacing what is mapped
/// there. The mapping at `source` stays, and has what the file has.
///
/// # Safety
/// As for [`move_pages`].
pub unsafe fn move_pages_of_file(source: usize, target: usize, len: usize) -> Result<(), Errno> {
    // SAFETY: as the caller vouches.
    unsafe {
        rustix::mm::mremap_fixed(
            source as *mut c_void,
            len,
            len,
            MremapFlags::MAYMOVE | MremapFlags::DONTUNMAP,
            target as *mut c_void,
        )?;
    }
    Ok(())
}

/// Gives back what pages hold: they are zeros again, or what their file has.
///
/// # Safety
/// The range must belong to the caller, who gives up what it holds.
pub unsafe fn forget(address: usize, len: usize) {
    // SAFETY: as the caller vouches. The range is the caller's own mapping: nothing can fail.
    let _ = unsafe { rustix::mm::madvise(address as *mut c_void, len, Advice::LinuxDontNeed) };
}

/// Replaces our own mapping at `address` by zeros, readable and writable.
///
/// # Safety
/// The range must belong to the caller, who gives up what it holds.
pub unsafe fn replace(address: usize, len: usize) -> Result<(), Errno> {
    let flags = MapFlags::PRIVATE | MapFlags::FIXED;
    // SAFETY: the range is the caller's.
    unsafe {
        rustix::mm::mmap_anonymous(address as *mut c_void, len, Access::ReadWrite.map(), flags)?;
    }
    Ok(())
}

/// Changes the access to whole pages.
///
/// # Safety
/// The range must belong to the caller, and nothing may access it in a way that is taken away.
pub unsafe fn protect(address: usize, len: usize, access: Access) -> Result<(), Errno> {
    // SAFETY: as the caller vouches.
    unsafe { rustix::mm::mprotect(address as *mut c_void, len, access.protect()) }
}

/// Makes indirect branches into these pages of code go to landing pads only, where processor and
/// kernel can guard them; elsewhere nothing changes.
#[cfg(target_arch = "aarch64")]
pub fn guard_branches(address: usize, len: usize) {
    let flags = MprotectFlags::READ | MprotectFlags::EXEC | MprotectFlags::BTI;
    // SAFETY: code stays readable and executable.
    let _ = unsafe { rustix::mm::mprotect(address as *mut c_void, len, flags) };
}

/// As on processors that guard branches: nothing.
#[cfg(not(target_arch = "aarch64"))]
pub fn guard_branches(_: usize, _: usize) {}

/// Moves whole pages from `source` to `target`, replacing what is mapped there.
///
/// # Safety
/// Both ranges must belong to the caller; nothing may refer to `source` any more, nor to what was
/// at `target`.
pub unsafe fn move_pages(source: usize, target: usize, len: usize) -> Result<(), Errno> {
    // SAFETY: as the caller vouches.
    unsafe {
        rustix::mm::mremap_fixed(
            source as *mut c_void,
            len,
            len,
            MremapFlags::MAYMOVE,
            target as *mut c_void,
        )?;
    }
    Ok(())
}
