//! What does a manifest or an index refer to?

use serde_json::Value;

use crate::blob::Descriptor;
use crate::error::{Error, Result};
use crate::limits;

/// A manifest as JSON.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|error| match bytes.trim_ascii_start().first() {
        Some(b'<') => Error::malformed(not_json(bytes)),
        _ => Error::malformed(format!("a manifest is malformed: {error}")),
    })
}

/// What an answer is that should have been JSON.
pub(crate) fn not_json(bytes: &[u8]) -> &'static str {
    let start = bytes.trim_ascii_start();
    match start.first() {
        Some(b'<') => {
            "the answer is a web page, such as a login page: is this the address of a registry, and \
             does the network let you through?"
        }
        _ => "the answer is no JSON",
    }
}

/// What a manifest or index refers to, and whether that is itself a manifest. The subject is not
/// part of an artifact: it may not even be there yet.
pub(crate) fn children(value: &Value) -> Result<Vec<(Descriptor, bool)>> {
    let wrong = |what: &str| Error::malformed(format!("a manifest is malformed: {what}"));
    let descriptor = |value: &Value| -> Result<Descriptor> {
        let parsed: oci_spec::image::Descriptor =
            serde_json::from_value(value.clone()).map_err(|error| wrong(&error.to_string()))?;
        (&parsed).try_into()
    };
    let list = |name: &str| -> Result<Vec<Descriptor>> {
        let list = value[name]
            .as_array()
            .ok_or_else(|| wrong("it has no list"))?;
        if list.len() > limits::CHILDREN {
            return Err(Error::Limit(format!(
                "a manifest refers to more than {} others",
                limits::CHILDREN
            )));
        }
        list.iter().map(descriptor).collect()
    };
    // Security: two tools could take one document for an index and for a manifest, and see two
    // images behind one digest (CVE-2021-41190).
    let is_index = value.get("manifests").is_some();
    if is_index && (value.get("layers").is_some() || value.get("config").is_some()) {
        return Err(wrong("it is both an index and a manifest"));
    }
    if is_index {
        let manifests = list("manifests")?;
        return Ok(manifests.into_iter().map(|child| (child, true)).collect());
    }
    if value.get("layers").is_none() {
        return Err(wrong("it has neither manifests nor layers"));
    }
    let mut blobs = vec![(descriptor(&value["config"])?, false)];
    blobs.extend(list("layers")?.into_iter().map(|child| (child, false)));
    Ok(blobs)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn malformed_manifests_are_errors() {
        for text in [
            "{}",
            "[]",
            "null",
            "{\"manifests\":{}}",
            "{\"manifests\":[{}]}",
            "{\"layers\":[]}",
            "{\"config\":{},\"layers\":[]}",
            "{\"manifests\":[{\"mediaType\":\"a\",\"size\":-1,\"digest\":\"sha256:00\"}]}",
            "{\"manifests\":[{\"mediaType\":\"a\",\"size\":1,\"digest\":\"../../x\"}]}",
            "{\"manifests\":[],\"layers\":[]}",
            "{\"manifests\":[],\"config\":{}}",
        ] {
            assert!(
                children(&parse(text.as_bytes()).unwrap()).is_err(),
                "{text}"
            );
        }
        assert!(parse(b"\xff").is_err());
        let many = vec![json!({}); limits::CHILDREN + 1];
        let many = json!({ "manifests": many });
        assert!(matches!(children(&many), Err(Error::Limit(_))));
    }
}
