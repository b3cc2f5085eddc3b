//! Tests of waiting.

use super::*;
use crate::wasi::p1::types::SubclockFlags;
use std::io::Write;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant};

const CLOCK: u8 = 0;
const FD_READ: u8 = 1;
const FD_WRITE: u8 = 2;
const MILLISECOND: u64 = 1_000_000;

fn subscription(
    userdata: u64,
    tag: u8,
    id: u32,
    timeout: u64,
    flags: SubclockFlags,
) -> Subscription {
    Subscription {
        userdata,
        tag,
        padding: [0; 7],
        id,
        padding2: 0,
        timeout,
        precision: 0,
        flags: flags.0,
        padding3: [0; 6],
    }
}

fn after(userdata: u64, timeout: u64) -> Subscription {
    subscription(userdata, CLOCK, 1, timeout, SubclockFlags::NONE)
}

fn ready(userdata: u64, tag: u8, fd: u32) -> Subscription {
    subscription(userdata, tag, fd, 0, SubclockFlags::NONE)
}

fn poll(guest: &mut Guest, subscriptions: &[Subscription]) -> Result<Vec<Event>, Errno> {
    let count = subscriptions.len() as u32;
    let list = guest.room(count * 48);
    for (at, &subscription) in subscriptions.iter().enumerate() {
        guest.write_value(list + at as u32 * 48, subscription);
    }
    let events = guest.room(count * 32);
    let out = guest.room(4);
    poll_oneoff(&guest.system, &guest.memory(), list, events, count, out)?;
    let happened = guest.read_value::<u32>(out);
    Ok((0..happened)
        .map(|at| guest.read_value(events + at * 32))
        .collect())
}

/// A guest whose number 3 reads what is written to the pipe.
fn with_pipe() -> (Guest, std::io::PipeWriter) {
    let guest = Guest::new();
    let (reader, writer) = std::io::pipe().unwrap();
    let access = Access {
        base: Rights::FILE,
        inheriting: Rights::NONE,
        kind: Kind::Other,
        read_only: false,
    };
    assert_eq!(guest.system.fds.insert(owned(reader), access), Ok(3));
    (guest, writer)
}

#[test]
fn waits_for_time() {
    let mut guest = Guest::new();
    let start = Instant::now();
    let events = poll(
        &mut guest,
        &[after(7, 20 * MILLISECOND), after(8, u64::MAX)],
    )
    .unwrap();
    assert!(start.elapsed() >= Duration::from_millis(20));
    assert_eq!(events.len(), 1);
    assert_eq!(
        (events[0].userdata, events[0].error, events[0].event_type),
        (7, 0, CLOCK)
    );
    let out = guest.room(8);
    for clock in [0, 1] {
        clock_time_get(&guest.system, &guest.memory(), clock, 0, out).unwrap();
        let now = guest.read_value::<u64>(out);
        let until = now + 20 * MILLISECOND;
        let events = poll(
            &mut guest,
            &[subscription(1, CLOCK, clock, until, SubclockFlags::ABSTIME)],
        );
        assert_eq!(events.unwrap().len(), 1);
        clock_time_get(&guest.system, &guest.memory(), clock, 0, out).unwrap();
        assert!(guest.read_value::<u64>(out) >= until);
        let past = subscription(1, CLOCK, clock, 1, SubclockFlags::ABSTIME);
        assert_eq!(poll(&mut guest, &[past]).unwrap().len(), 1);
    }
}

#[test]
fn waits_for_bytes() {
    let (mut guest, mut writer) = with_pipe();
    let events = poll(&mut guest, &[ready(1, FD_READ, 3), after(2, MILLISECOND)]).unwrap();
    assert_eq!(
        events
            .iter()
            .map(|event| event.userdata)
            .collect::<Vec<_>>(),
        [2]
    );
    writer.write_all(b"12345").unwrap();
    let events = poll(&mut guest, &[after(2, u64::MAX), ready(1, FD_READ, 3)]).unwrap();
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!(
        (event.userdata, event.error, event.event_type),
        (1, 0, FD_READ)
    );
    assert_eq!((event.nbytes, event.flags), (5, 0));
    drop(writer);
    let events = poll(&mut guest, &[ready(1, FD_READ, 3)]).unwrap();
    assert_eq!((events[0].nbytes, events[0].flags), (5, 1));
}

#[test]
fn files_are_ready() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    guest.write(fd, b"0123456789").unwrap();
    guest.seek(fd, 4, 0).unwrap();
    let events = poll(&mut guest, &[ready(1, FD_READ, fd), ready(2, FD_WRITE, fd)]).unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!((events[0].userdata, events[0].nbytes), (1, 6));
    assert_eq!((events[1].userdata, events[1].event_type), (2, FD_WRITE));
}

#[test]
fn tells_errors() {
    let (mut guest, _writer) = with_pipe();
    let events = poll(&mut guest, &[ready(1, FD_READ, 99), after(2, u64::MAX)]).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(
        (events[0].userdata, events[0].error),
        (1, Errno::BADF.code())
    );
    let rights = u64::from(Rights::FD_READ.0);
    fd_fdstat_set_rights(&guest.system, &guest.memory(), 3, rights, 0).unwrap();
    let events = poll(&mut guest, &[ready(1, FD_READ, 3)]).unwrap();
    assert_eq!(events[0].error, Errno::NOTCAPABLE.code());
    let events = poll(
        &mut guest,
        &[subscription(1, CLOCK, 9, 0, SubclockFlags::NONE)],
    )
    .unwrap();
    assert_eq!(events[0].error, Errno::INVAL.code());
    assert_eq!(poll(&mut guest, &[]).err(), Some(Errno::INVAL));
    assert_eq!(
        poll(&mut guest, &[ready(1, 3, 0)]).err(),
        Some(Errno::INVAL)
    );
    let memory = guest.memory();
    let result = poll_oneoff(&guest.system, &memory, 0, 0, u32::MAX, 0);
    assert_eq!(result, Err(Errno::FAULT));
    // A guest with room for them: what the call needs for each would be as much again.
    let large = MemoryState {
        size: 1 << 32,
        ..*guest.state
    };
    // SAFETY: the call fails before it reads subscriptions.
    let memory = unsafe { GuestMemory::new(&raw const large) };
    let result = poll_oneoff(&guest.system, &memory, 0, 0, 1 << 20, 0);
    assert_eq!(result, Err(Errno::INVAL));
}

#[test]
fn waits_for_many() {
    let (mut guest, mut writer) = with_pipe();
    writer.write_all(b"1").unwrap();
    let mut subscriptions: Vec<_> = (0..1000).map(|number| after(number, u64::MAX)).collect();
    subscriptions[900] = ready(900, FD_READ, 3);
    subscriptions[999] = after(999, 0);
    let events = poll(&mut guest, &subscriptions).unwrap();
    let happened: Vec<_> = events.iter().map(|event| event.userdata).collect();
    assert_eq!(happened, [900, 999]);
    // The references were given back.
    guest.close(3).unwrap();
    assert!(writer.write_all(b"1").is_err());
}

#[test]
fn waits_for_computing_time() {
    let mut guest = Guest::new();
    let out = guest.room(8);
    for clock in [2, 3] {
        let now = |guest: &Guest| {
            clock_time_get(&guest.system, &guest.memory(), clock, 0, out).unwrap();
            guest.read_value::<u64>(out)
        };
        let start = now(&guest);
        let span = subscription(1, CLOCK, clock, 3 * MILLISECOND, SubclockFlags::NONE);
        let events = poll(&mut guest, &[span, after(2, u64::MAX)]).unwrap();
        assert_eq!((events.len(), events[0].userdata), (1, 1));
        assert!(now(&guest) >= start + 3 * MILLISECOND);
        let until = now(&guest) + MILLISECOND;
        let deadline = subscription(3, CLOCK, clock, until, SubclockFlags::ABSTIME);
        let events = poll(&mut guest, &[deadline]).unwrap();
        assert_eq!((events[0].userdata, events[0].error), (3, 0));
        assert!(now(&guest) >= until);
    }
    // What is ready ends the wait.
    let (mut guest, mut writer) = with_pipe();
    writer.write_all(b"1").unwrap();
    let never = subscription(1, CLOCK, 3, u64::MAX, SubclockFlags::NONE);
    let events = poll(&mut guest, &[never, ready(2, FD_READ, 3)]).unwrap();
    assert_eq!((events.len(), events[0].userdata), (1, 2));
}

#[test]
fn waits_less_than_a_millisecond() {
    let mut guest = Guest::new();
    let start = Instant::now();
    for _ in 0..20 {
        let events = poll(&mut guest, &[after(1, 50_000)]).unwrap();
        assert_eq!(events.len(), 1);
    }
    let time = start.elapsed();
    assert!(time >= Duration::from_millis(1), "{time:?}");
}

/// A guest whose number 3 is one end of a connection, and the other end.
fn with_connection() -> (Guest, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    let guest = Guest::new();
    let access = Access {
        base: Rights::SOCKET,
        inheriting: Rights::NONE,
        kind: Kind::Socket,
        read_only: false,
    };
    assert_eq!(guest.system.fds.insert(owned(server), access), Ok(3));
    (guest, client)
}

/// Whose subscription, how many bytes, which flags.
fn facts(events: &[Event]) -> Vec<(u64, u64, u16)> {
    let facts = events.iter().map(|event| {
        assert_eq!(event.error, 0);
        (event.userdata, event.nbytes, event.flags)
    });
    facts.collect()
}

#[test]
fn waits_for_sockets_both_ways() {
    let (mut guest, mut client) = with_connection();
    let both = [
        ready(1, FD_READ, 3),
        ready(2, FD_WRITE, 3),
        ready(3, FD_READ, 3),
    ];
    let events = poll(&mut guest, &both).unwrap();
    assert_eq!(facts(&events), [(2, 1, 0)]);
    client.write_all(b"12345").unwrap();
    let arrived = poll(&mut guest, &[ready(1, FD_READ, 3), after(2, u64::MAX)]).unwrap();
    assert_eq!(facts(&arrived), [(1, 5, 0)]);
    let events = poll(&mut guest, &both).unwrap();
    assert_eq!(facts(&events), [(1, 5, 0), (2, 1, 0), (3, 5, 0)]);
    // The end of what comes in says nothing about what goes out.
    client.shutdown(Shutdown::Write).unwrap();
    while poll(&mut guest, &[ready(1, FD_READ, 3)]).unwrap()[0].flags == 0 {
        std::thread::yield_now();
    }
    let events = poll(&mut guest, &both).unwrap();
    assert_eq!(facts(&events), [(1, 5, 1), (2, 1, 0), (3, 5, 1)]);
}

#[test]
fn waits_for_connections() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let mut guest = Guest::new();
    let access = Access {
        base: Rights::LISTENER,
        inheriting: Rights::SOCKET,
        kind: Kind::Socket,
        read_only: false,
    };
    assert_eq!(guest.system.fds.insert(owned(listener), access), Ok(3));
    let events = poll(&mut guest, &[ready(1, FD_READ, 3), after(2, MILLISECOND)]).unwrap();
    assert_eq!(events[0].userdata, 2);
    let _client = TcpStream::connect(address).unwrap();
    let events = poll(&mut guest, &[ready(1, FD_READ, 3), after(2, u64::MAX)]).unwrap();
    assert_eq!(
        (events.len(), events[0].userdata, events[0].error),
        (1, 1, 0)
    );
}

#[test]
fn waits_for_terminals() {
    use rustix::ioctl::{Getter, Setter, ioctl};
    const TIOCGPTN: u32 = 0x8004_5430;
    const TIOCSPTLCK: u32 = 0x4004_5431;
    let options = || std::fs::File::options().read(true).write(true).clone();
    let Ok(master) = options().open("/dev/ptmx") else {
        say("SKIPPED: this machine has no pseudo-terminals");
        return;
    };
    let master = owned(master);
    // SAFETY: both requests take and give a number of 32 bits.
    let number = unsafe {
        ioctl(&master, Setter::<TIOCSPTLCK, i32>::new(0)).unwrap();
        ioctl(&master, Getter::<TIOCGPTN, u32>::new()).unwrap()
    };
    let terminal = options().open(format!("/dev/pts/{number}")).unwrap();
    let mut guest = Guest::new();
    let access = Access {
        base: Rights::FILE,
        inheriting: Rights::NONE,
        kind: Kind::Other,
        read_only: false,
    };
    assert_eq!(guest.system.fds.insert(owned(terminal), access), Ok(3));
    let both = [ready(1, FD_READ, 3), ready(2, FD_WRITE, 3)];
    let events = poll(&mut guest, &both).unwrap();
    assert_eq!(facts(&events), [(2, 1, 0)]);
    // A terminal gives whole lines.
    assert_eq!(rustix::io::write(&master, b"line"), Ok(4));
    let events = poll(&mut guest, &[ready(1, FD_READ, 3), after(2, MILLISECOND)]).unwrap();
    assert_eq!(events[0].userdata, 2);
    assert_eq!(rustix::io::write(&master, b"\n"), Ok(1));
    let events = poll(&mut guest, &[ready(1, FD_READ, 3), after(2, u64::MAX)]).unwrap();
    assert_eq!(facts(&events), [(1, 5, 0)]);
    assert_eq!(guest.read(3, 9).unwrap(), b"line\n");
}

/// The kernel takes no more entries than the process may have descriptors open.
#[test]
fn waits_for_more_than_there_are_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const LIMIT: u64 = 4096;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current > LIMIT) {
        let current = Some(LIMIT);
        setrlimit(Resource::Nofile, Rlimit { current, ..limit }).unwrap();
    }
    let (mut guest, mut writer) = with_pipe();
    writer.write_all(b"1").unwrap();
    let subscriptions: Vec<_> = (0..LIMIT + 100)
        .map(|number| match number % 2 {
            0 => ready(number, FD_READ, 3),
            _ => after(number, u64::MAX),
        })
        .collect();
    let events = poll(&mut guest, &subscriptions).unwrap();
    assert_eq!(events.len() as u64, LIMIT / 2 + 50);
    assert!(
        events
            .iter()
            .all(|event| event.error == 0 && event.nbytes == 1)
    );
}

/// Descriptors in any order, some of them several times.
#[test]
fn finds_every_descriptor() {
    let mut guest = Guest::new();
    let mut writers = Vec::new();
    for fd in 3..43 {
        let (reader, writer) = std::io::pipe().unwrap();
        let access = Access {
            base: Rights::FILE,
            inheriting: Rights::NONE,
            kind: Kind::Other,
            read_only: false,
        };
        assert_eq!(guest.system.fds.insert(owned(reader), access), Ok(fd));
        writers.push(writer);
    }
    for at in (0..40).step_by(3) {
        writers[at].write_all(&vec![0; at + 1]).unwrap();
    }
    // 7 has no factor in common with 40: every number comes, three times.
    let fds: Vec<_> = (0..120_u32).map(|at| 3 + at * 7 % 40).collect();
    let subscriptions = fds.iter().map(|&fd| ready(fd.into(), FD_READ, fd));
    let events = poll(&mut guest, &subscriptions.collect::<Vec<_>>()).unwrap();
    let expected = fds.iter().filter(|&fd| (fd - 3) % 3 == 0);
    let expected = expected.map(|&fd| (u64::from(fd), u64::from(fd - 2), 0));
    assert_eq!(facts(&events), expected.collect::<Vec<_>>());
}
