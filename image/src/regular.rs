//! Opening regular files only, without ever waiting for the other end of something else.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// Opens a regular file, or a link to one, for reading.
///
/// # Errors
/// Those of the system, and `InvalidInput` for what is no regular file: a FIFO, a device, a folder.
pub fn open(path: &Path) -> io::Result<File> {
    // Without the flag, opening a FIFO waits for a writer. It means nothing to regular files.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use std::fs;

    #[test]
    fn what_is_no_regular_file_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mode = Mode::RUSR | Mode::WUSR;
        mknodat(CWD, path("fifo"), FileType::Fifo, mode, 0).unwrap();
        let socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        fs::write(path("file"), "text").unwrap();
        std::os::unix::fs::symlink("file", path("link")).unwrap();
        std::os::unix::fs::symlink("fifo", path("link-to-fifo")).unwrap();
        for name in ["fifo", "link-to-fifo"] {
            let error = open(&path(name)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{name}");
        }
        for path in [folder.path(), Path::new("/dev/null"), &path("socket")] {
            assert!(open(path).is_err(), "{}", path.display());
        }
        for name in ["file", "link"] {
            assert!(open(&path(name)).is_ok(), "{name}");
        }
        drop(socket);
    }
}
