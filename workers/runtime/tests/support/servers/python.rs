//! Servers from PyPI, in a virtual environment below the target folder.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::finish;

/// What is installed: a CalDAV server, an SMTP server with what its TLS needs, and the reading side of Web Push.
const PACKAGES: &[&str] = &["radicale==3.5.8", "aiosmtpd==1.4.6", "cryptography>=44,<47", "http-ece==1.2.1"];

/// The folder of the programs; the first to ask installs them.
pub fn bin() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    std::fs::create_dir_all(&folder).unwrap();
    // Test programs run side by side.
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let (bin, installed) = (folder.join("venv/bin"), folder.join("installed"));
    let wanted = PACKAGES.join("\n");
    if std::fs::read_to_string(&installed).ok().as_ref() != Some(&wanted) {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(folder.join("venv"));
        finish(venv);
        let mut pip = Command::new(bin.join("python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES);
        finish(pip);
        std::fs::write(installed, wanted).unwrap();
    }
    bin
}
