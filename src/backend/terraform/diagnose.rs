//! What Terraform finds wrong → our diagnostics, each at its place in the stack file.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::spell::Spelled;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::kind::terraform::TERRAFORM_SAYS;
use crate::model::{Address, Resource, Stack};

/// The resource of the stack that an address of Terraform's is, or stands beside.
#[must_use]
pub fn owner<'a>(owners: &'a BTreeMap<String, Address>, address: &str) -> Option<&'a Address> {
    owners.get(address.split('[').next().unwrap_or(address))
}

/// What Terraform found wrong with the stack, and what is wrong with the run itself.
#[derive(Debug, Default)]
pub struct Heard {
    /// What is about the stack, and all warnings.
    pub findings: Diagnostics,
    /// The errors that are about no resource of the stack: a lock, a provider, credentials.
    pub run: Vec<String>,
}

impl Heard {
    /// Takes one diagnostic of Terraform's.
    pub fn on(&mut self, said: &Json, owners: &BTreeMap<String, Address>, stack: &Stack) {
        if said["severity"] == "error" && about(said, owners).is_none() {
            let text = |key: &str| said[key].as_str().unwrap_or_default().trim().to_owned();
            self.run.push(format!("{}\n{}", text("summary"), text("detail")).trim().to_owned());
        } else if let Some(finding) = finding(said, owners, stack) {
            self.findings.push(finding);
        }
    }

    /// Tells whether anything is wrong.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        !self.run.is_empty() || self.findings.has_errors()
    }
}

/// The resource that Terraform speaks of: by its address, or by the block that it shows.
fn about<'a>(said: &Json, owners: &'a BTreeMap<String, Address>) -> Option<&'a Address> {
    let shown = || {
        let block = said["snippet"]["context"].as_str()?.strip_prefix("resource \"")?;
        let (resource_type, label) = block.strip_suffix('"')?.split_once("\" \"")?;
        owner(owners, &format!("{resource_type}.{label}"))
    };
    said["address"].as_str().and_then(|address| owner(owners, address)).or_else(shown)
}

/// Turns one finding around; `None` for what is no finding.
#[must_use]
pub fn finding(said: &Json, owners: &BTreeMap<String, Address>, stack: &Stack) -> Option<Diagnostic> {
    let text = |key: &str| said[key].as_str().unwrap_or_default().trim();
    let summary = text("summary");
    if summary.is_empty() {
        return None;
    }
    let resource = about(said, owners).and_then(|address| stack.resources.get(address));
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
