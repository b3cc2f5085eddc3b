//! Pulling: an image and all that it refers to, into a layout.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::Path;

use crate::archive::{PARTIAL, index_json, start_layout, write_file};
use crate::blob::{Descriptor, Digest};
use crate::error::{Error, Result};
use crate::manifest::{children, parse};
use crate::reference::Reference;
use crate::registry::{Client, Manifest};

impl Client<'_> {
    /// Pulls an image into a layout; `index.json` comes last. What was pulled.
    pub fn pull(&self, folder: &Path) -> Result<Manifest> {
        start_layout(folder)?;
        let root = self.root()?;
        let mut seen = HashSet::new();
        self.pull_manifest(&root.descriptor, &root.bytes, folder, &mut seen, 0)?;
        let mut descriptor = root.descriptor.clone();
        // The header of an answer is not part of what was verified.
        if let Some(media_type) = parse(&root.bytes)?["mediaType"].as_str() {
            descriptor.media_type = media_type.to_owned();
        }
        let names: Vec<Reference> = match self.reference().tag() {
            Some(_) => vec![self.reference().clone()],
            None => Vec::new(),
        };
        write_file(folder, "index.json", &index_json(&descriptor, &names))?;
        Ok(root)
    }

    fn pull_manifest(
        &self,
        descriptor: &Descriptor,
        bytes: &[u8],
        folder: &Path,
        seen: &mut HashSet<(Digest, u64)>,
        depth: usize,
    ) -> Result<()> {
        for (child, is_manifest) in children(&parse(bytes)?)? {
            if !seen.insert((child.digest, child.size)) {
                continue;
            }
            match is_manifest {
                true if depth < 2 => {
                    let bytes = self.manifest(&child)?;
                    self.pull_manifest(&child, &bytes, folder, seen, depth + 1)?;
                }
                true => return Err(Error::malformed("the indices are nested too deeply")),
                false => self.pull_blob(&child, folder)?,
            }
        }
        write_file(folder, &descriptor.digest.layout_path(), bytes)
    }

    /// A blob has its name only when it is whole.
    fn pull_blob(&self, descriptor: &Descriptor, folder: &Path) -> Result<()> {
        let path = folder.join(descriptor.digest.layout_path());
        let part = folder.join(PARTIAL);
        let failed = || format!("failed to write `{}`", part.display());
        let mut file = File::create(&part).map_err(Error::io(failed()))?;
        let pulled = self.blob_to(descriptor, &mut file);
        drop(file);
        let pulled = pulled.and_then(|()| fs::rename(&part, &path).map_err(Error::io(failed())));
        if pulled.is_err() {
            // What is left of it is of no use; the first error is the one to report.
            let _ = fs::remove_file(&part);
        }
        pulled
    }
}
