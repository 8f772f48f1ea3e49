//! What Terraform finds wrong → our diagnostics, each at its place in the stack file.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::spell::Spelled;
use crate::diagnostic::{Diagnostic, Severity};
use crate::kind::terraform::TERRAFORM_SAYS;
use crate::model::{Address, Resource, Stack};

/// The resource of the stack that an address of Terraform's is, or stands beside.
#[must_use]
pub fn owner<'a>(owners: &'a BTreeMap<String, Address>, address: &str) -> Option<&'a Address> {
    owners.get(address.split('[').next().unwrap_or(address))
}

/// Turns one finding around; `None` for what is no finding.
#[must_use]
pub fn finding(said: &Json, owners: &BTreeMap<String, Address>, stack: &Stack) -> Option<Diagnostic> {
    let text = |key: &str| said[key].as_str().unwrap_or_default().trim();
    let summary = text("summary");
    if summary.is_empty() {
        return None;
    }
    let about = said["address"].as_str().and_then(|address| owner(owners, address));
    let resource = about.and_then(|address| stack.resources.get(address));
    let detail = text("detail");
    let mut message = resource.map_or_else(String::new, |resource| format!("{}: ", resource.address));
    message.push_str(summary);
    if !detail.is_empty() && detail != summary {
        message.push_str(": ");
        message.push_str(&detail.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    let path = resource.and_then(|resource| attribute(resource, &said["snippet"])).unwrap_or_default();
    let mut finding = match resource {
        Some(resource) => resource.finding(&TERRAFORM_SAYS, path, message),
        None => Diagnostic::new(&TERRAFORM_SAYS, message),
    };
    if said["severity"] == "warning" {
        finding.severity = Severity::Warning;
    }
    Some(finding)
}

/// The attribute whose argument is on the line that Terraform shows.
fn attribute(resource: &Resource, snippet: &Json) -> Option<&'static str> {
    let argument = snippet["code"].as_str()?.split_whitespace().next()?;
    let row = resource.kind.rows().iter().find(|row| {
        let spelled = Spelled::of(row.terraform, &|_| true);
        spelled.name == argument || spelled.blocks.first() == Some(&argument)
    })?;
    Some(row.key)
}
