//! What holds something stays: through another name, another address, a name like its own, and another stack.

use std::path::{Path, PathBuf};

use super::{aws, endpoint, provider, queuestack, tmp};
use crate::run::Output;

/// A stack file that changes, with a state of its own.
struct Changing {
    file: PathBuf,
    state: PathBuf,
    plugins: PathBuf,
}

impl Changing {
    fn new(name: &str, plugins: &Path) -> Changing {
        let folder = tmp().join(name);
        let _absent = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let (file, state) = (folder.join("stack.yaml"), folder.join("terraform.tfstate"));
        Changing { file, state, plugins: plugins.to_owned() }
    }

    /// Runs a command on the stack as it is now.
    fn run(&self, text: &str, arguments: &[&str]) -> Output {
        std::fs::write(&self.file, text).unwrap();
        let backend = ["--backend", "terraform", "--state", self.state.to_str().unwrap()];
        let all = [&[arguments[0], self.file.to_str().unwrap()], &arguments[1..], &backend].concat();
        queuestack(&all, &self.plugins)
    }
}

fn url(name: &str) -> String {
    aws(&endpoint(), &["sqs", "get-queue-url", "--queue-name", name])["QueueUrl"].as_str().unwrap().to_owned()
}

fn send(name: &str) {
    aws(&endpoint(), &["sqs", "send-message", "--queue-url", &url(name), "--message-body", "kept"]);
}

fn holds(name: &str) -> String {
    let asked = ["sqs", "get-queue-attributes", "--queue-url", &url(name), "--attribute-names", "All"];
    aws(&endpoint(), &asked)["Attributes"]["ApproximateNumberOfMessages"].as_str().unwrap().to_owned()
}

#[test]
fn messages_need_consent_through_another_name_and_a_move_keeps_them() {
    let Some(plugins) = provider("messages_need_consent_through_another_name_and_a_move_keeps_them") else { return };
    let stack = Changing::new("keeps", &plugins);
    let old = "stack: keeps\nqueues: {keeps-old: {redrive: {max_receive_count: 3}}}\n";
    stack.run(old, &["apply", "--yes"]).exits(0);
    send("keeps-old");
    send("keeps-old-dlq");
    let renamed = "stack: keeps\nqueues: {keeps-old: {name: keeps-new, redrive: {max_receive_count: 3}}}\n";
    stack.run(renamed, &["apply", "--yes"]).exits(1).says("queue.keeps-old: would lose 1 message in keeps-old");

    let new = "stack: keeps\nmoved: [{from: queue.keeps-old, to: queue.keeps-new}]\n\
               queues: {keeps-new: {redrive: {max_receive_count: 3}}}\n";
    let planned = stack.run(new, &["plan", "--json"]).exits(0).json();
    let steps = planned["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["action"] == "update"), "{steps:#?}");
    stack.run(new, &["apply", "--yes"]).exits(0);
    assert_eq!((holds("keeps-old"), holds("keeps-old-dlq")), ("1".to_owned(), "1".to_owned()));
    stack.run(new, &["plan", "--detailed-exitcode"]).exits(0);

    // A state that another stack was given by mistake.
    let other = "stack: keeps-other\nqueues: {keeps-other: {}}\n";
    let owned = "belongs to stack `keeps`, and this would delete it";
    stack.run(other, &["apply", "--yes"]).exits(1).says(owned);
    stack.run(other, &["destroy", "--yes"]).exits(1).says(owned);
    let lost = ["--allow-data-loss", "queue.keeps-new", "--allow-data-loss", "queue.keeps-new-dlq"];
    stack.run(new, &[&["destroy", "--yes"][..], &lost].concat()).exits(0);
}

#[test]
fn a_name_that_reads_like_another_takes_nothing_over() {
    let Some(plugins) = provider("a_name_that_reads_like_another_takes_nothing_over") else { return };
    let stack = Changing::new("reads-like", &plugins);
    let one = "stack: reads-like\nqueues: {reads_like: {}}\n";
    stack.run(one, &["apply", "--yes"]).exits(0);
    send("reads_like");
    let both = "stack: reads-like\nqueues: {reads_like: {}, reads-like: {}}\n";
    let changes = stack.run(both, &["plan", "--json"]).exits(0).changes();
    assert_eq!(changes, ["create queue.reads-like"]);
    stack.run(both, &["apply", "--yes"]).exits(0);
    assert_eq!(holds("reads_like"), "1");
    stack.run(both, &["destroy", "--yes", "--allow-data-loss", "queue.reads_like"]).exits(0);
}

#[test]
fn what_is_protected_is_refused_in_our_words_until_that_is_taken_back() {
    let Some(plugins) = provider("what_is_protected_is_refused_in_our_words_until_that_is_taken_back") else { return };
    let stack = Changing::new("protects", &plugins);
    let protected = "stack: protects\nqueues: {protects: {protect: true}}\n";
    stack.run(protected, &["apply", "--yes"]).exits(0);
    let refused = "queue.protects: `protects` is protected, and this would delete it";
    stack.run(protected, &["destroy", "--yes"]).exits(1).says(refused);
    stack.run("stack: protects\nqueues: {}\n", &["apply", "--yes"]).exits(1).says(refused);
    let free = "stack: protects\nqueues: {protects: {}}\n";
    stack.run(free, &["apply", "--yes"]).exits(0);
    stack.run(free, &["destroy", "--yes"]).exits(0);
}
