//! What is right and refused all the same: another account, what is protected, more than was allowed.

use crate::support::{Account, StackFile, run, stub};

#[test]
fn another_account_or_region_is_refused_before_anything_is_changed() {
    let stub = stub(0);
    let endpoint = stub.endpoint();
    let file = StackFile::new("elsewhere", "stack: elsewhere\naccount: '000000000001'\nqueues: {elsewhere: {}}\n");
    for verb in [&["plan"][..], &["apply", "--yes"], &["destroy", "--yes"], &["drift"]] {
        let refused = run(&endpoint, &[verb, &[file.path()]].concat()).exits(1);
        refused.says("stack `elsewhere` may go to account 000000000001 alone, and this is 123456789012");
    }
    file.write(
        "stack: elsewhere\naccount: ['000000000001', '123456789012']\nregions: [eu-west-1]\nqueues: {elsewhere: {}}\n",
    );
    run(&endpoint, &["apply", file.path(), "--yes"]).exits(1).says("may go to Region eu-west-1 alone");
    assert_eq!(Account::new(&endpoint).queues().len(), 0);
    run(&endpoint, &["apply", file.path(), "--yes", "--region", "eu-west-1"]).exits(0);
}

#[test]
fn a_dead_letter_queue_elsewhere_is_refused_before_anything_is_changed() {
    let stub = stub(0);
    let endpoint = stub.endpoint();
    let text = |at: &str| {
        format!(
            "stack: far\nqueues: {{far-a: {{}}, far: {{redrive: {{max_receive_count: 3, dead_letter_queue: \"arn:aws:sqs:{at}:x\"}}}}}}\n"
        )
    };
    let file = StackFile::new("far", "");
    for at in ["eu-west-1:123456789012", "us-east-1:111111111111"] {
        file.write(&text(at));
        for verb in [&["plan"][..], &["apply", "--yes"]] {
            let refused = run(&endpoint, &[verb, &[file.path()]].concat()).exits(1);
            refused.says(&format!("`queue.far` has the dead-letter queue `arn:aws:sqs:{at}:x`"));
        }
    }
    assert_eq!(Account::new(&endpoint).queues().len(), 0);
    file.write(&text("us-east-1:123456789012"));
    run(&endpoint, &["plan", file.path()]).exits(0);
}

#[test]
fn what_is_protected_is_not_taken_away() {
    let stub = stub(0);
    let (endpoint, account) = (stub.endpoint(), Account::new(&stub.endpoint()));
    let file = StackFile::new("protect", "");
    let apply = |text: &str, code| {
        file.write(text);
        run(&endpoint, &["apply", file.path(), "--yes"]).exits(code)
    };
    apply("stack: protect\nqueues: {kept: {protect: true, redrive: {max_receive_count: 3}}, other: {}}\n", 0);
    run(&endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);
    let refused = "queue.kept: `kept` is protected, and this would delete it; set `protect: false`";
    // Taking the line and the resource out in one go is refused: the account remembers. So is what it made.
    apply("stack: protect\nqueues: {other: {}}\n", 1).says(refused).says("queue.kept-dlq: `kept-dlq` is protected");
    run(&endpoint, &["destroy", file.path(), "--yes"]).exits(1).says(refused);
    apply("stack: protect\nqueues: {kept: {protect: true, fifo: true}, other: {}}\n", 1).says("protected");
    assert_eq!(account.queues().len(), 3, "nothing was deleted");
    apply("stack: protect\nqueues: {kept: {redrive: {max_receive_count: 3}}, other: {}}\n", 0);
    apply("stack: protect\nqueues: {other: {}}\n", 0);
    assert_eq!(account.queues().len(), 1);
}

#[test]
fn the_command_line_says_how_much_is_too_much() {
    let stub = stub(0);
    let endpoint = stub.endpoint();
    let file = StackFile::new("denied", "stack: denied\nqueues: {one: {}, two: {}}\n");
    let with = |verb: &str, more: &[&str], code| run(&endpoint, &[&[verb, file.path()], more].concat()).exits(code);
    with("plan", &["--max-changes", "1"], 1).says("refused: --max-changes 1, and the plan has 2 steps");
    with("apply", &["--yes", "--max-changes", "1"], 1).says("2 steps");
    with("apply", &["--yes", "--max-changes", "2", "--deny", "destructive"], 0);
    file.write("stack: denied\nqueues: {one: {}}\n");
    with("apply", &["--yes", "--deny", "destructive"], 1).says("takes something away: queue.two");
    file.write("stack: denied\nqueues: {one: {}, two: {redrive: {max_receive_count: 3}}}\n");
    with("plan", &[], 0);
    with("plan", &["--deny", "destructive,warnings"], 1).says("1 warning refused by --deny warnings");
    assert_eq!(Account::new(&endpoint).queues().len(), 2);
}

#[test]
fn a_move_keeps_the_queue() {
    let stub = stub(0);
    let (endpoint, account) = (stub.endpoint(), Account::new(&stub.endpoint()));
    let file = StackFile::new("moved", "");
    let apply = |text: &str, code| {
        file.write(text);
        run(&endpoint, &["apply", file.path(), "--yes"]).exits(code)
    };
    let queue = "{redrive: {max_receive_count: 3}, alarms: {dead_letters: {threshold: 1}}}";
    apply(&format!("stack: moved\nqueues: {{before: {queue}}}\n"), 0);
    stub.reset_counts();
    let moved = "moved: [{from: queue.before, to: queue.after}]";
    let done = apply(&format!("stack: moved\n{moved}\nqueues: {{after: {queue}}}\n"), 0);
    done.prints("~ queue.after (before)  update, moved from queue.before")
        .prints("queue.after-dlq (before-dlq)  update");
    let counts = stub.counts();
    assert_eq!((counts.get("sqs.CreateQueue"), counts.get("sqs.DeleteQueue")), (None, None), "{counts:?}");
    assert_eq!(counts.get("cloudwatch.DeleteAlarms"), None, "{counts:?}");
    assert_eq!(account.queues().into_keys().collect::<Vec<_>>(), ["before", "before-dlq"]);
    run(&endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);
    // Later the name alone says it.
    apply(&format!("stack: moved\nqueues: {{after: {}}}\n", queue.replacen('{', "{name: before, ", 1)), 0);
    run(&endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);
    // A name that does not move with it would replace it.
    let named = "{name: fresh, redrive: {max_receive_count: 3}}";
    let moved = "moved: [{from: queue.after, to: queue.third}]";
    let refused = apply(&format!("stack: moved\n{moved}\nqueues: {{third: {named}}}\n"), 1);
    refused.says("queue.third: moved from queue.after, which is named `before`; write `name: before` to keep it");
    assert_eq!(account.queues().len(), 2);
}
