//! Tests of operations on paths, with both ways of resolution.

use super::*;
use crate::wasi::p1::types::{Filetype, FstFlags};

fn with_guest(test: impl Fn(&Folder, &mut Guest)) {
    Guest::both_ways(|| {
        let folder = Folder::new();
        let mut guest = Guest::with(&folder);
        test(&folder, &mut guest);
    });
}

#[test]
fn opens() {
    with_guest(|folder, guest| {
        assert_eq!(guest.open(ROOT, "file", 0, READ), Err(Errno::NOENT));
        let fd = guest.open(ROOT, "file", CREAT | EXCL, READ_WRITE).unwrap();
        guest.write(fd, b"text").unwrap();
        assert_eq!(
            guest.open(ROOT, "file", CREAT | EXCL, READ),
            Err(Errno::EXIST)
        );
        let fd = guest.open(ROOT, "file", CREAT, READ).unwrap();
        assert_eq!(guest.read(fd, 9).unwrap(), b"text");
        assert_eq!(
            guest.open(ROOT, "file", DIRECTORY, READ),
            Err(Errno::NOTDIR)
        );
        assert_eq!(guest.open(ROOT, "file/", 0, READ), Err(Errno::NOTDIR));
        assert_eq!(guest.open(ROOT, "file///", 0, READ), Err(Errno::NOTDIR));
        assert_eq!(guest.open(ROOT, "file/x", 0, READ), Err(Errno::NOTDIR));
        assert_eq!(guest.open(ROOT, "file/..", 0, READ), Err(Errno::NOTDIR));
        assert_eq!(guest.open(ROOT, "new/", CREAT, READ), Err(Errno::ISDIR));
        assert_eq!(guest.open(ROOT, "", 0, READ), Err(Errno::NOENT));
        assert_eq!(guest.open(ROOT, "fi\0le", 0, READ), Err(Errno::INVAL));
        assert_eq!(
            guest.open(ROOT, &"x".repeat(5000), 0, READ),
            Err(Errno::NAMETOOLONG)
        );
        assert_eq!(
            guest.open(ROOT, &"x".repeat(300), 0, READ),
            Err(Errno::NAMETOOLONG)
        );
        assert_eq!(guest.open(ROOT, "file", 16, READ), Err(Errno::INVAL));
        assert_eq!(
            guest.open(ROOT, "file", CREAT | DIRECTORY, READ),
            Err(Errno::INVAL)
        );
        std::fs::create_dir(folder.join("dir")).unwrap();
        assert_eq!(guest.open(ROOT, "dir", 0, READ_WRITE), Err(Errno::ISDIR));
        assert_eq!(
            guest.open(ROOT, "dir", DIRECTORY, READ_WRITE),
            Err(Errno::ISDIR)
        );
        assert_eq!(guest.open(ROOT, "dir", CREAT, READ), Err(Errno::ISDIR));
        guest.open(ROOT, "dir/", 0, READ).unwrap();
        guest.open(ROOT, "dir///", 0, READ).unwrap();
        guest.open(ROOT, "dir/../dir/.//./", 0, READ).unwrap();
        guest.open(ROOT, "dir/..", 0, READ).unwrap();
        guest.open(ROOT, "./dir/.././file", 0, READ).unwrap();
        let long = "./".repeat(2040) + "file";
        guest.open(ROOT, &long, 0, READ).unwrap();
        let dir = guest.open_dir(ROOT, "dir").unwrap();
        assert_eq!(guest.open(dir, "../file", 0, READ), Err(Errno::PERM));
        assert_eq!(guest.open(dir, "..", 0, READ), Err(Errno::PERM));
        assert_eq!(guest.open(fd, "file", 0, READ), Err(Errno::NOTDIR));
        assert_eq!(guest.open(99, "file", 0, READ), Err(Errno::BADF));
    });
}

#[test]
fn follows_links_when_asked() {
    with_guest(|folder, guest| {
        std::fs::create_dir(folder.join("dir")).unwrap();
        std::fs::write(folder.join("dir/file"), "text").unwrap();
        guest.symlink("dir", ROOT, "link").unwrap();
        guest.symlink("../link/file", ROOT, "dir/deep").unwrap();
        guest.symlink("missing", ROOT, "dangling").unwrap();
        guest.symlink("loop", ROOT, "loop").unwrap();
        let no_follow = |guest: &mut Guest, path, oflags| {
            guest.open_as(ROOT, path, (0, oflags, 0), (READ, Rights::NONE))
        };
        assert_eq!(no_follow(guest, "link", 0), Err(Errno::LOOP));
        assert_eq!(no_follow(guest, "dangling", 0), Err(Errno::LOOP));
        assert_eq!(no_follow(guest, "link", DIRECTORY), Err(Errno::NOTDIR));
        no_follow(guest, "link/", DIRECTORY).unwrap();
        no_follow(guest, "link/file", 0).unwrap();
        guest.open(ROOT, "link", DIRECTORY, READ).unwrap();
        let fd = guest.open(ROOT, "link/deep", 0, READ).unwrap();
        assert_eq!(guest.read(fd, 9).unwrap(), b"text");
        assert_eq!(guest.open(ROOT, "dangling", 0, READ), Err(Errno::NOENT));
        assert_eq!(
            guest.open(ROOT, "dangling", CREAT | EXCL, READ),
            Err(Errno::EXIST)
        );
        guest.open(ROOT, "dangling", CREAT, READ).unwrap();
        assert!(folder.join("missing").exists());
        assert_eq!(guest.open(ROOT, "loop", 0, READ), Err(Errno::LOOP));
        assert_eq!(guest.open(ROOT, "loop/x", 0, READ), Err(Errno::LOOP));
        assert_eq!(guest.stat(ROOT, "loop", FOLLOW).err(), Some(Errno::LOOP));
        assert_eq!(guest.stat(ROOT, "loop/", 0).err(), Some(Errno::LOOP));

        let types = |guest: &mut Guest, path| {
            let [link, target] = [0, FOLLOW].map(|lookup| guest.stat(ROOT, path, lookup));
            (link.unwrap().filetype, target.unwrap().filetype)
        };
        let (link, dir) = (Filetype::SymbolicLink as u8, Filetype::Directory as u8);
        assert_eq!(types(guest, "link"), (link, dir));
        assert_eq!(types(guest, "link/"), (dir, dir));
        assert_eq!(types(guest, "link/."), (dir, dir));
        assert_eq!(types(guest, "dir/../link"), (link, dir));
        assert_eq!(
            types(guest, "dir/deep"),
            (link, Filetype::RegularFile as u8)
        );
        assert_eq!(guest.stat(ROOT, "dir/file/", 0).err(), Some(Errno::NOTDIR));
    });
}

#[test]
fn follows_as_many_links_as_the_kernel() {
    with_guest(|folder, guest| {
        std::fs::write(folder.join("0"), "text").unwrap();
        for number in 1..=41 {
            std::os::unix::fs::symlink((number - 1).to_string(), folder.join(&number.to_string()))
                .unwrap();
        }
        guest.open(ROOT, "40", 0, READ).unwrap();
        assert_eq!(guest.open(ROOT, "41", 0, READ), Err(Errno::LOOP));
        guest.stat(ROOT, "40", FOLLOW).unwrap();
        assert_eq!(guest.stat(ROOT, "41", FOLLOW).err(), Some(Errno::LOOP));
    });
}

#[test]
fn creates_and_removes_directories() {
    with_guest(|folder, guest| {
        assert_eq!(guest.create_directory(ROOT, "dir"), Ok(()));
        assert_eq!(guest.create_directory(ROOT, "dir"), Err(Errno::EXIST));
        assert_eq!(guest.create_directory(ROOT, "dir/sub/"), Ok(()));
        assert_eq!(
            guest.create_directory(ROOT, "missing/sub"),
            Err(Errno::NOENT)
        );
        assert_eq!(guest.create_directory(ROOT, "."), Err(Errno::EXIST));
        assert_eq!(guest.create_directory(ROOT, "dir/.."), Err(Errno::EXIST));
        assert_eq!(guest.create_directory(ROOT, ".."), Err(Errno::PERM));
        assert_eq!(guest.remove_directory(ROOT, "dir"), Err(Errno::NOTEMPTY));
        assert_eq!(guest.remove_directory(ROOT, "dir/sub/"), Ok(()));
        assert_eq!(guest.remove_directory(ROOT, "."), Err(Errno::INVAL));
        std::fs::write(folder.join("file"), "").unwrap();
        assert_eq!(guest.remove_directory(ROOT, "file"), Err(Errno::NOTDIR));
        assert_eq!(guest.remove_directory(ROOT, "file/"), Err(Errno::NOTDIR));
        assert_eq!(guest.unlink(ROOT, "dir"), Err(Errno::ISDIR));
        assert_eq!(guest.unlink(ROOT, "dir/"), Err(Errno::ISDIR));
        assert_eq!(guest.unlink(ROOT, "file/"), Err(Errno::NOTDIR));
        assert_eq!(guest.unlink(ROOT, "missing/"), Err(Errno::NOENT));
        assert_eq!(guest.unlink(ROOT, "dir/../file"), Ok(()));
        guest.symlink("dir", ROOT, "link").unwrap();
        assert_eq!(guest.remove_directory(ROOT, "link"), Err(Errno::NOTDIR));
        assert_eq!(guest.remove_directory(ROOT, "link/"), Err(Errno::NOTDIR));
        assert_eq!(guest.unlink(ROOT, "link/"), Err(Errno::NOTDIR));
        assert_eq!(guest.unlink(ROOT, "link"), Ok(()));
        assert_eq!(guest.remove_directory(ROOT, "dir"), Ok(()));
    });
}

#[test]
fn renames() {
    with_guest(|folder, guest| {
        guest.create_directory(ROOT, "source").unwrap();
        assert_eq!(guest.rename(ROOT, "source/", ROOT, "target"), Ok(()));
        assert_eq!(guest.rename(ROOT, "target", ROOT, "source/"), Ok(()));
        assert_eq!(guest.rename(ROOT, "source/", ROOT, "target/"), Ok(()));
        guest.create_directory(ROOT, "source").unwrap();
        assert_eq!(guest.rename(ROOT, "source", ROOT, "target"), Ok(()));
        std::fs::write(folder.join("target/file"), "").unwrap();
        guest.create_directory(ROOT, "source").unwrap();
        assert_eq!(
            guest.rename(ROOT, "source", ROOT, "target"),
            Err(Errno::NOTEMPTY)
        );
        assert_eq!(
            guest.rename(ROOT, "source", ROOT, "target/file"),
            Err(Errno::NOTDIR)
        );
        assert_eq!(
            guest.rename(ROOT, "target/file", ROOT, "source"),
            Err(Errno::ISDIR)
        );
        assert_eq!(
            guest.rename(ROOT, "target/file/", ROOT, "x"),
            Err(Errno::NOTDIR)
        );
        assert_eq!(
            guest.rename(ROOT, "target/file", ROOT, "x/"),
            Err(Errno::NOTDIR)
        );
        assert_eq!(guest.rename(ROOT, ".", ROOT, "x"), Err(Errno::BUSY));
        assert_eq!(guest.rename(ROOT, "missing", ROOT, "x"), Err(Errno::NOENT));
        let dir = guest.open_dir(ROOT, "target").unwrap();
        assert_eq!(guest.rename(dir, "file", ROOT, "source/file"), Ok(()));
        assert!(folder.join("source/file").exists());
        assert_eq!(
            guest.rename(dir, "../source/file", ROOT, "x"),
            Err(Errno::PERM)
        );
        assert_eq!(
            guest.rename(ROOT, "source/file", dir, "../x"),
            Err(Errno::PERM)
        );
    });
}

#[test]
fn renames_over_what_is_there() {
    with_guest(|folder, guest| {
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
        let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        write("one", "1");
        write("two", "2");
        // Who has the replaced file open keeps it.
        let fd = guest.open(ROOT, "two", 0, READ).unwrap();
        assert_eq!(guest.rename(ROOT, "one", ROOT, "two"), Ok(()));
        assert_eq!(text("two"), "1");
        assert_eq!(guest.read(fd, 9).unwrap(), b"2");
        assert_eq!(guest.filestat(fd).unwrap().nlink, 0);
        assert_eq!(guest.stat(ROOT, "one", 0).err(), Some(Errno::NOENT));

        // Links are replaced and renamed themselves, wherever they lead.
        write("file", "file");
        guest.symlink("two", ROOT, "link").unwrap();
        assert_eq!(guest.rename(ROOT, "file", ROOT, "link"), Ok(()));
        assert_eq!((text("link"), text("two")), ("file".into(), "1".into()));
        guest.symlink("missing", ROOT, "dangling").unwrap();
        assert_eq!(guest.rename(ROOT, "dangling", ROOT, "moved"), Ok(()));
        assert_eq!(guest.read_link(ROOT, "moved", 9).unwrap(), b"missing");
        assert_eq!(guest.rename(ROOT, "two", ROOT, "moved"), Ok(()));
        assert_eq!(text("moved"), "1");
        assert!(!folder.join("missing").exists());

        // Two names of one file: nothing happens, says POSIX.
        assert_eq!(guest.link(ROOT, 0, "moved", ROOT, "other"), Ok(()));
        assert_eq!(guest.rename(ROOT, "moved", ROOT, "other"), Ok(()));
        assert_eq!((text("moved"), text("other")), ("1".into(), "1".into()));
        assert_eq!(guest.rename(ROOT, "moved", ROOT, "moved"), Ok(()));

        guest.create_directory(ROOT, "dir").unwrap();
        guest.symlink("dir", ROOT, "to-dir").unwrap();
        assert_eq!(
            guest.rename(ROOT, "dir", ROOT, "dir/inside"),
            Err(Errno::INVAL)
        );
        assert_eq!(
            guest.rename(ROOT, "dir", ROOT, "to-dir"),
            Err(Errno::NOTDIR)
        );
        assert_eq!(
            guest.rename(ROOT, "to-dir/", ROOT, "new"),
            Err(Errno::NOTDIR)
        );
        assert_eq!(guest.rename(ROOT, "moved", ROOT, "to-dir"), Ok(()));
        assert_eq!(text("to-dir"), "1");
    });
}

#[test]
fn links() {
    with_guest(|folder, guest| {
        std::fs::write(folder.join("file"), "text").unwrap();
        guest.create_directory(ROOT, "dir").unwrap();
        assert_eq!(guest.link(ROOT, 0, "file", ROOT, "dir/link"), Ok(()));
        assert_eq!(guest.stat(ROOT, "dir/link", 0).unwrap().nlink, 2);
        assert_eq!(guest.link(ROOT, 0, "file", ROOT, "file"), Err(Errno::EXIST));
        assert_eq!(guest.link(ROOT, 0, "file", ROOT, "dir"), Err(Errno::EXIST));
        assert_eq!(guest.link(ROOT, 0, "file", ROOT, "new/"), Err(Errno::NOENT));
        assert_eq!(guest.link(ROOT, 0, "dir", ROOT, "new"), Err(Errno::PERM));
        assert_eq!(
            guest.link(ROOT, 0, "file/", ROOT, "new"),
            Err(Errno::NOTDIR)
        );
        assert_eq!(
            guest.link(ROOT, 0, "missing", ROOT, "new"),
            Err(Errno::NOENT)
        );
        guest.symlink("file", ROOT, "symlink").unwrap();
        assert_eq!(guest.link(ROOT, 0, "symlink", ROOT, "a"), Ok(()));
        assert_eq!(guest.link(ROOT, FOLLOW, "symlink", ROOT, "b"), Ok(()));
        assert_eq!(
            guest.stat(ROOT, "a", 0).unwrap().filetype,
            Filetype::SymbolicLink as u8
        );
        assert_eq!(
            guest.stat(ROOT, "b", 0).unwrap().filetype,
            Filetype::RegularFile as u8
        );
        guest.symlink("missing", ROOT, "dangling").unwrap();
        assert_eq!(
            guest.link(ROOT, FOLLOW, "dangling", ROOT, "c"),
            Err(Errno::NOENT)
        );
        assert_eq!(guest.link(ROOT, 0, "dangling", ROOT, "c"), Ok(()));
        assert_eq!(
            guest.link(ROOT, 0, "file", ROOT, "dangling"),
            Err(Errno::EXIST)
        );
    });
}

#[test]
fn symbolic_links() {
    with_guest(|folder, guest| {
        assert_eq!(guest.symlink("some/where", ROOT, "link"), Ok(()));
        assert_eq!(guest.read_link(ROOT, "link", 100).unwrap(), b"some/where");
        assert_eq!(guest.read_link(ROOT, "link", 4).unwrap(), b"some");
        assert_eq!(guest.read_link(ROOT, "link", 0).unwrap(), b"");
        assert_eq!(guest.read_link(ROOT, ".", 10), Err(Errno::INVAL));
        assert_eq!(guest.read_link(ROOT, "missing", 10), Err(Errno::NOENT));
        assert_eq!(guest.symlink("/etc/passwd", ROOT, "bad"), Err(Errno::PERM));
        assert_eq!(guest.symlink("", ROOT, "bad"), Err(Errno::NOENT));
        assert_eq!(guest.symlink("x", ROOT, "link"), Err(Errno::EXIST));
        assert_eq!(guest.symlink("x", ROOT, "new/"), Err(Errno::NOENT));
        std::fs::create_dir(folder.join("dir")).unwrap();
        std::fs::write(folder.join("file"), "").unwrap();
        assert_eq!(guest.symlink("x", ROOT, "dir/"), Err(Errno::EXIST));
        assert_eq!(guest.symlink("x", ROOT, "dir"), Err(Errno::EXIST));
        assert_eq!(guest.symlink("x", ROOT, "file/"), Err(Errno::NOTDIR));
        assert_eq!(guest.symlink("x", ROOT, "file"), Err(Errno::EXIST));
        assert_eq!(guest.read_link(ROOT, "file", 10), Err(Errno::INVAL));
        assert_eq!(guest.read_link(ROOT, "file/", 10), Err(Errno::NOTDIR));
    });
}

#[test]
fn sets_times_by_path() {
    with_guest(|folder, guest| {
        std::fs::write(folder.join("file"), "").unwrap();
        guest.symlink("file", ROOT, "link").unwrap();
        let both = (FstFlags::ATIM | FstFlags::MTIM).0.into();
        assert_eq!(guest.set_times(ROOT, "link", 0, (1, 2, both)), Ok(()));
        let link = guest.stat(ROOT, "link", 0).unwrap();
        assert_eq!((link.atim, link.mtim), (1, 2));
        assert_eq!(guest.set_times(ROOT, "link", FOLLOW, (3, 4, both)), Ok(()));
        // Following it has read it, and set its first time.
        assert_eq!(guest.stat(ROOT, "link", 0).unwrap().mtim, 2);
        let file = guest.stat(ROOT, "link", FOLLOW).unwrap();
        assert_eq!((file.atim, file.mtim), (3, 4));
        assert_eq!(guest.set_times(ROOT, ".", 0, (5, 6, both)), Ok(()));
        assert_eq!(guest.filestat(ROOT).unwrap().mtim, 6);
        assert_eq!(
            guest.set_times(ROOT, "file", 0, (0, 0, 3)),
            Err(Errno::INVAL)
        );
        assert_eq!(
            guest.set_times(ROOT, "file", 2, (0, 0, 0)),
            Err(Errno::INVAL)
        );
        assert_eq!(
            guest.set_times(ROOT, "missing", 0, (0, 0, 10)),
            Err(Errno::NOENT)
        );
    });
}
