//! A registry's protocol: blobs and manifests of one repository, see the
//! [distribution specification](https://github.com/opencontainers/distribution-spec/blob/main/spec.md).

use std::cell::{Cell, RefCell};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use ureq::http::Method;

use crate::blob::{Descriptor, Digest, media, verify};
use crate::error::{Error, Result};
use crate::limits;
use crate::reference::Reference;

mod address;
mod auth;
mod meter;
mod pull;
mod push;
mod transport;

pub use meter::Meter;
pub use push::Content;
use transport::{Body, Request};

/// How registries are talked to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Talk plain HTTP, also to other machines.
    pub plain_http: bool,
    /// Files with credentials, in the order in which they are looked at.
    pub auth_files: Vec<PathBuf>,
    /// A file of certificates of authorities, instead of those that are built in.
    pub ca_certificates: Option<PathBuf>,
    /// How the client calls itself.
    pub user_agent: String,
    /// How long it waits before it tries again; twice as long each time.
    pub back_off: Duration,
    /// How often it tries.
    pub tries: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            plain_http: false,
            auth_files: Vec::new(),
            ca_certificates: None,
            user_agent: concat!("wasmc/", env!("CARGO_PKG_VERSION")).to_owned(),
            back_off: Duration::from_millis(500),
            tries: 4,
        }
    }
}

/// A client of one repository.
pub struct Client<'a> {
    settings: Settings,
    agent: ureq::Agent,
    reference: Reference,
    base: String,
    /// The `Authorization` that the registry's own host gets.
    authorization: RefCell<Option<String>>,
    /// How long the registry asked to wait in its last answer.
    asked_to_wait: Cell<Option<Duration>>,
    meter: &'a Meter,
}

/// A manifest or index that was fetched and verified.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Its descriptor.
    pub descriptor: Descriptor,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl<'a> Client<'a> {
    /// A client of the repository that the reference names.
    ///
    /// # Errors
    /// When the file of certificates cannot be used.
    pub fn new(reference: &Reference, settings: Settings, meter: &'a Meter) -> Result<Client<'a>> {
        let plain = settings.plain_http || reference.is_loopback();
        let scheme = if plain { "http" } else { "https" };
        Ok(Client {
            agent: transport::agent(&settings, reference.is_loopback())?,
            base: format!(
                "{scheme}://{}/v2/{}",
                reference.host(),
                reference.repository()
            ),
            reference: reference.clone(),
            settings,
            authorization: RefCell::new(None),
            asked_to_wait: Cell::new(None),
            meter,
        })
    }

    /// The reference that the client was made for.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// The manifest or index that the reference names.
    pub fn root(&self) -> Result<Manifest> {
        self.manifest_at(self.reference.version(), self.reference.digest())
    }

    /// A manifest or index that another refers to.
    pub fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        if descriptor.size > limits::MANIFEST {
            return Err(crate::store::too_large(descriptor, limits::MANIFEST));
        }
        let version = descriptor.digest.to_string();
        let manifest = self.manifest_at(&version, Some(descriptor.digest))?;
        verify(descriptor, &manifest.bytes)?;
        Ok(manifest.bytes)
    }

    fn manifest_at(&self, version: &str, expected: Option<Digest>) -> Result<Manifest> {
        let accept = [
            media::INDEX,
            media::MANIFEST,
            media::DOCKER_LIST,
            media::DOCKER_MANIFEST,
        ]
        .join(", ");
        let url = format!("{}/manifests/{version}", self.base);
        let request = Request::new(Method::GET, url).header("accept", accept);
        let response = self.send(&request)?.expect_success(self)?;
        let announced = response.header("docker-content-digest").map(str::to_owned);
        let media_type = response
            .header("content-type")
            .unwrap_or_default()
            .to_owned();
        let bytes = response.read(limits::MANIFEST)?;
        let digest = Digest::of(&bytes);
        let announced = announced.and_then(|digest| digest.parse().ok());
        for expected in expected.into_iter().chain(announced) {
            if expected != digest {
                return Err(Error::malformed(format!(
                    "digest mismatch: manifest {expected} has the digest {digest}"
                )));
            }
        }
        Ok(Manifest {
            descriptor: Descriptor {
                media_type,
                digest,
                size: bytes.len() as u64,
                platform: None,
                annotations: Vec::new(),
            },
            bytes,
        })
    }

    /// A blob that is kept in memory.
    pub fn blob(&self, descriptor: &Descriptor, max: u64) -> Result<Vec<u8>> {
        if descriptor.size > max {
            return Err(crate::store::too_large(descriptor, max));
        }
        let mut bytes = io::Cursor::new(Vec::new());
        self.blob_to(descriptor, &mut bytes)?;
        Ok(bytes.into_inner())
    }

    /// A blob that is written to `out`, from its start; what was written is the blob only when
    /// this succeeds.
    pub fn blob_to(&self, descriptor: &Descriptor, out: &mut (impl Write + Seek)) -> Result<()> {
        if descriptor.size > limits::BLOB {
            return Err(crate::store::too_large(descriptor, limits::BLOB));
        }
        self.meter.expect(descriptor.size);
        let url = format!("{}/blobs/{}", self.base, descriptor.digest);
        let request = Request::new(Method::GET, url);
        self.again_when_broken(|| {
            out.seek(SeekFrom::Start(0))
                .map_err(Error::io("failed to write a blob"))?;
            let response = self.attempt(&request)?.expect_success(self)?;
            let name = response.request.clone();
            let mut reader = response.reader(descriptor.size);
            let moved = copy_verified(&mut reader, descriptor, out, self.meter, &name);
            moved
                .inspect_err(|(_, moved)| self.meter.undo(*moved))
                .map_err(|(error, _)| error)
        })
    }

    /// Whether the repository has a blob.
    pub fn has_blob(&self, digest: Digest) -> Result<bool> {
        let url = format!("{}/blobs/{digest}", self.base);
        self.exists(Request::new(Method::HEAD, url))
    }

    fn exists(&self, request: Request<'_>) -> Result<bool> {
        let response = self.send(&request)?;
        match response.status() {
            404 => Ok(false),
            _ => response.expect_success(self).map(|_| true),
        }
    }

    /// Uploads a blob unless it is there. `open` is called for each try.
    pub fn put_blob(
        &self,
        descriptor: &Descriptor,
        open: &dyn Fn() -> Result<Box<dyn Read>>,
    ) -> Result<()> {
        self.meter.expect(descriptor.size);
        if self.has_blob(descriptor.digest)? {
            self.meter.advance(descriptor.size);
            return Ok(());
        }
        self.again_when_broken(|| {
            let start = Request::new(Method::POST, format!("{}/blobs/uploads/", self.base))
                .body(Body::Bytes(&[]));
            let response = self.attempt(&start)?.expect_success(self)?;
            let url = response.location()?;
            let separator = if url.contains('?') { '&' } else { '?' };
            let url = format!("{url}{separator}digest={}", descriptor.digest);
            let reader = RefCell::new(MeteredReader {
                inner: open()?.take(descriptor.size),
                meter: self.meter,
                moved: 0,
            });
            let upload = Request::new(Method::PUT, url)
                .header("content-type", "application/octet-stream".to_owned())
                .body(Body::Reader(descriptor.size, &reader));
            let sent = self
                .attempt(&upload)
                .and_then(|response| response.expect_success(self));
            if sent.is_err() {
                self.meter.undo(reader.borrow().moved);
            }
            sent.map(drop)
        })
    }

    /// Puts a manifest or index under its digest or a tag. Whether the registry keeps track of
    /// what refers to what (`OCI-Subject`).
    pub fn put_manifest(&self, version: &str, media_type: &str, bytes: &[u8]) -> Result<bool> {
        let url = format!("{}/manifests/{version}", self.base);
        let request = Request::new(Method::PUT, url)
            .header("content-type", media_type.to_owned())
            .body(Body::Bytes(bytes));
        let response = self.send(&request)?.expect_success(self)?;
        let digest = Digest::of(bytes);
        if let Some(stored) = response.header("docker-content-digest")
            && stored.parse().is_ok_and(|stored: Digest| stored != digest)
        {
            return Err(Error::malformed(format!(
                "digest mismatch: the registry stored {digest} as {}",
                stored.escape_debug()
            )));
        }
        Ok(response.header("oci-subject").is_some())
    }
}

/// Copies exactly what the descriptor announces. On failure also how much was counted.
fn copy_verified(
    reader: &mut dyn Read,
    descriptor: &Descriptor,
    out: &mut dyn Write,
    meter: &Meter,
    request: &str,
) -> Result<(), (Error, u64)> {
    let mut hash = Sha256::new();
    let mut moved = 0;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let error = Error::Network {
                    request: request.to_owned(),
                    message: error.to_string(),
                };
                return Err((error, moved));
            }
        };
        if moved + count as u64 > descriptor.size {
            let error = Error::malformed(format!(
                "blob {} has more than the {} bytes that were announced",
                descriptor.digest, descriptor.size
            ));
            return Err((error, moved));
        }
        hash.update(&buffer[..count]);
        if let Err(error) = out.write_all(&buffer[..count]) {
            return Err((Error::io("failed to write a blob")(error), moved));
        }
        moved += count as u64;
        meter.advance(count as u64);
    }
    if moved < descriptor.size {
        // A connection that ends early looks like the end.
        let error = Error::Network {
            request: request.to_owned(),
            message: format!("the answer ends after {moved} of {} bytes", descriptor.size),
        };
        return Err((error, moved));
    }
    let digest = Digest::finish(hash);
    if digest != descriptor.digest {
        let error = Error::malformed(format!(
            "digest mismatch: blob {} has the digest {digest}",
            descriptor.digest
        ));
        return Err((error, moved));
    }
    Ok(())
}

/// Counts what is read.
pub(crate) struct MeteredReader<'a> {
    inner: io::Take<Box<dyn Read>>,
    meter: &'a Meter,
    moved: u64,
}

impl Read for MeteredReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.moved += count as u64;
        self.meter.advance(count as u64);
        Ok(count)
    }
}
