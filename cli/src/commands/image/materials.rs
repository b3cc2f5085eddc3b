//! What an image was made of: its bill of materials, from the module and its executables.

use wasmc_compiler::inspect::inspect;
use wasmc_compiler::provenance;
use wasmc_image::build::Executable;
use wasmc_image::sbom::{self, Materials, cyclonedx};
use wasmc_image::{Blob, Digest};

use crate::report::Failure;

/// The bill of materials of an image.
pub fn materials(
    name: &str,
    time: u64,
    module: &[u8],
    executables: &[Executable],
) -> Result<Blob, Failure> {
    let mut described = Vec::new();
    for executable in executables {
        let fields = provenance::read(&executable.bytes)
            .ok()
            .flatten()
            .unwrap_or_default();
        let runtime = fields.iter().find(|(key, _)| key == "runtime");
        described.push(sbom::Executable {
            platform: format!("linux/{}", executable.architecture),
            digest: Digest::of(&executable.bytes),
            runtime: runtime.and_then(|(_, digest)| digest.parse().ok()),
            fields,
        });
    }
    // The module was compiled: that it cannot be inspected would only leave its producers out.
    let producers = inspect(module).map_or_else(|_| Vec::new(), |inspection| inspection.producers);
    Ok(cyclonedx(&Materials {
        name: name.to_owned(),
        time,
        module: Some(Digest::of(module)),
        producers,
        executables: described,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })?)
}
