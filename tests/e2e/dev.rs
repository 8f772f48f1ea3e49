//! `queuestack dev`: the README's first command, from nothing to jobs that the deployed workers have done.

use crate::calendar::{BUILT, CALENDAR};
use crate::support::aws_cli::{aws, url};
use crate::support::{emulator, run};

#[test]
fn the_demonstration_ends_as_expected_twice() {
    // The stack's own names, which another test has on the shared emulator.
    let endpoint = &emulator::own();
    let dev = [&["dev", CALENDAR, "--demo", "--once", "--json"], BUILT].concat();
    for round in 1..=2 {
        let output = run(endpoint, &dev).exits(0);
        let told = output.json();
        assert_eq!(told["as_expected"], true, "{told}");
        assert_eq!((told["jobs"].as_u64(), told["handled"].as_u64()), (Some(3), Some(2)), "{told}");
        assert_eq!(told["dead_letters"], 1, "{told}");
        let dead = url(endpoint, "calendar-sync-queue-dlq");
        let names = ["--attribute-names", "ApproximateNumberOfMessages", "--queue-url", &dead];
        let held = aws(endpoint, &[&["sqs", "get-queue-attributes"], &names[..]].concat());
        assert_eq!(held["Attributes"]["ApproximateNumberOfMessages"], round.to_string(), "{held}");
    }
    // Why it is there travels with the dead letter.
    let dead = url(endpoint, "calendar-sync-queue-dlq");
    let receive = ["sqs", "receive-message", "--message-attribute-names", "All", "--queue-url", &dead];
    let letter = aws(endpoint, &receive)["Messages"][0].clone();
    let reason = letter["MessageAttributes"]["reason"]["StringValue"].as_str();
    assert_eq!(reason, Some("unknown_type"), "{letter:#}");
}
