//! Which system calls serve which needs, with which arguments?
//!
//! The one list of system calls that a program may make once its guest runs. The runtime makes a
//! filter of its rows ([`rules`]), `wasmc inspect` prints them. Several rows for one system call are
//! alternatives.
//!
//! This is security-relevant. The kernel's filter machine compares 32 bits at a time. Where the kernel
//! itself takes 64 bits of an argument (pointers, `unsigned long`), a condition on it says so
//! ([`Condition::whole`]), and both halves are compared; of an `int` the kernel uses the lower half
//! only, and what lies in the upper one is left alone.

use crate::confine::{FewNeeds, Needs};

/// A condition: the lower half of argument `argument`, under `mask`, equals `value`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Condition {
    /// Index of the argument.
    pub argument: u8,
    /// Whether the value is the process's own number instead of `value`.
    pub own_process: bool,
    /// Whether the argument has 64 bits for the kernel: its upper half must be 0.
    pub whole: bool,
    /// Bits that count; 0 for a condition that always holds.
    pub mask: u32,
    /// What they must be.
    pub value: u32,
}

impl Condition {
    /// Always holds.
    pub const NONE: Condition = Condition {
        argument: 0,
        own_process: false,
        whole: false,
        mask: 0,
        value: 0,
    };

    /// Whether both are the same; `==` is none for constants.
    const fn is(self, other: Condition) -> bool {
        self.argument == other.argument
            && self.own_process == other.own_process
            && self.whole == other.whole
            && self.mask == other.mask
            && self.value == other.value
    }
}

/// Most conditions that a row has.
pub const MOST_CONDITIONS: usize = 3;

/// A system call that may be needed.
#[derive(Debug)]
pub struct SystemCall {
    /// Its name in the kernel.
    pub name: &'static str,
    /// Its number on x86-64.
    pub x86_64: u32,
    /// Its number on aarch64.
    pub aarch64: u32,
    /// What must hold for its arguments.
    pub conditions: [Condition; MOST_CONDITIONS],
    /// The conditions as text; empty without any.
    pub arguments: &'static str,
    /// It is allowed when one of these is needed.
    pub needs: Needs,
}

/// What the filter needs to know of a [`SystemCall`]: without pointers, so that the table needs no
/// relocation at start.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Rule {
    /// The system call.
    pub number: u16,
    /// See [`SystemCall::conditions`]: indices into [`conditions`], 0 for none.
    pub conditions: [u8; MOST_CONDITIONS],
    /// See [`SystemCall::needs`].
    pub needs: FewNeeds,
}

/// A condition on an argument of which the kernel takes 32 bits.
const fn argument(argument: u8, mask: u32, value: u32) -> Condition {
    Condition {
        argument,
        own_process: false,
        whole: false,
        mask,
        value,
    }
}

/// An argument of 32 bits has exactly this value.
const fn equal(at: u8, value: u32) -> Condition {
    argument(at, u32::MAX, value)
}

/// A condition on an argument of which the kernel takes 64 bits.
const fn whole_argument(at: u8, mask: u32, value: u32) -> Condition {
    Condition {
        whole: true,
        ..argument(at, mask, value)
    }
}

/// An argument of 64 bits has exactly this value.
const fn whole(at: u8, value: u32) -> Condition {
    whole_argument(at, u32::MAX, value)
}

/// A pointer is null.
const fn null(at: u8) -> Condition {
    whole(at, 0)
}

/// An argument is the process's own number.
const fn own_process(at: u8) -> Condition {
    Condition {
        own_process: true,
        ..equal(at, 0)
    }
}

macro_rules! system_calls {
    ($($name:ident $x86_64:literal $aarch64:literal
       $([$($condition:expr),+ ; $text:literal])?
       : $($need:ident)|+;)*) => {
        /// Every system call that a program may make once its guest runs.
        pub const SYSTEM_CALLS: &[SystemCall] = &[$(SystemCall {
            name: stringify!($name),
            x86_64: $x86_64,
            aarch64: $aarch64,
            conditions: filled(&[$($($condition),+)?]),
            arguments: concat!($($text)?),
            needs: Needs::NONE$(.and(Needs::$need))+,
        },)*];
    };
}

/// The conditions of a row, with room filled.
const fn filled(conditions: &[Condition]) -> [Condition; MOST_CONDITIONS] {
    let mut filled = [Condition::NONE; MOST_CONDITIONS];
    let mut at = 0;
    while at < conditions.len() {
        filled[at] = conditions[at];
        at += 1;
    }
    filled
}

// Values of the kernel's headers.
const MREMAP_MAYMOVE: u32 = 1;
const MADV_DONTNEED: u32 = 4;
const MADV_DODUMP: u32 = 17;
const PROT_READ_WRITE: u32 = 1 | 2;
const MAP_PRIVATE: u32 = 0x02;
const MAP_FIXED: u32 = 0x10;
const MAP_ANONYMOUS: u32 = 0x20;
const MAP_NORESERVE: u32 = 0x4000;
const MAP_STACK: u32 = 0x2_0000;
const MAP_FIXED_NOREPLACE: u32 = 0x10_0000;
const ANYWHERE: u32 = MAP_PRIVATE | MAP_ANONYMOUS;
/// `CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM`: what makes a
/// thread of the same process.
const CLONE_THREAD: u32 = 0x100 | 0x200 | 0x400 | 0x800 | 0x1_0000 | 0x4_0000;
/// `CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | CLONE_SETTLS`: where its number
/// is written.
const CLONE_PLACES: u32 = 0x10_0000 | 0x20_0000 | 0x100_0000 | 0x8_0000;
const F_GETFL: u32 = 3;
const F_SETFL: u32 = 4;
const F_DUPFD_CLOEXEC: u32 = 1030;
const TIOCGWINSZ: u32 = 0x5413;
const FIONREAD: u32 = 0x541b;
const PAGEMAP_SCAN: u32 = 0xc060_6610;
const AT_FDCWD: u32 = -100i32 as u32;
/// `O_ACCMODE | O_CREAT | O_TRUNC`
const O_CHANGES: u32 = 0o3 | 0o100 | 0o1000;
const O_PATH: u32 = 0o10_000_000;
const AT_REMOVEDIR: u32 = 0x200;
const AF_INET: u32 = 2;
const SOCK_STREAM: u32 = 1;
const SOCK_DGRAM: u32 = 2;
/// That of the family and type: TCP or UDP. Others have numbers of their own, SCTP and MPTCP too.
const DEFAULT_PROTOCOL: u32 = 0;
/// `SOCK_NONBLOCK | SOCK_CLOEXEC`
const SOCKET_FLAGS: u32 = 0o4000 | 0o2_000_000;
const MSG_DONTWAIT: u32 = 0x40;
const MSG_NOSIGNAL: u32 = 0x4000;
const SOL_SOCKET: u32 = 1;
const SO_TYPE: u32 = 3;
const IPPROTO_IP: u32 = 0;
const IP_TTL: u32 = 2;
const IPPROTO_TCP: u32 = 6;
const TCP_KEEPIDLE: u32 = 4;
const TCP_KEEPINTVL: u32 = 5;
const TCP_KEEPCNT: u32 = 6;
const IPPROTO_IPV6: u32 = 41;
const IPV6_UNICAST_HOPS: u32 = 16;
const IPV6_V6ONLY: u32 = 26;
const FUTEX_WAIT: u32 = 0;
const FUTEX_WAKE: u32 = 1;
/// `FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME`
const FUTEX_FLAGS: u32 = 128 | 256;

system_calls! {
    // How every program ends, and what a fault needs: see `trap.rs`.
    exit_group 231 94: ALWAYS;
    rt_sigreturn 15 139: ALWAYS;
    rt_sigaction 13 134: ALWAYS;
    // What the kernel itself makes of a wait that a stop signal interrupted.
    restart_syscall 219 128: ALWAYS;
    getpid 39 172: ALWAYS;
    gettid 186 178: ALWAYS;
    tgkill 234 131 [own_process(0); "this process"]: ALWAYS;
    ppoll 271 73: ALWAYS | POLL | LOOKUP;
    write 1 64 [equal(0, 2); "standard error"]: ALWAYS;
    write 1 64 [equal(0, 1); "standard output"]: OUTPUT;

    // Memory: nothing is ever executable.
    mprotect 10 226 [whole(2, PROT_READ_WRITE); "readable and writable"]: GROW_GUARDED | INSTANTIATE | THREADS;
    mprotect 10 226 [whole(2, 0); "no access"]: THREADS | SERVE;
    madvise 28 233 [equal(2, MADV_DODUMP); "into core files"]: GROW_ALIASED;
    madvise 28 233 [equal(2, MADV_DONTNEED); "zeros, or the bytes of the file"]: HOST_MEMORY | SERVE;
    mmap 9 222 [whole(2, PROT_READ_WRITE), whole(3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE); "readable and writable zeros at a free address"]: GROW_MAPPED | INSTANTIATE;
    mmap 9 222 [whole(2, PROT_READ_WRITE), whole(3, ANYWHERE); "readable and writable zeros anywhere"]: POLL | OPEN | ACCEPT | SOCKET | THREADS | LOOKUP | HOST_MEMORY;
    mmap 9 222 [whole(2, 0), whole(3, ANYWHERE | MAP_FIXED_NOREPLACE); "addresses without access"]: INSTANTIATE;
    mmap 9 222 [whole(2, 0), whole(3, ANYWHERE | MAP_NORESERVE | MAP_STACK); "addresses for a stack"]: THREADS;
    mmap 9 222 [whole(2, PROT_READ_WRITE), whole(3, ANYWHERE | MAP_FIXED); "zeros in the place of a memory's"]: INSTANTIATE;
    munmap 11 215: GROW_MAPPED | INSTANTIATE | POLL | THREADS | LOOKUP;
    mremap 25 216: INSTANTIATE;
    mremap 25 216 [whole(3, MREMAP_MAYMOVE); "to anywhere"]: THREADS;
    prlimit64 302 261 [null(2); "reading limits"]: INSTANTIATE;

    // Threads.
    clone 56 220 [whole_argument(0, !CLONE_PLACES, CLONE_THREAD); "a thread of this process"]: THREADS;
    exit 60 93: THREADS;
    sigaltstack 131 132: THREADS;
    rt_sigprocmask 14 135: THREADS;
    futex 202 98 [argument(1, !FUTEX_FLAGS, FUTEX_WAIT); "wait"]: FUTEX | THREADS;
    futex 202 98 [argument(1, !FUTEX_FLAGS, FUTEX_WAKE); "wake"]: FUTEX | THREADS | SERVE;
    sched_yield 24 124: YIELD | THREADS;

    // Time. The timers of `--timeout` and `--request-timeout` are made before.
    clock_gettime 228 113: CLOCK | POLL | LOOKUP | SERVE;
    timer_settime 223 110: SERVE;
    clock_getres 229 114: CLOCK;

    // Open files.
    read 0 63: READ | LOOKUP;
    readv 19 65: READ;
    write 1 64: WRITE;
    writev 20 66: WRITE;
    preadv 295 69: PREAD;
    pwritev 296 70: PWRITE;
    lseek 8 62: SEEK | READDIR | POLL;
    fadvise64 221 223: ADVISE;
    fallocate 285 47: ALLOCATE;
    close 3 57: CLOSE | RESOLVE | OPEN | ACCEPT | SOCKET | LOOKUP | SERVE;
    fdatasync 75 83: DATASYNC;
    fsync 74 82: SYNC;
    fstat 5 80: FDSTAT | FILESTAT | OPEN | POLL;
    fcntl 72 25 [equal(1, F_GETFL); "F_GETFL"]: FDSTAT | SET_FLAGS;
    fcntl 72 25 [equal(1, F_SETFL); "F_SETFL"]: SET_MODES;
    fcntl 72 25 [equal(1, F_DUPFD_CLOEXEC); "F_DUPFD_CLOEXEC"]: RESOLVE | ACCEPT | SOCKET | LOOKUP | SERVE;
    ioctl 16 29 [equal(1, TIOCGWINSZ); "TIOCGWINSZ"]: FDSTAT;
    ioctl 16 29 [equal(1, FIONREAD); "FIONREAD"]: POLL;
    ioctl 16 29 [equal(1, PAGEMAP_SCAN); "PAGEMAP_SCAN"]: SERVE;
    ftruncate 77 46: SET_SIZE;
    utimensat 280 88: PATH_TIMES;
    utimensat 280 88 [null(1); "an open file"]: SET_TIMES;
    getdents64 217 61: READDIR;

    // Paths.
    openat2 437 437: RESOLVE;
    openat 257 56: OPEN;
    openat 257 56 [equal(0, AT_FDCWD), argument(2, O_CHANGES, 0); "to read"]: LOOKUP;
    openat 257 56 [argument(2, O_PATH, O_PATH); "O_PATH"]: RESOLVE;
    readlinkat 267 78: RESOLVE;
    newfstatat 262 79: PATH_STAT | READDIR | UNLINK | SYMLINK | LINK | RENAME;
    mkdirat 258 34: CREATE_DIRECTORY;
    unlinkat 263 35 [equal(2, AT_REMOVEDIR); "a directory"]: REMOVE_DIRECTORY;
    unlinkat 263 35 [equal(2, 0); "no directory"]: UNLINK;
    linkat 265 37 [equal(4, 0); "without following"]: LINK;
    symlinkat 266 36: SYMLINK;
    renameat 264 38: RENAME;

    // The rest.
    getrandom 318 278: RANDOM | LOOKUP;

    // Sockets: of IPv4 or IPv6, which differ in one bit.
    socket 41 198 [argument(0, !8, AF_INET), argument(1, !SOCKET_FLAGS, SOCK_STREAM), equal(2, DEFAULT_PROTOCOL); "TCP"]: SOCKET | LOOKUP;
    socket 41 198 [argument(0, !8, AF_INET), argument(1, !SOCKET_FLAGS, SOCK_DGRAM), equal(2, DEFAULT_PROTOCOL); "UDP"]: DATAGRAM | LOOKUP;
    accept4 288 242: ACCEPT | SERVE;
    recvmsg 47 212: RECEIVE | SERVE;
    // Without the flag that makes it connect (`MSG_FASTOPEN`), which Landlock overlooks.
    sendmsg 46 211 [equal(2, MSG_NOSIGNAL); "MSG_NOSIGNAL"]: SEND;
    sendmsg 46 211 [equal(2, MSG_NOSIGNAL | MSG_DONTWAIT); "MSG_NOSIGNAL | MSG_DONTWAIT"]: SERVE;
    epoll_pwait 281 22: SERVE;
    shutdown 48 210: SHUTDOWN | SERVE;
    bind 49 200: BIND;
    listen 50 201: LISTEN;
    connect 42 203: CONNECT | LOOKUP;
    recvfrom 45 207: LOOKUP;
    sendto 44 206: LOOKUP;
    getsockname 51 204: SOCKET_NAME;
    getpeername 52 205: SOCKET_NAME;
    getsockopt 55 209 [equal(1, SOL_SOCKET), equal(2, SO_TYPE); "SO_TYPE"]: FDSTAT | FILESTAT | SOCKET_NAME;
    getsockopt 55 209 [equal(1, SOL_SOCKET); "SOL_SOCKET"]: SOCKET_OPTION;
    getsockopt 55 209 [equal(1, IPPROTO_IP); "IPPROTO_IP"]: SOCKET_LEVELS;
    getsockopt 55 209 [equal(1, IPPROTO_IPV6); "IPPROTO_IPV6"]: SOCKET_LEVELS;
    getsockopt 55 209 [equal(1, IPPROTO_TCP); "IPPROTO_TCP"]: SOCKET_LEVELS;
    setsockopt 54 208 [equal(1, SOL_SOCKET); "SOL_SOCKET"]: SOCKET_OPTION;
    setsockopt 54 208 [equal(1, IPPROTO_IP), equal(2, IP_TTL); "IP_TTL"]: SOCKET_LEVELS;
    setsockopt 54 208 [equal(1, IPPROTO_IPV6), equal(2, IPV6_UNICAST_HOPS); "IPV6_UNICAST_HOPS"]: SOCKET_LEVELS;
    setsockopt 54 208 [equal(1, IPPROTO_IPV6), equal(2, IPV6_V6ONLY); "IPV6_V6ONLY"]: SOCKET_LEVELS;
    setsockopt 54 208 [equal(1, IPPROTO_TCP), equal(2, TCP_KEEPIDLE); "TCP_KEEPIDLE"]: SOCKET_LEVELS;
    setsockopt 54 208 [equal(1, IPPROTO_TCP), equal(2, TCP_KEEPINTVL); "TCP_KEEPINTVL"]: SOCKET_LEVELS;
    setsockopt 54 208 [equal(1, IPPROTO_TCP), equal(2, TCP_KEEPCNT); "TCP_KEEPCNT"]: SOCKET_LEVELS;
}

/// A processor architecture, for numbers of system calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are those of the architectures")]
pub enum Numbers {
    X86_64,
    Aarch64,
}

impl SystemCall {
    /// Its number.
    pub const fn number(&self, numbers: Numbers) -> u32 {
        match numbers {
            Numbers::X86_64 => self.x86_64,
            Numbers::Aarch64 => self.aarch64,
        }
    }
}

/// Number of rows.
pub const COUNT: usize = SYSTEM_CALLS.len();

/// Every condition of the rows once, behind one that always holds, and their number.
const fn distinct() -> ([Condition; 64], usize) {
    let mut distinct = [Condition::NONE; 64];
    let mut count = 1;
    let mut row = 0;
    while row < COUNT {
        let mut at = 0;
        while at < MOST_CONDITIONS {
            let condition = SYSTEM_CALLS[row].conditions[at];
            if index_in(&distinct, count, condition) == count {
                distinct[count] = condition;
                count += 1;
            }
            at += 1;
        }
        row += 1;
    }
    (distinct, count)
}

/// The index of a condition among the first `count`, or `count` if it is not among them.
const fn index_in(conditions: &[Condition], count: usize, condition: Condition) -> usize {
    let mut at = 0;
    while at < count && !conditions[at].is(condition) {
        at += 1;
    }
    at
}

/// Number of [`conditions`].
pub const CONDITION_COUNT: usize = distinct().1;

/// What [`Rule::conditions`] index.
pub const fn conditions() -> [Condition; CONDITION_COUNT] {
    let mut conditions = [Condition::NONE; CONDITION_COUNT];
    let mut at = 0;
    while at < CONDITION_COUNT {
        conditions[at] = distinct().0[at];
        at += 1;
    }
    conditions
}

/// The rows as rules of an architecture, ascending by number.
pub const fn rules(numbers: Numbers) -> [Rule; COUNT] {
    const EMPTY: Rule = Rule {
        number: 0,
        conditions: [0; MOST_CONDITIONS],
        needs: FewNeeds::new(Needs::ALWAYS),
    };
    let distinct = distinct();
    let mut rules = [EMPTY; COUNT];
    let mut count = 0;
    while count < COUNT {
        let call = &SYSTEM_CALLS[count];
        let mut rule = Rule {
            number: call.number(numbers) as u16,
            needs: FewNeeds::new(call.needs),
            ..EMPTY
        };
        let mut condition = 0;
        while condition < MOST_CONDITIONS {
            let index = index_in(&distinct.0, distinct.1, call.conditions[condition]);
            rule.conditions[condition] = index as u8;
            condition += 1;
        }
        // Insertion keeps rows of one system call in their order.
        let mut at = count;
        while at > 0 && rules[at - 1].number > rule.number {
            rules[at] = rules[at - 1];
            at -= 1;
        }
        rules[at] = rule;
        count += 1;
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_agree() {
        for a in SYSTEM_CALLS {
            for b in SYSTEM_CALLS {
                assert_eq!(
                    a.name == b.name,
                    a.x86_64 == b.x86_64,
                    "{} {}",
                    a.name,
                    b.name
                );
                assert_eq!(
                    a.name == b.name,
                    a.aarch64 == b.aarch64,
                    "{} {}",
                    a.name,
                    b.name
                );
            }
        }
    }

    #[test]
    fn nothing_becomes_executable() {
        const PROT_EXEC: u32 = 4;
        for call in SYSTEM_CALLS {
            if !matches!(call.name, "mmap" | "mprotect") {
                continue;
            }
            let forbids = |condition: &Condition| {
                condition.argument == 2
                    && condition.mask & PROT_EXEC != 0
                    && condition.value & PROT_EXEC == 0
            };
            assert!(call.conditions.iter().any(forbids), "{}", call.arguments);
        }
        for name in [
            "execve", "execveat", "fork", "vfork", "clone3", "ptrace", "kill", "prctl",
        ] {
            assert!(SYSTEM_CALLS.iter().all(|call| call.name != name), "{name}");
        }
    }

    #[test]
    fn conditions_are_explained() {
        for call in SYSTEM_CALLS {
            let has = call.conditions != [Condition::NONE; MOST_CONDITIONS];
            assert_eq!(has, !call.arguments.is_empty(), "{}", call.name);
            assert_ne!(call.needs, Needs::NONE, "{}", call.name);
        }
    }

    /// Which arguments of which calls the kernel takes 64 bits of: pointers and `unsigned long`.
    #[test]
    fn conditions_compare_what_the_kernel_takes() {
        const WHOLE: &[(&str, &[u8])] = &[
            ("mprotect", &[0, 1, 2]),
            ("mmap", &[0, 1, 2, 3, 5]),
            ("madvise", &[0, 1]),
            ("munmap", &[0, 1]),
            ("mremap", &[0, 1, 2, 3, 4]),
            ("prlimit64", &[2, 3]),
            ("clone", &[0, 1, 2, 3, 4]),
            ("utimensat", &[1, 2]),
            ("futex", &[0, 3, 4]),
            ("openat", &[1]),
            ("unlinkat", &[1]),
            ("linkat", &[1, 3]),
            ("ioctl", &[2]),
            ("fcntl", &[2]),
            ("sendmsg", &[1]),
            ("write", &[1, 2]),
            ("getsockopt", &[3, 4]),
            ("setsockopt", &[3]),
            ("tgkill", &[]),
            ("socket", &[]),
        ];
        for call in SYSTEM_CALLS {
            for condition in call.conditions.iter().filter(|c| c.mask != 0) {
                let row = WHOLE.iter().find(|row| row.0 == call.name);
                let (_, whole) = row.unwrap_or_else(|| panic!("`{}` is missing", call.name));
                let expected = whole.contains(&condition.argument);
                assert_eq!(condition.whole, expected, "{} {condition:?}", call.name);
            }
        }
    }

    #[test]
    fn rules_say_what_the_rows_say() {
        let conditions = conditions();
        for numbers in [Numbers::X86_64, Numbers::Aarch64] {
            for rule in rules(numbers) {
                let of_rule = rule.conditions.map(|at| conditions[usize::from(at)]);
                let same = |call: &&SystemCall| {
                    call.number(numbers) == u32::from(rule.number)
                        && call.conditions == of_rule
                        && rule.needs.intersects(call.needs)
                };
                assert_eq!(SYSTEM_CALLS.iter().filter(same).count(), 1, "{rule:?}");
            }
        }
    }

    #[test]
    fn rules_ascend() {
        for numbers in [Numbers::X86_64, Numbers::Aarch64] {
            let rules = rules(numbers);
            assert!(
                rules
                    .windows(2)
                    .all(|pair| pair[0].number <= pair[1].number)
            );
        }
    }
}
