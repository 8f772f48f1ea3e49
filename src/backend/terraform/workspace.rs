//! The working folder of one stack in one place: what was rendered, and beside it what only this run needs.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, json};

use super::error::TerraformError;
use super::layout::Body;
use super::render::{BUILD, REGION, Rendering};
use crate::artifact::Artifact;
use crate::value::Value;

/// Where Terraform keeps its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// In a file of this machine.
    Local(PathBuf),
    /// In a bucket, with a lock file beside it.
    S3 {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// The bucket's Region, where it is not the stack's.
        region: Option<String>,
    },
}

impl State {
    /// Reads what `--state` says: a path, or `s3://bucket/key?region=eu-west-1`.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(text: &str) -> Result<State, TerraformError> {
        let Some(rest) = text.strip_prefix("s3://") else {
            let wrong = text.is_empty() || text.contains("://");
            return if wrong { Err(TerraformError::State(text.to_owned())) } else { Ok(State::Local(text.into())) };
        };
        let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        let region = query.map(|query| query.strip_prefix("region=").filter(|region| !region.is_empty()));
        match (path.split_once('/'), region) {
            (Some((bucket, key)), region) if !bucket.is_empty() && !key.is_empty() && region != Some(None) => {
                let region = region.flatten().map(str::to_owned);
                Ok(State::S3 { bucket: bucket.to_owned(), key: key.to_owned(), region })
            }
            _ => Err(TerraformError::State(text.to_owned())),
        }
    }
}

/// Where a stack goes, as Terraform must be told.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// The endpoint of an emulator or of a proxy.
    pub endpoint: Option<String>,
    /// The Region.
    pub region: String,
}

/// The services that a stack may need, as the provider's `endpoints` names them.
const SERVICES: &[&str] = &[
    "apigatewayv2",
    "cloudwatch",
    "dynamodb",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "resourcegroupstaggingapi",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "sts",
];

/// Writes the folder. Nothing of it but the rendered files is for other eyes, so that only the owner may enter.
///
/// # Errors
/// When a file cannot be written.
pub fn write(
    folder: &Path,
    rendering: &Rendering,
    site: &Site,
    state: &State,
    code: &[(String, &Artifact)],
) -> Result<(), TerraformError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| TerraformError::File { path, source }
    };
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    private_folder(folder).map_err(failed(folder))?;
    for (name, text) in &rendering.files {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(failed(&path))?;
    }
    for (name, text) in [
        ("imports.tf", (!rendering.files.contains_key("imports.tf")).then(String::new)),
        ("queuestack_override.tf", Some(overrides(site, rendering))),
        ("queuestack_backend.tf", Some(backend(state, site))),
    ] {
        let path = folder.join(name);
        if let Some(text) = text {
            std::fs::write(&path, text).map_err(failed(&path))?;
        }
    }
    let path = folder.join("queuestack.auto.tfvars.json");
    write_private(&path, &values(rendering, site)).map_err(failed(&path))?;
    for (file, artifact) in code {
        let zips = folder.join(BUILD);
        artifact
            .save(&zips, file)
            .map_err(|error| TerraformError::File { path: zips, source: std::io::Error::other(error) })?;
    }
    Ok(())
}

/// The values of all variables; those of secrets are among them.
fn values(rendering: &Rendering, site: &Site) -> String {
    let region = [(REGION.to_owned(), json!(site.region))];
    let text = |value: &Value| if value.is_null() { json!(null) } else { json!(value.plain()) };
    let all: Map<_, _> =
        rendering.values.iter().map(|(name, value)| (name.clone(), text(value))).chain(region).collect();
    format!("{:#}\n", serde_json::Value::Object(all))
}

/// What is other here than where somebody runs Terraform by hand.
fn overrides(site: &Site, rendering: &Rendering) -> String {
    let mut body = Body::default();
    if let Some(endpoint) = &site.endpoint {
        body.block("provider", &["aws"], to_endpoint(endpoint));
    }
    // The plan refuses to destroy these, by their tags and in words of its own: those of Terraform would come before.
    for (resource_type, label) in &rendering.protected {
        let (mut lifecycle, mut resource) = (Body::default(), Body::default());
        lifecycle.argument("prevent_destroy", false);
        resource.block("lifecycle", &[], lifecycle);
        body.block("resource", &[resource_type, label], resource);
    }
    body.text()
}

/// Sends every service to one endpoint, as emulators want it.
fn to_endpoint(endpoint: &str) -> Body {
    let mut endpoints = Body::default();
    SERVICES.iter().for_each(|service| endpoints.argument(service, endpoint));
    let mut provider = Body::default();
    for skipped in ["skip_credentials_validation", "skip_metadata_api_check", "s3_use_path_style"] {
        provider.argument(skipped, true);
    }
    provider.block("endpoints", &[], endpoints);
    provider
}

fn backend(state: &State, site: &Site) -> String {
    let mut inner = Body::default();
    let name = match state {
        State::Local(path) => {
            inner.argument("path", path.display().to_string());
            "local"
        }
        State::S3 { bucket, key, region } => {
            inner.argument("bucket", bucket.as_str());
            inner.argument("key", key.as_str());
            inner.argument("region", region.as_ref().unwrap_or(&site.region).as_str());
            inner.argument("encrypt", true);
            inner.argument("use_lockfile", true);
            if let Some(endpoint) = &site.endpoint {
                for skipped in [
                    "skip_credentials_validation",
                    "skip_metadata_api_check",
                    "skip_requesting_account_id",
                    "use_path_style",
                ] {
                    inner.argument(skipped, true);
                }
                let services = ["iam", "s3", "sts"].map(|service| (service.to_owned(), endpoint.as_str().into()));
                inner.argument("endpoints", super::layout::object(services));
            }
            "s3"
        }
    };
    let mut terraform = Body::default();
    terraform.block("backend", &[name], inner);
    let mut body = Body::default();
    body.block("terraform", &[], terraform);
    body.text()
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

/// Leaves a state to its owner, wherever it is: it holds the values of secrets, and Terraform closes it to nobody.
pub fn close(state: &Path) {
    #[cfg(unix)]
    for end in ["", ".backup"] {
        let mut path = state.as_os_str().to_owned();
        path.push(end);
        let closed = std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600));
        if let Err(error) = closed.or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        }) {
            tracing::warn!(%error, path = %path.display(), "the state stays open to others");
        }
    }
    #[cfg(not(unix))]
    let _ = state;
}

fn private_folder(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    let _ = folder;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_state_is_its_owners() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("jobs.tfstate");
        std::fs::write(&state, "{}").unwrap();
        std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o644)).unwrap();
        close(&state);
        assert_eq!(std::fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o600);
        close(&folder.path().join("none.tfstate"));
    }

    #[test]
    fn who_protects_is_queuestack_where_it_drives() {
        use crate::backend::terraform::{Open, render, tests::stack};
        let rendering = render(&Open::fixed(&stack("stack: s\nqueues: {kept: {protect: true}, free: {}}\n"))).unwrap();
        assert_eq!(rendering.files["main.tf"].matches("prevent_destroy = true").count(), 1);
        let expected = "resource \"aws_sqs_queue\" \"kept\" {\n  lifecycle {\n    prevent_destroy = false\n  }\n}\n";
        assert_eq!(overrides(&Site::default(), &rendering), expected);
    }

    #[test]
    fn the_place_of_the_state_is_read() {
        let s3 = |region: Option<&str>| State::S3 {
            bucket: "b".to_owned(),
            key: "k/x.tfstate".to_owned(),
            region: region.map(str::to_owned),
        };
        assert_eq!(State::parse("s3://b/k/x.tfstate").unwrap(), s3(None));
        assert_eq!(State::parse("s3://b/k/x.tfstate?region=eu-west-1").unwrap(), s3(Some("eu-west-1")));
        assert_eq!(State::parse("a/b.tfstate").unwrap(), State::Local("a/b.tfstate".into()));
        for wrong in ["", "s3://b", "s3:///k", "s3://b/k?regio=x", "gs://b/k"] {
            assert!(State::parse(wrong).is_err(), "{wrong}");
        }
    }
}
