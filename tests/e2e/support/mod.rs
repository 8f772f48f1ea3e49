//! What the tests stand on: the binary, the local AWS, the stub, and two clients that are not the product.

pub mod account;
pub mod aws_cli;
pub mod emulator;
pub mod recorder;
pub mod run;
pub mod seed;

#[path = "../../../benches/support/stub/mod.rs"]
pub mod stub;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use queuestack::local::EMULATORS;

pub use account::Account;
pub use recorder::{Call, Recorder};
pub use run::{Output, Run, run};
pub use stub::{Failure, Stub};

/// A folder for the files of one test, emptied when it starts.
pub fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e").join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A stack file that a test rewrites as it goes.
pub struct StackFile {
    path: PathBuf,
}

impl StackFile {
    /// Writes the first version.
    pub fn new(test: &str, text: &str) -> StackFile {
        let file = StackFile { path: folder(test).join("stack.yaml") };
        file.write(text);
        file
    }

    /// Writes the next version.
    pub fn write(&self, text: &str) {
        std::fs::write(&self.path, text).unwrap();
    }

    /// Its path, for command lines.
    pub fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }
}

/// Starts a stub that takes `milliseconds` an answer.
pub fn stub(milliseconds: u64) -> Stub {
    Stub::start(Duration::from_millis(milliseconds)).unwrap()
}

/// Waits until something is so; panics with `what` after half a minute.
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !so() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Compares with a golden file, without what differs from run to run: the emulator, the endpoint and the path of the
/// stack file. `UPDATE=1` writes it instead.
#[track_caller]
pub fn golden(name: &str, actual: &str, endpoint: &str, file: &StackFile) {
    let folder = file.path.parent().unwrap().to_str().unwrap();
    let emulators = EMULATORS.into_iter().map(|emulator| (emulator.to_string(), "an emulator"));
    let changing = emulators.chain([(endpoint.to_owned(), "http://endpoint"), (format!("{folder}/"), "")]);
    golden_text(name, &changing.fold(actual.to_owned(), |text, (word, constant)| text.replace(&word, constant)));
}

/// Writes the package of a function whose `bootstrap` is this.
pub fn pack(path: &Path, bootstrap: &[u8]) {
    std::fs::write(path, queuestack::artifact::pack::pack(bootstrap).unwrap()).unwrap();
}

/// Compares with a golden file byte by byte; `UPDATE=1` writes it instead.
#[track_caller]
pub fn golden_text(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, actual).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(actual, expected, "{} differs; UPDATE=1 writes it", path.display());
}
