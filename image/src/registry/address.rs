//! Addresses that a registry gives: what they mean, and which are safe to follow.

use ureq::http::Uri;

use crate::error::{Error, Result};
use crate::reference::is_loopback;

/// Scheme, host and port; `None` for what is no address.
pub(super) fn origin(url: &str) -> Option<(String, String, u16)> {
    let uri: Uri = url.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let default = if scheme == "https" { 443 } else { 80 };
    let host = uri.host()?.to_ascii_lowercase();
    Some((scheme, host, uri.port_u16().unwrap_or(default)))
}

pub(super) fn is_plain_loopback(url: &str) -> bool {
    url.starts_with("http://") && is_loopback(authority(url))
}

fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Security: plain HTTP is for this machine, or when the user asked for it. A registry elsewhere
/// cannot send us to a service of this machine either.
pub(super) fn check_scheme(url: &str, plain_http: bool, from_loopback: bool) -> Result<()> {
    let host = authority(url);
    let has_credentials = host.contains('@');
    let is_allowed = url.starts_with("https://")
        || url.starts_with("http://") && (plain_http || from_loopback && is_loopback(host));
    if is_allowed && !has_credentials {
        return Ok(());
    }
    // A password in an address is not for messages.
    let shown = url.split(['?', '@']).next().unwrap_or_default();
    let shown = if has_credentials {
        "an address with a password"
    } else {
        shown
    };
    let shown = shown.escape_debug();
    Err(Error::Refused {
        message: format!("the registry refers to `{shown}`, which is not safe to follow"),
        hint: match url.starts_with("http://") && !has_credentials {
            true => Some("pass `--plain-http` if you trust the network".to_owned()),
            false => None,
        },
    })
}

/// An address relative to another.
pub(super) fn resolve(base: &str, location: &str) -> Option<String> {
    if location
        .bytes()
        .any(|byte| byte.is_ascii_control() || byte == b' ')
    {
        return None;
    }
    let (scheme, _) = base.split_once("://")?;
    let url = if location.contains("://") && !location.starts_with('/') {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{}{location}", authority(base))
    } else {
        let path = base.split(['?', '#']).next()?;
        let (folder, _) = path.rsplit_once('/')?;
        format!("{folder}/{location}")
    };
    url.parse::<Uri>().ok().filter(|uri| uri.host().is_some())?;
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_resolved() {
        let base = "https://example.org:5000/v2/a/blobs/uploads/?x=y";
        for (location, url) in [
            ("https://other.example/x?y", "https://other.example/x?y"),
            ("//other.example/x", "https://other.example/x"),
            (
                "/v2/x?a=http://b",
                "https://example.org:5000/v2/x?a=http://b",
            ),
            ("id", "https://example.org:5000/v2/a/blobs/uploads/id"),
        ] {
            assert_eq!(resolve(base, location).as_deref(), Some(url));
        }
        for wrong in ["http://", "https://a b/", "/a\r\nx: y"] {
            assert_eq!(resolve(base, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        for (url, plain, from_loopback, allowed) in [
            ("https://example.org/", false, false, true),
            ("http://example.org/", false, false, false),
            ("http://example.org/", false, true, false),
            ("http://example.org/", true, false, true),
            ("http://127.0.0.1:5000/", false, true, true),
            ("http://127.0.0.1:5000/", false, false, false),
            ("http://127.0.0.1@example.org/", false, true, false),
            ("https://user@example.org/", false, false, false),
            ("ftp://example.org/", true, true, false),
        ] {
            let checked = check_scheme(url, plain, from_loopback);
            assert_eq!(checked.is_ok(), allowed, "{url}");
        }
    }

    #[test]
    fn origins_know_their_default_ports() {
        assert_eq!(
            origin("https://A.example/x"),
            origin("https://a.example:443/")
        );
        assert_ne!(origin("https://a.example/"), origin("http://a.example/"));
        assert_ne!(
            origin("https://a.example/"),
            origin("https://a.example:5000/")
        );
        assert_ne!(
            origin("https://a.example/"),
            origin("https://a.example.org/")
        );
    }
}
