//! Pushing: what is referred to comes before what refers to it.

use std::io::Read;

use serde_json::json;

use crate::blob::{Blob, Descriptor, Digest, media};
use crate::error::{Error, Result};
use crate::limits;
use crate::manifest::{children, parse};
use crate::registry::Client;

/// Where the content of blobs comes from when it is pushed.
pub type Content<'a> = dyn Fn(&Descriptor) -> Result<Box<dyn Read>> + 'a;

impl Client<'_> {
    /// Pushes a manifest or index and all that it refers to, under the tag of the client's
    /// reference, or its digest when it has no tag.
    pub fn push(&self, root: &Descriptor, content: &Content<'_>) -> Result<()> {
        let reference = self.reference();
        if let Some(digest) = reference.digest()
            && digest != root.digest
        {
            return Err(Error::malformed(format!(
                "the image has the digest {}, which is not that of `{reference}`",
                root.digest
            )));
        }
        let digest = root.digest.to_string();
        let version = reference.tag().unwrap_or(&digest).to_owned();
        self.push_manifest(root, &version, content, 0)
    }

    fn push_manifest(
        &self,
        descriptor: &Descriptor,
        version: &str,
        content: &Content<'_>,
        depth: usize,
    ) -> Result<()> {
        let bytes = read_manifest(descriptor, content)?;
        let value = parse(&bytes)?;
        for (child, is_manifest) in children(&value)? {
            match is_manifest {
                // An index in an index is all that tools make.
                true if depth < 2 => {
                    self.push_manifest(&child, &child.digest.to_string(), content, depth + 1)?;
                }
                true => return Err(Error::malformed("the indices are nested too deeply")),
                false => self.put_blob(&child, &|| content(&child))?,
            }
        }
        let media_type = value["mediaType"]
            .as_str()
            .unwrap_or(&descriptor.media_type);
        self.put_manifest(version, media_type, &bytes).map(drop)
    }

    /// Attaches a document to an image that is there: an artifact that refers to it. Registries
    /// that do not keep track of what refers to what get the list of referrers as a tag, see
    /// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema>.
    pub fn attach(&self, subject: &Descriptor, document: &Blob) -> Result<Digest> {
        let empty = Blob::new(media::EMPTY, b"{}".to_vec());
        for blob in [&empty, document] {
            let open = || -> Result<Box<dyn Read>> {
                Ok(Box::new(std::io::Cursor::new(blob.bytes.clone())))
            };
            self.put_blob(&blob.descriptor(), &open)?;
        }
        let subject = Descriptor {
            platform: None,
            annotations: Vec::new(),
            ..subject.clone()
        };
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": media::MANIFEST,
            "artifactType": document.media_type,
            "config": empty.descriptor().to_json(),
            "layers": [document.descriptor().to_json()],
            "subject": subject.to_json(),
        });
        let manifest = Blob::json(media::MANIFEST, &manifest);
        let version = manifest.digest.to_string();
        let is_tracked = self.put_manifest(&version, media::MANIFEST, &manifest.bytes)?;
        if !is_tracked {
            self.add_referrer(&subject, &manifest, document.media_type)?;
        }
        Ok(manifest.digest)
    }

    fn add_referrer(&self, subject: &Descriptor, artifact: &Blob, kind: &str) -> Result<()> {
        let tag = format!("sha256-{}", subject.digest.hex());
        let mut index = match self.manifest_at(&tag, None) {
            Ok(index) => parse(&index.bytes)?,
            Err(Error::Registry { status: 404, .. }) => json!({
                "schemaVersion": 2,
                "mediaType": media::INDEX,
                "manifests": [],
            }),
            Err(error) => return Err(error),
        };
        let digest = artifact.digest.to_string();
        let manifests = index["manifests"].as_array_mut();
        let manifests =
            manifests.ok_or_else(|| Error::malformed("the list of referrers is no image index"))?;
        if manifests
            .iter()
            .any(|manifest| manifest["digest"] == digest.as_str())
        {
            return Ok(());
        }
        let mut entry = artifact.descriptor().to_json();
        entry["artifactType"] = json!(kind);
        manifests.push(entry);
        let bytes = index.to_string().into_bytes();
        self.put_manifest(&tag, media::INDEX, &bytes).map(drop)
    }
}

/// A manifest of `content`, verified.
pub(crate) fn read_manifest(descriptor: &Descriptor, content: &Content<'_>) -> Result<Vec<u8>> {
    if descriptor.size > limits::MANIFEST {
        return Err(crate::store::too_large(descriptor, limits::MANIFEST));
    }
    let mut bytes = Vec::new();
    content(descriptor)?
        .take(limits::MANIFEST + 1)
        .read_to_end(&mut bytes)
        .map_err(Error::io("failed to read a manifest"))?;
    crate::blob::verify(descriptor, &bytes)?;
    Ok(bytes)
}
