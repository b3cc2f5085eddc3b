//! What a component is made of: the list that it flattens to, and what its program may do.

use serde_json::{Value, json};
use wasmc_compiler::inspect::policy::Permission;
use wasmc_compiler::inspect::{flat_list, is_server};
use wasmc_compiler::{Error, InstanceSpec, policy};

use super::{human_policy, json_policy, reason};
use crate::args::Format;
use crate::output;
use crate::report::Failure;

/// What was found out.
pub struct Found {
    /// Its bytes.
    bytes: usize,
    /// Whether its program is a server.
    is_server: bool,
    /// The flat list.
    list: String,
    /// What the program of it may do, or why there is none.
    policy: Result<Vec<Permission>, Error>,
}

/// Inspects a component, which is the last of the instances and is called `name`.
pub fn inspect(instances: &[InstanceSpec<'_>], name: &str) -> Result<Found, Failure> {
    let component = instances.last().expect("the component itself").module;
    let list = flat_list(component)
        .map_err(|error| Failure::compiler(format!("failed to inspect `{name}`"), &error))?;
    Ok(Found {
        bytes: component.len(),
        is_server: is_server(component),
        list,
        policy: policy(instances),
    })
}

impl Found {
    /// Prints it.
    pub fn print(&self, format: Format) -> Result<(), Failure> {
        output::print(&match format {
            Format::Human => self.human(),
            Format::Json => format!("{:#}\n", self.json()),
        })
    }

    fn human(&self) -> String {
        let policy = human_policy(self.policy.as_deref());
        let kind = match self.is_server {
            true => ", a server",
            false => "",
        };
        format!(
            "component ({} bytes){kind}\n{}{policy}",
            self.bytes, self.list
        )
    }

    fn json(&self) -> Value {
        let mut value = json!({
            "kind": "component",
            "server": self.is_server,
            "sizes": { "component": self.bytes },
            "flat": self.list.lines().collect::<Vec<_>>(),
        });
        match &self.policy {
            Ok(permissions) => value["system_calls"] = json_policy(permissions),
            Err(error) => {
                value["system_calls"] = Value::Null;
                value["no_program"] = json!(reason(error));
            }
        }
        value
    }
}
