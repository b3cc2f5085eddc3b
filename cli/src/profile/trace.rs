//! Samples that this process takes as a debugger does: `ptrace`.
//!
//! Many times a second each thread that runs is stopped, its registers are read, its frame pointers
//! followed, and it goes on. Threads that wait are left alone. How much processor time a sample
//! stands for is asked of the kernel, so that a sampler that comes late does not distort the shares.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io;
use std::ptr;
use std::time::{Duration, Instant};

use super::watch::{Signals, kill, wait};
use super::{MAX_SAMPLES, Recording, Sample, period, status_of};
use crate::exec::Child;

/// Most frames of a stack.
const MAX_FRAMES: usize = 256;

/// A process that this one may stop.
#[derive(Debug)]
pub(super) struct Sampler {
    pid: libc::pid_t,
    period: Duration,
}

impl Sampler {
    /// Begins to trace a process that has not begun to be the program yet.
    ///
    /// # Errors
    /// Why the kernel refuses.
    pub fn new(pid: libc::pid_t, rate: u32) -> io::Result<Sampler> {
        let options =
            libc::PTRACE_O_TRACEEXEC | libc::PTRACE_O_TRACECLONE | libc::PTRACE_O_EXITKILL;
        request(libc::PTRACE_SEIZE, pid, 0, options as usize)?;
        Ok(Sampler {
            pid,
            period: period(rate),
        })
    }

    /// Lets the process become the program, and takes samples until it has ended.
    ///
    /// # Errors
    /// When the process cannot be waited for.
    pub fn run(self, child: &mut Child) -> io::Result<Recording> {
        let signals = Signals::pass_to(self.pid);
        let mut tracing = Tracing {
            pid: self.pid,
            threads: BTreeSet::from([self.pid]),
            mappings: Vec::new(),
            samples: Vec::new(),
            lost: 0,
            spent: 0,
            start: Instant::now(),
            status: None,
        };
        child.start()?;
        let result = tracing.run(self.period);
        if result.is_err() {
            kill(self.pid);
        }
        drop(signals);
        Ok(Recording {
            method: "ptrace",
            status: result?,
            samples: tracing.samples,
            mappings: tracing.mappings,
            lost: tracing.lost,
        })
    }
}

/// The state of tracing.
struct Tracing {
    pid: libc::pid_t,
    threads: BTreeSet<libc::pid_t>,
    mappings: Vec<(u64, u64, u64)>,
    samples: Vec<Sample>,
    lost: u64,
    /// Processor time of the program that samples stand for already.
    spent: u64,
    start: Instant,
    status: Option<std::process::ExitStatus>,
}

impl Tracing {
    fn run(&mut self, period: Duration) -> io::Result<std::process::ExitStatus> {
        let mut next = Instant::now() + period;
        loop {
            while self.status.is_none()
                && let Some((thread, raw)) = wait(-1, libc::WNOHANG | libc::__WALL)?
            {
                self.event(thread, raw);
            }
            if let Some(status) = self.status {
                return Ok(status);
            }
            let now = Instant::now();
            if now >= next {
                if !self.mappings.is_empty() {
                    self.sample_all()?;
                }
                // What was missed is not made up for.
                next = (next + period).max(Instant::now());
            }
            std::thread::sleep(next.saturating_duration_since(Instant::now()).min(period));
        }
    }

    /// Takes in what a thread says, and lets it go on.
    fn event(&mut self, thread: libc::pid_t, raw: libc::c_int) {
        if let Some(status) = status_of(raw) {
            self.threads.remove(&thread);
            if thread == self.pid {
                self.status = Some(status);
            }
            return;
        }
        if !libc::WIFSTOPPED(raw) {
            return;
        }
        self.threads.insert(thread);
        let signal = libc::WSTOPSIG(raw);
        let event = raw >> 16;
        let stops = [libc::SIGSTOP, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];
        let gone_on = match event {
            libc::PTRACE_EVENT_EXEC => {
                self.mappings = code_mappings(self.pid);
                self.spent = processor_time(self.pid).unwrap_or(0);
                request(libc::PTRACE_CONT, thread, 0, 0)
            }
            // The program is stopped as a job of a shell: it stays so until it is continued.
            libc::PTRACE_EVENT_STOP if stops.contains(&signal) => {
                request(libc::PTRACE_LISTEN, thread, 0, 0)
            }
            // Our own interruption, a new thread, or one that begins.
            1.. => request(libc::PTRACE_CONT, thread, 0, 0),
            // A signal, which the program gets.
            _ => request(libc::PTRACE_CONT, thread, 0, signal as usize),
        };
        // A thread that was killed meanwhile says so itself.
        gone_on.ok();
    }

    /// Takes a sample of each thread that runs.
    fn sample_all(&mut self) -> io::Result<()> {
        let total = processor_time(self.pid).unwrap_or(self.spent);
        let running: Vec<_> = self
            .threads
            .iter()
            .copied()
            .filter(|&thread| is_running(self.pid, thread))
            .collect();
        let spent = total.saturating_sub(self.spent);
        if running.is_empty() || spent == 0 {
            return Ok(());
        }
        self.spent = total;
        let weight = spent / running.len() as u64;
        for thread in running {
            if request(libc::PTRACE_INTERRUPT, thread, 0, 0).is_err() {
                continue;
            }
            let Some((_, raw)) = wait(thread, libc::__WALL)? else {
                continue;
            };
            if libc::WIFSTOPPED(raw) {
                self.sample(thread, weight);
            }
            self.event(thread, raw);
            if self.status.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Takes a sample of a thread that has stopped.
    fn sample(&mut self, thread: libc::pid_t, weight: u64) {
        if self.samples.len() >= MAX_SAMPLES {
            self.lost += 1;
            return;
        }
        let Some((instruction, frame)) = registers(thread) else {
            return;
        };
        self.samples.push(Sample {
            thread: thread as u32,
            time: self.start.elapsed().as_nanos() as u64,
            weight,
            in_kernel: false,
            stack: stack(self.pid, instruction, frame),
        });
    }
}

/// A request of `ptrace`.
fn request(
    request: libc::c_uint,
    thread: libc::pid_t,
    address: usize,
    data: usize,
) -> io::Result<()> {
    // SAFETY: the requests made here write nothing to this process, but for `PTRACE_GETREGSET`,
    // whose caller says where.
    match unsafe { libc::ptrace(request, thread, address, data) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// The instruction that a thread is at, and its frame pointer.
fn registers(thread: libc::pid_t) -> Option<(u64, u64)> {
    const NT_PRSTATUS: usize = 1;
    // SAFETY: numbers, of which zero is one.
    let mut registers: libc::user_regs_struct = unsafe { std::mem::zeroed() };
    let mut place = libc::iovec {
        iov_base: (&raw mut registers).cast(),
        iov_len: size_of_val(&registers),
    };
    let at = &raw mut place;
    request(libc::PTRACE_GETREGSET, thread, NT_PRSTATUS, at as usize).ok()?;
    #[cfg(target_arch = "x86_64")]
    return Some((registers.rip, registers.rbp));
    #[cfg(target_arch = "aarch64")]
    return Some((registers.pc, registers.regs[29]));
}

/// Return addresses by frame pointers: each points to the one before it and the return address.
fn stack(pid: libc::pid_t, instruction: u64, mut frame: u64) -> Vec<u64> {
    let mut stack = vec![instruction];
    while stack.len() < MAX_FRAMES && frame != 0 && frame.is_multiple_of(8) {
        let mut record = [0u64; 2];
        let local = libc::iovec {
            iov_base: (&raw mut record).cast(),
            iov_len: size_of_val(&record),
        };
        let remote = libc::iovec {
            iov_base: ptr::without_provenance_mut(frame as usize),
            iov_len: size_of_val(&record),
        };
        // SAFETY: 16 bytes are written to `record`, if the other process has them.
        let read =
            unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) };
        let [outer, return_address] = record;
        if read != 16 || return_address == 0 {
            break;
        }
        stack.push(return_address);
        // Stacks grow down; else it would be no stack, and might be a circle.
        if outer <= frame {
            break;
        }
        frame = outer;
    }
    stack
}

/// Nanoseconds of processor time of a process.
fn processor_time(pid: libc::pid_t) -> Option<u64> {
    // The clock of a process: as `clock_getcpuclockid` computes it.
    let clock = !pid << 3 | 2;
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the time is a variable of this function.
    let result = unsafe { libc::clock_gettime(clock, &raw mut time) };
    (result == 0).then(|| time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
}

/// Whether a thread runs, or could if there was a processor.
fn is_running(pid: libc::pid_t, thread: libc::pid_t) -> bool {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{thread}/stat"));
    let text = text.unwrap_or_default();
    // The name before it may have anything in it.
    let state = text.rsplit_once(") ").map(|(_, rest)| rest);
    state.is_some_and(|state| state.starts_with('R'))
}

/// The mappings of code of a process: offset in the file, bytes, address.
fn code_mappings(pid: libc::pid_t) -> Vec<(u64, u64, u64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    parse_mappings(&text)
}

fn parse_mappings(text: &str) -> Vec<(u64, u64, u64)> {
    let mut seen = HashSet::new();
    let number = |text: &str| u64::from_str_radix(text, 16).ok();
    let mapping = |line: &str| {
        let mut words = line.split_whitespace();
        let (range, access, offset) = (words.next()?, words.next()?, words.next()?);
        let (start, end) = range.split_once('-')?;
        let (start, end) = (number(start)?, number(end)?);
        access
            .contains('x')
            .then_some((number(offset)?, end.checked_sub(start)?, start))
    };
    let mappings = text.lines().filter_map(mapping);
    mappings.filter(|mapping| seen.insert(*mapping)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_of_code_are_found() {
        let text = "\
7f0000000000-7f0000002000 r--p 00000000 00:01 7 /app
7f0000002000-7f0000009000 r-xp 00002000 00:01 7 /app
7fff00000000-7fff00001000 r-xp 00000000 00:00 0 [vdso]
garbage";
        assert_eq!(
            parse_mappings(text),
            [
                (0x2000, 0x7000, 0x7f00_0000_2000),
                (0, 0x1000, 0x7fff_0000_0000)
            ]
        );
    }

    #[test]
    fn this_process_runs_and_takes_time() {
        let pid = std::process::id() as libc::pid_t;
        assert!(processor_time(pid).unwrap() > 0);
        // SAFETY: a plain query.
        let thread = unsafe { libc::gettid() };
        assert!(is_running(pid, thread));
        assert!(!code_mappings(pid).is_empty());
    }
}
