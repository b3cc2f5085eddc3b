//! Tests of listing directories.

use super::*;
use crate::wasi::p1::types::Filetype;
use std::collections::BTreeMap;

struct Entry {
    next: u64,
    ino: u64,
    filetype: u8,
    name: String,
}

/// Entries from a cookie on, and whether the buffer was full.
fn read_dir(
    guest: &mut Guest,
    fd: u32,
    len: u32,
    cookie: u64,
) -> Result<(Vec<Entry>, bool), Errno> {
    let free = guest.free;
    let buffer = guest.room(len);
    let out = guest.room(4);
    fd_readdir(&guest.system, &guest.memory(), fd, buffer, len, cookie, out)?;
    let used = guest.read_value::<u32>(out);
    let bytes = guest.get(buffer, used);
    guest.free = free;
    let mut rest = &bytes[..];
    let mut entries = Vec::new();
    while let Some((head, tail)) = rest.split_at_checked(24) {
        let name_len = u32::from_le_bytes(head[16..20].try_into().unwrap()) as usize;
        let Some((name, tail)) = tail.split_at_checked(name_len) else {
            break;
        };
        entries.push(Entry {
            next: u64::from_le_bytes(head[..8].try_into().unwrap()),
            ino: u64::from_le_bytes(head[8..16].try_into().unwrap()),
            filetype: head[20],
            name: String::from_utf8(name.to_vec()).unwrap(),
        });
        rest = tail;
    }
    Ok((entries, used == len))
}

#[test]
fn lists_every_entry_with_any_buffer() {
    let folder = Folder::new();
    for number in 0..300 {
        std::fs::write(folder.join(&format!("file.{number}")), "").unwrap();
    }
    std::fs::create_dir(folder.join("dir")).unwrap();
    std::os::unix::fs::symlink("x", folder.join("link")).unwrap();
    let mut guest = Guest::with(&folder);
    for len in [64, 100, 256, 4096, 65536] {
        let mut seen = BTreeMap::new();
        let mut cookie = 0;
        loop {
            let (entries, full) = read_dir(&mut guest, ROOT, len, cookie).unwrap();
            for entry in &entries {
                assert!(
                    seen.insert(entry.name.clone(), (entry.filetype, entry.ino))
                        .is_none()
                );
            }
            if !full {
                break;
            }
            cookie = entries.last().unwrap().next;
        }
        assert_eq!(seen.len(), 304);
        assert_eq!(seen["."].0, Filetype::Directory as u8);
        assert_eq!(seen[".."].0, Filetype::Directory as u8);
        assert_eq!(seen["dir"].0, Filetype::Directory as u8);
        assert_eq!(seen["link"].0, Filetype::SymbolicLink as u8);
        assert_eq!(seen["file.7"].0, Filetype::RegularFile as u8);
        assert_eq!(seen["."].1, guest.filestat(ROOT).unwrap().ino);
        assert_eq!(seen["file.7"].1, guest.stat(ROOT, "file.7", 0).unwrap().ino);
    }
}

#[test]
fn cuts_the_last_entry() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    let buffer = guest.room(64);
    let out = guest.room(4);
    for len in [1, 10, 24, 25, 40] {
        let memory = guest.memory();
        assert_eq!(
            fd_readdir(&guest.system, &memory, ROOT, buffer, len, 0, out),
            Ok(())
        );
        assert_eq!(guest.read_value::<u32>(out), len);
    }
    let memory = guest.memory();
    assert_eq!(
        fd_readdir(&guest.system, &memory, ROOT, buffer, 0, 0, out),
        Ok(())
    );
    assert_eq!(guest.read_value::<u32>(out), 0);
    assert_eq!(
        fd_readdir(&guest.system, &memory, ROOT, SIZE - 1, 2, 0, out),
        Err(Errno::FAULT)
    );
    assert_eq!(
        fd_readdir(&guest.system, &memory, 0, buffer, 8, 0, out),
        Err(Errno::NOTDIR)
    );
    assert_eq!(
        fd_readdir(&guest.system, &memory, ROOT, buffer, 8, u64::MAX, out),
        Err(Errno::INVAL)
    );
}

#[test]
fn lists_afresh_from_the_start() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    let fd = guest.open_dir(ROOT, ".").unwrap();
    assert_eq!(read_dir(&mut guest, fd, 256, 0).unwrap().0.len(), 2);
    std::fs::write(folder.join("file"), "").unwrap();
    let (entries, full) = read_dir(&mut guest, fd, 256, 0).unwrap();
    assert!(!full);
    assert_eq!(entries.len(), 3);
    let (rest, _) = read_dir(&mut guest, fd, 256, entries[1].next).unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].name, entries[2].name);
}

/// The names other than `.` and `..`.
fn names(entries: &[Entry]) -> Vec<String> {
    let names = entries.iter().map(|entry| entry.name.clone());
    names.filter(|name| name != "." && name != "..").collect()
}

/// How `rm -r` goes on, and how a listing that others disturb does: whatever is removed and added
/// meanwhile, what stays is listed once, and a cookie whose entry is gone still leads on.
#[test]
fn cookies_outlive_changes() {
    let folder = Folder::new();
    let name = |number: u32| format!("file.{number}");
    let make = |number: u32| std::fs::write(folder.join(&name(number)), "").unwrap();
    (0..200).for_each(make);
    let mut guest = Guest::with(&folder);
    let fd = guest.open_dir(ROOT, ".").unwrap();
    let (mut cookie, mut seen, mut added) = (0, Vec::new(), 0);
    loop {
        let (entries, full) = read_dir(&mut guest, fd, 300, cookie).unwrap();
        for name in names(&entries) {
            let number: u32 = name.strip_prefix("file.").unwrap().parse().unwrap();
            // Every other one is removed as soon as it was listed, the last of a buffer included.
            if number.is_multiple_of(2) {
                guest.unlink(fd, &name).unwrap();
            }
            seen.push(number);
        }
        if !full {
            break;
        }
        cookie = entries.last().unwrap().next;
        if added < 50 {
            make(1000 + 2 * added);
            added += 1;
        }
    }
    seen.retain(|&number| number < 1000);
    seen.sort_unstable();
    assert_eq!(seen, (0..200).collect::<Vec<_>>());

    // From the start there is what is left; a cookie of long ago leads to some place, not an error.
    let (entries, _) = read_dir(&mut guest, fd, 65536, 0).unwrap();
    let left = names(&entries).len();
    assert!((100..=150).contains(&left), "{left}");
    let cookies: Vec<_> = entries.iter().map(|entry| entry.next).collect();
    for name in names(&entries) {
        guest.unlink(fd, &name).unwrap();
    }
    for cookie in cookies {
        let (rest, full) = read_dir(&mut guest, fd, 65536, cookie).unwrap();
        assert!(!full && names(&rest).is_empty());
    }
}
