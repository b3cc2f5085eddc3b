//! Tests of open files.

use super::*;
use crate::wasi::p1::types::{FdFlags, Filetype, FstFlags};

const APPEND: u32 = FdFlags::APPEND.0 as u32;
const NONBLOCK: u32 = FdFlags::NONBLOCK.0 as u32;

#[test]
fn reads_and_writes() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    assert_eq!(fd, 4);
    assert_eq!(guest.write(fd, b"hello world"), Ok(11));
    assert_eq!(guest.tell(fd), Ok(11));
    assert_eq!(guest.read(fd, 10).unwrap(), b"");
    assert_eq!(guest.seek(fd, 6, 0), Ok(6));
    assert_eq!(guest.read(fd, 3).unwrap(), b"wor");
    assert_eq!(guest.seek(fd, -1, 1), Ok(8));
    assert_eq!(guest.seek(fd, -5, 2), Ok(6));
    assert_eq!(guest.pread(fd, 5, 0).unwrap(), b"hello");
    assert_eq!(guest.pwrite(fd, b"HE", 0), Ok(2));
    assert_eq!(guest.tell(fd), Ok(6));
    assert_eq!(std::fs::read(folder.join("file")).unwrap(), b"HEllo world");
    assert_eq!(guest.seek(fd, -1, 0), Err(Errno::INVAL));
    assert_eq!(guest.seek(fd, 0, 3), Err(Errno::INVAL));
    assert_eq!(guest.pread(fd, 1, u64::MAX), Err(Errno::INVAL));
    assert_eq!(guest.close(fd), Ok(()));
    assert_eq!(guest.close(fd), Err(Errno::BADF));
    assert_eq!(guest.read(fd, 1), Err(Errno::BADF));
    assert_eq!(guest.close(u32::MAX), Err(Errno::BADF));
}

#[test]
fn gathers_and_scatters() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    let (text, _) = guest.put(b"abcdefgh");
    let list = guest.room(8 * 100);
    for at in 0..100 {
        let iovec = Iovec {
            buf: text + at % 8,
            buf_len: at % 2,
        };
        guest.write_value(list + at * 8, iovec);
    }
    let out = guest.room(4);
    fd_write(&guest.system, &guest.memory(), fd, list, 100, out).unwrap();
    assert_eq!(guest.read_value::<u32>(out), 50);
    guest.seek(fd, 0, 0).unwrap();
    assert_eq!(guest.read(fd, 8).unwrap(), b"bdfhbdfh");

    // Beyond the buffers of one system call.
    let iovec = Iovec {
        buf: text,
        buf_len: 1,
    };
    let list = guest.room(8 * 100);
    for at in 0..100 {
        guest.write_value(list + at * 8, iovec);
    }
    fd_write(&guest.system, &guest.memory(), fd, list, 100, out).unwrap();
    assert_eq!(guest.read_value::<u32>(out), 64);

    // Overlapping buffers are allowed.
    guest.seek(fd, 0, 0).unwrap();
    fd_read(&guest.system, &guest.memory(), fd, list, 2, out).unwrap();
    assert_eq!(guest.get(text, 1), b"d");
}

#[test]
fn empty_lists_transfer_nothing() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    let out = guest.room(4);
    assert_eq!(
        fd_write(&guest.system, &guest.memory(), fd, 0, 0, out),
        Ok(())
    );
    assert_eq!(guest.read_value::<u32>(out), 0);
    assert_eq!(
        fd_read(&guest.system, &guest.memory(), fd, 0, 0, out),
        Ok(())
    );
    assert_eq!(
        fd_pread(&guest.system, &guest.memory(), fd, 0, 0, 0, out),
        Ok(())
    );
    assert_eq!(
        fd_write(&guest.system, &guest.memory(), 77, 0, 0, out),
        Err(Errno::BADF)
    );
}

#[test]
fn refuses_what_is_outside_the_memory() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    let list = guest.iovec(SIZE - 4, 5);
    let out = guest.room(4);
    let memory = guest.memory();
    assert_eq!(
        fd_write(&guest.system, &memory, fd, list, 1, out),
        Err(Errno::FAULT)
    );
    assert_eq!(
        fd_read(&guest.system, &memory, fd, list, 1, out),
        Err(Errno::FAULT)
    );
    assert_eq!(
        fd_read(&guest.system, &memory, fd, SIZE - 4, 1, out),
        Err(Errno::FAULT)
    );
    assert_eq!(
        fd_read(&guest.system, &memory, fd, 0, u32::MAX, out),
        Err(Errno::FAULT)
    );
    assert_eq!(
        fd_read(&guest.system, &memory, fd, list, 1, SIZE - 3),
        Err(Errno::FAULT)
    );
    assert_eq!(
        fd_fdstat_get(&guest.system, &memory, fd, u32::MAX),
        Err(Errno::FAULT)
    );
    assert_eq!(guest.filestat(fd).unwrap().size, 0);
}

#[test]
fn reads_only_what_is_open_for_reading() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    let fd = guest.open(ROOT, "file", CREAT, Rights::FD_WRITE).unwrap();
    assert_eq!(guest.read(fd, 1), Err(Errno::BADF));
    assert_eq!(guest.write(fd, b"x"), Ok(1));
    assert_eq!(guest.seek(fd, 0, 0), Err(Errno::NOTCAPABLE));
    let fd = guest
        .open(ROOT, "file", 0, Rights::FD_READ | Rights::FD_TELL)
        .unwrap();
    assert_eq!(guest.write(fd, b"x"), Err(Errno::BADF));
    assert_eq!(guest.read(fd, 4).unwrap(), b"x");
    assert_eq!(guest.seek(fd, 0, 1), Ok(1), "needs the right to tell only");
    assert_eq!(guest.seek(fd, 1, 1), Err(Errno::NOTCAPABLE));
    assert_eq!(guest.pread(fd, 1, 0), Err(Errno::NOTCAPABLE));
    let fd = guest.open(ROOT, "file", 0, Rights::NONE).unwrap();
    assert_eq!(guest.read(fd, 1), Err(Errno::BADF));
    assert_eq!(guest.filestat(fd).err(), Some(Errno::NOTCAPABLE));
}

#[test]
fn appends() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    std::fs::write(folder.join("file"), "one").unwrap();
    let rights = (READ_WRITE, Rights::NONE);
    let fd = guest.open_as(ROOT, "file", (0, 0, APPEND), rights).unwrap();
    assert_eq!(guest.fdstat(fd).unwrap().flags, FdFlags::APPEND.0);
    assert_eq!(guest.write(fd, b"two"), Ok(3));
    let set_flags =
        |guest: &Guest, flags| fd_fdstat_set_flags(&guest.system, &guest.memory(), fd, flags);
    assert_eq!(set_flags(&guest, 0), Ok(()));
    assert_eq!(guest.fdstat(fd).unwrap().flags, 0);
    guest.seek(fd, 0, 0).unwrap();
    assert_eq!(guest.write(fd, b"T"), Ok(1));
    assert_eq!(std::fs::read(folder.join("file")).unwrap(), b"Tnetwo");
    assert_eq!(set_flags(&guest, NONBLOCK), Ok(()));
    assert_eq!(guest.fdstat(fd).unwrap().flags, FdFlags::NONBLOCK.0);
    assert_eq!(
        set_flags(&guest, FdFlags::SYNC.0.into()),
        Err(Errno::NOTSUP)
    );
    assert_eq!(set_flags(&guest, 1 << 5), Err(Errno::INVAL));
    let sync = FdFlags::SYNC.0.into();
    let fd = guest.open_as(ROOT, "file", (0, 0, sync), rights).unwrap();
    assert_eq!(guest.fdstat(fd).unwrap().flags, FdFlags::SYNC.0);
    let dsync = FdFlags::DSYNC.0.into();
    let fd = guest.open_as(ROOT, "file", (0, 0, dsync), rights).unwrap();
    assert_eq!(guest.fdstat(fd).unwrap().flags, FdFlags::DSYNC.0);
}

#[test]
fn sets_sizes() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    let set_size =
        |guest: &Guest, fd, size| fd_filestat_set_size(&guest.system, &guest.memory(), fd, size);
    assert_eq!(set_size(&guest, fd, 100), Ok(()));
    assert_eq!(guest.filestat(fd).unwrap().size, 100);
    assert_eq!(set_size(&guest, fd, 10), Ok(()));
    assert_eq!(guest.filestat(fd).unwrap().size, 10);
    assert_eq!(set_size(&guest, fd, u64::MAX), Err(Errno::FBIG));
    assert_eq!(set_size(&guest, ROOT, 0), Err(Errno::NOTCAPABLE));
    let allocate =
        |guest: &Guest, offset, len| fd_allocate(&guest.system, &guest.memory(), fd, offset, len);
    match allocate(&guest, 0, 200) {
        Ok(()) => assert_eq!(guest.filestat(fd).unwrap().size, 200),
        Err(errno) => assert_eq!(errno, Errno::NOTSUP),
    }
    assert_eq!(allocate(&guest, 0, 0), Err(Errno::INVAL));
    let fd = guest.open(ROOT, "file", TRUNC, READ_WRITE).unwrap();
    assert_eq!(guest.filestat(fd).unwrap().size, 0);
    // Truncating needs a right of the directory, not one to write to the file.
    guest.write(fd, b"text").unwrap();
    guest.open(ROOT, "file", TRUNC, Rights::NONE).unwrap();
    assert_eq!(guest.filestat(fd).unwrap().size, 0);
}

#[test]
fn sets_times() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    let set = |guest: &Guest, atim, mtim, flags: FstFlags| {
        fd_filestat_set_times(
            &guest.system,
            &guest.memory(),
            fd,
            atim,
            mtim,
            flags.0.into(),
        )
    };
    assert_eq!(
        set(
            &guest,
            1_000_000_001,
            2_000_000_002,
            FstFlags::ATIM | FstFlags::MTIM
        ),
        Ok(())
    );
    let stat = guest.filestat(fd).unwrap();
    assert_eq!((stat.atim, stat.mtim), (1_000_000_001, 2_000_000_002));
    assert_eq!(set(&guest, 0, 5, FstFlags::MTIM), Ok(()));
    let stat = guest.filestat(fd).unwrap();
    assert_eq!((stat.atim, stat.mtim), (1_000_000_001, 5));
    assert_eq!(set(&guest, 0, 0, FstFlags::ATIM_NOW), Ok(()));
    assert!(guest.filestat(fd).unwrap().atim > 1_600_000_000_000_000_000);
    assert_eq!(
        set(&guest, 0, 0, FstFlags::ATIM | FstFlags::ATIM_NOW),
        Err(Errno::INVAL)
    );
    assert_eq!(
        set(&guest, 0, 0, FstFlags::MTIM | FstFlags::MTIM_NOW),
        Err(Errno::INVAL)
    );
    let memory = guest.memory();
    assert_eq!(
        fd_filestat_set_times(&guest.system, &memory, fd, 0, 0, 16),
        Err(Errno::INVAL)
    );
}

#[test]
fn advises_and_syncs() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    let memory = guest.memory();
    for advice in 0..6 {
        assert_eq!(fd_advise(&guest.system, &memory, fd, 0, 0, advice), Ok(()));
    }
    assert_eq!(
        fd_advise(&guest.system, &memory, fd, 0, 0, 6),
        Err(Errno::INVAL)
    );
    assert_eq!(
        fd_advise(&guest.system, &memory, fd, 0, u64::MAX, 0),
        Err(Errno::INVAL)
    );
    assert_eq!(
        fd_advise(&guest.system, &memory, ROOT, 0, 0, 0),
        Err(Errno::BADF)
    );
    assert_eq!(fd_sync(&guest.system, &memory, fd), Ok(()));
    assert_eq!(fd_datasync(&guest.system, &memory, fd), Ok(()));
    assert_eq!(fd_sync(&guest.system, &memory, ROOT), Ok(()));
    assert_eq!(fd_sync(&guest.system, &memory, 99), Err(Errno::BADF));
}

#[test]
fn tells_what_descriptors_are() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    let stat = guest.fdstat(fd).unwrap();
    assert_eq!(stat.filetype, Filetype::RegularFile as u8);
    assert_eq!(stat.rights_base, Rights::FILE.0.into());
    assert_eq!(stat.rights_inheriting, 0);
    let stat = guest.fdstat(ROOT).unwrap();
    assert_eq!(stat.filetype, Filetype::Directory as u8);
    assert_eq!(stat.rights_base, Rights::DIRECTORY.0.into());
    assert_eq!(stat.flags, 0);
    let dir = guest
        .open(ROOT, ".", 0, Rights::ALL & !Rights::WRITING)
        .unwrap();
    let stat = guest.fdstat(dir).unwrap();
    assert_eq!(stat.rights_base, Rights::DIRECTORY.0.into());
    assert_eq!(
        stat.rights_inheriting,
        (Rights::DIRECTORY | Rights::FILE).0.into()
    );
    assert_eq!(guest.read(dir, 1), Err(Errno::ISDIR));
    assert_eq!(guest.pread(dir, 1, 0), Err(Errno::ISDIR));
    assert_eq!(guest.write(dir, b"x"), Err(Errno::ISDIR));
    assert_eq!(guest.seek(dir, 0, 0), Err(Errno::BADF));
    assert_eq!(guest.tell(dir), Err(Errno::BADF));
}

#[test]
fn rights_only_shrink() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    let set = |guest: &Guest, fd, base: Rights, inheriting: Rights| {
        let (base, inheriting) = (base.0.into(), inheriting.0.into());
        fd_fdstat_set_rights(&guest.system, &guest.memory(), fd, base, inheriting)
    };
    assert_eq!(set(&guest, fd, Rights::FD_READ, Rights::NONE), Ok(()));
    assert_eq!(guest.write(fd, b"x"), Err(Errno::BADF));
    assert_eq!(
        set(&guest, fd, READ_WRITE, Rights::NONE),
        Err(Errno::NOTCAPABLE)
    );
    assert_eq!(
        set(&guest, fd, Rights::FD_READ, Rights::FD_READ),
        Err(Errno::NOTCAPABLE)
    );
    assert_eq!(
        set(&guest, 99, Rights::NONE, Rights::NONE),
        Err(Errno::BADF)
    );
    let memory = guest.memory();
    assert_eq!(
        fd_fdstat_set_rights(&guest.system, &memory, fd, 1 << 40, 0),
        Err(Errno::NOTCAPABLE)
    );

    // What a directory does not hand on, nothing that is opened through it has.
    let dir = guest.open_dir(ROOT, ".").unwrap();
    let inheriting = Rights::FD_READ | Rights::DIRECTORY;
    assert_eq!(set(&guest, dir, Rights::DIRECTORY, inheriting), Ok(()));
    assert_eq!(
        guest.open(dir, "file", 0, READ_WRITE),
        Err(Errno::NOTCAPABLE)
    );
    let fd = guest
        .open(dir, "file", 0, Rights::FD_READ | Rights::FD_SEEK)
        .unwrap();
    assert_eq!(
        guest.fdstat(fd).unwrap().rights_base,
        Rights::FD_READ.0.into()
    );
    let inner = guest.open_dir(dir, ".").unwrap();
    assert_eq!(
        guest.open(inner, "file", 0, Rights::FD_WRITE),
        Err(Errno::NOTCAPABLE)
    );

    // Nor is it gained by another name.
    assert_eq!(
        guest.link(dir, 0, "file", ROOT, "link"),
        Err(Errno::NOTCAPABLE)
    );
    assert_eq!(
        guest.rename(dir, "file", ROOT, "other"),
        Err(Errno::NOTCAPABLE)
    );
    assert_eq!(guest.link(ROOT, 0, "file", dir, "link"), Ok(()));

    // Creating and truncating have rights of their own.
    let base = Rights::DIRECTORY & !(Rights::PATH_CREATE_FILE | Rights::PATH_FILESTAT_SET_SIZE);
    assert_eq!(set(&guest, ROOT, base, inheriting), Ok(()));
    assert_eq!(
        guest.open(ROOT, "new", CREAT, Rights::NONE),
        Err(Errno::NOTCAPABLE)
    );
    assert_eq!(
        guest.open(ROOT, "file", TRUNC, Rights::NONE),
        Err(Errno::NOTCAPABLE)
    );
    assert_eq!(guest.open(fd, "file", 0, Rights::NONE), Err(Errno::NOTDIR));
}

#[test]
fn renumbers() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    let one = guest.open(ROOT, "one", CREAT, Rights::FD_WRITE).unwrap();
    let two = guest.open(ROOT, "two", CREAT, READ_WRITE).unwrap();
    let renumber = |guest: &Guest, from, to| fd_renumber(&guest.system, &guest.memory(), from, to);
    assert_eq!(renumber(&guest, one, one), Ok(()));
    assert_eq!(renumber(&guest, one, two), Ok(()));
    assert_eq!(guest.close(one), Err(Errno::BADF));
    assert_eq!(renumber(&guest, two, one), Err(Errno::BADF));
    assert_eq!(renumber(&guest, one, two), Err(Errno::BADF));
    assert_eq!(
        guest.fdstat(two).unwrap().rights_base,
        Rights::FD_WRITE.0.into()
    );
    assert_eq!(guest.write(two, b"x"), Ok(1));
    assert_eq!(std::fs::read(folder.join("one")).unwrap(), b"x");
    // The lowest free number is used again.
    assert_eq!(guest.open(ROOT, "two", 0, READ), Ok(one));
    // A granted folder takes its name along.
    assert_eq!(renumber(&guest, ROOT, two), Ok(()));
    let memory = guest.memory();
    assert_eq!(
        fd_prestat_get(&guest.system, &memory, ROOT, 0),
        Err(Errno::BADF)
    );
    assert_eq!(fd_prestat_get(&guest.system, &memory, two, 0), Ok(()));
}

#[test]
fn many_descriptors() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    guest.open(ROOT, "file", CREAT, Rights::NONE).unwrap();
    let mut open = Vec::new();
    for number in 5..400 {
        let fd = guest.open(ROOT, "file", 0, READ).unwrap();
        assert_eq!(fd, number);
        open.push(fd);
    }
    for &fd in open.iter().rev() {
        guest.close(fd).unwrap();
    }
    assert_eq!(guest.open(ROOT, "file", 0, READ), Ok(5));
}

#[test]
fn names_granted_folders() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    let out = guest.room(8);
    let memory = guest.memory();
    assert_eq!(fd_prestat_get(&guest.system, &memory, ROOT, out), Ok(()));
    assert_eq!(guest.get(out, 8), [0, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(
        fd_prestat_dir_name(&guest.system, &memory, ROOT, out, 0),
        Err(Errno::NAMETOOLONG)
    );
    assert_eq!(
        fd_prestat_dir_name(&guest.system, &memory, ROOT, out, 2),
        Ok(())
    );
    assert_eq!(guest.get(out, 2), b"/\0");
    assert_eq!(
        fd_prestat_get(&guest.system, &memory, 0, out),
        Err(Errno::BADF)
    );
    assert_eq!(
        fd_prestat_get(&guest.system, &memory, ROOT + 1, out),
        Err(Errno::BADF)
    );
    let dir = guest.open_dir(ROOT, ".").unwrap();
    assert_eq!(
        fd_prestat_get(&guest.system, &guest.memory(), dir, out),
        Err(Errno::BADF)
    );
}

#[test]
fn read_only_folders_stay_as_they_are() {
    let folder = Folder::new();
    std::fs::write(folder.join("file"), "text").unwrap();
    std::fs::create_dir(folder.join("dir")).unwrap();
    let mut guest = Guest::with(&folder);
    let read_only = guest.grant(&folder.0, true);
    let inner = guest.open_dir(read_only, "dir").unwrap();
    let fd = guest.open(read_only, "file", 0, READ).unwrap();
    assert_eq!(guest.read(fd, 9).unwrap(), b"text");
    let memory = guest.memory();
    assert_eq!(
        fd_filestat_set_times(&guest.system, &memory, fd, 0, 0, 10),
        Err(Errno::ROFS)
    );
    for dir in [read_only, inner] {
        let up = if dir == inner { "." } else { "dir" };
        assert_eq!(guest.open(dir, up, CREAT, Rights::NONE), Err(Errno::ROFS));
        assert_eq!(guest.open(dir, "file", 0, READ_WRITE), Err(Errno::ROFS));
        assert_eq!(
            guest.open(dir, "file", TRUNC, Rights::NONE),
            Err(Errno::ROFS)
        );
        assert_eq!(guest.create_directory(dir, "new"), Err(Errno::ROFS));
        assert_eq!(guest.remove_directory(dir, "dir"), Err(Errno::ROFS));
        assert_eq!(guest.unlink(dir, "file"), Err(Errno::ROFS));
        assert_eq!(guest.symlink("x", dir, "link"), Err(Errno::ROFS));
        assert_eq!(guest.rename(dir, "file", ROOT, "other"), Err(Errno::ROFS));
        assert_eq!(guest.rename(ROOT, "file", dir, "other"), Err(Errno::ROFS));
        assert_eq!(guest.link(dir, 0, "file", ROOT, "other"), Err(Errno::ROFS));
        assert_eq!(guest.link(ROOT, 0, "file", dir, "other"), Err(Errno::ROFS));
        assert_eq!(
            guest.set_times(dir, "file", 0, (0, 0, 10)),
            Err(Errno::ROFS)
        );
    }
    assert_eq!(std::fs::read(folder.join("file")).unwrap(), b"text");
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 2);
}

/// What a call works with stays open, whatever other threads do to its number.
#[test]
fn descriptors_outlive_their_numbers() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    for name in ["one", "two"] {
        guest.open(ROOT, name, CREAT, READ).unwrap();
    }
    let fds = &guest.system.fds;
    let access = fds.get(4).unwrap().access();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..3000 {
                    for fd in [4, 5] {
                        if let Ok(descriptor) = fds.get(fd) {
                            fs::stat(descriptor.host()).unwrap();
                        }
                    }
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..3000 {
                let _ = fds.renumber(5, 4);
                let _ = fds.insert(rustix::io::dup(fds.get(4).unwrap().host()).unwrap(), access);
            }
        });
    });
    assert_eq!(fds.close(5), Ok(()));
    assert_eq!(fds.close(5), Err(rustix::io::Errno::BADF.into()));
    assert_eq!(
        fds.close(6),
        Err(rustix::io::Errno::BADF.into()),
        "nothing leaked"
    );
}
