//! How Terraform's provider spells an alarm, and what of it the provider does not know.

use crate::kind::terraform::{Spelling, Without};

const NEWER: &str = "the provider has no argument for it";

/// The spelling.
pub static TERRAFORM: Spelling = Spelling {
    without: &[
        Without::unknown("promql", NEWER),
        Without::unknown("evaluation_interval", NEWER),
        Without::unknown("evaluation_window", NEWER),
        Without::unknown("warm_up", NEWER),
        Without::unknown("action_tags", NEWER),
    ],
    ..Spelling::new("aws_cloudwatch_metric_alarm", "alarm_name", "{name}")
};
