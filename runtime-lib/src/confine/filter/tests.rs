//! Tests of the filter: as a program, by an interpreter of the kernel's filter machine, and in force,
//! in processes of their own.

use super::*;
use std::io::Write as _;
use std::vec::Vec;
use wasmc_abi::confine::Grants;
use wasmc_abi::syscalls::{Numbers, SYSTEM_CALLS, SystemCall};

const PROCESS: u32 = 4321;

/// The kernel's `struct seccomp_data`, without the place of the call.
#[derive(Clone, Copy, Debug)]
struct Data {
    number: u32,
    architecture: u32,
    arguments: [u64; 6],
}

impl Data {
    fn new(number: u32, arguments: [u64; 6]) -> Data {
        Data {
            number,
            architecture: arch::AUDIT,
            arguments,
        }
    }

    fn word(&self, offset: u32) -> u32 {
        match offset {
            NUMBER => self.number,
            ARCHITECTURE => self.architecture,
            _ => {
                let at = (offset - ARGUMENTS) / 4;
                (self.arguments[at as usize / 2] >> (at % 2 * 32)) as u32
            }
        }
    }
}

/// Runs a program as the kernel does: its answer, and how many instructions that took.
fn run(program: &[Instruction], data: &Data) -> (u32, usize) {
    let (mut at, mut accumulator, mut steps) = (0, 0, 0);
    loop {
        let instruction = &program[at];
        at += 1;
        steps += 1;
        let mut skip = |holds: bool| {
            at += usize::from(match holds {
                true => instruction.if_true,
                false => instruction.if_false,
            });
        };
        match instruction.code {
            LOAD => accumulator = data.word(instruction.k),
            AND => accumulator &= instruction.k,
            JUMP => at += instruction.k as usize,
            JUMP_EQUAL => skip(accumulator == instruction.k),
            JUMP_GREATER_OR_EQUAL => skip(accumulator >= instruction.k),
            RETURN => return (instruction.k, steps),
            code => panic!("no instruction {code:#x}"),
        }
    }
}

fn compose(needs: Needs) -> Vec<Instruction> {
    let mut program = Program::new();
    program.compose(needs, PROCESS);
    program.instructions().to_vec()
}

/// A line that the test harness does not hide.
fn say(text: &str) {
    writeln!(std::io::stdout().lock(), "{text}").unwrap();
}

fn here(call: &SystemCall) -> u32 {
    call.number(arch::NUMBERS)
}

/// Arguments that satisfy a row, and everything else random.
fn arguments(call: &SystemCall, random: &mut impl FnMut() -> u64) -> [u64; 6] {
    let mut arguments = core::array::from_fn(|_| random());
    for condition in &call.conditions {
        let value = match condition.own_process {
            true => PROCESS,
            false => condition.value,
        };
        let argument: &mut u64 = &mut arguments[usize::from(condition.argument)];
        *argument = *argument & !u64::from(condition.mask) | u64::from(value);
        if condition.whole {
            *argument &= u64::from(u32::MAX);
        }
    }
    arguments
}

/// What the table says, read in the plainest way.
fn allowed(needs: Needs, data: &Data) -> bool {
    let rows = SYSTEM_CALLS.iter().filter(|call| here(call) == data.number);
    let mut rows = rows.filter(|call| call.needs.intersects(needs));
    rows.any(|call| {
        call.conditions.iter().all(|condition| {
            let value = match condition.own_process {
                true => PROCESS,
                false => condition.value,
            };
            let argument = data.arguments[usize::from(condition.argument)];
            let upper_half = condition.whole && argument >> 32 != 0;
            condition.mask == 0 || !upper_half && argument as u32 & condition.mask == value
        })
    })
}

fn random() -> impl FnMut() -> u64 {
    let mut state = 7_u64;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state >> 20
    }
}

#[test]
fn the_filter_says_what_the_table_says() {
    let mut random = random();
    let mut compared = 0;
    for round in 0..200 {
        let needs = match round {
            0 => Needs::from_bits(u128::MAX),
            1 => Needs::NONE,
            2 => Needs::ALWAYS,
            _ => {
                let mut word = || u128::from(random() & random() << 20);
                Needs::from_bits(word() << 64 | word()).and(Needs::ALWAYS)
            }
        };
        let program = compose(needs);
        let mut compare = |data: Data| {
            let (answer, _) = run(&program, &data);
            let expected = match allowed(needs, &data) {
                true => ALLOW,
                false => KILL_PROCESS,
            };
            assert_eq!(answer, expected, "{needs:?} {data:x?}");
            compared += 1;
        };
        for number in 0..600 {
            compare(Data::new(number, [0; 6]));
            compare(Data::new(number, [u64::MAX; 6]));
        }
        for call in SYSTEM_CALLS {
            let mut arguments = arguments(call, &mut random);
            compare(Data::new(here(call), arguments));
            // One bit that matters is wrong.
            for condition in call.conditions.iter().filter(|c| c.mask != 0) {
                let right = arguments;
                let bit = 1 << condition.mask.trailing_zeros();
                arguments[usize::from(condition.argument)] ^= bit;
                compare(Data::new(here(call), arguments));
                arguments = right;
                // One bit of the other half.
                arguments[usize::from(condition.argument)] ^= 1 << (32 + random() % 32);
                compare(Data::new(here(call), arguments));
                arguments = right;
            }
        }
    }
    assert!(compared > 200_000, "{compared}");
}

#[test]
fn other_architectures_and_number_spaces_are_refused() {
    let program = compose(Needs::from_bits(u128::MAX));
    for call in SYSTEM_CALLS {
        let arguments = arguments(call, &mut random());
        let mut data = Data::new(here(call), arguments);
        assert_eq!(run(&program, &data).0, ALLOW, "{}", call.name);
        // x32 numbers its calls from here on.
        data.number |= 0x4000_0000;
        assert_eq!(run(&program, &data).0, KILL_PROCESS, "{}", call.name);
        data.number = here(call);
        for architecture in [0x4000_0003, 0xc000_0016, 0x4000_0028, 0, !arch::AUDIT] {
            data.architecture = architecture;
            assert_eq!(run(&program, &data).0, KILL_PROCESS, "{}", call.name);
        }
    }
    // What a tracer makes of a call that it wants skipped.
    assert_eq!(run(&program, &Data::new(u32::MAX, [0; 6])).0, ALLOW);
}

#[test]
fn programs_fit_and_paths_are_short() {
    let program = compose(Needs::from_bits(u128::MAX));
    assert!(program.len() < MAX_INSTRUCTIONS / 2, "{}", program.len());
    let ranges = Ranges::of(Needs::from_bits(u128::MAX));
    assert!(ranges.len < MAX_RANGES, "{}", ranges.len);
    let hello = compose(Needs::ALWAYS.and(Needs::WRITE));
    let all = |program: &[Instruction]| -> usize {
        let steps = |number| run(program, &Data::new(number, [0; 6])).1;
        (0..460).map(steps).sum()
    };
    // The kernel takes these paths at every start: a binary search of the numbers has 9 steps.
    let (hello_steps, all_steps) = (all(&hello), all(&program));
    say(&format!(
        "filter: {} instructions and {} steps an installation for `fd_write`, {} and {} for all",
        hello.len(),
        hello_steps,
        program.len(),
        all_steps
    ));
    assert!(hello_steps < 460 * 8 && all_steps < 460 * 12);
}

#[test]
fn tables_of_both_architectures_have_no_gap() {
    for numbers in [Numbers::X86_64, Numbers::Aarch64] {
        let rules = rules(numbers);
        assert!(rules.iter().all(|rule| u32::from(rule.number) < NUMBERS));
        assert_eq!(rules.len(), SYSTEM_CALLS.len());
    }
}

/// How a process of its own ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Exited(i32),
    Killed(i32),
}

const SIGSYS: i32 = 31;
const SIGCHLD: usize = 17;

/// Runs `action` in a process of its own, which it must not leave; it may only make system calls.
fn in_process(action: impl FnOnce() -> i32) -> End {
    let clone = SYSTEM_CALLS
        .iter()
        .find(|call| call.name == "clone")
        .unwrap();
    // SAFETY: the child touches only its own copy of memory, and takes no lock that another thread
    // may have held.
    let child = unsafe { arch::syscall(here(clone) as usize, SIGCHLD, 0, 0, 0) };
    if child == 0 {
        process::exit(action());
    }
    let child = rustix::process::Pid::from_raw(child as i32).expect("a process");
    let options = rustix::process::WaitOptions::empty();
    let (_, status) = rustix::process::waitpid(Some(child), options)
        .unwrap()
        .unwrap();
    match (status.exit_status(), status.terminating_signal()) {
        (Some(status), _) => End::Exited(status),
        (_, Some(signal)) => End::Killed(signal),
        _ => panic!("{status:?}"),
    }
}

/// Makes a system call in a process that is confined to `needs`. The process ends with 0 if it came
/// back, and with 1 if it could not be confined.
fn attempt(needs: Needs, number: u32, arguments: [usize; 4]) -> End {
    in_process(|| {
        if !process::renounce_privileges() || !enforce(needs) {
            return 1;
        }
        let [a, b, c, d] = arguments;
        // SAFETY: it concerns no memory of this process, or is refused.
        unsafe { arch::syscall(number as usize, a, b, c, d) };
        0
    })
}

/// Whether the kernel takes filters; says so if it does not.
fn kernel_can() -> bool {
    let getpid = SYSTEM_CALLS.iter().find(|call| call.name == "getpid");
    let end = attempt(Needs::ALWAYS, here(getpid.unwrap()), [0; 4]);
    if end == End::Exited(1) {
        say("NOT TESTED: this kernel does not take a filter of system calls");
        return false;
    }
    assert_eq!(end, End::Exited(0));
    true
}

/// A program that imports all of WASI, with folders granted.
fn everything() -> Needs {
    let functions = wasmc_abi::wasi::FUNCTIONS.iter();
    let needs = functions.fold(Needs::ALWAYS, |needs, function| {
        needs.and(Needs::of_function(function))
    });
    let growing = Needs::GROW_GUARDED.and(Needs::GROW_MAPPED);
    needs.and(growing).granted(Grants {
        folders: true,
        writable_folders: true,
        ..Grants::default()
    })
}

#[cfg(target_arch = "x86_64")]
#[test]
fn forbidden_calls_kill() {
    if !kernel_can() {
        return;
    }
    let needs = everything();
    // Numbers of x86-64, with arguments that would fail or do nothing without a filter.
    let forbidden: &[(&str, u32, [usize; 4])] = &[
        ("mprotect executable", 10, [0x1000, 0x1000, 5, 0]),
        (
            "mprotect writable and executable",
            10,
            [0x1000, 0x1000, 7, 0],
        ),
        ("mmap executable", 9, [0, 0x1000, 7, 0x22]),
        ("mmap of a file", 9, [0, 0x1000, 3, 0x2]),
        ("mmap shared", 9, [0, 0x1000, 3, 0x21]),
        ("mremap", 25, [0x1000, 0, 0, 0]),
        ("pkey_mprotect", 329, [0x1000, 0x1000, 5, 0]),
        ("execve", 59, [0, 0, 0, 0]),
        ("execveat", 322, [usize::MAX, 0, 0, 0]),
        ("fork", 57, [0; 4]),
        ("vfork", 58, [0; 4]),
        ("clone of a process", 56, [17, 0, 0, 0]),
        ("clone of a thread", 56, [0x3d_0f00, 0, 0, 0]),
        ("clone3", 435, [0; 4]),
        ("unshare", 272, [0; 4]),
        ("ptrace", 101, [0; 4]),
        ("process_vm_writev", 311, [0; 4]),
        ("kill of all", 62, [usize::MAX, 0, 0, 0]),
        ("tkill", 200, [1, 0, 0, 0]),
        ("tgkill of another", 234, [1, 1, 0, 0]),
        ("prctl", 157, [38, 1, 0, 0]),
        ("arch_prctl", 158, [0x1003, 0, 0, 0]),
        ("seccomp", 317, [0; 4]),
        ("bpf", 321, [0; 4]),
        ("io_uring_setup", 425, [0; 4]),
        ("socket", 41, [2, 1, 0, 0]),
        ("connect", 42, [usize::MAX, 0, 0, 0]),
        ("bind", 49, [usize::MAX, 0, 0, 0]),
        ("accept", 43, [usize::MAX, 0, 0, 0]),
        ("open", 2, [0; 4]),
        ("creat", 85, [0; 4]),
        ("openat2 in the space of x32", 437 | 0x4000_0000, [0; 4]),
        ("write in the space of x32", 1 | 0x4000_0000, [1, 0, 0, 0]),
        ("chmod", 90, [0; 4]),
        ("mknodat", 259, [0; 4]),
        ("mount", 165, [0; 4]),
        ("setuid", 105, [usize::MAX, 0, 0, 0]),
        ("setrlimit", 160, [7, 0, 0, 0]),
        ("prlimit64", 302, [0, 7, 1, 0]),
        // Pointers whose lower half is that of a null pointer: slots of memories lie there.
        ("prlimit64 from 32 GiB", 302, [0, 7, 0x8_0000_0000, 0]),
        (
            "mmap with a high bit of protection",
            9,
            [0, 0x1000, 1 << 32 | 3, 0x22],
        ),
        ("dup2", 33, [usize::MAX, 0, 0, 0]),
        ("fcntl F_DUPFD", 72, [usize::MAX, 0, 0, 0]),
        ("fcntl F_SETFD", 72, [usize::MAX, 2, 0, 0]),
        ("ioctl TIOCSTI", 16, [usize::MAX, 0x5412, 0, 0]),
        ("memfd_create", 319, [0; 4]),
        ("userfaultfd", 323, [0x800, 0, 0, 0]),
        ("keyctl", 250, [0; 4]),
        ("a number that no kernel has", 4000, [0; 4]),
    ];
    for &(name, number, arguments) in forbidden {
        let end = attempt(needs, number, arguments);
        assert_eq!(end, End::Killed(SIGSYS), "{name}");
    }
    // Every row of the table, where nothing needs it.
    let rows = SYSTEM_CALLS.iter();
    let unneeded = rows.filter(|call| !call.needs.intersects(Needs::ALWAYS));
    let mut refused = forbidden.len();
    for call in unneeded {
        // No descriptor, no signal, no address: also not what an unconditional row allows of it.
        let end = attempt(Needs::ALWAYS, here(call), [usize::MAX; 4]);
        assert_eq!(end, End::Killed(SIGSYS), "{}", call.name);
        refused += 1;
    }
    say(&format!("forbidden calls: {refused} tried, all killed"));
}

#[test]
fn allowed_calls_come_back() {
    if !kernel_can() {
        return;
    }
    for call in SYSTEM_CALLS {
        // These end the process or the thread, use the stack as a signal's, or wait.
        let special = ["exit", "exit_group", "rt_sigreturn", "clone", "ppoll"];
        // One with a condition on more arguments than a call here has.
        let has_more = call.conditions.iter().any(|c| c.argument > 3);
        if special.contains(&call.name) || has_more {
            continue;
        }
        let mut arguments = match call.name {
            // A word that has not the value.
            "futex" => [0; 4],
            _ => [usize::MAX; 4],
        };
        let end = in_process(|| {
            for condition in call.conditions.iter().filter(|c| c.mask != 0) {
                let value = match condition.own_process {
                    true => process::id(),
                    false => condition.value,
                };
                let argument = &mut arguments[usize::from(condition.argument)];
                *argument = *argument & !(condition.mask as usize) | value as usize;
                if condition.whole {
                    *argument &= u32::MAX as usize;
                }
            }
            if !process::renounce_privileges() || !enforce(call.needs.and(Needs::ALWAYS)) {
                return 1;
            }
            let [a, b, c, d] = arguments;
            // SAFETY: the pointers are invalid, and the kernel says so.
            unsafe { arch::syscall(here(call) as usize, a, b, c, d) };
            0
        });
        assert_eq!(end, End::Exited(0), "{} {}", call.name, call.arguments);
    }
}

#[test]
fn far_jumps_arrive() {
    for distance in [0, 100, 253, 254, 255, 256, 300, 600] {
        let mut program = Program::new();
        let allow = program.allow();
        let kill = program.kill();
        for _ in 0..distance {
            program.prepend(LOAD, (0, 0), NUMBER);
        }
        program.branch(JUMP_EQUAL, 7, allow, kill);
        program.prepend(LOAD, (0, 0), NUMBER);
        let answer = |number| run(program.instructions(), &Data::new(number, [0; 6])).0;
        assert_eq!((answer(7), answer(8)), (ALLOW, KILL_PROCESS), "{distance}");
    }
}
