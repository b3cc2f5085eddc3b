//! Talking to registries as the environment and the flags say, with progress.

use wasmc_image::Reference;
use wasmc_image::registry::{Client, Meter, Settings};

use crate::environment;
use crate::report::{Failure, Report};

/// Does something with a client of the repository that the reference names.
pub fn with_client<T>(
    reference: &Reference,
    plain_http: bool,
    report: &Report,
    doing: &str,
    work: impl FnOnce(&Client<'_>) -> wasmc_image::Result<T>,
) -> Result<T, Failure> {
    let meter = Meter::new();
    let settings = Settings {
        plain_http,
        auth_files: environment::auth_files(),
        ca_certificates: environment::certificates(),
        ..Settings::default()
    };
    let client = Client::new(reference, settings, &meter)?;
    let doing = format!("{doing} {reference}");
    Ok(report.with_meter(&doing, &meter, || work(&client))?)
}
