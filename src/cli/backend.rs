//! Who plans and applies, and how Terraform is found.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::session::{Session, VariableArgs, open_variables};
use super::target::{TargetArgs, home};
use crate::backend::Backend;
use crate::backend::connect::{Connection, Target};
use crate::backend::terraform::run::{SHARED_FOLDERS, has_provider};
use crate::backend::terraform::{Driver, Plugins, Settings, Site, State, Terraform, TerraformError};
use crate::build::Artifacts;
use crate::error::Error;
use crate::model::Stack;
use crate::value::Place;

/// Options that say who does the work.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Backend")]
pub struct BackendArgs {
    /// Plan and apply with the AWS SDKs, or with the real Terraform or OpenTofu.
    #[arg(long, value_enum, env = "QUEUESTACK_BACKEND", default_value_t = Which::Aws)]
    backend: Which,
    /// Where Terraform keeps its state: a path, or s3://bucket/key?region=eu-west-1, with a lock file beside it.
    #[arg(long, value_name = "PLACE", env = "QUEUESTACK_TERRAFORM_STATE")]
    state: Option<String>,
    /// The binary; by default `terraform`, else `tofu`, of the PATH.
    #[arg(long, value_name = "FILE", env = "QUEUESTACK_TERRAFORM_BIN")]
    terraform_bin: Option<PathBuf>,
    /// The folder with the AWS provider, as `terraform providers mirror` writes it.
    #[arg(long, value_name = "DIR", env = "QUEUESTACK_TERRAFORM_PLUGIN_DIR")]
    terraform_plugin_dir: Option<PathBuf>,
    /// Let Terraform download its provider; without this nothing is downloaded.
    #[arg(long)]
    terraform_download: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Which {
    #[default]
    Aws,
    Terraform,
}

impl BackendArgs {
    /// Tells whether the stack is rendered on the way.
    #[must_use]
    pub fn renders(&self) -> bool {
        self.backend == Which::Terraform
    }

    /// Refuses one state for several stacks: each would delete what the others have.
    ///
    /// # Errors
    /// When there are several stacks, and one place for their state.
    pub fn check_count(&self, stacks: usize) -> Result<(), Error> {
        if !self.renders() || self.state.is_none() || stacks == 1 {
            return Ok(());
        }
        let message = "--state (QUEUESTACK_TERRAFORM_STATE) is the state of one stack: give one stack, or leave it out, \
                       and each has a state of its own";
        Err(Error::Usage(message.to_owned()))
    }

    /// Refuses saved plans, which are the SDKs'.
    ///
    /// # Errors
    /// When Terraform is to do the work.
    pub fn refuse_saved(&self) -> Result<(), Error> {
        let message = "a saved plan is applied by the SDKs: leave --backend terraform (QUEUESTACK_BACKEND) out";
        if self.renders() { Err(Error::Usage(message.to_owned())) } else { Ok(()) }
    }

    /// Chooses the backend of a session. The stack is as it was read, before anything was built.
    ///
    /// # Errors
    /// When Terraform or its provider is not there.
    pub async fn choose(
        &self,
        session: &mut Session,
        target: &TargetArgs,
        stack: &Stack,
        variables: &VariableArgs,
        code: Artifacts,
    ) -> Result<(), Error> {
        if !self.renders() {
            return Ok(());
        }
        let place = session.aws.place().await?.clone();
        let open = open_variables(stack, variables)?;
        let settings = self.settings(&session.connection, target, stack, &place)?;
        session.backend = Backend::Terraform(Box::new(Driver::new(settings, open, stack, code)));
        Ok(())
    }

    fn settings(
        &self,
        connection: &Connection,
        target: &TargetArgs,
        stack: &Stack,
        place: &Place,
    ) -> Result<Settings, Error> {
        let endpoint = match &connection.target {
            Target::Endpoint { url, .. } => Some(url.clone()),
            Target::Aws { .. } => None,
        };
        // One folder a place: the state of an emulator is not that of an account.
        let at = endpoint.as_deref().map_or_else(String::new, |url| {
            let plain = url.trim_start_matches("http://").trim_start_matches("https://");
            format!("-{}", plain.replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "-"))
        });
        let folder = home().home.join("terraform").join(&stack.name);
        let folder = absolute(&folder.join(format!("{}-{}{at}", place.account, place.region)));
        let state = match &self.state {
            None => State::Local(folder.join("terraform.tfstate")),
            Some(text) => match State::parse(text)? {
                State::Local(path) => State::Local(absolute(&path)),
                elsewhere @ State::S3 { .. } => elsewhere,
            },
        };
        let data = std::env::var_os("TF_DATA_DIR").filter(|data| !data.is_empty());
        let data = data.map_or_else(|| PathBuf::from(".terraform"), PathBuf::from);
        let environment = environment(connection, target, place);
        let terraform = Terraform { program: self.program()?, environment, folder, data };
        let site = Site { endpoint, region: place.region.clone() };
        Ok(Settings { plugins: self.plugins()?, state, site, terraform })
    }

    /// The binary that was given, or the first of the PATH.
    fn program(&self) -> Result<PathBuf, TerraformError> {
        if let Some(given) = &self.terraform_bin {
            // Terraform runs in a folder of its own; a bare name is looked up in the PATH.
            return Ok(if given.components().count() > 1 { absolute(given) } else { given.clone() });
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        let found = ["terraform", "tofu"].iter().find_map(|name| {
            folders
                .iter()
                .map(|folder| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
                .find(|file| file.is_file())
        });
        found.map(|found| absolute(&found)).ok_or(TerraformError::NoBinary)
    }

    /// From where the provider comes: what was given, what the user configured, or a folder where it usually lies.
    fn plugins(&self) -> Result<Plugins, TerraformError> {
        if self.terraform_download {
            return Ok(Plugins::Download);
        }
        if let Some(given) = &self.terraform_plugin_dir {
            return Ok(Plugins::Folder(absolute(given)));
        }
        let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let configured = variable("TF_CLI_CONFIG_FILE").unwrap_or_else(|| home.join(".terraformrc"));
        if std::fs::read_to_string(configured).is_ok_and(|text| text.contains("provider_installation")) {
            return Ok(Plugins::Configured);
        }
        let usual = [home.join(".terraform.d/plugins"), home.join(".terraform.d/plugin-cache")];
        let looked: Vec<PathBuf> = variable("TF_PLUGIN_CACHE_DIR")
            .into_iter()
            .chain(usual)
            .chain(SHARED_FOLDERS.iter().map(PathBuf::from))
            .collect();
        let found = looked.iter().find(|folder| has_provider(folder)).cloned();
        found.map(Plugins::Folder).ok_or(TerraformError::NoProvider { looked })
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Who Terraform is: the same as the SDKs, or `test` for an endpoint that takes anybody.
fn environment(connection: &Connection, target: &TargetArgs, place: &Place) -> Vec<(String, String)> {
    let mut all = vec![("AWS_REGION".to_owned(), place.region.clone())];
    // A configuration file that is not there is an error to Terraform.
    let config = std::env::var_os("TF_CLI_CONFIG_FILE");
    if config.is_some_and(|file| !Path::new(&file).is_file()) {
        all.push(("TF_CLI_CONFIG_FILE".to_owned(), String::new()));
    }
    let profile = match &connection.target {
        Target::Aws { profile } | Target::Endpoint { profile, .. } => {
            profile.clone().or_else(|| target.profile.clone())
        }
    };
    match (&connection.target, profile) {
        (_, Some(profile)) => {
            // Keys would win over it.
            let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
            all.extend(keys.map(|name| (name.to_owned(), String::new())));
            all.push(("AWS_PROFILE".to_owned(), profile));
        }
        (Target::Endpoint { .. }, None) if connection.environment.is_none() => {
            let fake = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
            all.extend(fake.map(|name| (name.to_owned(), "test".to_owned())));
        }
        _ => {}
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_is_found_from_where_it_was_named() {
        let program = |given: &str| {
            let terraform_bin = Some(PathBuf::from(given));
            BackendArgs { terraform_bin, ..BackendArgs::default() }.program().unwrap()
        };
        let here = std::env::current_dir().unwrap();
        assert_eq!((program("./tf"), program("bin/tf")), (here.join("tf"), here.join("bin/tf")));
        assert_eq!(program("tofu"), PathBuf::from("tofu"), "the PATH knows where");
    }
}
