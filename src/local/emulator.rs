//! The emulators that can be installed and run here: a table, and nothing else about them in code.

use std::fmt;

/// An emulator of AWS: a Python program with pinned packages, in a virtual environment of its own.
#[derive(Debug, PartialEq, Eq)]
pub struct Emulator {
    /// Its name in lower case, as users and its health page spell it.
    pub name: &'static str,
    /// The version that is installed.
    pub version: &'static str,
    /// What the first installation takes, in words.
    pub takes: &'static str,
    /// What pip installs.
    pub(super) requirements: &'static [&'static str],
    /// The oldest and the newest Python that it runs on.
    pub(super) pythons: [(u32, u32); 2],
    /// How to get such a Python, for error messages.
    pub(super) get_python: &'static str,
    /// Files that stand beside its packages: path in the virtual environment, text.
    pub(super) files: &'static [(&'static str, &'static str)],
    /// The arguments of the interpreter; the first is a file of the virtual environment.
    ///
    /// `{port}`, `{endpoint}`, `{temp}` and `{edition}` stand for what they say, here and in `environment`.
    pub(super) arguments: &'static [&'static str],
    /// The variables that it is started with, besides those of the caller.
    pub(super) environment: &'static [(&'static str, &'static str)],
    /// The page that says which services run, and in `edition` what we named it.
    pub(super) health: &'static str,
    /// What stands on its health page and on no other's.
    pub(super) mark: Option<&'static str>,
    /// What to POST to for emptying it; one without is started anew instead.
    pub(super) reset: Option<&'static str>,
}

/// Small and quick, and the default: <https://pypi.org/project/ministack/>.
pub static MINISTACK: Emulator = Emulator {
    name: "ministack",
    version: "1.5.33",
    takes: "about half a minute, 90 MB",
    // It needs cbor2 for CloudWatch without declaring it.
    requirements: &["ministack==1.5.33", "cbor2==6.2.1"],
    pythons: [(3, 10), (3, 99)],
    get_python: "Python 3.10 or newer with venv: `apt install python3-venv` on Debian and Ubuntu, \
                 `dnf install python3` on Fedora, `brew install python` on macOS",
    files: &[],
    arguments: &["bin/ministack"],
    environment: &[
        ("BIND_HOST", "127.0.0.1"),
        ("GATEWAY_PORT", "{port}"),
        // Handed on to functions, whose clients would otherwise call the real AWS.
        ("AWS_ENDPOINT_URL", "{endpoint}"),
        ("MINISTACK_EDITION", "{edition}"),
        ("USE_SSL", "0"),
    ],
    health: "/_ministack/health",
    mark: Some("ready_scripts"),
    reset: Some("/_ministack/reset"),
};

/// Slower and more faithful: <https://pypi.org/project/localstack-core/>, in host mode with our executor of functions.
pub static LOCALSTACK: Emulator = Emulator {
    name: "localstack",
    version: "2026.3.0",
    takes: "about two minutes, 500 MB",
    // Newer ones of the last four break it: it then starts without any plugins.
    requirements: &[
        "localstack-core[runtime]==2026.3.0",
        "cbor2<5.8",
        "pyOpenSSL<25.2",
        "cryptography<46",
        "service_identity<25",
    ],
    pythons: [(3, 12), (3, 13)],
    get_python: "Python 3.12 or 3.13 with venv: `apt install python3-venv` on Ubuntu 24.04 and Debian 13, \
                 `dnf install python3.13` on Fedora, `brew install python@3.13` on macOS, or `pyenv install 3.13`; \
                 the variable PYTHON can name one",
    files: &[
        ("executor/start.py", include_str!("../../localstack/executor/start.py")),
        ("executor/queuestack_executor.py", include_str!("../../localstack/executor/queuestack_executor.py")),
        (
            "executor/queuestack_executor.dist-info/METADATA",
            include_str!("../../localstack/executor/queuestack_executor.dist-info/METADATA"),
        ),
        (
            "executor/queuestack_executor.dist-info/entry_points.txt",
            include_str!("../../localstack/executor/queuestack_executor.dist-info/entry_points.txt"),
        ),
    ],
    // Its settings stand in start.py, which takes nothing from the environment.
    arguments: &["executor/start.py", "{port}", "{temp}", "{edition}"],
    environment: &[],
    health: COMMON_HEALTH,
    mark: None,
    reset: None,
};

/// The health page that all answer: LocalStack's, which the others imitate.
pub(super) const COMMON_HEALTH: &str = "/_localstack/health";

/// All of them, the default first. Where the common page does not tell, their own are asked in this order: ministack
/// answers on both.
pub static EMULATORS: [&Emulator; 2] = [&MINISTACK, &LOCALSTACK];

impl Emulator {
    /// Returns the emulator of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Emulator> {
        EMULATORS.into_iter().find(|emulator| emulator.name == name)
    }
}

impl fmt::Display for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_version_is_the_one_that_is_named() {
        for emulator in EMULATORS {
            assert!(emulator.requirements[0].ends_with(&format!("=={}", emulator.version)), "{emulator}");
            assert_eq!(Emulator::named(emulator.name), Some(emulator));
        }
    }
}
