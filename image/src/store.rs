//! Reading images from files: archives and folders in the OCI layout.
//!
//! Security: whoever made the file decides what is in it. Blobs are found by digest and verified,
//! members are looked at where they lie, and nothing is unpacked to disk. What is no regular file is
//! not read: a pipe would never end.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::blob::{Descriptor, verify};
use crate::error::{Error, Result};
use crate::limits;
use crate::regular;

/// An image in a file or folder, for reading.
#[derive(Debug)]
pub enum Store {
    /// A layout.
    Folder(PathBuf),
    /// An archive.
    Archive {
        /// Its path.
        path: PathBuf,
        /// The file.
        file: File,
        /// Where each member lies: offset and size.
        members: HashMap<String, (u64, u64)>,
    },
}

impl Store {
    /// Opens an archive or a layout.
    pub fn open(path: &Path) -> Result<Store> {
        let failed = || format!("failed to read `{}`", path.display());
        if path.is_dir() {
            return Ok(Store::Folder(path.to_owned()));
        }
        let file = regular::open(path).map_err(Error::io(failed()))?;
        let mut archive = tar::Archive::new(&file);
        let mut members = HashMap::new();
        let entries = archive.entries_with_seek().map_err(Error::io(failed()))?;
        for entry in entries {
            let entry = entry.map_err(Error::io(failed()))?;
            if members.len() >= limits::FILES {
                return Err(Error::Limit(format!(
                    "`{}` has too many files",
                    path.display()
                )));
            }
            if entry.header().entry_type().is_file() {
                let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                let name = name.strip_prefix("./").unwrap_or(&name).to_owned();
                members.insert(name, (entry.raw_file_position(), entry.size()));
            }
        }
        Ok(Store::Archive {
            path: path.to_owned(),
            file,
            members,
        })
    }

    /// What `index.json` refers to.
    pub fn root(&self) -> Result<Descriptor> {
        let name = self.path().display().to_string();
        let bytes = match self.read("index.json", limits::MANIFEST) {
            Err(Error::Missing(_)) if self.member("manifest.json").is_ok() => {
                return Err(Error::Refused {
                    message: format!("`{name}` has Docker's form alone, not the OCI layout"),
                    hint: Some(format!(
                        "`skopeo copy docker-archive:{name} oci-archive:image.tar` converts it"
                    )),
                });
            }
            read => read?,
        };
        let index = oci_spec::image::ImageIndex::from_reader(&bytes[..]).map_err(|error| {
            Error::malformed(format!(
                "`index.json` of `{name}` is no image index: {error}"
            ))
        })?;
        match index.manifests().as_slice() {
            [one] => one.try_into(),
            others => Err(Error::malformed(format!(
                "`{name}` has {} images where one is expected",
                others.len()
            ))),
        }
    }

    /// A blob that is read as a whole, verified.
    pub fn blob(&self, descriptor: &Descriptor, max: u64) -> Result<Vec<u8>> {
        if descriptor.size > max {
            return Err(too_large(descriptor, max));
        }
        let bytes = self.read(&descriptor.digest.layout_path(), max)?;
        verify(descriptor, &bytes)?;
        Ok(bytes)
    }

    /// A blob as a stream of `descriptor.size` bytes, not verified.
    pub fn stream(&self, descriptor: &Descriptor) -> Result<Box<dyn Read>> {
        let (reader, size) = self.member(&descriptor.digest.layout_path())?;
        if size != descriptor.size {
            return Err(Error::malformed(format!(
                "blob {} has {size} bytes instead of {}",
                descriptor.digest, descriptor.size
            )));
        }
        Ok(reader)
    }

    fn path(&self) -> &Path {
        match self {
            Store::Folder(path) | Store::Archive { path, .. } => path,
        }
    }

    /// A file that is read as a whole, not verified.
    pub(crate) fn read(&self, name: &str, max: u64) -> Result<Vec<u8>> {
        let failed = || format!("failed to read `{name}` of `{}`", self.path().display());
        let (reader, size) = self.member(name)?;
        if size > max {
            return Err(Error::Limit(format!("`{name}` has more than {max} bytes")));
        }
        let mut bytes = Vec::new();
        // The file may grow while it is read.
        reader
            .take(max)
            .read_to_end(&mut bytes)
            .map_err(Error::io(failed()))?;
        Ok(bytes)
    }

    fn member(&self, name: &str) -> Result<(Box<dyn Read>, u64)> {
        let failed = || format!("failed to read `{name}` of `{}`", self.path().display());
        let absent = || {
            let path = self.path().display();
            Error::Missing(format!("`{path}` is no image: it lacks `{name}`"))
        };
        match self {
            Store::Folder(folder) => {
                let file =
                    regular::open(&folder.join(name)).map_err(|error| match error.kind() {
                        io::ErrorKind::NotFound => absent(),
                        _ => Error::io(failed())(error),
                    })?;
                let size = file.metadata().map_err(Error::io(failed()))?.len();
                Ok((Box::new(file), size))
            }
            Store::Archive { file, members, .. } => {
                let &(offset, size) = members.get(name).ok_or_else(absent)?;
                let mut file = file.try_clone().map_err(Error::io(failed()))?;
                file.seek(SeekFrom::Start(offset))
                    .map_err(Error::io(failed()))?;
                Ok((Box::new(file.take(size)), size))
            }
        }
    }
}

pub(crate) fn too_large(descriptor: &Descriptor, max: u64) -> Error {
    Error::Limit(format!(
        "blob {} has {} bytes; at most {max} are accepted",
        descriptor.digest, descriptor.size
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::ArchiveWriter;

    #[test]
    fn archives_of_older_engines_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("saved.tar");
        let mut archive = ArchiveWriter::new(File::create(&path).unwrap());
        archive.file("other", b"").unwrap();
        archive.finish().unwrap();
        let error = Store::open(&path).unwrap().root().unwrap_err();
        assert!(matches!(error, Error::Missing(_)), "{error}");
        let mut archive = ArchiveWriter::new(File::create(&path).unwrap());
        archive.file("manifest.json", b"[]").unwrap();
        archive.finish().unwrap();
        let error = Store::open(&path).unwrap().root().unwrap_err();
        assert!(error.hint().unwrap().contains("skopeo"), "{error}");
    }
}
