//! Where a scenario runs: the stub in this process, or an emulator behind an endpoint.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::floor::Failure;
use super::measure::{Program, time};
use super::stub::Stub;

/// What one answer of the stub takes.
pub const DELAY: Duration = Duration::from_millis(20);

/// An AWS that can be emptied.
#[derive(Debug)]
pub enum Ground {
    /// The stub of this process, which counts requests.
    Stub(Stub),
    /// An emulator at a plain-HTTP endpoint, emptied by `POST /_ministack/reset`.
    Emulator(String),
    /// The local AWS that the product brought up for this run, on a port of its own.
    Local(Local),
}

/// A local AWS that is stopped when dropped.
#[derive(Debug)]
pub struct Local {
    queuestack: Program,
    home: String,
    port: String,
}

impl Local {
    fn command(&self, verb: &str) -> Command {
        let mut command = self.queuestack.command(&["local", verb, "--port", &self.port]);
        command.env("QUEUESTACK_HOME", &self.home);
        command
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let _already_gone = self.command("down").output();
    }
}

impl Ground {
    /// Starts a stub that takes 20 ms an answer.
    ///
    /// # Errors
    /// When there is no loopback port.
    pub fn stub() -> Result<Self, Failure> {
        Ok(Self::Stub(Stub::start(DELAY)?))
    }

    /// Brings the local AWS up on a free port; the first time, its installation takes half a minute.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn local(queuestack: &Program, home: &Path) -> Result<Self, Failure> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port().to_string();
        let home = home.to_str().ok_or("the folder is not UTF-8")?.to_owned();
        let local = Local { queuestack: queuestack.clone(), home, port };
        time(&mut local.command("up"), &[0])?;
        Ok(Self::Local(local))
    }

    /// Names the ground in the report.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Stub(_) => "stub, 20 ms",
            Self::Emulator(_) => "emulator",
            Self::Local(_) => "local AWS",
        }
    }

    /// Returns the endpoint URL.
    #[must_use]
    pub fn endpoint(&self) -> String {
        match self {
            Self::Stub(stub) => stub.endpoint(),
            Self::Emulator(endpoint) => endpoint.clone(),
            Self::Local(local) => format!("http://127.0.0.1:{}", local.port),
        }
    }

    /// Removes every resource and forgets the requests counted.
    ///
    /// # Errors
    /// When the emulator does not answer with success.
    pub fn reset(&self) -> Result<(), Failure> {
        match self {
            Self::Stub(stub) => stub.reset(),
            Self::Emulator(_) | Self::Local(_) => post(&self.endpoint(), "/_ministack/reset")?,
        }
        Ok(())
    }

    /// Takes the requests counted since the last call, by operation, if the ground counts them.
    #[must_use]
    pub fn take_counts(&self) -> Option<BTreeMap<String, u64>> {
        let Self::Stub(stub) = self else { return None };
        let mut counts = stub.counts();
        // Who answers is asked on a loopback address alone: AWS has no such page.
        counts.retain(|request, _| !request.ends_with("/health"));
        stub.reset_counts();
        Some(counts)
    }
}

/// Posts nothing to `path` and expects success.
fn post(endpoint: &str, path: &str) -> Result<(), Failure> {
    let address = endpoint.trim_end_matches('/').trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).map_err(|error| format!("{endpoint}: {error}"))?;
    write!(stream, "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_whitespace().nth(1) {
        Some(status) if status.starts_with('2') => Ok(()),
        _ => Err(format!("POST {endpoint}{path} answered {:?}", answer.lines().next().unwrap_or_default()).into()),
    }
}
