//! The progress of an apply: a live line on a terminal, plain lines elsewhere, JSON lines for machines.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::plan::{sign, verb};
use crate::event::{Event, Reporter};
use crate::plan::Action;

/// Renders events as lines on standard error, with a live line below them on a terminal.
pub struct Lines {
    bar: ProgressBar,
    flying: Mutex<BTreeMap<String, Action>>,
}

impl Lines {
    /// Makes a reporter; on a terminal it draws a live line.
    #[must_use]
    pub fn new(terminal: bool) -> Lines {
        let bar = if terminal { ProgressBar::new(0) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        Lines { bar, flying: Mutex::default() }
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| {
            // A closed pipe must not stop an apply half-way.
            let _ = writeln!(anstream::stderr(), "{line}");
        });
    }

    fn flying(&self, change: impl FnOnce(&mut BTreeMap<String, Action>)) {
        let mut flying = self.flying.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut flying);
        let names: Vec<&str> = flying.keys().map(String::as_str).collect();
        self.bar.set_message(names.join(", "));
    }
}

impl Reporter for Lines {
    fn on(&self, event: &Event) {
        match event {
            Event::Started { steps } => {
                self.bar.set_length(*steps as u64);
                self.bar.enable_steady_tick(Duration::from_millis(100));
            }
            Event::StepStarted { address, action } => {
                self.flying(|flying| _ = flying.insert(address.to_string(), *action));
            }
            Event::StepWaiting { address, reason } => self.say(&format!("  {address}: waiting, {reason}")),
            Event::StepDone { address, action, took } => {
                let (sign, style) = sign(*action);
                self.flying(|flying| _ = flying.remove(&address.to_string()));
                self.bar.inc(1);
                self.say(&format!("{style}{sign}{style:#} {address} {}d in {}", past(*action), shown(*took)));
            }
            Event::StepFailed { address, action, error } => {
                self.flying(|flying| _ = flying.remove(&address.to_string()));
                self.bar.inc(1);
                self.say(&format!("error: {address}: cannot {}: {error}", verb(*action)));
            }
            Event::StepSkipped { address, because } => self.say(&format!("skipped: {address}: {because}")),
            Event::Interrupted { in_flight } => {
                self.say(&format!("stopping: {in_flight} in flight will finish, nothing new is started"));
            }
            Event::Finished => self.bar.finish_and_clear(),
        }
    }
}

/// `create` and `update` take a `d`; so do `adopte` and the rest.
fn past(action: Action) -> &'static str {
    match action {
        Action::Adopt => "adopte",
        other => verb(other),
    }
}

fn shown(took: Duration) -> String {
    if took < Duration::from_secs(1) {
        format!("{} ms", took.as_millis())
    } else {
        format!("{:.1} s", took.as_secs_f64())
    }
}

/// Renders events as JSON, one a line, on standard error.
pub struct JsonLines;

impl Reporter for JsonLines {
    fn on(&self, event: &Event) {
        let line = match event {
            Event::Started { steps } => json!({"event": "started", "steps": steps}),
            Event::StepStarted { address, action } => json!({"event": "step", "address": address, "action": action}),
            Event::StepWaiting { address, reason } => {
                json!({"event": "waiting", "address": address, "reason": reason})
            }
            Event::StepDone { address, action, took } => {
                json!({"event": "done", "address": address, "action": action, "milliseconds": took.as_millis()})
            }
            Event::StepFailed { address, action, error } => {
                json!({"event": "failed", "address": address, "action": action, "error": error})
            }
            Event::StepSkipped { address, because } => {
                json!({"event": "skipped", "address": address, "because": because})
            }
            Event::Interrupted { in_flight } => json!({"event": "interrupted", "in_flight": in_flight}),
            Event::Finished => json!({"event": "finished"}),
        };
        let _ = writeln!(anstream::stderr(), "{line}");
    }
}
