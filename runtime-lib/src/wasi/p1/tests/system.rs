//! Tests of arguments, environment, clocks, random bytes and the guest's memory.

use super::*;
use crate::host::environment::variables;
use crate::wasi::p1::args::{write_sizes, write_strings};
use crate::wasi::p1::proc::linux_signal;
use wasmc_abi::options::RunOption;

fn words(options: &[RunOption<'static>], host: &[&'static str]) -> Vec<String> {
    let host = host.iter().map(|word| [word.as_bytes(), b"", b""]);
    let variables = variables(options.iter().copied(), host);
    variables
        .map(|parts| String::from_utf8(parts.concat()).unwrap())
        .collect()
}

fn env(name: &'static str, value: Option<&'static str>) -> RunOption<'static> {
    RunOption::Env {
        name: name.as_bytes(),
        value: value.map(str::as_bytes),
    }
}

#[test]
fn the_environment_is_what_was_granted() {
    let host = ["HOME=/root", "PATH=/bin", "WASMC_OPTIONS=--net", "EMPTY="];
    assert!(words(&[], &host).is_empty());
    assert_eq!(words(&[env("A", Some("1"))], &host), ["A=1"]);
    assert_eq!(
        words(
            &[env("HOME", None), env("NONE", None), env("HOM", None)],
            &host
        ),
        ["HOME=/root"]
    );
    assert_eq!(
        words(&[env("A", Some("1")), env("A", Some("2"))], &host),
        ["A=2"]
    );
    let inherit = [
        RunOption::InheritEnv,
        env("PATH", Some("x")),
        env("WASMC_OPTIONS", None),
    ];
    assert_eq!(words(&inherit, &host), ["PATH=x", "HOME=/root", "EMPTY="]);
}

#[test]
fn strings_have_the_layout_of_the_specification() {
    let mut guest = Guest::new();
    let strings: [[&'static [u8]; 3]; 3] = [[b"ab", b"", b""], [b"A", b"=", b"1"], [b"", b"", b""]];
    let (count, size) = (guest.room(4), guest.room(4));
    write_sizes(&guest.memory(), count, size, strings.into_iter()).unwrap();
    assert_eq!(guest.read_value::<u32>(count), 3);
    assert_eq!(guest.read_value::<u32>(size), 8);
    let (pointers, buffer) = (guest.room(12), guest.room(8));
    write_strings(&guest.memory(), pointers, buffer, strings.into_iter()).unwrap();
    assert_eq!(guest.get(buffer, 8), b"ab\0A=1\0\0");
    let starts: Vec<_> = (0..3)
        .map(|at| guest.read_value::<u32>(pointers + at * 4))
        .collect();
    assert_eq!(starts, [buffer, buffer + 3, buffer + 7]);
    let result = write_strings(&guest.memory(), pointers, SIZE - 7, strings.into_iter());
    assert_eq!(result, Err(Errno::FAULT));
    let result = write_strings(&guest.memory(), SIZE - 8, buffer, strings.into_iter());
    assert_eq!(result, Err(Errno::FAULT));
}

#[test]
fn clocks_run() {
    let mut guest = Guest::new();
    let out = guest.room(8);
    let memory = guest.memory();
    for clock in 0..4 {
        clock_res_get(&guest.system, &memory, clock, out).unwrap();
        assert!((1..=1_000_000_000).contains(&guest.read_value::<u64>(out)));
        clock_time_get(&guest.system, &memory, clock, 0, out).unwrap();
        let first = guest.read_value::<u64>(out);
        assert!(first > 0);
        clock_time_get(&guest.system, &memory, clock, 0, out).unwrap();
        assert!(guest.read_value::<u64>(out) >= first);
    }
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    clock_time_get(&guest.system, &memory, 0, 0, out).unwrap();
    assert!(guest.read_value::<u64>(out).abs_diff(now.as_nanos() as u64) < 5_000_000_000);
    assert_eq!(
        clock_time_get(&guest.system, &memory, 4, 0, out),
        Err(Errno::INVAL)
    );
    assert_eq!(
        clock_res_get(&guest.system, &memory, 4, out),
        Err(Errno::INVAL)
    );
    assert_eq!(
        clock_time_get(&guest.system, &memory, 0, 0, SIZE - 7),
        Err(Errno::FAULT)
    );
}

#[test]
fn random_bytes_fill_the_buffer() {
    let mut guest = Guest::new();
    let len = 300_000;
    let buffer = guest.room(len);
    let memory = guest.memory();
    random_get(&guest.system, &memory, buffer, len).unwrap();
    let bytes = guest.get(buffer, len);
    assert!(
        bytes
            .chunks(1000)
            .all(|chunk| chunk.iter().any(|&byte| byte != 0))
    );
    assert_eq!(random_get(&guest.system, &memory, buffer, 0), Ok(()));
    assert_eq!(
        random_get(&guest.system, &memory, 0, SIZE + 1),
        Err(Errno::FAULT)
    );
}

#[test]
fn yields_and_raises() {
    let guest = Guest::new();
    let memory = guest.memory();
    assert_eq!(sched_yield(&guest.system, &memory), Ok(()));
    assert_eq!(proc_raise(&guest.system, &memory, 0), Ok(()));
    assert_eq!(proc_raise(&guest.system, &memory, 31), Err(Errno::INVAL));
    // Those that stop a process: no time limit would end it any more.
    for sig in [18, 19, 20, 21] {
        assert_eq!(proc_raise(&guest.system, &memory, sig), Err(Errno::NOTSUP));
    }
    let linux = [1, 9, 15, 16, 26, 30].map(|sig| linux_signal(sig).unwrap());
    assert_eq!(linux, [1, 9, 15, 17, 27, 31]);
}

#[test]
fn memory_ends_where_it_ends() {
    let guest = Guest::new();
    let memory = guest.memory();
    assert!(memory.slice(SIZE, 0).is_ok());
    assert!(memory.slice(SIZE, 1).is_err());
    assert!(memory.slice(0, SIZE).is_ok());
    assert!(memory.slice(1, SIZE).is_err());
    assert!(memory.slice(u32::MAX, u32::MAX).is_err());
    assert!(memory.ptr::<u64>(SIZE - 8).is_ok());
    assert!(memory.ptr::<u64>(SIZE - 7).is_err());
    assert!(memory.array::<u64>(0, SIZE / 8).is_ok());
    assert!(memory.array::<u64>(8, SIZE / 8).is_err());
    assert!(memory.array::<u64>(0, u32::MAX).is_err());
    let array = memory.array::<u32>(8, 2).unwrap();
    assert!(array.get(1).is_ok());
    assert!(array.get(2).is_err());
    memory.ptr::<u64>(3).unwrap().write(0x0102_0304_0506_0708);
    assert_eq!(memory.ptr::<u8>(3).unwrap().read(), 8);
    // SAFETY: null is an instance without memory.
    let none = unsafe { GuestMemory::new(std::ptr::null()) };
    assert!(none.slice(0, 0).is_ok());
    assert!(none.slice(0, 1).is_err());
}
