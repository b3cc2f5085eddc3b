//! Names of images: `registry/repository:tag` and what follows from the registry's name.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use oci_spec::distribution;

use crate::blob::Digest;
use crate::error::{Error, Result};

/// The name of an image in a registry, in full: `docker.io`, `library/` and `latest` are put in
/// where other tools put them in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    inner: distribution::Reference,
}

impl Reference {
    /// The registry's host, with its port if one was given.
    pub fn registry(&self) -> &str {
        self.inner.registry()
    }

    /// The path of the repository in the registry.
    pub fn repository(&self) -> &str {
        self.inner.repository()
    }

    /// The tag, if there is one.
    pub fn tag(&self) -> Option<&str> {
        self.inner.tag()
    }

    /// What to ask the registry for: the digest, or else the tag.
    pub fn version(&self) -> &str {
        let tag = || self.inner.tag().unwrap_or("latest");
        self.inner.digest().unwrap_or_else(tag)
    }

    /// The digest, if the image is named by one.
    pub fn digest(&self) -> Option<Digest> {
        // The only other algorithms that parse are refused when the reference is made.
        self.inner.digest().and_then(|digest| digest.parse().ok())
    }

    /// The same repository, at a digest.
    pub fn at(&self, digest: Digest) -> Reference {
        Reference {
            inner: self.inner.clone_with_digest(digest.to_string()),
        }
    }

    /// The last part of the repository, which is what people call the image.
    pub fn short_name(&self) -> &str {
        let repository = self.repository();
        repository.rsplit('/').next().unwrap_or(repository)
    }

    /// The host that serves the registry, which for Docker Hub is another than its name.
    pub fn host(&self) -> &str {
        match self.registry() {
            "docker.io" => "registry-1.docker.io",
            registry => registry,
        }
    }

    /// Whether the registry runs on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(self.registry())
    }
}

/// Whether a host, with or without a port, is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    // A name such as `localhost.example.org`, or one that merely resolves to a loopback address,
    // is not enough: someone else may decide what it resolves to.
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Reference> {
        let wrong = |why: &dyn fmt::Display| {
            let shown = text.escape_debug();
            Error::malformed(format!("`{shown}` is no image reference: {why}"))
        };
        let inner: distribution::Reference = text.parse().map_err(|error| match error {
            distribution::ParseError::ReferenceInvalidFormat
                if text.bytes().any(|byte| byte.is_ascii_uppercase()) =>
            {
                wrong(&"the form is registry/name:tag, the name in lower case")
            }
            distribution::ParseError::ReferenceInvalidFormat => {
                wrong(&"the form is registry/name:tag")
            }
            error => wrong(&error),
        })?;
        if let Some(digest) = inner.digest() {
            digest.parse::<Digest>().map_err(|error| wrong(&error))?;
        }
        Ok(Reference { inner })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.inner, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_completed() {
        for (text, whole, host) in [
            (
                "hello",
                "docker.io/library/hello:latest",
                "registry-1.docker.io",
            ),
            ("me/hello:1", "docker.io/me/hello:1", "registry-1.docker.io"),
            (
                "localhost:5000/a/b",
                "localhost:5000/a/b:latest",
                "localhost:5000",
            ),
            ("ghcr.io/a/b:x", "ghcr.io/a/b:x", "ghcr.io"),
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!(reference.to_string(), whole);
            assert_eq!(reference.host(), host);
        }
        for wrong in [
            "",
            "A/B",
            "a b",
            "a:",
            "http://example.org/a",
            "../../etc/passwd",
            "example.org/a/../b",
            "a@sha256:00",
            "a@sha512:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ] {
            assert!(wrong.parse::<Reference>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for host in [
            "localhost",
            "localhost:5000",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:5000",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "localhost.example.org:5000",
            "127.0.0.1.example.org",
            "10.0.0.1:5000",
            "example.org",
            "[2001:db8::1]:5000",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
