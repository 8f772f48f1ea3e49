//! ARNs, taken apart and checked as far as that goes without asking AWS.

/// The parts of an ARN, `arn:<partition>:<service>:<region>:<account>:<resource>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: &'a str,
    /// `sqs`.
    pub service: &'a str,
    /// `eu-west-1`; empty for global services.
    pub region: &'a str,
    /// Twelve digits; empty for some services.
    pub account: &'a str,
    /// Everything after the account.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Takes an ARN apart.
    ///
    /// # Errors
    /// Says which part cannot be right: `its account is not twelve digits`.
    pub fn parse(text: &'a str) -> Result<Arn<'a>, String> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service, region, account, resource] = parts[..] else {
            return Err("an ARN has six parts with `:` between them".to_owned());
        };
        let region_words = region.split('-').count();
        let plain = |part: &str| part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        let wrong = if !(partition == "aws" || partition.starts_with("aws-")) || !plain(partition) {
            format!("there is no partition `{partition}`")
        } else if service.is_empty() || !plain(service) {
            format!("there is no service `{service}`")
        } else if !region.is_empty()
            && (region_words < 3 || !plain(region) || !region.ends_with(|c: char| c.is_ascii_digit()))
        {
            format!("there is no Region `{region}`")
        } else if !account.is_empty() && account != "aws" && !is_account(account) {
            format!("`{account}` is not the twelve digits of an account")
        } else if resource.is_empty() || text.contains(char::is_whitespace) {
            "it does not name a resource".to_owned()
        } else if !region.is_empty() && partition_of(region) != partition && partition_of(region) != "aws" {
            format!("Region `{region}` is not in partition `{partition}`")
        } else {
            return Ok(Arn { partition, service, region, account, resource });
        };
        Err(wrong)
    }
}

/// What an ARN says after the account, if it is one of this service.
pub fn resource_of<'a>(arn: &'a str, service: &str) -> Option<&'a str> {
    let mut parts = arn.splitn(6, ':');
    (parts.nth(2) == Some(service)).then(|| parts.nth(2)).flatten()
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The partitions whose Regions are known by their beginning.
pub fn partition_of(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_apart_what_is_right_and_says_what_is_not() {
        let table = [
            ("arn:aws:sqs:eu-west-1:123456789012:jobs", Ok("jobs")),
            ("arn:aws-us-gov:sqs:us-gov-west-1:123456789012:jobs.fifo", Ok("jobs.fifo")),
            ("arn:aws:s3:::bucket/key:with:colons", Ok("bucket/key:with:colons")),
            ("arn:aws:sqs:eu-west-1:123456789012", Err("an ARN has six parts with `:` between them")),
            ("arn:gcp:sqs:eu-west-1:123456789012:jobs", Err("there is no partition `gcp`")),
            ("arn:aws:sqs:ireland:123456789012:jobs", Err("there is no Region `ireland`")),
            ("arn:aws:sqs:eu-west-1:1234:jobs", Err("`1234` is not the twelve digits of an account")),
            ("arn:aws:sqs:cn-north-1:123456789012:jobs", Err("Region `cn-north-1` is not in partition `aws`")),
            ("arn:aws:sqs:eu-west-1:123456789012:", Err("it does not name a resource")),
        ];
        for (text, expected) in table {
            let parsed = Arn::parse(text).map(|arn| arn.resource);
            assert_eq!(parsed, expected.map_err(str::to_owned), "{text}");
        }
    }
}
