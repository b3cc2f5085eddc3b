//! What is a profile, whatever form it is written in? Stacks of places in the source, and how much
//! time was spent in each.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use wasmc_compiler::symbolize::{ExecutableSymbols, NativeFrame};

use super::{Recording, Sample};

/// The name of what is no code of the program's.
const UNKNOWN: &str = "[unknown]";
/// The name of the kernel, as a frame.
pub(super) const KERNEL: &str = "[kernel]";

/// A profile.
#[derive(Debug)]
pub(super) struct Profile {
    /// The program's name.
    pub name: String,
    /// Places in the code that were seen.
    pub places: Vec<Place>,
    /// Stacks that were seen: indices of places, from the inside out.
    pub stacks: Vec<Vec<usize>>,
    /// Threads, in the order of their numbers; the first is the main thread.
    pub threads: Vec<u32>,
    /// Samples in the order of time.
    pub samples: Vec<Spent>,
    /// Nanoseconds between samples, as they were asked for.
    pub interval: u64,
    /// When the program started.
    pub started: SystemTime,
    /// How long it ran.
    pub wall: Duration,
}

/// A place in the code.
#[derive(Debug)]
pub(super) struct Place {
    /// The address in the executable; 0 outside of it.
    pub address: u64,
    /// The functions there, the innermost first: inlined calls, then the function that has the code.
    pub frames: Vec<NativeFrame>,
}

/// Time that was spent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Spent {
    /// Index of the thread.
    pub thread: usize,
    /// When: nanoseconds since the first sample.
    pub time: u64,
    /// Nanoseconds of processor time.
    pub weight: u64,
    /// Where: index of the stack.
    pub stack: usize,
}

impl Profile {
    /// A recording with its addresses looked up.
    pub fn new(
        recording: &Recording,
        symbols: &ExecutableSymbols,
        name: &str,
        interval: u64,
        (started, wall): (SystemTime, Duration),
    ) -> Profile {
        let bias = recording
            .mappings
            .iter()
            .find_map(|&(offset, bytes, address)| symbols.bias(offset, bytes, address));
        let mut threads: Vec<_> = recording.samples.iter().map(|at| at.thread).collect();
        threads.sort_unstable();
        threads.dedup();
        let mut profile = Profile {
            name: name.to_owned(),
            places: Vec::new(),
            stacks: Vec::new(),
            threads,
            samples: Vec::with_capacity(recording.samples.len()),
            interval,
            started,
            wall,
        };
        let mut lookup = Lookup {
            symbols,
            bias,
            places: HashMap::new(),
            stacks: HashMap::new(),
        };
        let first = recording.samples.first().map_or(0, |sample| sample.time);
        for sample in &recording.samples {
            let stack = lookup.stack(&mut profile, sample);
            let thread = profile.threads.binary_search(&sample.thread);
            profile.samples.push(Spent {
                thread: thread.expect("the threads are those of the samples"),
                time: sample.time.saturating_sub(first),
                weight: sample.weight,
                stack,
            });
        }
        profile
    }

    /// Nanoseconds of processor time.
    pub fn total(&self) -> u64 {
        self.samples.iter().map(|sample| sample.weight).sum()
    }

    /// The frames of a stack, the outermost first.
    pub fn frames(&self, stack: usize) -> impl Iterator<Item = &NativeFrame> {
        let places = self.stacks[stack].iter().rev();
        places.flat_map(|&place| self.places[place].frames.iter().rev())
    }

    /// What a thread is called.
    pub fn thread_name(&self, index: usize) -> String {
        match index {
            0 => "main".to_owned(),
            _ => format!("thread {index}"),
        }
    }
}

/// Looks addresses up, each once.
struct Lookup<'s> {
    symbols: &'s ExecutableSymbols,
    bias: Option<u64>,
    /// By an address of a file, and whether it is a return address.
    places: HashMap<(u64, bool), usize>,
    /// By the stack, and whether the kernel worked for it.
    stacks: HashMap<(Vec<u64>, bool), usize>,
}

/// Stands for the kernel among addresses.
const KERNEL_ADDRESS: u64 = u64::MAX;

impl Lookup<'_> {
    fn stack(&mut self, profile: &mut Profile, sample: &Sample) -> usize {
        let key = (sample.stack.clone(), sample.in_kernel);
        if let Some(&index) = self.stacks.get(&key) {
            return index;
        }
        let mut stack = Vec::new();
        if sample.in_kernel {
            stack.push(self.place(profile, KERNEL_ADDRESS, false));
        }
        for (depth, &address) in sample.stack.iter().enumerate() {
            let place = self.place(profile, address, depth > 0 || sample.in_kernel);
            // Behind the last frame, frame pointers lead anywhere.
            if depth > 0 && profile.places[place].address == 0 {
                break;
            }
            stack.push(place);
        }
        let index = profile.stacks.len();
        profile.stacks.push(stack);
        self.stacks.insert(key, index);
        index
    }

    fn place(&mut self, profile: &mut Profile, address: u64, is_return: bool) -> usize {
        if let Some(&index) = self.places.get(&(address, is_return)) {
            return index;
        }
        let unknown = |name: &str| NativeFrame {
            name: name.to_owned(),
            place: None,
            inlined: false,
        };
        let mut place = Place {
            address: 0,
            frames: Vec::new(),
        };
        match self.bias {
            _ if address == KERNEL_ADDRESS => place.frames.push(unknown(KERNEL)),
            Some(bias) if address >= bias => {
                // The call stands before its return address.
                let at = (address - bias).saturating_sub(u64::from(is_return));
                place.frames = self.symbols.frames(at);
                if !place.frames.is_empty() {
                    place.address = at;
                }
            }
            _ => {}
        }
        if place.frames.is_empty() {
            place.frames.push(unknown(UNKNOWN));
        }
        let index = profile.places.len();
        profile.places.push(place);
        self.places.insert((address, is_return), index);
        index
    }
}

/// A profile for tests: `main` calls `work`, into which `tiny` is inlined, for 3 and 1 ms.
#[cfg(test)]
pub(super) fn example() -> Profile {
    let frame = |name: &str, line, inlined| NativeFrame {
        name: name.to_owned(),
        place: Some(("/src/a.c".to_owned(), line)),
        inlined,
    };
    let place = |address, frames| Place { address, frames };
    let spent = |time, stack, thread| Spent {
        thread,
        time,
        weight: 1_000_000,
        stack,
    };
    Profile {
        name: "app.wasm".to_owned(),
        places: vec![
            place(
                0x100,
                vec![frame("tiny<&>", 3, true), frame("work", 7, false)],
            ),
            place(0x200, vec![frame("main;\u{1}", 12, false)]),
        ],
        stacks: vec![vec![0, 1], vec![1]],
        threads: vec![100, 107],
        samples: vec![
            spent(0, 0, 0),
            spent(1_000_000, 0, 0),
            spent(2_000_000, 1, 0),
            spent(2_500_000, 0, 1),
        ],
        interval: 1_000_000,
        started: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        wall: Duration::from_millis(4),
    }
}
