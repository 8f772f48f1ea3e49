//! The same units as Terraform, for those who have it: `QUEUESTACK_BENCH_TERRAFORM=1`.

use std::path::Path;
use std::process::Command;

use super::floor::Failure;
use super::ground::Ground;
use super::measure::{Times, time};
use super::report::{Report, Row};
use super::scenario::Bench;

/// A directory with the AWS provider, laid out as `terraform providers mirror` does; without it, init asks the registry.
const MIRROR: &str = "QUEUESTACK_BENCH_TERRAFORM_MIRROR";

/// The units as Terraform, with everything that the account is asked for beyond them switched off.
const CONFIGURATION: &str = r#"
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" { type = string }
variable "units" { type = number }

provider "aws" {
  region                      = "us-east-1"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  endpoints {
    cloudwatch = var.endpoint
    sqs        = var.endpoint
    sts        = var.endpoint
  }
}

resource "aws_sqs_queue" "dead_letters" {
  count                     = var.units
  name                      = format("job-%04d-dlq", count.index)
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue" "main" {
  count = var.units
  name  = format("job-%04d", count.index)
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters[count.index].arn
    maxReceiveCount     = 3
  })
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  count               = var.units
  alarm_name          = format("job-%04d-dead-letters", count.index)
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters[count.index].name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
}

resource "aws_cloudwatch_metric_alarm" "backlog" {
  count               = var.units
  alarm_name          = format("job-%04d-backlog", count.index)
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.main[count.index].name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 1000
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
}
"#;

/// Says whether the comparison was asked for and Terraform is there.
#[must_use]
pub fn is_wanted() -> bool {
    let asked = std::env::var_os("QUEUESTACK_BENCH_TERRAFORM").is_some_and(|value| value == "1");
    asked && Command::new("terraform").arg("version").output().is_ok_and(|output| output.status.success())
}

/// Applies and plans the units with Terraform, once, and sets them beside queuestack's rows of the same ground.
///
/// # Errors
/// When Terraform fails.
pub fn compare(bench: &Bench, ground: &Ground, report: &mut Report) -> Result<(), Failure> {
    let directory = bench.directory.join("terraform");
    let _absent = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory)?;
    std::fs::write(directory.join("main.tf"), CONFIGURATION)?;
    let mut init = terraform(&directory, &["init", "-input=false", "-no-color"]);
    if let Ok(mirror) = std::env::var(MIRROR) {
        init.arg(format!("-plugin-dir={mirror}"));
    }
    time(&mut init, &[0])?;
    let variables = [format!("-var=endpoint={}", ground.endpoint()), format!("-var=units={}", bench.units)];
    ground.reset()?;
    let (mut apply, mut plan) = (Times::default(), Times::default());
    apply.push(time(
        terraform(&directory, &["apply", "-auto-approve", "-input=false", "-no-color"]).args(&variables),
        &[0],
    )?);
    // 2 is a plan with changes: some emulators make Terraform see drift for ever.
    let planned = &mut terraform(&directory, &["plan", "-detailed-exitcode", "-input=false", "-no-color"]);
    plan.push(time(planned.args(&variables), &[0, 2])?);
    for (verb, other) in [("apply", apply), ("no-op plan", plan)] {
        let of_ground = |row: &&Row| row.ground == ground.name() && row.what.starts_with(verb);
        if let Some(row) = report.rows.iter().find(of_ground) {
            let (what, queuestack) = (row.what.clone(), row.queuestack.clone());
            let row = Row { ground: ground.name(), what, against: "Terraform", other, queuestack, target: 1.0 };
            report.rows.push(row);
        }
    }
    Ok(())
}

fn terraform(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("terraform");
    command.current_dir(directory).args(arguments);
    command.env_remove("TF_CLI_CONFIG_FILE");
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    command
}
