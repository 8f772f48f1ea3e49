//! What Lambda runs binaries on: machines, runtimes, and the glibc of each.

use std::fmt;

/// Names a machine that Lambda runs on, spelled as AWS does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Architecture {
    /// Intel and AMD.
    #[serde(rename = "x86_64")]
    X86_64,
    /// Graviton.
    #[serde(rename = "arm64")]
    Arm64,
}

impl Architecture {
    /// Names the Rust target that Lambda's glibc runtimes run.
    #[must_use]
    pub const fn triple(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-gnu",
            Self::Arm64 => "aarch64-unknown-linux-gnu",
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        })
    }
}

/// Names a Lambda runtime that starts a binary, spelled as AWS does.
/// [Runtimes](https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Runtime {
    /// Amazon Linux 2023, glibc 2.34.
    #[serde(rename = "provided.al2023")]
    ProvidedAl2023,
    /// Amazon Linux 2, glibc 2.26.
    #[serde(rename = "provided.al2")]
    ProvidedAl2,
}

impl Runtime {
    /// Finds a runtime by AWS's name; `None` for a managed runtime, which starts no `bootstrap`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::ProvidedAl2023, Self::ProvidedAl2].into_iter().find(|runtime| runtime.name() == name)
    }

    /// Names the runtime as AWS does.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProvidedAl2023 => "provided.al2023",
            Self::ProvidedAl2 => "provided.al2",
        }
    }

    /// Says which glibc the runtime ships.
    #[must_use]
    pub const fn glibc(self) -> Glibc {
        match self {
            Self::ProvidedAl2023 => Glibc { major: 2, minor: 34 },
            Self::ProvidedAl2 => Glibc { major: 2, minor: 26 },
        }
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Is a version of the GNU C library, which orders like the library's releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glibc {
    /// 2, so far.
    pub major: u32,
    /// The release within it.
    pub minor: u32,
}

impl Glibc {
    /// Reads a symbol version like `GLIBC_2.34` or `GLIBC_2.2.5`; `None` for a marker whose release is unknown.
    #[must_use]
    pub fn of_symbol(version: &str) -> Option<Self> {
        if version == "GLIBC_ABI_DT_RELR" {
            return Some(Self { major: 2, minor: 36 });
        }
        let mut numbers = version.strip_prefix("GLIBC_")?.split('.').map(str::parse);
        Some(Self { major: numbers.next()?.ok()?, minor: numbers.next()?.ok()? })
    }
}

impl fmt::Display for Glibc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
