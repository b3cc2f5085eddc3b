//! Images as files: one archive that every tool loads, or a folder in the OCI layout.
//!
//! An archive is both an OCI layout and what `docker save` writes: `index.json` has one entry, the
//! image's index, under both annotations by which tools name it; `manifest.json` has the image of
//! one platform for engines that know no layout. Both refer to the same blobs.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};
use tar::{EntryType, Header};

use crate::blob::{Blob, Descriptor, Digest};
use crate::build::{Image, PlatformImage};
use crate::error::{Error, Result};
use crate::limits;
use crate::manifest::{children, parse};
use crate::reference::Reference;
use crate::regular;
use crate::store::Store;

/// Where a file of a layout is while it is written.
pub(crate) const PARTIAL: &str = "blobs/partial";

const LAYOUT: &str = "{\"imageLayoutVersion\":\"1.0.0\"}";

/// The content of `index.json` for a root under these names.
pub fn index_json(root: &Descriptor, names: &[Reference]) -> Vec<u8> {
    let entry = |name: Option<&Reference>| {
        let mut root = root.clone();
        root.annotations.clear();
        if let Some(name) = name {
            let whole = name.to_string();
            root = root.with_annotation("io.containerd.image.name", &whole);
            if let Some(tag) = name.tag() {
                root = root.with_annotation("org.opencontainers.image.ref.name", tag);
            }
        }
        root.to_json()
    };
    // Tools that are given no name insist on one entry: further names are in `manifest.json`.
    let index = json!({
        "schemaVersion": 2,
        "mediaType": crate::blob::media::INDEX,
        "manifests": [entry(names.first())],
    });
    index.to_string().into_bytes()
}

/// The content of `manifest.json`: what `docker load` reads.
fn manifest_json(platform: &PlatformImage, names: &[Reference]) -> Vec<u8> {
    let layers = platform.layers.iter().map(Digest::layout_path);
    let names: Vec<_> = names.iter().map(familiar).collect();
    let manifest = json!([{
        "Config": platform.config.layout_path(),
        "RepoTags": if names.is_empty() { Value::Null } else { json!(names) },
        "Layers": layers.collect::<Vec<_>>(),
    }]);
    manifest.to_string().into_bytes()
}

/// The name as Docker shows it: its own registry is not named.
fn familiar(name: &Reference) -> String {
    let whole = name.to_string();
    let short = whole.strip_prefix("docker.io/").unwrap_or(&whole);
    short.strip_prefix("library/").unwrap_or(short).to_owned()
}

/// Writes an archive. `architecture` is the one that engines without indices get, if the image has
/// it, else the first.
pub fn write_archive(
    image: &Image,
    names: &[Reference],
    architecture: &str,
    out: impl Write,
) -> Result<()> {
    let mut archive = ArchiveWriter::new(out);
    archive.file("oci-layout", LAYOUT.as_bytes())?;
    archive.file("index.json", &index_json(&image.root(), names))?;
    let platform = image
        .platforms
        .iter()
        .find(|platform| platform.architecture == architecture)
        .or(image.platforms.first());
    if let Some(platform) = platform {
        archive.file("manifest.json", &manifest_json(platform, names))?;
    }
    archive.blob_folders()?;
    for blob in image.blobs() {
        archive.file(&blob.digest.layout_path(), &blob.bytes)?;
    }
    archive.finish().map(drop)
}

/// Packs a layout that was pulled into an archive.
pub fn pack_layout(
    layout: &Path,
    names: &[Reference],
    architecture: &str,
    out: impl Write,
) -> Result<()> {
    let store = Store::open(layout)?;
    let root = store.root()?;
    let mut archive = ArchiveWriter::new(out);
    archive.file("oci-layout", LAYOUT.as_bytes())?;
    archive.file("index.json", &index_json(&root, names))?;
    let bytes = store.blob(&root, limits::MANIFEST)?;
    if let Some(platform) = platform_image(&store, &root, &bytes, architecture)? {
        archive.file("manifest.json", &manifest_json(&platform, names))?;
    }
    archive.blob_folders()?;
    let folder = layout.join("blobs/sha256");
    let failed = || format!("failed to read `{}`", folder.display());
    let mut blobs = Vec::new();
    for entry in fs::read_dir(&folder).map_err(Error::io(failed()))? {
        blobs.push(entry.map_err(Error::io(failed()))?.path());
    }
    blobs.sort();
    for path in blobs {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("blobs/sha256/{name}");
        let mut file = regular::open(&path).map_err(Error::io(failed()))?;
        let size = file.metadata().map_err(Error::io(failed()))?.len();
        archive.stream(&name, size, |out| {
            io::copy(&mut file, out).map(drop).map_err(self::failed())
        })?;
    }
    archive.finish().map(drop)
}

/// The image of one platform of what was pulled; `None` when there is none that Docker could run.
fn platform_image(
    store: &Store,
    descriptor: &Descriptor,
    bytes: &[u8],
    architecture: &str,
) -> Result<Option<PlatformImage>> {
    let value = parse(bytes)?;
    let mut parts = children(&value)?;
    if value.get("manifests").is_none() {
        let (config, _) = parts.remove(0);
        let is_image = [
            "application/vnd.oci.image.config",
            "application/vnd.docker.container.image",
        ];
        if !is_image
            .iter()
            .any(|kind| config.media_type.starts_with(kind))
        {
            return Ok(None);
        }
        return Ok(Some(PlatformImage {
            architecture: "",
            manifest: descriptor.digest,
            config: config.digest,
            layers: parts.iter().map(|(layer, _)| layer.digest).collect(),
        }));
    }
    let wanted = |child: &Descriptor| {
        let platform = child.platform.as_ref();
        platform.is_some_and(|(os, name)| os == "linux" && name == architecture)
    };
    let Some((child, _)) = parts.into_iter().find(|(child, _)| wanted(child)) else {
        return Ok(None);
    };
    let bytes = store.blob(&child, limits::MANIFEST)?;
    match parse(&bytes)?.get("manifests") {
        Some(_) => Ok(None),
        None => platform_image(store, &child, &bytes, architecture),
    }
}

/// Writes an archive file by file.
pub struct ArchiveWriter<W: Write> {
    tar: tar::Builder<W>,
}

impl<W: Write> ArchiveWriter<W> {
    /// An archive that is written to `out`.
    pub fn new(out: W) -> ArchiveWriter<W> {
        ArchiveWriter {
            tar: tar::Builder::new(out),
        }
    }

    /// The folders of blobs.
    pub fn blob_folders(&mut self) -> Result<()> {
        for path in ["blobs/", "blobs/sha256/"] {
            let mut header = header(EntryType::Directory, 0o755, 0);
            self.tar
                .append_data(&mut header, path, &[][..])
                .map_err(failed())?;
        }
        Ok(())
    }

    /// A file of these bytes.
    pub fn file(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        let mut header = header(EntryType::Regular, 0o644, bytes.len() as u64);
        self.tar
            .append_data(&mut header, path, bytes)
            .map_err(failed())
    }

    /// A file of `size` bytes, which `content` writes.
    pub fn stream(
        &mut self,
        path: &str,
        size: u64,
        content: impl FnOnce(&mut dyn Write) -> Result<()>,
    ) -> Result<()> {
        let mut header = header(EntryType::Regular, 0o644, size);
        header.set_path(path).map_err(failed())?;
        header.set_cksum();
        let out = self.tar.get_mut();
        out.write_all(header.as_bytes()).map_err(failed())?;
        let mut counted = Counted { out, written: 0 };
        content(&mut counted)?;
        if counted.written != size {
            return Err(Error::malformed(format!(
                "`{path}` has {} bytes instead of {size}",
                counted.written
            )));
        }
        let padding = (512 - size % 512) % 512;
        out.write_all(&[0; 512][..padding as usize])
            .map_err(failed())
    }

    /// Ends the archive.
    pub fn finish(self) -> Result<W> {
        let mut out = self.tar.into_inner().map_err(failed())?;
        out.flush().map_err(failed())?;
        Ok(out)
    }
}

fn failed() -> impl FnOnce(io::Error) -> Error {
    Error::io("failed to write the image")
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(size);
    header
}

struct Counted<'a, W> {
    out: &'a mut W,
    written: u64,
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Makes the folders of a layout and the file that says that it is one.
pub fn start_layout(folder: &Path) -> Result<()> {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs)
        .map_err(Error::io(format!("failed to create `{}`", blobs.display())))?;
    write_file(folder, "oci-layout", LAYOUT.as_bytes())
}

/// Writes an image into a layout that was started. `index.json` comes last: before, nothing refers
/// to the blobs.
pub fn write_layout(image: &Image, names: &[Reference], folder: &Path) -> Result<()> {
    for blob in image.blobs() {
        write_file(folder, &blob.digest.layout_path(), &blob.bytes)?;
    }
    write_file(folder, "index.json", &index_json(&image.root(), names))
}

/// Writes a file of a layout. It has its name only when it is whole: whoever reads a layout while it
/// is written sees the image that was there before.
pub fn write_file(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = folder.join(name);
    let part = folder.join(PARTIAL);
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, &path));
    if written.is_err() {
        // What is left of it is of no use; the first error is the one to report.
        let _ = fs::remove_file(&part);
    }
    written.map_err(Error::io(format!("failed to write `{}`", path.display())))
}

impl From<&Blob> for Descriptor {
    fn from(blob: &Blob) -> Descriptor {
        blob.descriptor()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::media;
    use crate::build::{Executable, Spec, build};
    use std::fs::File;

    fn image() -> Image {
        let spec = Spec {
            name: "app".to_owned(),
            ..Spec::default()
        };
        let executables = ["amd64", "arm64"].map(|architecture| Executable {
            architecture,
            bytes: architecture.into(),
        });
        build(&spec, executables.to_vec()).unwrap()
    }

    /// Every blob that a root refers to can be read.
    fn check(store: &Store, image: &Image) {
        let root = store.root().unwrap();
        assert_eq!(root.digest, image.index);
        assert_eq!(root.media_type, media::INDEX);
        for blob in image.blobs() {
            let bytes = store.blob(&blob.descriptor(), limits::MODULE).unwrap();
            assert_eq!(bytes, blob.bytes);
        }
    }

    #[test]
    fn archives_and_layouts_can_be_read_again() {
        let image = image();
        let names = ["example.org/app:1".parse().unwrap()];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.tar");
        write_archive(&image, &names, "arm64", File::create(&path).unwrap()).unwrap();
        let store = Store::open(&path).unwrap();
        check(&store, &image);
        let annotations = store.root().unwrap().annotations;
        assert_eq!(annotations[0].1, "example.org/app:1");
        assert_eq!(annotations[1].1, "1");
        let docker = store.read("manifest.json", limits::MANIFEST).unwrap();
        let docker: Value = serde_json::from_slice(&docker).unwrap();
        let config = image.platforms[1].config.layout_path();
        assert_eq!(docker[0]["Config"], config);
        assert_eq!(docker[0]["RepoTags"][0], "example.org/app:1");

        let layout = folder.path().join("layout");
        start_layout(&layout).unwrap();
        write_layout(&image, &names, &layout).unwrap();
        check(&Store::open(&layout).unwrap(), &image);
    }

    #[test]
    fn files_of_a_layout_are_replaced() {
        let image = image();
        let folder = tempfile::tempdir().unwrap();
        start_layout(folder.path()).unwrap();
        write_layout(&image, &[], folder.path()).unwrap();
        // Who has the old file open goes on reading it.
        let index = folder.path().join("index.json");
        let old = fs::read(&index).unwrap();
        let mut reader = File::open(&index).unwrap();
        let names = ["example.org/app:1".parse().unwrap()];
        write_layout(&image, &names, folder.path()).unwrap();
        let mut read = Vec::new();
        io::Read::read_to_end(&mut reader, &mut read).unwrap();
        assert_eq!(read, old);
        assert_ne!(fs::read(&index).unwrap(), old);
        assert!(!folder.path().join(PARTIAL).exists());
    }

    #[test]
    fn a_changed_blob_is_noticed() {
        let image = image();
        let folder = tempfile::tempdir().unwrap();
        start_layout(folder.path()).unwrap();
        write_layout(&image, &[], folder.path()).unwrap();
        let root = image.root();
        let mut bytes = image.blob(root.digest).unwrap().bytes.clone();
        bytes[10] ^= 1;
        write_file(folder.path(), &root.digest.layout_path(), &bytes).unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert!(store.blob(&root, limits::MANIFEST).is_err());
        assert!(matches!(store.blob(&root, 3), Err(Error::Limit(_))));
    }

    #[test]
    fn names_are_as_docker_shows_them() {
        for (name, shown) in [
            ("hello", "hello:latest"),
            ("me/hello:1", "me/hello:1"),
            ("example.org/library/x", "example.org/library/x:latest"),
        ] {
            assert_eq!(familiar(&name.parse().unwrap()), shown);
        }
    }

    #[test]
    fn streamed_files_have_the_size_that_they_announce() {
        let mut archive = ArchiveWriter::new(Vec::new());
        let write = |out: &mut dyn Write| out.write_all(b"abc").map_err(failed());
        archive.stream("blobs/sha256/a", 3, write).unwrap();
        assert!(archive.stream("blobs/sha256/b", 4, write).is_err());
    }
}
