//! What is kept on this machine of every letter that is moved: the letter, and that it was sent.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use serde_json::{Value, json};

use super::Letter;

/// A file of JSON lines, one a letter that was seen before it was moved, one for each that was sent.
///
/// A letter is sent first and deleted then. Who is stopped in between finds here, the next time, what was sent already
/// and is to be deleted only.
#[derive(Debug)]
pub struct Record {
    file: File,
    sent: BTreeSet<String>,
}

impl Record {
    /// Opens the record of a queue, or begins it; only its owner may read it, as it holds what was sent.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn open(path: &Path) -> io::Result<Record> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let lines = text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
        let sent = lines.filter_map(|line| line.get("sent")?.as_str().map(str::to_owned)).collect();
        // A line that a crash cut off says nothing, and must not spoil the next.
        if text.last().is_some_and(|last| *last != b'\n') {
            file.seek(SeekFrom::End(0))?;
            file.write_all(b"\n")?;
        }
        Ok(Record { file, sent })
    }

    /// Tells whether a letter was sent already.
    #[must_use]
    pub fn was_sent(&self, letter: &Letter) -> bool {
        self.sent.contains(&letter.id)
    }

    /// Keeps a letter before anything happens to it.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn keep(&mut self, letter: &Letter) -> io::Result<()> {
        self.write(&json!({ "letter": letter }))
    }

    /// Notes that a letter was sent.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn sent(&mut self, letter: &Letter, to: &str, message: &str) -> io::Result<()> {
        self.sent.insert(letter.id.clone());
        self.write(&json!({ "sent": letter.id, "to": to, "as": message }))
    }

    fn write(&mut self, line: &Value) -> io::Result<()> {
        self.file.write_all(format!("{line}\n").as_bytes())?;
        self.file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn letter(id: &str) -> Letter {
        Letter {
            id: id.to_owned(),
            sent_at: None,
            receives: 1,
            group: None,
            source: None,
            trace: None,
            attributes: BTreeMap::new(),
            body: "body".to_owned(),
            receipt: String::new(),
        }
    }

    #[test]
    fn what_was_sent_is_known_after_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/jobs.jsonl");
        let mut record = Record::open(&path).unwrap();
        record.keep(&letter("a")).unwrap();
        record.sent(&letter("a"), "jobs", "m1").unwrap();
        std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + "{\"sent\": \"b").unwrap();

        let mut record = Record::open(&path).unwrap();
        assert!(record.was_sent(&letter("a")) && !record.was_sent(&letter("b")));
        record.sent(&letter("c"), "jobs", "m2").unwrap();
        assert!(Record::open(&path).unwrap().was_sent(&letter("c")), "the line that was cut off spoils none");
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
