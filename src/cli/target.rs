//! Where a command goes: nobody changes a real account by forgetting something.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::backend::connect::{Connection, Target};
use crate::error::Error;
use crate::local::{EMULATORS, Emulator, Local, Progress, Running};

/// Options that say where a command goes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Target")]
pub struct TargetArgs {
    /// Go to this endpoint, such as http://127.0.0.1:4566.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// Go to the AWS account of this profile.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Go to AWS with whatever credentials there are, or to the local AWS.
    #[arg(long, value_enum)]
    pub target: Option<Where>,
    /// Use this Region.
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
}

/// The two worlds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Where {
    /// An AWS account, through the default chain of credentials.
    Aws,
    /// The local AWS of this machine.
    Local,
}

/// What was decided, before anything is started.
#[derive(Debug, PartialEq, Eq)]
pub enum Decision {
    /// A target that is there by itself.
    Go(Target),
    /// The local AWS, which may have to be brought up.
    Local,
}

impl TargetArgs {
    /// Decides from options, then environment; see [`decide`].
    ///
    /// # Errors
    /// When options contradict each other.
    pub fn decide(&self) -> Result<Resolved<'_>, Error> {
        let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Ok(Resolved { decision: decide(self, &environment)?, args: self })
    }

    /// Tells whether that is an account, and not an endpoint of somebody's own.
    ///
    /// # Errors
    /// When options contradict each other.
    pub fn is_aws(&self) -> Result<bool, Error> {
        Ok(matches!(self.decide()?.decision, Decision::Go(Target::Aws { .. })))
    }
}

/// Decides where to go: options, then `AWS_ENDPOINT_URL`, then `AWS_PROFILE` or credentials in the environment,
/// else the local AWS. Credentials that are merely lying around are used only by `--target aws`. A profile in the
/// decision is the one that gives the credentials.
fn decide(args: &TargetArgs, environment: &dyn Fn(&str) -> Option<String>) -> Result<Decision, Error> {
    let profile = || args.profile.clone();
    if let Some(url) = &args.endpoint {
        if args.target.is_some() {
            return Err(Error::Usage("--endpoint and --target contradict each other: give one".to_owned()));
        }
        return endpoint(url, profile());
    }
    match args.target {
        Some(Where::Local) if args.profile.is_some() => {
            return Err(Error::Usage("--target local takes no --profile".to_owned()));
        }
        Some(Where::Local) => return Ok(Decision::Local),
        Some(Where::Aws) => return Ok(Decision::Go(Target::Aws { profile: profile() })),
        None => {}
    }
    if args.profile.is_some() {
        return Ok(Decision::Go(Target::Aws { profile: profile() }));
    }
    if let Some(url) = environment("AWS_ENDPOINT_URL") {
        return endpoint(&url, None);
    }
    // Keys of the environment win over the profile that it names, in AWS's order.
    let keys = environment("AWS_ACCESS_KEY_ID").zip(environment("AWS_SECRET_ACCESS_KEY"));
    if let Some(profile) = environment("AWS_PROFILE").filter(|_| keys.is_none()) {
        return Ok(Decision::Go(Target::Aws { profile: Some(profile) }));
    }
    // A key pair, or the web identity that CI systems hand out.
    let pairs = [("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN")];
    if pairs.iter().any(|(one, other)| environment(one).is_some() && environment(other).is_some()) {
        return Ok(Decision::Go(Target::Aws { profile: None }));
    }
    Ok(Decision::Local)
}

fn endpoint(url: &str, profile: Option<String>) -> Result<Decision, Error> {
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(Error::Usage(format!("`{url}` is no endpoint: begin it with http:// or https://")));
    }
    Ok(Decision::Go(Target::Endpoint { url: url.trim_end_matches('/').to_owned(), profile }))
}

/// A decision together with the options it came from.
pub struct Resolved<'a> {
    decision: Decision,
    args: &'a TargetArgs,
}

/// A target that is there.
pub struct Reached {
    /// What an SDK configuration is made from.
    pub connection: Connection,
    /// The local AWS that was found or started, when that is the target.
    local: Option<Running>,
}

/// Who answers at a target.
pub struct Place {
    /// The emulator, if one is known to answer.
    pub emulator: Option<String>,
    /// Where it is, in words.
    pub words: String,
}

impl Resolved<'_> {
    /// Brings the local AWS up if that is where to go.
    ///
    /// # Errors
    /// When the local AWS does not come up.
    pub async fn reach(self) -> Result<Reached, Error> {
        let (target, local) = match self.decision {
            Decision::Go(target) => (target, None),
            Decision::Local => {
                let named = std::env::var("QUEUESTACK_EMULATOR").ok().filter(|name| !name.is_empty());
                let wanted = named.map(|name| emulator(&name)).transpose();
                let wanted = wanted.map_err(|why| Error::Usage(format!("QUEUESTACK_EMULATOR: {why}")))?;
                let running = Local { emulator: wanted, ..home() }.up(&mut progress).await?;
                (Target::Endpoint { url: running.endpoint.clone(), profile: None }, Some(running))
            }
        };
        let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let keys = environment("AWS_ACCESS_KEY_ID").zip(environment("AWS_SECRET_ACCESS_KEY"));
        let region = self.args.region.clone();
        let connection = Connection {
            target,
            region: region.or_else(|| environment("AWS_REGION")).or_else(|| environment("AWS_DEFAULT_REGION")),
            environment: keys.map(|(key, secret)| (key, secret, environment("AWS_SESSION_TOKEN"))),
            authorities: environment("AWS_CA_BUNDLE").and_then(|path| std::fs::read(path).ok()),
        };
        if let Target::Aws { profile: Some(profile) } | Target::Endpoint { profile: Some(profile), .. } =
            &connection.target
        {
            known(
                profile,
                &profiles(&file("AWS_CONFIG_FILE", "config"), &file("AWS_SHARED_CREDENTIALS_FILE", "credentials")),
            )?;
        }
        Ok(Reached { connection, local })
    }
}

impl Reached {
    /// Finds out who answers: emulators on this machine say so themselves.
    pub async fn place(&self) -> Place {
        match (&self.connection.target, &self.local) {
            (_, Some(running)) => {
                let words = format!("the local AWS ({}) at {}", named(running), running.endpoint);
                Place { emulator: Some(running.name.to_owned()), words }
            }
            (Target::Endpoint { url, .. }, None) => {
                let running = match loopback_port(url) {
                    Some(port) => Local { port, ..home() }.answering().await,
                    None => None,
                };
                let words = running.as_ref().map_or_else(|| url.clone(), |found| format!("{} at {url}", named(found)));
                Place { emulator: running.map(|running| running.name.to_owned()), words }
            }
            (Target::Aws { profile }, None) => {
                let passed_over = std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty());
                let passed_over = passed_over.filter(|_| self.connection.environment.is_some());
                let words = match (profile, passed_over) {
                    (Some(name), _) => format!("AWS (profile {name})"),
                    (None, Some(name)) => format!("AWS (keys of the environment, not profile {name})"),
                    (None, None) => "AWS".to_owned(),
                };
                Place { emulator: None, words }
            }
        }
    }
}

/// The text of one of the files with profiles: where the environment says it is, else in the home folder.
fn file(variable: &str, name: &str) -> String {
    let home = |rest: &std::path::Path| Some(std::env::home_dir()?.join(rest));
    let said = std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
    let said = said.map(|path| path.strip_prefix("~").ok().and_then(home).unwrap_or(path));
    let path = said.or_else(|| home(&PathBuf::from(".aws").join(name)));
    path.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default()
}

/// The profiles in `~/.aws/config`, where all but `default` are spelled `[profile name]`, and in `~/.aws/credentials`.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>
fn profiles(config: &str, credentials: &str) -> BTreeSet<String> {
    let in_config = sections(config).filter_map(|title| match title.split_once(char::is_whitespace) {
        Some(("profile", name)) => Some(name.trim()),
        Some(_) => None,
        None => (title == "default").then_some(title),
    });
    in_config.chain(sections(credentials)).map(str::to_owned).collect()
}

fn sections(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| Some(line.strip_prefix('[')?.split_once(']')?.0.trim()))
}

/// Refuses a profile that no file has: the SDK would look for other credentials, or say less.
fn known(profile: &str, profiles: &BTreeSet<String>) -> Result<(), Error> {
    if profiles.contains(profile) {
        return Ok(());
    }
    let there = profiles.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let there = if there.is_empty() { "there are none".to_owned() } else { format!("there are {there}") };
    Err(Error::Usage(format!("no profile `{profile}` in ~/.aws/config or ~/.aws/credentials: {there}")))
}

fn named(running: &Running) -> String {
    let version = running.version.as_deref();
    version.map_or_else(|| running.name.to_owned(), |version| format!("{} {version}", running.name))
}

/// The port of a plain-HTTP endpoint on this machine.
fn loopback_port(url: &str) -> Option<u16> {
    let authority = url.strip_prefix("http://")?.split('/').next()?;
    let (host, port) = authority.rsplit_once(':')?;
    ["127.0.0.1", "localhost"].contains(&host).then(|| port.parse().ok()).flatten()
}

/// The local AWS of this project: `.queuestack` beside the nearest `.git`, or in the current folder.
pub fn home() -> Local {
    let folder = std::env::var_os("QUEUESTACK_HOME").map_or_else(
        || {
            let here = std::env::current_dir().unwrap_or_default();
            let project = here.ancestors().find(|folder| folder.join(".git").exists());
            project.unwrap_or(&here).join(".queuestack")
        },
        PathBuf::from,
    );
    let port = std::env::var("QUEUESTACK_LOCAL_PORT").ok().and_then(|port| port.parse().ok());
    let mut local = Local::new(folder, port.unwrap_or(4566));
    local.pythons = pythons(local.pythons);
    local
}

/// The interpreters to install with: the one in `PYTHON`, those on the PATH, those of pyenv, newest first.
fn pythons(on_path: Vec<PathBuf>) -> Vec<PathBuf> {
    let named = std::env::var_os("PYTHON").filter(|name| !name.is_empty()).map(PathBuf::from);
    let pyenv = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let pyenv = pyenv.or_else(|| Some(std::env::home_dir()?.join(".pyenv")));
    let versions = pyenv.and_then(|folder| folder.join("versions").read_dir().ok());
    let mut versions: Vec<(Vec<u32>, PathBuf)> = versions
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| {
            let name = version.file_name();
            let numbers = name.to_string_lossy().split('.').map_while(|number| number.parse().ok()).collect();
            (numbers, version.path().join("bin/python3"))
        })
        .collect();
    versions.sort();
    let versions = versions.into_iter().rev().map(|(_, python)| python);
    named.into_iter().chain(on_path).chain(versions).collect()
}

/// Reads the name of an emulator.
pub fn emulator(name: &str) -> Result<&'static Emulator, String> {
    let known = EMULATORS.map(|emulator| emulator.name).join(" or ");
    Emulator::named(name).ok_or_else(|| format!("`{name}` is no emulator that is known here: write {known}"))
}

/// Tells what bringing the local AWS up is busy with.
pub fn progress(progress: Progress) {
    match progress {
        Progress::Waiting => super::say("local AWS: waiting for another command that is setting it up"),
        Progress::Installing { emulator, python, python_version } => super::say(&format!(
            "local AWS: installing {emulator} with {python} {python_version} (once, {})",
            emulator.takes
        )),
        Progress::StillInstalling { emulator, seconds, last } => {
            super::say(&format!("local AWS: installing {emulator}, {seconds} s: {last:.80}"));
        }
        Progress::Starting { emulator, port } => {
            super::say(&format!("local AWS: starting {emulator} on 127.0.0.1:{port}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(args: &TargetArgs, environment: &[(&str, &str)]) -> Decision {
        let look = |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        decide(args, &look).unwrap()
    }

    fn at(url: &str) -> Decision {
        Decision::Go(Target::Endpoint { url: url.to_owned(), profile: None })
    }

    #[test]
    fn options_win_over_the_environment_and_nothing_is_implicit() {
        let none = TargetArgs::default();
        let keys = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
        let all = [keys[0], keys[1], ("AWS_PROFILE", "prod"), ("AWS_ENDPOINT_URL", "http://x:1/")];
        let flag = TargetArgs { endpoint: Some("http://y:2".to_owned()), ..TargetArgs::default() };
        assert_eq!(decided(&flag, &all), at("http://y:2"));
        assert_eq!(decided(&none, &all), at("http://x:1"));
        let profile = || Decision::Go(Target::Aws { profile: Some("prod".to_owned()) });
        assert_eq!(decided(&none, &all[1..3]), profile());
        // The SDKs take the keys: no profile is claimed that is not used.
        assert_eq!(decided(&none, &all[..3]), Decision::Go(Target::Aws { profile: None }));
        let named = TargetArgs { profile: Some("prod".to_owned()), ..TargetArgs::default() };
        assert_eq!(decided(&named, &all), profile());
        assert_eq!(decided(&none, &keys), Decision::Go(Target::Aws { profile: None }));
        assert_eq!(decided(&none, &keys[..1]), Decision::Local);
        assert_eq!(decided(&none, &[]), Decision::Local);
        let local = TargetArgs { target: Some(Where::Local), ..TargetArgs::default() };
        assert_eq!(decided(&local, &all), Decision::Local);
        let aws = TargetArgs { target: Some(Where::Aws), ..TargetArgs::default() };
        assert_eq!(decided(&aws, &all), Decision::Go(Target::Aws { profile: None }));
    }

    #[test]
    fn a_profile_is_one_of_either_file() {
        let config = "[default]\nregion = eu-west-1\n[profile  staging]\n[sso-session corp]\n[bare]\n# [profile no]\n";
        let there = profiles(config, "[ci] # keys\naws_access_key_id = [x]\n");
        assert_eq!(there.iter().map(String::as_str).collect::<Vec<_>>(), ["ci", "default", "staging"]);
        known("ci", &there).unwrap();
        let told = |there: &BTreeSet<String>| known("prod", there).unwrap_err().to_string();
        let files = "no profile `prod` in ~/.aws/config or ~/.aws/credentials";
        assert_eq!(told(&there), format!("{files}: there are `ci`, `default`, `staging`"));
        assert_eq!(told(&BTreeSet::new()), format!("{files}: there are none"));
    }
}
