//! Which pages of the process were written to, as the kernel knows it (`PAGEMAP_SCAN`, since 6.7).

use super::resolve::above_stdio;
use crate::arch;
use rustix::fd::{AsRawFd as _, OwnedFd};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// Pages from `start` up to `end`. The kernel's `struct page_region`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Pages {
    /// Address of the first.
    pub start: usize,
    /// Address behind the last.
    pub end: usize,
    categories: u64,
}

/// The kernel's `struct pm_scan_arg`.
#[repr(C)]
struct Arguments {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    pages: u64,
    pages_len: u64,
    max_pages: u64,
    inverted: u64,
    all: u64,
    any: u64,
    returned: u64,
}

/// A page of a file, or shared.
const FILE: u64 = 1 << 2;
/// In memory.
const PRESENT: u64 = 1 << 3;
/// Not in memory, but not forgotten.
const SWAPPED: u64 = 1 << 4;
/// The page of zeros that everybody reads.
const ZERO: u64 = 1 << 5;

/// `PAGEMAP_SCAN`
const SCAN: usize = 0xc060_6610;

/// What knows it.
pub struct PageMap(OwnedFd);

impl PageMap {
    /// That of this process; `None` where the system has none, or one that cannot be asked.
    pub fn open() -> Option<PageMap> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = rustix::fs::open(c"/proc/self/pagemap", flags, Mode::empty()).ok()?;
        let map = PageMap(above_stdio(file).ok()?);
        map.written(0, 0, &mut [Pages::default()]).ok()?;
        Some(map)
    }

    /// Finds the pages between two addresses that hold what the process has written, in whatever way:
    /// those that are still as the system, or a file, has given them are left out. Returns how many
    /// ranges were found, and the address up to which was looked: fewer if there was no more room.
    pub fn written(
        &self,
        start: usize,
        end: usize,
        found: &mut [Pages],
    ) -> Result<(usize, usize), Errno> {
        let mut arguments = Arguments {
            size: size_of::<Arguments>() as u64,
            flags: 0,
            start: start as u64,
            end: end as u64,
            walk_end: 0,
            pages: found.as_mut_ptr() as u64,
            pages_len: found.len() as u64,
            max_pages: 0,
            inverted: FILE | ZERO,
            all: FILE | ZERO,
            any: PRESENT | SWAPPED,
            returned: PRESENT,
        };
        let place = &raw mut arguments as usize;
        let fd = self.0.as_raw_fd() as usize;
        // SAFETY: the kernel reads and writes a structure of its own layout, and writes as many ranges
        // as there is room for.
        let result = unsafe { arch::syscall(arch::SYS_IOCTL, fd, SCAN, place, 0) };
        match usize::try_from(result) {
            Ok(count) => Ok((count.min(found.len()), arguments.walk_end as usize)),
            Err(_) => Err(Errno::from_raw_os_error(-(result as i32))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::mm;

    #[test]
    fn written_pages_are_found() {
        let Some(map) = PageMap::open() else {
            let skipped = b"SKIPPED: this kernel does not tell which pages were written to\n";
            crate::sys::process::write_error(skipped);
            return;
        };
        let page = 4096;
        let start = mm::map(64 * page).unwrap();
        let touch = |at: usize| {
            // SAFETY: the page belongs to the mapping.
            unsafe { ((start + at * page) as *mut u8).write_volatile(1) };
        };
        let find = || {
            let mut found = [Pages::default(); 8];
            let (count, end) = map.written(start, start + 64 * page, &mut found).unwrap();
            assert_eq!(end, start + 64 * page);
            let found = found[..count].iter();
            let in_pages = |address: usize| (address - start) / page;
            found
                .map(|pages| in_pages(pages.start)..in_pages(pages.end))
                .collect::<Vec<_>>()
        };
        assert_eq!(find(), []);
        for at in [3, 4, 9, 63] {
            touch(at);
        }
        // SAFETY: as above; reading makes no page one that was written to.
        unsafe { ((start + 20 * page) as *const u8).read_volatile() };
        assert_eq!(find(), [3..5, 9..10, 63..64]);
        // SAFETY: the mapping is this test's.
        unsafe { mm::forget(start + 4 * page, 6 * page) };
        assert_eq!(find(), [3..4, 63..64]);
        let mut one = [Pages::default()];
        let (count, end) = map.written(start, start + 64 * page, &mut one).unwrap();
        assert_eq!(count, 1);
        assert!(end <= start + 63 * page, "there is more to look at");
    }
}
