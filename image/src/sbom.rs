//! A bill of materials: what an image was made of, as CycloneDX
//! ([version 1.5](https://cyclonedx.org/docs/1.5/json/)).
//!
//! It has neither a serial number nor the time of day: the same input gives the same bytes.

use serde_json::{Value, json};

use crate::blob::{Blob, Digest, media};
use crate::error::{Error, Result};
use crate::time;

/// What an image was made of.
#[derive(Clone, Debug, Default)]
pub struct Materials {
    /// What people call the program.
    pub name: String,
    /// The time of the image, in seconds since 1970.
    pub time: u64,
    /// The module's bytes have this digest.
    pub module: Option<Digest>,
    /// What the module says made it: fields, each with names and versions.
    pub producers: Vec<(String, Vec<(String, String)>)>,
    /// The executables.
    pub executables: Vec<Executable>,
    /// The version of wasmc.
    pub version: String,
}

/// An executable and what it says about its making.
#[derive(Clone, Debug)]
pub struct Executable {
    /// The platform, such as `linux/amd64`.
    pub platform: String,
    /// The digest of the file.
    pub digest: Digest,
    /// The digest of the runtime in it.
    pub runtime: Option<Digest>,
    /// Keys and values.
    pub fields: Vec<(String, String)>,
}

/// The document.
///
/// # Errors
/// When the time lies beyond the year 9999.
pub fn cyclonedx(materials: &Materials) -> Result<Blob> {
    let timestamp = time::rfc3339(materials.time)
        .ok_or_else(|| Error::malformed("the image's time lies beyond the year 9999"))?;
    let mut components = Vec::new();
    let mut dependencies = Vec::new();
    let executables = materials.executables.iter();
    let executables = executables.map(|executable| format!("executable:{}", executable.platform));
    dependencies.push(json!({
        "ref": "image",
        "dependsOn": executables.collect::<Vec<_>>(),
    }));
    if let Some(digest) = materials.module {
        components.push(json!({
            "type": "file",
            "bom-ref": "module",
            "name": format!("{}.wasm", materials.name),
            "hashes": hashes(digest),
        }));
        let producers = producers(&materials.producers);
        dependencies.push(json!({ "ref": "module", "dependsOn": refs(&producers) }));
        components.extend(producers);
    }
    for executable in &materials.executables {
        let platform = &executable.platform;
        let runtime = format!("runtime:{platform}");
        let itself = format!("executable:{platform}");
        let mut depends_on = Vec::new();
        depends_on.extend(materials.module.map(|_| "module".to_owned()));
        if let Some(digest) = executable.runtime {
            components.push(json!({
                "type": "library",
                "bom-ref": runtime,
                "name": "wasmc-runtime",
                "version": materials.version,
                "hashes": hashes(digest),
            }));
            depends_on.push(runtime);
        }
        let properties = executable.fields.iter();
        let properties = properties.map(|(key, value)| property(&format!("wasmc:{key}"), value));
        components.push(json!({
            "type": "file",
            "bom-ref": itself,
            "name": format!("{} ({platform})", materials.name),
            "hashes": hashes(executable.digest),
            "properties": properties.collect::<Vec<_>>(),
        }));
        dependencies.push(json!({ "ref": itself, "dependsOn": depends_on }));
    }
    let tool = json!({ "type": "application", "name": "wasmc", "version": materials.version });
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": timestamp,
            "tools": { "components": [tool] },
            "component": {
                "type": "container",
                "bom-ref": "image",
                "name": materials.name,
            },
        },
        "components": components,
        "dependencies": dependencies,
    });
    Ok(Blob::json(media::CYCLONEDX, &document))
}

/// Languages, compilers and kits that the module names.
fn producers(fields: &[(String, Vec<(String, String)>)]) -> Vec<Value> {
    let all = fields.iter().flat_map(|(field, values)| {
        values
            .iter()
            .map(move |(name, version)| (field, name, version))
    });
    all.enumerate()
        .map(|(index, (field, name, version))| {
            let mut component = json!({
                "type": if field == "sdk" { "framework" } else { "application" },
                "bom-ref": format!("producer:{index}"),
                "name": name,
                "properties": [property("wasm:producers:field", field)],
            });
            if !version.is_empty() {
                component["version"] = json!(version);
            }
            component
        })
        .collect()
}

fn refs(components: &[Value]) -> Vec<Value> {
    components
        .iter()
        .map(|component| component["bom-ref"].clone())
        .collect()
}

fn property(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value })
}

fn hashes(digest: Digest) -> Value {
    json!([{ "alg": "SHA-256", "content": digest.hex() }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_has_its_component() {
        let materials = Materials {
            name: "app".to_owned(),
            module: Some(Digest::of(b"module")),
            producers: vec![(
                "processed-by".to_owned(),
                vec![
                    ("rustc".to_owned(), "1.95.0".to_owned()),
                    ("clang".to_owned(), String::new()),
                ],
            )],
            executables: vec![Executable {
                platform: "linux/amd64".to_owned(),
                digest: Digest::of(b"executable"),
                runtime: Some(Digest::of(b"runtime")),
                fields: vec![("cpu".to_owned(), "x86-64-v2".to_owned())],
            }],
            version: "1.2.3".to_owned(),
            ..Materials::default()
        };
        let document = cyclonedx(&materials).unwrap();
        assert_eq!(cyclonedx(&materials).unwrap().digest, document.digest);
        let value: Value = serde_json::from_slice(&document.bytes).unwrap();
        let components = value["components"].as_array().unwrap();
        let known: Vec<_> = components
            .iter()
            .map(|component| &component["bom-ref"])
            .chain([&value["metadata"]["component"]["bom-ref"]])
            .collect();
        assert_eq!(known.len(), 6);
        for dependency in value["dependencies"].as_array().unwrap() {
            assert!(known.contains(&&dependency["ref"]));
            for other in dependency["dependsOn"].as_array().unwrap() {
                assert!(known.contains(&other), "{other}");
            }
        }
        assert_eq!(value["metadata"]["timestamp"], "1970-01-01T00:00:00Z");
    }
}
