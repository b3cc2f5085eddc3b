//! Samples that the kernel takes: `perf_event_open`.
//!
//! One event a processor, which threads of the program inherit, each with a ring of its own that the
//! kernel writes records to and this process reads:
//!
//! ```text
//! | control page: head, tail | data: records of 8-byte words, wrapping around |
//! ```

use std::io;
use std::mem::offset_of;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::time::Duration;

use super::watch::{Signals, kill, pause, pidfd, wait};
use super::{MAX_SAMPLES, Recording, Sample, period, status_of};
use crate::exec::Child;

/// How often rings are read.
const READ_EVERY: Duration = Duration::from_millis(20);
/// Pages of a ring's data, a power of two. Users may lock 516 KiB a processor.
const RING_PAGES: usize = 64;
/// Most processors.
const MAX_CPUS: usize = 4096;

const TYPE_SOFTWARE: u32 = 1;
const SW_CPU_CLOCK: u64 = 0;
/// What samples say, in this order: instruction, thread, time, period, stack.
const SAMPLE_TYPE: u64 = 1 | 1 << 1 | 1 << 2 | 1 << 8 | 1 << 5;
const FLAG_DISABLED: u64 = 1;
const FLAG_INHERIT: u64 = 1 << 1;
const FLAG_EXCLUDE_KERNEL: u64 = 1 << 5;
const FLAG_EXCLUDE_HV: u64 = 1 << 6;
const FLAG_MMAP: u64 = 1 << 8;
const FLAG_ENABLE_ON_EXEC: u64 = 1 << 12;
const FLAG_EXCLUDE_CALLCHAIN_KERNEL: u64 = 1 << 21;
const FLAG_USE_CLOCKID: u64 = 1 << 25;
const OPEN_CLOEXEC: u64 = 1 << 3;

const RECORD_MMAP: u32 = 1;
const RECORD_LOST: u32 = 2;
const RECORD_SAMPLE: u32 = 9;
/// The bits of a record's `misc` that say whose code ran, and the value that means the kernel.
const MODE_MASK: u16 = 7;
const MODE_KERNEL: u16 = 1;
/// Stack entries from here on are marks rather than addresses.
const FIRST_MARK: u64 = -4095i64 as u64;
/// The mark before addresses of the program.
const MARK_USER: u64 = -512i64 as u64;

/// `struct perf_event_attr` (linux/perf_event.h) as of Linux 4.1.
#[repr(C)]
#[derive(Default)]
struct Attributes {
    ty: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_events: u32,
    bp_type: u32,
    config1: u64,
    config2: u64,
    branch_sample_type: u64,
    sample_regs_user: u64,
    sample_stack_user: u32,
    clockid: i32,
    sample_regs_intr: u64,
    aux_watermark: u32,
    sample_max_stack: u16,
    reserved: u16,
}

/// The part of `struct perf_event_mmap_page` that we use.
#[repr(C)]
struct Control {
    other: [u8; 1024],
    head: AtomicU64,
    tail: AtomicU64,
    data_offset: u64,
    data_size: u64,
}

const _: () = assert!(size_of::<Attributes>() == 112 && offset_of!(Control, head) == 1024);

/// Events of a process that has not begun to be the program yet.
#[derive(Debug)]
pub(super) struct Sampler {
    rings: Vec<Ring>,
}

impl Sampler {
    /// Opens the events of a process: from when it becomes another program, `rate` times a second
    /// of processor time.
    ///
    /// # Errors
    /// Why the kernel refuses.
    pub fn new(pid: libc::pid_t, rate: u32) -> io::Result<Sampler> {
        // With the kernel's own time, or without it where that is secret.
        match Sampler::open(pid, rate, FLAG_EXCLUDE_CALLCHAIN_KERNEL) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Sampler::open(pid, rate, FLAG_EXCLUDE_KERNEL)
            }
            result => result,
        }
    }

    fn open(pid: libc::pid_t, rate: u32, kernel: u64) -> io::Result<Sampler> {
        let attributes = Attributes {
            ty: TYPE_SOFTWARE,
            size: size_of::<Attributes>() as u32,
            config: SW_CPU_CLOCK,
            sample_period: period(rate).as_nanos() as u64,
            sample_type: SAMPLE_TYPE,
            flags: FLAG_DISABLED
                | FLAG_INHERIT
                | FLAG_EXCLUDE_HV
                | FLAG_MMAP
                | FLAG_ENABLE_ON_EXEC
                | FLAG_USE_CLOCKID
                | kernel,
            clockid: libc::CLOCK_MONOTONIC,
            ..Attributes::default()
        };
        // SAFETY: plain queries of the system's configuration.
        let (cpus, page) = unsafe {
            (
                libc::sysconf(libc::_SC_NPROCESSORS_CONF),
                libc::sysconf(libc::_SC_PAGESIZE),
            )
        };
        let mut rings = Vec::new();
        for cpu in 0..usize::try_from(cpus).unwrap_or(1).min(MAX_CPUS) {
            // SAFETY: the attributes live until the call is over; the result is a new descriptor or
            // negative.
            let fd = unsafe {
                libc::syscall(
                    libc::SYS_perf_event_open,
                    &raw const attributes,
                    pid,
                    cpu as libc::c_int,
                    -1,
                    OPEN_CLOEXEC,
                )
            };
            if fd < 0 {
                let error = io::Error::last_os_error();
                // A processor that is turned off.
                if error.raw_os_error() == Some(libc::ENODEV) {
                    continue;
                }
                return Err(error);
            }
            // SAFETY: the descriptor is new and nobody else's.
            let fd = unsafe { OwnedFd::from_raw_fd(fd as i32) };
            rings.push(Ring::map(fd, page as usize)?);
        }
        match rings.is_empty() {
            true => Err(io::Error::from_raw_os_error(libc::ENODEV)),
            false => Ok(Sampler { rings }),
        }
    }

    /// Lets the process become the program, and reads samples until it has ended.
    ///
    /// # Errors
    /// When the process cannot be waited for.
    pub fn run(self, child: &mut Child) -> io::Result<Recording> {
        let pid = child.pid;
        let signals = Signals::pass_to(pid);
        let ended = pidfd(pid);
        let mut reading = Reading::default();
        child.start()?;
        let status = loop {
            pause(ended.as_ref(), READ_EVERY);
            for ring in &self.rings {
                ring.read(&mut reading);
            }
            match wait(pid, libc::WNOHANG) {
                Ok(Some((_, raw))) => {
                    if let Some(status) = status_of(raw) {
                        break status;
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    kill(pid);
                    return Err(error);
                }
            }
        };
        drop(signals);
        for ring in &self.rings {
            ring.read(&mut reading);
        }
        reading.samples.sort_by_key(|sample| sample.time);
        Ok(Recording {
            method: "perf_event_open",
            samples: reading.samples,
            mappings: reading.mappings,
            lost: reading.lost,
            status,
        })
    }
}

/// What was read so far.
#[derive(Debug, Default)]
struct Reading {
    samples: Vec<Sample>,
    mappings: Vec<(u64, u64, u64)>,
    lost: u64,
    /// A record, put together where it wraps around.
    record: Vec<u8>,
}

/// An event, and the memory that the kernel writes its records to.
#[derive(Debug)]
struct Ring {
    /// Open as long as the memory is mapped.
    _event: OwnedFd,
    control: *mut Control,
    len: usize,
}

impl Ring {
    fn map(event: OwnedFd, page: usize) -> io::Result<Ring> {
        let mut pages = RING_PAGES;
        loop {
            let len = (1 + pages) * page;
            // SAFETY: a new mapping, which overlaps nothing.
            let start = unsafe {
                libc::mmap(
                    ptr::null_mut(),
                    len,
                    libc::PROT_READ | libc::PROT_WRITE,
                    libc::MAP_SHARED,
                    event.as_raw_fd(),
                    0,
                )
            };
            if start != libc::MAP_FAILED {
                return Ok(Ring {
                    _event: event,
                    control: start.cast(),
                    len,
                });
            }
            let error = io::Error::last_os_error();
            // Less memory may be locked than usual.
            if error.kind() != io::ErrorKind::PermissionDenied || pages == 1 {
                return Err(error);
            }
            pages /= 2;
        }
    }

    /// Takes all records out.
    fn read(&self, reading: &mut Reading) {
        // SAFETY: the first page of the mapping is the control page, of which the kernel changes
        // the head only.
        let control = unsafe { &*self.control };
        let (offset, size) = (control.data_offset as usize, control.data_size as usize);
        if size == 0 || offset + size > self.len {
            return;
        }
        let head = control.head.load(Ordering::Acquire);
        let mut tail = control.tail.load(Ordering::Relaxed);
        let data = self.control.cast::<u8>().wrapping_add(offset);
        let byte = |at: u64| {
            // SAFETY: within the data, between tail and head, where the kernel does not write until
            // the tail is moved.
            unsafe { data.add(at as usize % size).read() }
        };
        while tail < head {
            let number = |at: u64| u16::from_le_bytes([byte(tail + at), byte(tail + at + 1)]);
            let len = u64::from(number(6));
            if len < 8 || tail + len > head {
                break;
            }
            let kind = u32::from(number(0)) | u32::from(number(2)) << 16;
            let misc = number(4);
            let mut record = std::mem::take(&mut reading.record);
            record.clear();
            record.extend((8..len).map(|at| byte(tail + at)));
            reading.record(kind, misc, &record);
            reading.record = record;
            tail += len;
        }
        // What was read is read before the kernel may write there.
        fence(Ordering::SeqCst);
        control.tail.store(tail, Ordering::Release);
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and nothing refers to it any more.
        unsafe { libc::munmap(self.control.cast(), self.len) };
    }
}

impl Reading {
    /// Takes in a record without its header.
    fn record(&mut self, kind: u32, misc: u16, record: &[u8]) {
        let mut words = record
            .chunks_exact(8)
            .map(|word| u64::from_le_bytes(word.try_into().expect("8 bytes")));
        let mut next = || words.next();
        match kind {
            // pid and tid, address, bytes, offset in the file, name
            RECORD_MMAP => {
                if let (Some(_), Some(address), Some(bytes), Some(offset)) =
                    (next(), next(), next(), next())
                {
                    self.mappings.push((offset, bytes, address));
                }
            }
            // the event, how many
            RECORD_LOST => self.lost += next().and_then(|_| next()).unwrap_or(0),
            // instruction, pid and tid, time, period, number of entries, entries
            RECORD_SAMPLE => {
                let (Some(instruction), Some(ids), Some(time), Some(weight), Some(count)) =
                    (next(), next(), next(), next(), next())
                else {
                    return;
                };
                if self.samples.len() >= MAX_SAMPLES {
                    self.lost += 1;
                    return;
                }
                let mut in_program = false;
                let mut stack = Vec::with_capacity(count.min(record.len() as u64 / 8) as usize);
                for entry in words.take(count as usize) {
                    match entry {
                        FIRST_MARK.. => in_program = entry == MARK_USER,
                        address if in_program => stack.push(address),
                        _ => {}
                    }
                }
                let in_kernel = misc & MODE_MASK == MODE_KERNEL;
                if stack.is_empty() && !in_kernel {
                    stack.push(instruction);
                }
                self.samples.push(Sample {
                    thread: (ids >> 32) as u32,
                    time,
                    weight,
                    in_kernel,
                    stack,
                });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read() {
        let mut reading = Reading::default();
        let record = |words: &[u64]| -> Vec<u8> {
            words.iter().flat_map(|word| word.to_le_bytes()).collect()
        };
        let ids = 7 << 32 | 5;
        reading.record(RECORD_MMAP, 2, &record(&[ids, 0x7000, 0x1000, 0x200, 0]));
        reading.record(RECORD_LOST, 0, &record(&[1, 3]));
        let user = record(&[9, ids, 100, 50, 4, MARK_USER, 9, 8, 7]);
        reading.record(RECORD_SAMPLE, 2, &user);
        let kernel = record(&[9, ids, 110, 50, 2, MARK_USER, 8]);
        reading.record(RECORD_SAMPLE, MODE_KERNEL, &kernel);
        // Cut off, or of another kind.
        reading.record(RECORD_SAMPLE, 2, &user[..24]);
        reading.record(99, 2, &user);
        assert_eq!(reading.mappings, [(0x200, 0x1000, 0x7000)]);
        assert_eq!(reading.lost, 3);
        let stacks: Vec<_> = reading
            .samples
            .iter()
            .map(|sample| (sample.thread, sample.in_kernel, &*sample.stack))
            .collect();
        assert_eq!(stacks, [(7, false, &[9, 8, 7][..]), (7, true, &[8][..])]);
    }
}
