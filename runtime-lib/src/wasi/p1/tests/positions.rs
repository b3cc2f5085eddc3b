//! Tests of where files are read and written: beyond their end, in holes, appending.

use super::*;
use crate::wasi::p1::types::FdFlags;

const APPEND: u32 = FdFlags::APPEND.0 as u32;
const GIBI: u64 = 1 << 30;

#[test]
fn leaves_holes() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    let fd = guest.open(ROOT, "file", CREAT, READ_WRITE).unwrap();
    // Seeking alone changes nothing.
    assert_eq!(guest.seek(fd, (5 * GIBI) as i64, 0), Ok(5 * GIBI));
    assert_eq!(guest.filestat(fd).unwrap().size, 0);
    assert_eq!(guest.read(fd, 4).unwrap(), b"");
    assert_eq!(guest.write(fd, b"end"), Ok(3));
    assert_eq!(guest.filestat(fd).unwrap().size, 5 * GIBI + 3);
    assert_eq!(guest.tell(fd), Ok(5 * GIBI + 3));
    // What was left out reads as zeros, over the edge of what was written too.
    assert_eq!(guest.pread(fd, 4, 3 * GIBI).unwrap(), [0; 4]);
    assert_eq!(guest.pread(fd, 9, 5 * GIBI - 2).unwrap(), b"\0\0end");
    assert_eq!(guest.pread(fd, 9, 9 * GIBI).unwrap(), b"");
    assert_eq!(guest.pwrite(fd, b"x", 7 * GIBI), Ok(1));
    assert_eq!(guest.tell(fd), Ok(5 * GIBI + 3), "the position stays");
    assert_eq!(guest.seek(fd, 0, 2), Ok(7 * GIBI + 1));
    assert_eq!(guest.seek(fd, -(7 * GIBI as i64), 1), Ok(1));
    assert_eq!(guest.seek(fd, -2, 1), Err(Errno::INVAL));
    assert_eq!(guest.tell(fd), Ok(1), "a failed seek moves nothing");
    assert_eq!(guest.seek(fd, i64::MIN, 2), Err(Errno::INVAL));
    assert_eq!(
        guest.pwrite(fd, b"x", i64::MAX as u64 + 1),
        Err(Errno::INVAL)
    );
    let end = guest.pwrite(fd, b"x", i64::MAX as u64);
    assert!(matches!(end, Err(Errno::INVAL | Errno::FBIG)), "{end:?}");
}

#[test]
fn appends_wherever_the_position_is() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    std::fs::write(folder.join("file"), "one").unwrap();
    let rights = (READ_WRITE, Rights::NONE);
    let fd = guest.open_as(ROOT, "file", (0, 0, APPEND), rights).unwrap();
    assert_eq!(guest.tell(fd), Ok(0));
    assert_eq!(guest.read(fd, 2).unwrap(), b"on");
    assert_eq!(guest.write(fd, b"two"), Ok(3));
    assert_eq!(guest.tell(fd), Ok(6), "writing moved to the end");
    // Others append meanwhile.
    let other = guest.open_as(ROOT, "file", (0, 0, APPEND), rights).unwrap();
    assert_eq!(guest.write(other, b"three"), Ok(5));
    assert_eq!(guest.seek(fd, 0, 0), Ok(0));
    assert_eq!(guest.write(fd, b"four"), Ok(4));
    assert_eq!(guest.tell(fd), Ok(15));
    // Linux appends whatever the offset.
    assert_eq!(guest.pwrite(fd, b"five", 0), Ok(4));
    assert_eq!(guest.tell(fd), Ok(15));
    let text = std::fs::read(folder.join("file")).unwrap();
    assert_eq!(text, b"onetwothreefourfive");
    // Truncating while appending begins anew.
    let trunc = guest
        .open_as(ROOT, "file", (0, TRUNC, APPEND), rights)
        .unwrap();
    assert_eq!(guest.write(fd, b"x"), Ok(1));
    assert_eq!(guest.write(trunc, b"y"), Ok(1));
    assert_eq!(std::fs::read(folder.join("file")).unwrap(), b"xy");
}

#[test]
fn allocates() {
    let folder = Folder::new();
    let mut guest = Guest::with(&folder);
    std::fs::write(folder.join("file"), "text").unwrap();
    let fd = guest.open(ROOT, "file", 0, READ_WRITE).unwrap();
    let allocate = |guest: &Guest, fd, offset, len| {
        fd_allocate(&guest.system, &guest.memory(), fd, offset, len)
    };
    assert_eq!(allocate(&guest, fd, 0, 0), Err(Errno::INVAL));
    assert_eq!(allocate(&guest, fd, u64::MAX, 1), Err(Errno::INVAL));
    assert_eq!(allocate(&guest, fd, 0, u64::MAX), Err(Errno::INVAL));
    assert_eq!(allocate(&guest, ROOT, 0, 1), Err(Errno::BADF));
    assert_eq!(allocate(&guest, 99, 0, 1), Err(Errno::BADF));
    let far = allocate(&guest, fd, i64::MAX as u64, 1);
    assert!(
        matches!(far, Err(Errno::FBIG | Errno::NOTSUP | Errno::INVAL)),
        "{far:?}"
    );
    if allocate(&guest, fd, 0, 2) == Err(Errno::NOTSUP) {
        say("SKIPPED: this file system cannot allocate");
        return;
    }
    // It never shrinks a file, and grows it with zeros.
    assert_eq!(guest.filestat(fd).unwrap().size, 4);
    assert_eq!(allocate(&guest, fd, 10, 5), Ok(()));
    assert_eq!(guest.filestat(fd).unwrap().size, 15);
    assert_eq!(guest.read(fd, 99).unwrap(), b"text\0\0\0\0\0\0\0\0\0\0\0");
    let reader = guest.open(ROOT, "file", 0, READ).unwrap();
    assert_eq!(allocate(&guest, reader, 0, 20), Err(Errno::NOTCAPABLE));
}
