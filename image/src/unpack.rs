//! Layers of other people's images, unpacked in memory.
//!
//! Security: nothing is written anywhere. Names are normalised, and what would lead out of the
//! image (`..`, absolute links) cannot: links are followed inside the tree only. Sizes and numbers
//! are capped. Device files, owners and special modes are left out.

use std::collections::BTreeMap;
use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};

use crate::error::{Error, Result};
use crate::layer::normalise;
use crate::limits;

/// Most links that are followed on the way to a file.
const MAX_LINKS: usize = 40;

/// A file of an unpacked image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unpacked {
    /// A folder.
    Folder,
    /// A regular file: its content, and whether it can be executed.
    File(Vec<u8>, bool),
    /// A symbolic link with its target.
    Symlink(String),
}

/// The files of an image. Paths have no `/` at either end.
#[derive(Clone, Debug, Default)]
pub struct Root {
    files: BTreeMap<String, Unpacked>,
    bytes: u64,
}

impl Root {
    /// An empty root.
    pub fn new() -> Root {
        Root::default()
    }

    /// The files, parents before children.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Unpacked)> {
        self.files.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// Puts a layer, an uncompressed tar archive, over what is there.
    pub fn apply(&mut self, layer: &[u8]) -> Result<()> {
        let failed = || "a layer is no tar archive";
        let mut archive = tar::Archive::new(layer);
        let mut written = BTreeMap::new();
        for entry in archive.entries().map_err(Error::io(failed()))? {
            let mut entry = entry.map_err(Error::io(failed()))?;
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            // A name that leads out of the image means nothing in it.
            let Ok(path) = normalise(&path) else { continue };
            if path.is_empty() {
                continue;
            }
            if path.len() > limits::PATH {
                let max = limits::PATH;
                return Err(Error::Limit(format!(
                    "a path of the image has more than {max} bytes"
                )));
            }
            check_count(written.len() + self.files.len())?;
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
            if name == ".wh..wh..opq" {
                self.remove_below(folder);
                continue;
            }
            if let Some(removed) = name.strip_prefix(".wh.") {
                if !removed.is_empty() {
                    self.remove(&join(folder, removed));
                }
                continue;
            }
            let kind = entry.header().entry_type();
            let link = || {
                let name = entry.link_name_bytes();
                name.map(|name| String::from_utf8_lossy(&name).into_owned())
            };
            let file = if kind.is_dir() {
                Unpacked::Folder
            } else if kind.is_symlink() {
                Unpacked::Symlink(link().unwrap_or_default())
            } else if kind.is_hard_link() {
                let target = link().and_then(|target| normalise(&target).ok());
                let target = target.unwrap_or_default();
                let found = written.get(&target).or_else(|| self.files.get(&target));
                match found.cloned() {
                    Some(file @ Unpacked::File(..)) => {
                        self.count(&file)?;
                        file
                    }
                    _ => continue,
                }
            } else if kind.is_file() {
                let is_executable = entry.header().mode().unwrap_or(0) & 0o111 != 0;
                let mut content = Vec::new();
                let left = limits::MODULE.saturating_sub(self.bytes);
                entry
                    .by_ref()
                    .take(left + 1)
                    .read_to_end(&mut content)
                    .map_err(Error::io(failed()))?;
                let file = Unpacked::File(content, is_executable);
                self.count(&file)?;
                file
            } else {
                continue;
            };
            written.insert(path, file);
        }
        // Whiteouts of a layer concern the layers below only, wherever they stand in it.
        for (path, file) in written {
            self.insert(path, file)?;
        }
        Ok(())
    }

    fn count(&mut self, file: &Unpacked) -> Result<()> {
        if let Unpacked::File(content, _) = file {
            self.bytes += content.len() as u64;
        }
        if self.bytes > limits::MODULE {
            let max = limits::MODULE;
            return Err(Error::Limit(format!("the image has more than {max} bytes")));
        }
        Ok(())
    }

    fn insert(&mut self, path: String, file: Unpacked) -> Result<()> {
        for (at, _) in path.match_indices('/') {
            let parent = &path[..at];
            if self.files.get(parent) != Some(&Unpacked::Folder) {
                // Folders that no entry names count too: a deep path makes thousands.
                check_count(self.files.len())?;
                self.files.insert(parent.to_owned(), Unpacked::Folder);
            }
        }
        if file != Unpacked::Folder {
            self.remove_below(&path);
        }
        self.files.insert(path, file);
        Ok(())
    }

    fn remove(&mut self, path: &str) {
        self.remove_below(path);
        self.files.remove(path);
    }

    fn remove_below(&mut self, folder: &str) {
        if folder.is_empty() {
            self.files.clear();
            return;
        }
        let prefix = format!("{folder}/");
        let below: Vec<_> = self
            .files
            .range(prefix.clone()..)
            .take_while(|(path, _)| path.starts_with(&prefix))
            .map(|(path, _)| path.clone())
            .collect();
        for path in below {
            self.files.remove(&path);
        }
    }

    /// The content of the file at a path, which may be absolute or relative to `folder`. Links are
    /// followed; they cannot leave the root.
    pub fn read(&self, folder: &str, path: &str) -> Option<(String, &[u8])> {
        let start = if path.starts_with('/') { "" } else { folder };
        let mut todo: Vec<String> = Vec::new();
        push_parts(&mut todo, path);
        push_parts(&mut todo, start);
        let mut at: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(part) = todo.pop() {
            match part.as_str() {
                ".." => {
                    at.pop();
                    continue;
                }
                part => at.push(part.to_owned()),
            }
            if let Some(Unpacked::Symlink(target)) = self.files.get(&at.join("/")) {
                links += 1;
                if links > MAX_LINKS || todo.len() > limits::CHILDREN {
                    return None;
                }
                match target.starts_with('/') {
                    true => at.clear(),
                    false => drop(at.pop()),
                }
                push_parts(&mut todo, target);
            }
        }
        let path = at.join("/");
        match self.files.get(&path)? {
            Unpacked::File(content, _) => Some((path, content)),
            _ => None,
        }
    }
}

/// Fails when there is no room for another file.
fn check_count(count: usize) -> Result<()> {
    match count < limits::FILES {
        true => Ok(()),
        false => Err(Error::Limit(format!(
            "the image has more than {} files",
            limits::FILES
        ))),
    }
}

/// Puts the parts of a path on a stack, the first one on top.
fn push_parts(stack: &mut Vec<String>, path: &str) {
    let parts = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".");
    stack.extend(parts.rev().map(str::to_owned));
}

fn join(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

/// Takes compression away; the bytes decide whether there is any.
pub fn decompress(bytes: Vec<u8>) -> Result<Vec<u8>> {
    let mut plain = Vec::new();
    let read = if bytes.starts_with(GZIP) {
        MultiGzDecoder::new(&bytes[..])
            .take(limits::MODULE + 1)
            .read_to_end(&mut plain)
            .map(|_| ())
    } else if is_zstd(&bytes) {
        read_zstd(&bytes, &mut plain)
    } else {
        return Ok(bytes);
    };
    match read {
        Ok(()) if plain.len() as u64 > limits::MODULE => Err(Error::Limit(format!(
            "a layer has more than {} bytes when it is decompressed",
            limits::MODULE
        ))),
        Ok(()) => Ok(plain),
        Err(error) if error.kind() == io::ErrorKind::OutOfMemory => {
            Err(Error::io("failed to decompress a layer")(error))
        }
        Err(error) => Err(Error::malformed(format!(
            "a layer cannot be decompressed: {error}"
        ))),
    }
}

/// How gzip begins (RFC 1952, 2.3.1).
const GZIP: &[u8] = b"\x1f\x8b";
/// How a frame of zstd begins (RFC 8878, 3.1.1).
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";

/// Whether the bytes are zstd: a frame, or one to be skipped (RFC 8878, 3.1.2), which is what the
/// table of contents of a layer that can be fetched in parts is in.
fn is_zstd(bytes: &[u8]) -> bool {
    bytes.starts_with(ZSTD)
        || matches!(bytes, [first, 0x2a, 0x4d, 0x18, ..] if first & 0xf0 == 0x50)
}

/// Reads all frames, up to one byte more than is accepted.
fn read_zstd(mut bytes: &[u8], plain: &mut Vec<u8>) -> io::Result<()> {
    while !bytes.is_empty() && plain.len() as u64 <= limits::MODULE {
        let mut frame = match StreamingDecoder::new(&mut bytes) {
            Ok(frame) => frame,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let skipped = bytes.get(length as usize..);
                bytes = skipped.ok_or(io::ErrorKind::UnexpectedEof)?;
                continue;
            }
            Err(error) => return Err(io::Error::other(error)),
        };
        let left = limits::MODULE + 1 - plain.len() as u64;
        frame.by_ref().take(left).read_to_end(plain)?;
        let decoder = frame.into_frame_decoder();
        let told = decoder.get_checksum_from_data();
        if decoder.is_finished() && told.is_some() && told != decoder.get_calculated_checksum() {
            return Err(io::Error::other("its checksum is wrong"));
        }
    }
    Ok(())
}

/// Whether the bytes are a tar archive.
pub fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(257..262) == Some(b"ustar")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tar::{EntryType, Header};

    /// A layer of entries: raw name, kind, content or target.
    fn layer(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for &(name, kind, content) in entries {
            let mut header = Header::new_gnu();
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(kind);
            header.set_mode(0o755);
            let is_file = kind == EntryType::Regular;
            if is_file {
                header.set_size(content.len() as u64);
            } else {
                header.set_size(0);
                header.as_mut_bytes()[157..157 + content.len()].copy_from_slice(content.as_bytes());
            }
            header.set_cksum();
            let data = if is_file { content.as_bytes() } else { b"" };
            tar.append(&header, data).unwrap();
        }
        tar.into_inner().unwrap()
    }

    const FILE: EntryType = EntryType::Regular;
    const LINK: EntryType = EntryType::Symlink;
    const HARD: EntryType = EntryType::Link;

    fn names(root: &Root) -> Vec<&str> {
        root.files().map(|(path, _)| path).collect()
    }

    #[test]
    fn whiteouts_hide_what_is_below() {
        let mut root = Root::new();
        root.apply(&layer(&[
            ("a/1", FILE, "1"),
            ("a/2", FILE, "2"),
            ("b/1", FILE, "1"),
            ("c", FILE, "c"),
        ]))
        .unwrap();
        root.apply(&layer(&[
            ("a/3", FILE, "3"),
            ("a/.wh..wh..opq", FILE, ""),
            (".wh.b", FILE, ""),
            (".wh.absent", FILE, ""),
            ("c/d", FILE, "a folder now"),
        ]))
        .unwrap();
        assert_eq!(names(&root), ["a", "a/3", "c", "c/d"]);
        // Whiteouts with hostile names remove nothing outside, and nothing at all.
        root.apply(&layer(&[
            ("../.wh.a", FILE, ""),
            (".wh...", FILE, ""),
            ("a/.wh.", FILE, ""),
            (".wh.", FILE, ""),
        ]))
        .unwrap();
        assert!(names(&root).contains(&"c/d"));
    }

    #[test]
    fn deep_paths_are_no_bombs() {
        // Each entry is a few hundred bytes when it is compressed, and names hundreds of folders.
        let deep = |count: usize, length: usize| {
            let mut tar = tar::Builder::new(Vec::new());
            for index in 0..count {
                let mut header = Header::new_gnu();
                header.set_size(0);
                let path = format!("{index}/{}x", "d/".repeat(length / 2));
                tar.append_data(&mut header, path, &[][..]).unwrap();
            }
            tar.into_inner().unwrap()
        };
        for (count, length, message) in [(1000, 2_000, "files"), (1, 1_000_000, "bytes")] {
            let error = Root::new().apply(&deep(count, length)).unwrap_err();
            assert!(matches!(error, Error::Limit(_)), "{error}");
            assert!(error.to_string().contains(message), "{error}");
        }
    }

    #[test]
    fn nothing_leads_out() {
        let mut root = Root::new();
        root.apply(&layer(&[
            ("../../etc/passwd", FILE, "x"),
            ("/etc/hosts", FILE, "hosts"),
            ("up", LINK, "../../../../etc"),
            ("abs", LINK, "/etc/hosts"),
            ("loop", LINK, "loop"),
            ("ping", LINK, "pong/x"),
            ("pong", LINK, "ping/x"),
            ("hard", HARD, "../../../etc/shadow"),
            ("same", HARD, "etc/hosts"),
            ("dev", EntryType::Char, ""),
        ]))
        .unwrap();
        assert!(!names(&root).contains(&"etc/passwd"));
        assert!(!names(&root).contains(&"hard"));
        assert!(!names(&root).contains(&"dev"));
        let hosts = ("etc/hosts".to_owned(), &b"hosts"[..]);
        assert_eq!(root.read("", "/up/hosts"), Some(hosts.clone()));
        assert_eq!(root.read("up", "hosts"), Some(hosts.clone()));
        assert_eq!(root.read("", "abs"), Some(hosts.clone()));
        assert_eq!(root.read("/x/y", "../../../../etc/hosts"), Some(hosts));
        assert_eq!(root.read("", "same").unwrap().1, b"hosts");
        for absent in ["loop", "ping", "etc", "none", "", "/"] {
            assert_eq!(root.read("", absent), None, "{absent}");
        }
    }

    #[test]
    fn truncated_layers_are_errors() {
        let tar = layer(&[("a", FILE, "content")]);
        assert!(is_tar(&tar));
        for length in [1, 511, 513, 516] {
            assert!(Root::new().apply(&tar[..length]).is_err(), "{length}");
        }
        assert!(Root::new().apply(&[b'x'; 2048]).is_err());
    }

    #[test]
    fn compression_is_known_by_bytes() {
        use std::io::Write as _;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"text").unwrap();
        let gzip = gzip.finish().unwrap();
        assert_eq!(decompress(gzip.clone()).unwrap(), b"text");
        assert_eq!(decompress(b"plain".to_vec()).unwrap(), b"plain");
        assert!(decompress(gzip[..gzip.len() - 9].to_vec()).is_err());
    }

    #[test]
    fn zstd_may_have_several_frames() {
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        let frame = |text: &[u8]| ruzstd::encoding::compress_to_vec(text, level);
        // What containers fetch in parts has frames to skip between those with content.
        let skipped = [&b"\x5e\x2a\x4d\x18\x03\0\0\0"[..], b"abc"].concat();
        let text = "text ".repeat(1000);
        let whole = frame(text.as_bytes());
        let frames = [&skipped[..], &whole, &skipped, &frame(b"end"), &skipped].concat();
        let plain = decompress(frames.clone()).unwrap();
        assert_eq!(plain, [text.as_bytes(), b"end"].concat());
        for length in [3, 9, 12, skipped.len() + 5, skipped.len() + whole.len() - 5] {
            let cut = frames[..length].to_vec();
            // Three bytes are not zstd yet.
            assert_eq!(decompress(cut).is_err(), length > 3, "{length}");
        }
        let mut wrong = whole.clone();
        *wrong.last_mut().unwrap() ^= 1;
        assert!(decompress(wrong).is_err());
        let mut trailing = whole;
        trailing.extend(b"more");
        assert!(decompress(trailing).is_err());
    }
}
