//! Plans as files: `plan --out`, and `apply` of what it saved. What is in them is told in [`crate::plan::saved`].

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::apply::Args;
use super::format;
use super::session::{Session, read_stack};
use super::survey::Surveyed;
use crate::artifact::{Architecture, Artifact, Zip, code_sha256};
use crate::build::{Artifacts, BuildError};
use crate::diagnostic::Severity;
use crate::error::Error;
use crate::model::Stack;
use crate::plan::saved::{Code, FORMAT, Saved, read, write};
use crate::plan::{Action, Step};
use crate::report::plan::{Planned, Told, json};

/// The version that makes plans, and that alone applies them.
const TOOL: &str = env!("CARGO_PKG_VERSION");
/// How far into a plan its format stands, in bytes.
const BEGIN: u8 = 64;
/// The longest plan that is read, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// Tells whether a file is a saved plan: by its ending, or by how it begins.
pub fn is_one(path: &Path) -> bool {
    // What is read of a pipe is gone for whoever reads it then.
    let begins = |file: std::fs::File| {
        let mut begin = Vec::new();
        file.take(BEGIN.into()).read_to_end(&mut begin).is_ok() && begins_one(&begin)
    };
    path.extension().is_some_and(|end| end == "qsp") || path.is_file() && std::fs::File::open(path).is_ok_and(begins)
}

/// Tells whether these are the first bytes of a saved plan.
pub fn begins_one(bytes: &[u8]) -> bool {
    let begin = &bytes[..bytes.len().min(BEGIN.into())];
    begin.windows(FORMAT.len()).any(|part| part == FORMAT.as_bytes())
}

/// Takes an older plan away: if none is made now, none is there to be applied.
///
/// # Errors
/// When it is there and cannot be removed.
pub fn clear(path: &Path) -> Result<(), Error> {
    if path.is_file() && is_one(path) {
        std::fs::remove_file(path).map_err(|error| failed(path, error))
    } else {
        Ok(())
    }
}

/// Saves the plan of a stack with the code that it ships, unless something stands in its way.
///
/// # Errors
/// When a file cannot be written.
pub fn save(path: &Path, one: &Surveyed) -> Result<(), Error> {
    let (None, Some(planned), Some(session)) = (&one.told.error, &one.told.planned, &one.session) else {
        return Ok(());
    };
    let code = save_code(path, &one.code, &planned.plan.steps)?;
    let document = json(std::slice::from_ref(&one.told));
    let endpoint = session.endpoint.as_deref();
    let text = write(document, &planned.plan, &one.told.stack, &planned.place, endpoint, &code);
    // Names, ARNs and settings of an account are nobody else's business.
    write_file(path, text.as_bytes(), 0o600)
}

/// Writes the zips that steps ship to a folder beside the plan.
fn save_code(path: &Path, built: &Artifacts, steps: &[Step]) -> Result<Vec<Code>, Error> {
    let ships = |step: &Step, sha256: &str| {
        let mut named = false;
        step.changes.iter().for_each(|change| change.after.walk(&mut |value| named |= value.as_text() == Some(sha256)));
        named || matches!(step.action, Action::Create | Action::Replace)
    };
    let mut folder = path.file_name().unwrap_or_default().to_os_string();
    folder.push(".code");
    let mut all = Vec::new();
    for (address, artifact) in built {
        if !steps.iter().any(|step| step.address == *address && ships(step, &artifact.code_sha256)) {
            continue;
        }
        // The digest in the letters of file names; the plan says it as Lambda does.
        let name = artifact.code_sha256.replace('/', "_").replace('+', "-").replace('=', "");
        let relative = Path::new(&folder).join(format!("{name}.zip"));
        let zip = path.with_file_name(&folder).join(format!("{name}.zip"));
        if let Some(folder) = zip.parent() {
            std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
        }
        write_file(&zip, &artifact.zip().map_err(BuildError::from)?, 0o644)?;
        let (sha256, bytes) = (artifact.code_sha256.clone(), artifact.zip_bytes);
        all.push(Code { address: address.clone(), sha256, bytes, path: relative.to_string_lossy().replace('\\', "/") });
    }
    Ok(all)
}

fn failed(path: &Path, source: std::io::Error) -> Error {
    Error::File { path: path.display().to_string(), source }
}

/// Writes a file at once: whoever reads it sees the old one or the new one.
fn write_file(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}", std::process::id()));
    let unfinished = path.with_file_name(name);
    let _ = std::fs::remove_file(&unfinished);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let written = options.open(&unfinished).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&unfinished, path)
    });
    written.map_err(|source| {
        let _ = std::fs::remove_file(&unfinished);
        failed(path, source)
    })
}

/// Applies a saved plan, or refuses and names what moved.
pub async fn run(args: Args) -> Result<u8, Error> {
    let refused = |what: String| Error::Saved(format!("{}: {what}", args.file.display()));
    let consent = &args.consent;
    if consent.adopt_unowned
        || !(consent.adopt.is_empty() && consent.only.is_empty() && consent.allow_data_loss.is_empty())
    {
        let message = "--adopt, --adopt-unowned, --only and --allow-data-loss are given when a plan is made, not when it is applied";
        return Err(Error::Usage(message.to_owned()));
    }
    let mut saved = read(&read_file(&args.file)?, TOOL).map_err(refused)?;
    let code = read_code(&args.file, &saved)?;
    let (names, reporter) = (saved.names(), args.run.reporter());
    let mut session = Session::open(&args.target, &names, Arc::clone(&reporter)).await?;
    let place = session.aws.place().await?.clone();
    check_place(&saved, &session, &place).map_err(refused)?;
    fill(&mut saved, &args, &session).await?;
    let found = std::mem::take(&mut session.found);
    let (name, file) = (saved.stack.clone(), saved.file.clone());
    let plan = saved.resume(found, &session.gaps).map_err(|moved| {
        let moved: Vec<String> = moved.iter().map(|one| format!("\n  {one}")).collect();
        refused(format!("out of date: plan again. What moved since it was made:{}", moved.concat()))
    })?;
    args.guards.check(&plan)?;
    session.aws.carry(code);
    let stack = Arc::new(Stack { name, ..Stack::default() });
    let planned = Planned { plan, words: session.words.clone(), place, calls: session.aws.calls() };
    let mut all = [Told { verb: "apply", file, stack, planned: Some(planned), ..Told::default() }];
    format::print(&all, args.run.format.get())?;
    let Some(planned) = all[0].planned.take() else { return Ok(crate::error::EXIT_OK) };
    let unconsented: Vec<String> = planned.plan.unconsented().map(|step| step.address.to_string()).collect();
    if !unconsented.is_empty() {
        let message = format!(
            "it would lose what it has no consent for: plan again with --allow-data-loss {}",
            unconsented.join(" --allow-data-loss ")
        );
        return Err(refused(message));
    }
    let mut run = args.run;
    run.yes = true;
    run.carry_out(planned.plan, &session, &*reporter).await
}

fn read_file(path: &Path) -> Result<String, Error> {
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| failed(path, error))?;
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(|error| failed(path, error))?;
    Ok(text)
}

/// Reads the zips that a plan ships, and checks that they are those that it was made with.
fn read_code(plan: &Path, saved: &Saved) -> Result<Artifacts, Error> {
    let mut all = BTreeMap::new();
    for code in &saved.code {
        let path: PathBuf = plan.parent().unwrap_or(Path::new("")).join(&code.path);
        let refused = |what: &str| {
            let message = format!(
                "{}: the code of {} at {} {what}; keep it beside the plan, or plan again",
                plan.display(),
                code.address,
                path.display()
            );
            Error::Saved(message)
        };
        let zip = std::fs::read(&path).map_err(|error| refused(&format!("cannot be read ({error})")))?;
        if code_sha256(&zip) != code.sha256 {
            return Err(refused("is not what was planned: it has another SHA-256"));
        }
        let artifact = Artifact {
            name: code.address.name.clone(),
            // Checked when it was built; nothing asks for it when it is shipped.
            architecture: Architecture::X86_64,
            code_sha256: code.sha256.clone(),
            zip_bytes: zip.len() as u64,
            unzipped_bytes: 0,
            binary: path,
            zip: Zip::Bytes(zip),
        };
        all.insert(code.address.clone(), Arc::new(artifact));
    }
    Ok(all)
}

/// Puts the secrets in, from the stack file that the plan was made of and from where it says that they are kept.
async fn fill(saved: &mut Saved, args: &Args, session: &Session) -> Result<(), Error> {
    if !saved.needs_secrets() {
        return Ok(());
    }
    let file = args.stack.clone().unwrap_or_else(|| PathBuf::from(&saved.file));
    let (stack, findings) = read_stack(&file, &args.variables).map_err(|error| match error {
        Error::File { path, source } if args.stack.is_none() => Error::Saved(format!(
            "the plan sets secrets, which it does not hold, and {path} cannot be read ({source}): give --stack FILE"
        )),
        other => other,
    })?;
    if findings.has_errors() {
        super::eprint(&crate::report::diagnostics::text(&findings, &stack.source));
        let (errors, warnings) = (findings.count(Severity::Error), findings.count(Severity::Warning));
        return Err(Error::Invalid { errors, warnings });
    }
    let stack = session.with_secrets(&stack, &BTreeSet::new()).await?;
    saved.fill(&stack).map_err(|wrong| {
        let message = format!(
            "{}: not the values that the plan was made with; give them (--var, --var-file), or plan again",
            wrong.join(", ")
        );
        Error::Saved(message)
    })
}

/// Checks that a plan goes where it was made for.
fn check_place(saved: &Saved, session: &Session, place: &crate::value::Place) -> Result<(), String> {
    let aws = "AWS itself".to_owned();
    let (planned, here) = (&saved.endpoint, &session.endpoint);
    for (what, planned, here) in [
        ("endpoint", planned.as_ref().unwrap_or(&aws), here.as_ref().unwrap_or(&aws)),
        ("account", &saved.place.account, &place.account),
        ("Region", &saved.place.region, &place.region),
        ("partition", &saved.place.partition, &place.partition),
    ] {
        if planned != here {
            return Err(format!(
                "made for {what} {planned}, and this is {here}: plan again, or choose the target it was made for"
            ));
        }
    }
    Ok(())
}
