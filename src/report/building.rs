//! The progress of building: a live line on a terminal, plain lines elsewhere, JSON lines for machines.

use std::io::Write as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::artifact::Progress;

/// Renders the progress of builds on standard error.
pub struct Building {
    bar: ProgressBar,
    terminal: bool,
    json: bool,
}

impl Building {
    /// Makes a reporter; on a terminal it draws a live line, unless machines read along.
    #[must_use]
    pub fn new(terminal: bool, json: bool) -> Building {
        let terminal = terminal && !json;
        let bar = if terminal { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        Building { bar, terminal, json }
    }

    /// Takes one step of progress.
    pub fn on(&self, progress: &Progress) {
        if self.json {
            return machine(progress);
        }
        match progress {
            Progress::Started { package, tool, target, profile } => {
                let line = format!("building {package} for {target} ({tool}, profile {profile})");
                if self.terminal {
                    self.bar.enable_steady_tick(Duration::from_millis(100));
                    self.bar.set_message(line);
                } else {
                    self.say(&line);
                }
            }
            Progress::Compiling { package, done, total, now } => {
                self.bar.set_message(format!("building {package}: {done}/{total} {now}"));
            }
            Progress::Line { text, .. } => tracing::debug!("{text}"),
            Progress::Packed { package, code_sha256, zip_bytes } => {
                let digest: String = code_sha256.chars().take(8).collect();
                self.bar.set_message("");
                self.say(&format!("built {package}: {digest}…, {zip_bytes} bytes"));
            }
        }
    }

    /// Takes the live line away.
    pub fn done(&self) {
        self.bar.finish_and_clear();
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| {
            // A closed pipe must not stop a build.
            let _ = writeln!(anstream::stderr(), "{line}");
        });
    }
}

fn machine(progress: &Progress) {
    let line = match progress {
        Progress::Started { package, tool, target, profile } => {
            json!({"event": "building", "package": package, "tool": tool, "target": target, "profile": profile})
        }
        Progress::Packed { package, code_sha256, zip_bytes } => {
            json!({"event": "built", "package": package, "sha256": code_sha256, "bytes": zip_bytes})
        }
        Progress::Compiling { .. } | Progress::Line { .. } => return,
    };
    let _ = writeln!(anstream::stderr(), "{line}");
}
