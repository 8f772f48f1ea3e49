//! `queuestack policy`: what whoever deploys a stack must be allowed.

use std::sync::Arc;

use clap::{Args as ClapArgs, ValueEnum};

use super::session::{Session, StackArgs, load};
use super::target::TargetArgs;
use crate::error::{EXIT_OK, Error};
use crate::event::Silent;
use crate::kind::{Kind as _, role};
use crate::model::Stack;
use crate::permissions::{INLINE_CHARACTERS, MANAGED_CHARACTERS, Request, Role, characters, policy};
use crate::value::Place;

/// Arguments of `policy`.
///
/// The policy names the ARNs of this stack. What the stack made and names no more is allowed to be read and deleted
/// by its ownership tag. Print it again when the stack has new resources, and before it loses the last of a kind,
/// keep the old one until that is applied.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    /// Who it is for: `deploy` plans, applies and destroys, `plan` only reads.
    #[arg(long = "for", value_enum, default_value_t = For::Deploy)]
    role: For,
    /// Allow roles to be made and widened only with this permissions boundary, the ARN of a managed policy.
    #[arg(long, value_name = "ARN")]
    boundary: Option<String>,
    /// Write the ARNs of this account, instead of asking the target who it is.
    #[arg(long, value_name = "NUMBER", value_parser = account)]
    account: Option<String>,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum For {
    /// Whoever plans, applies and destroys.
    Deploy,
    /// Whoever only plans.
    Plan,
}

fn account(text: &str) -> Result<String, String> {
    let digits = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { Ok(text.to_owned()) } else { Err("an account has twelve digits".to_owned()) }
}

impl Args {
    /// The place that is meant: as said, or as the target says.
    async fn place(&self) -> Result<Place, Error> {
        let Some(account) = &self.account else {
            let mut sessions = Session::open_all(&self.target, &[None], Arc::new(Silent)).await?;
            let session = sessions.pop().unwrap_or_else(|| Err(Error::Usage("no connection".to_owned())))?;
            return Ok(session.aws.place().await?.clone());
        };
        let region = self.target.region.clone().or_else(|| std::env::var("AWS_REGION").ok());
        let region = region.ok_or_else(|| Error::Usage("--account needs --region too".to_owned()))?;
        let partition = match region.as_str() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        Ok(Place { partition: partition.to_owned(), region, account: account.clone() })
    }
}

/// Prints the policy.
pub async fn run(args: Args) -> Result<u8, Error> {
    let stack = load(&args.stack)?;
    let place = args.place().await?;
    let role = match args.role {
        For::Deploy => Role::Deploy,
        For::Plan => Role::Plan,
    };
    let policy = policy(&stack, &Request { role, place: &place, boundary: args.boundary.as_deref() });
    super::print_json(&policy)?;
    tell_size(characters(&policy));
    if let Some(boundary) = &args.boundary {
        tell_unbound(&stack, boundary);
    }
    Ok(EXIT_OK)
}

fn tell_size(size: usize) {
    if size > INLINE_CHARACTERS {
        super::say(&format!(
            "note: {size} characters are more than a role's inline policies may have ({INLINE_CHARACTERS}): split the stack, or the statements over several managed policies"
        ));
    } else if size > MANAGED_CHARACTERS {
        super::say(&format!(
            "note: {size} characters are more than a managed policy may have ({MANAGED_CHARACTERS}): put it inline into the role, or split the statements over two"
        ));
    }
}

/// A role without the boundary would be refused when it is made.
fn tell_unbound(stack: &Stack, boundary: &str) {
    let roles = stack.of_kind(role::Role.name());
    for role in roles.filter(|one| one.get(&role::BOUNDARY_ARN).as_text() != Some(boundary)) {
        super::say(&format!(
            "note: {} has another boundary or none, and this policy does not let it be made: set `defaults: {{roles: {{permissions_boundary: …}}}}`",
            role.address
        ));
    }
}
