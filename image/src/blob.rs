//! Content and its address: digests, descriptors, blobs.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};

/// Media types, as the image specification and Docker name them.
pub mod media {
    /// An image index.
    pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// An image manifest, also of artifacts.
    pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// The configuration of an image.
    pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    /// A compressed layer.
    pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    /// The empty object, where an artifact needs no configuration.
    pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
    /// Docker's name for an index.
    pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// Docker's name for a manifest.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// The configuration of a WebAssembly artifact.
    pub const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
    /// A WebAssembly module.
    pub const WASM: &str = "application/wasm";
    /// A CycloneDX document.
    pub const CYCLONEDX: &str = "application/vnd.cyclonedx+json";
}

/// The SHA-256 of some content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(Sha256::digest(bytes).into())
    }

    /// The digest of what a hash has seen.
    pub(crate) fn finish(hash: Sha256) -> Digest {
        Digest(hash.finalize().into())
    }

    /// The digits, without the name of the algorithm.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Where the blob lies in an image layout.
    pub fn layout_path(&self) -> String {
        format!("blobs/sha256/{}", self.hex())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = Error;

    fn from_str(text: &str) -> Result<Digest> {
        let wrong = || Error::malformed(format!("`{}` is no SHA-256 digest", text.escape_debug()));
        let hex = text.strip_prefix("sha256:").ok_or_else(wrong)?;
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if hex.len() != 64 || !hex.bytes().all(is_digit) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
            let pair = str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Digest(bytes))
    }
}

/// What a manifest says about a blob.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Descriptor {
    /// What it is said to be.
    pub media_type: String,
    /// Its content's digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// The platform that it is for: operating system and architecture.
    pub platform: Option<(String, String)>,
    /// Annotations.
    pub annotations: Vec<(String, String)>,
}

impl Descriptor {
    /// The JSON of the image specification.
    pub fn to_json(&self) -> Value {
        let mut value = json!({
            "mediaType": self.media_type,
            "digest": self.digest.to_string(),
            "size": self.size,
        });
        if let Some((os, architecture)) = &self.platform {
            value["platform"] = json!({ "os": os, "architecture": architecture });
        }
        if !self.annotations.is_empty() {
            value["annotations"] = self
                .annotations
                .iter()
                .map(|(name, value)| (name.clone(), json!(value)))
                .collect();
        }
        value
    }

    /// The same, for this platform.
    pub fn with_platform(self, os: &str, architecture: &str) -> Descriptor {
        Descriptor {
            platform: Some((os.to_owned(), architecture.to_owned())),
            ..self
        }
    }

    /// The same, with an annotation more.
    pub fn with_annotation(mut self, name: &str, value: &str) -> Descriptor {
        self.annotations.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl TryFrom<&oci_spec::image::Descriptor> for Descriptor {
    type Error = Error;

    fn try_from(other: &oci_spec::image::Descriptor) -> Result<Descriptor> {
        let platform = other.platform().as_ref().map(|platform| {
            (
                platform.os().to_string(),
                platform.architecture().to_string(),
            )
        });
        let mut annotations: Vec<_> = other
            .annotations()
            .iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        annotations.sort();
        Ok(Descriptor {
            media_type: other.media_type().to_string(),
            digest: other.digest().to_string().parse()?,
            size: other.size(),
            platform,
            annotations,
        })
    }
}

/// Content that has an address.
#[derive(Clone, Debug)]
pub struct Blob {
    /// What it is.
    pub media_type: &'static str,
    /// The content.
    pub bytes: Vec<u8>,
    /// Its digest.
    pub digest: Digest,
}

impl Blob {
    /// A blob of these bytes.
    pub fn new(media_type: &'static str, bytes: Vec<u8>) -> Blob {
        Blob {
            media_type,
            digest: Digest::of(&bytes),
            bytes,
        }
    }

    /// A blob of this JSON. The members of objects are sorted, so that equal values have equal
    /// digests.
    pub fn json(media_type: &'static str, value: &Value) -> Blob {
        Blob::new(media_type, value.to_string().into_bytes())
    }

    /// How manifests refer to it.
    pub fn descriptor(&self) -> Descriptor {
        Descriptor {
            media_type: self.media_type.to_owned(),
            digest: self.digest,
            size: self.bytes.len() as u64,
            platform: None,
            annotations: Vec::new(),
        }
    }
}

/// Fails unless these are the bytes that the descriptor announces.
pub fn verify(descriptor: &Descriptor, bytes: &[u8]) -> Result<()> {
    let digest = Digest::of(bytes);
    if bytes.len() as u64 != descriptor.size {
        return Err(Error::malformed(format!(
            "blob {} has {} bytes instead of {}",
            descriptor.digest,
            bytes.len(),
            descriptor.size
        )));
    }
    if digest != descriptor.digest {
        return Err(Error::malformed(format!(
            "digest mismatch: blob {} has the digest {digest}",
            descriptor.digest
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_have_one_spelling() {
        let digest = Digest::of(b"{}");
        let text = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.parse::<Digest>().unwrap(), digest);
        let upper = text.to_uppercase();
        for wrong in [
            "",
            "sha256:",
            &text[..70],
            &upper,
            "sha512:00",
            "sha256:../../../../etc/passwd",
            &format!("sha256:{}", "é".repeat(32)),
        ] {
            assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn another_content_or_size_is_noticed() {
        let descriptor = Blob::new(media::WASM, b"abc".to_vec()).descriptor();
        assert!(verify(&descriptor, b"abc").is_ok());
        assert!(verify(&descriptor, b"abd").is_err());
        let longer = Descriptor {
            size: 4,
            ..descriptor
        };
        assert!(verify(&longer, b"abc").is_err());
    }
}
