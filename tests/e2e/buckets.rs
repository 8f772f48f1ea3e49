//! Code too large for a call: told before anything is made, then sent through a bucket, once.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::support::aws_cli::aws;
use crate::support::seed::Seed;
use crate::support::{Output, Run, StackFile, emulator, run};

const MEGABYTE: usize = 1 << 20;

/// Writes a zip that Lambda could run, with so much in it besides.
fn write_zip(path: &Path, megabytes: usize, fill: &mut dyn FnMut(&mut [u8]), method: CompressionMethod) {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    let options = SimpleFileOptions::default().compression_method(method);
    zip.start_file("bootstrap", options.unix_permissions(0o755)).unwrap();
    zip.write_all(b"#!/bin/sh\n").unwrap();
    zip.start_file("data", options).unwrap();
    let mut block = vec![0; MEGABYTE];
    for _ in 0..megabytes {
        fill(&mut block);
        zip.write_all(&block).unwrap();
    }
    zip.finish().unwrap();
}

/// Bytes that nothing makes smaller.
fn noise(seed: u64) -> impl FnMut(&mut [u8]) {
    let mut seed = Seed(seed);
    move |block| block.chunks_mut(8).for_each(|chunk| chunk.copy_from_slice(&seed.below(u64::MAX).to_le_bytes()))
}

fn stack(code: &str) -> String {
    format!(
        "stack: buckets\nfunctions:\n  large:\n    role: arn:aws:iam::000000000000:role/x\n    code: {{artifact: code.zip{code}}}\n"
    )
}

/// The S3 operations that an apply made.
fn of_s3(endpoint: &str, file: &StackFile) -> Vec<String> {
    let output = run(endpoint, &["apply", file.path(), "--yes", "-vv"]).exits(0);
    let calls = output.stderr.lines().filter(|line| line.contains("service=\"s3\""));
    calls.filter_map(|line| line.split("operation=").nth(1)?.split('"').nth(1).map(str::to_owned)).collect()
}

fn keys(endpoint: &str) -> Vec<String> {
    let listed = aws(endpoint, &["s3api", "list-objects-v2", "--bucket", "code-of-buckets"]);
    let objects = listed["Contents"].as_array().cloned().unwrap_or_default();
    objects.iter().map(|object| object["Key"].as_str().unwrap().to_owned()).collect()
}

fn digests(path: &Path) -> (String, String) {
    let zip = std::fs::read(path).unwrap();
    let hex = Sha256::digest(&zip).iter().map(|byte| format!("{byte:02x}")).collect();
    (queuestack::artifact::code_sha256(&zip), hex)
}

fn deployed(endpoint: &str) -> Value {
    aws(endpoint, &["lambda", "get-function", "--function-name", "large"])["Configuration"]["CodeSha256"].clone()
}

#[test]
fn large_code_goes_through_the_bucket_once() {
    let endpoint = emulator::endpoint();
    let file = StackFile::new("buckets", &stack(""));
    let zip = Path::new(file.path()).with_file_name("code.zip");
    write_zip(&zip, 51, &mut noise(1), CompressionMethod::Stored);
    let told = |output: Output| output.says("error[QS312]: the zip of `function.large` has 5347").says("stack.yaml:5:");
    told(Run::new(&["build", file.path()]).output().exits(1)).says("bucket: …");
    told(run(endpoint, &["plan", file.path()]).exits(1));

    file.write(&stack(", bucket: code-of-buckets"));
    let refused = run(endpoint, &["apply", file.path(), "--yes"]).exits(1);
    refused.says("s3 PutObject: NoSuchBucket: ").says("create bucket `code-of-buckets`, in the Region of the function");
    aws(endpoint, &["s3api", "create-bucket", "--bucket", "code-of-buckets"]);
    assert_eq!(of_s3(endpoint, &file), ["HeadObject", "PutObject"]);
    let (base64, hex) = digests(&zip);
    assert_eq!(deployed(endpoint), base64);
    assert_eq!(keys(endpoint), [format!("queuestack/large/{hex}.zip")]);
    run(endpoint, &["plan", file.path(), "--detailed-exitcode"]).exits(0);

    // The same code is there already.
    aws(endpoint, &["lambda", "delete-function", "--function-name", "large"]);
    assert_eq!(of_s3(endpoint, &file), ["HeadObject"]);
    assert_eq!(deployed(endpoint), base64);

    write_zip(&zip, 52, &mut noise(2), CompressionMethod::Stored);
    assert_eq!(of_s3(endpoint, &file), ["HeadObject", "PutObject"]);
    assert_eq!(deployed(endpoint), digests(&zip).0);

    // What a call takes goes the short way, unless the stack says otherwise.
    write_zip(&zip, 1, &mut noise(3), CompressionMethod::Stored);
    assert_eq!(of_s3(endpoint, &file), [] as [&str; 0]);
    file.write(&stack(", bucket: code-of-buckets, bucket_for: all, bucket_prefix: small/"));
    write_zip(&zip, 1, &mut noise(4), CompressionMethod::Stored);
    assert_eq!(of_s3(endpoint, &file), ["HeadObject", "PutObject"]);
    let (base64, hex) = digests(&zip);
    assert_eq!(deployed(endpoint), base64);
    assert!(keys(endpoint).contains(&format!("small/large/{hex}.zip")));
    run(endpoint, &["destroy", file.path(), "--yes"]).exits(0);
}

#[test]
fn what_unpacks_to_more_than_lambda_takes_is_refused() {
    let file = StackFile::new("unpacked", &stack(", bucket: code-of-buckets"));
    let zip = Path::new(file.path()).with_file_name("code.zip");
    write_zip(&zip, 250, &mut |_| {}, CompressionMethod::Deflated);
    let output = Run::new(&["build", file.path()]).output().exits(1);
    output
        .says("error[QS313]: the code of `function.large`, ")
        .says("unpacks to more than 250 MB")
        .says("stack.yaml:5:");
}

#[test]
fn defaults_name_one_bucket_for_all() {
    let text = "stack: buckets-default\ndefaults: {workers: {bucket: code-of-all}, functions: {code: {bucket_for: all}}}\n\
                workers: {one: {package: one}, other: {package: other, bucket: code-of-other}}\n";
    let file = StackFile::new("bucket-defaults", text);
    let expanded = Run::new(&["expand", file.path(), "--json"]).output().exits(0).json();
    let code = |name: &str| expanded["resources"][format!("function.{name}")]["attributes"]["code"].clone();
    let expected = |name: &str, bucket: &str| serde_json::json!({"package": name, "bucket": bucket, "bucket_prefix": "queuestack/", "bucket_for": "all"});
    assert_eq!(code("one"), expected("one", "code-of-all"));
    assert_eq!(code("other"), expected("other", "code-of-other"));
}
