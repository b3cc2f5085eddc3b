//! How an executable was made, and whether this wasmc would make it of the same parts.

use anyhow::anyhow;
use serde_json::{Value, json};
use wasmc_compiler::inspect::policy::Permission;
use wasmc_compiler::provenance::{self, Provenance};
use wasmc_compiler::runtime_object;
use wasmc_compiler::target::TARGETS;

use crate::args::Format;
use crate::output;
use crate::report::Failure;

use super::{human_policy, json_policy, row};

/// Prints what the executable's note says.
pub fn inspect(bytes: &[u8], name: &str, format: Format) -> Result<(), Failure> {
    let failed = || format!("failed to inspect `{name}`");
    let fields = provenance::read(bytes).map_err(|message| anyhow!(message).context(failed()))?;
    let fields = fields.ok_or_else(|| {
        anyhow!(
            "this executable does not say how it was made: wasmc did not make it, or before 0.1"
        )
        .context(failed())
    })?;
    let outdated = outdated(&fields);
    let policy = provenance::permissions(&fields);
    output::print(&match format {
        Format::Human => human(&fields, &outdated, policy.as_deref(), bytes.len()),
        Format::Json => {
            let value = to_json(&fields, &outdated, policy.as_deref(), bytes.len());
            format!("{value:#}\n")
        }
    })
}

fn human(
    fields: &Provenance,
    outdated: &[String],
    policy: Option<&[Permission]>,
    bytes: usize,
) -> String {
    let mut rows = vec![row(["bytes", &bytes.to_string()])];
    rows.extend(fields.iter().map(|(key, value)| row([key, value])));
    let current = match outdated {
        [] => "yes: this wasmc would make it of the same parts".to_owned(),
        reasons => format!("no: {}", reasons.join("; ")),
    };
    rows.push(row(["up to date", &current]));
    let policy = policy.map_or_else(
        || "system calls allowed: not known to this wasmc\n".to_owned(),
        |permissions| human_policy(Ok(permissions)),
    );
    format!("executable\n{}{policy}", output::table(&rows, "  "))
}

fn to_json(
    fields: &Provenance,
    outdated: &[String],
    policy: Option<&[Permission]>,
    bytes: usize,
) -> Value {
    let list = |wanted: &str| -> Vec<&str> {
        let found = fields.iter().filter(|(key, _)| key == wanted);
        found.map(|(_, value)| value.as_str()).collect()
    };
    let mut value = json!({
        "kind": "executable",
        "bytes": bytes,
        "up_to_date": outdated.is_empty(),
        "outdated": outdated,
    });
    for (key, field) in fields {
        let name = key.replace('-', "_");
        value[name] = match key.as_str() {
            "module" | "grant" | "feature" => continue,
            _ => json!(field),
        };
    }
    for key in ["module", "grant", "feature"] {
        value[format!("{key}s")] = json!(list(key));
    }
    value["system_calls"] = policy.map_or(Value::Null, json_policy);
    value
}

/// What this wasmc would use another of.
fn outdated(fields: &Provenance) -> Vec<String> {
    let value = |wanted: &str| {
        let mut fields = fields.iter();
        fields
            .find(|(key, _)| key == wanted)
            .map(|(_, value)| value.as_str())
    };
    let mut reasons = Vec::new();
    let ours = env!("CARGO_PKG_VERSION");
    if value("wasmc") != Some(ours) {
        reasons.push(format!("this is wasmc {ours}"));
    }
    let target = TARGETS.iter().find(|row| Some(row.name) == value("target"));
    let runtime = target.and_then(|row| runtime_object(row.arch));
    if let Some(runtime) = runtime
        && value("runtime") != Some(&*format!("sha256:{}", runtime.sha256))
    {
        reasons.push("this wasmc has another runtime".to_owned());
    }
    reasons
}
