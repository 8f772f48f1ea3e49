//! `queuestack render`: a stack as the configuration of another tool, to be read, committed and owned.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args as ClapArgs, ValueEnum};

use super::session::{Session, StackArgs, load, open_variables, refused};
use super::target::TargetArgs;
use crate::backend::terraform::{Rendering, imports, render};
use crate::error::{EXIT_CHANGES, EXIT_OK, Error};
use crate::event::Silent;

/// Arguments of `render`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    /// The tool.
    #[arg(long, value_enum, default_value_t = Tool::Terraform)]
    to: Tool,
    /// Write into this folder; by default `terraform/<stack>`.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write import blocks too, for what is there already: it is looked up in the target.
    #[arg(long)]
    imports: bool,
    /// Write nothing; exit with 2 when the folder is not what would be written.
    #[arg(long, conflicts_with = "imports")]
    check: bool,
    #[command(flatten)]
    target: TargetArgs,
}

/// The tools that a stack can be rendered for.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tool {
    /// Terraform 1.5 or OpenTofu 1.6 and later, with the AWS provider 5.80 or later.
    Terraform,
}

/// Renders a stack into a folder.
pub async fn run(args: Args) -> Result<u8, Error> {
    let Tool::Terraform = args.to;
    let stack = load(&args.stack)?;
    let open = open_variables(&stack, &args.stack.variables)?;
    let mut rendering = render(&open).map_err(|found| refused(&found, &stack.source))?;
    if args.imports {
        let session = Session::open(&args.target, &stack, Arc::new(Silent)).await?;
        rendering.files.insert("imports.tf", imports::file(&open, &session.found));
        let overrides = imports::overrides(&open, &session.found);
        if !overrides.is_empty() {
            rendering.files.insert("imports_override.tf", overrides);
        }
    }
    let folder = args.out.unwrap_or_else(|| Path::new("terraform").join(&stack.name));
    if args.check {
        return check(&rendering, &folder);
    }
    let failed = |path: &Path, source| Error::File { path: path.display().to_string(), source };
    let foreign = rendering.files.keys().map(|name| folder.join(name)).find(|path| {
        // What is there and is no text is not ours either.
        path.exists() && !std::fs::read_to_string(path).is_ok_and(|text| Rendering::is_ours(&text))
    });
    if let Some(path) = foreign {
        let path = path.display();
        let message =
            format!("{path} was not rendered by queuestack, and would be overwritten: move it away, or give --out DIR");
        return Err(Error::Usage(message));
    }
    std::fs::create_dir_all(&folder).map_err(|source| failed(&folder, source))?;
    for (name, text) in &rendering.files {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|source| failed(&path, source))?;
        super::print(&format!("{}\n", path.display()))?;
    }
    Ok(EXIT_OK)
}

/// Names every file that differs.
fn check(rendering: &Rendering, folder: &Path) -> Result<u8, Error> {
    let differs =
        |(name, text): &(&&str, &String)| std::fs::read_to_string(folder.join(name)).ok().as_ref() != Some(*text);
    let differing: Vec<_> = rendering.files.iter().filter(differs).collect();
    for (name, _) in &differing {
        super::print(&format!("{} differs\n", folder.join(name).display()))?;
    }
    Ok(if differing.is_empty() { EXIT_OK } else { EXIT_CHANGES })
}
