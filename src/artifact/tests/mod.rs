//! Tests of the whole module. ELF files are made here byte by byte; packages are built by the real cargo.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

mod build;
mod elf;
mod fixture;
mod flags;
#[cfg(unix)]
mod kept;
mod zip;

/// Is the recipe of a small ELF file: enough of one for everything that is read before Lambda starts it.
#[derive(Clone)]
struct ElfFile {
    machine: u16,
    kind: u16,
    os: u8,
    interpreter: Option<&'static str>,
    /// Version, weak, symbols.
    needs: Vec<(&'static str, bool, Vec<&'static str>)>,
}

const X86_64: u16 = 62;
const AARCH64: u16 = 183;
const EXECUTABLE: u16 = 2;
const SHARED: u16 = 3;

/// A program as Rust builds it for `provided.al2023`.
fn program() -> ElfFile {
    ElfFile {
        machine: X86_64,
        kind: SHARED,
        os: 0,
        interpreter: Some("/lib64/ld-linux-x86-64.so.2"),
        needs: vec![("GLIBC_2.2.5", false, vec!["free", "malloc"]), ("GLIBC_2.34", false, vec!["__libc_start_main"])],
    }
}

fn arm_program() -> ElfFile {
    ElfFile { machine: AARCH64, interpreter: Some("/lib/ld-linux-aarch64.so.1"), ..program() }
}

const HEADER: usize = 64;
const SEGMENT: usize = 56;

struct Section {
    kind: u32,
    link: u32,
    info: u32,
    entry: u64,
    bytes: Vec<u8>,
}

impl ElfFile {
    fn bytes(&self) -> Vec<u8> {
        let interpreter = self.interpreter.map(|name| [name.as_bytes(), b"\0"].concat()).unwrap_or_default();
        let start = HEADER + SEGMENT;
        let mut body = interpreter.clone();
        let mut table = vec![0; 64];
        for section in self.sections() {
            body.resize(body.len().next_multiple_of(8), 0);
            // Offsets are from the start of the file; 120 bytes of headers keep them aligned to 8.
            let offset = (start + body.len()) as u64;
            for word in [0, section.kind] {
                table.extend(word.to_le_bytes());
            }
            for long in [0, 0, offset, section.bytes.len() as u64] {
                table.extend(long.to_le_bytes());
            }
            table.extend(section.link.to_le_bytes());
            table.extend(section.info.to_le_bytes());
            table.extend(8_u64.to_le_bytes());
            table.extend(section.entry.to_le_bytes());
            body.extend(section.bytes);
        }
        body.resize(body.len().next_multiple_of(8), 0);
        let sections = u16::try_from(table.len() / 64).unwrap();
        [self.header((start + body.len()) as u64, sections), self.segment(start, &interpreter), body, table].concat()
    }

    fn header(&self, table: u64, sections: u16) -> Vec<u8> {
        let mut header = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, self.os, 0, 0, 0, 0, 0, 0, 0, 0];
        header.extend(self.kind.to_le_bytes());
        header.extend(self.machine.to_le_bytes());
        header.extend(1_u32.to_le_bytes());
        for long in [0x1000, HEADER as u64, table] {
            header.extend(long.to_le_bytes());
        }
        header.extend(0_u32.to_le_bytes());
        // Section 1 names the sections too: all of them are called "".
        for short in [64_u16, 56, 1, 64, sections, 1] {
            header.extend(short.to_le_bytes());
        }
        header
    }

    fn segment(&self, start: usize, interpreter: &[u8]) -> Vec<u8> {
        const INTERPRETER: u32 = 3;
        const NULL: u32 = 0;
        let kind = if self.interpreter.is_some() { INTERPRETER } else { NULL };
        let mut segment = [kind.to_le_bytes(), 4_u32.to_le_bytes()].concat();
        let size = interpreter.len() as u64;
        for long in [start as u64, 0, 0, size, size, 1] {
            segment.extend(long.to_le_bytes());
        }
        segment
    }

    /// Makes strings, dynamic symbols, their versions, and the versions needed.
    fn sections(&self) -> Vec<Section> {
        let mut strings = b"\0libc.so.6\0".to_vec();
        let mut add = |text: &str| {
            let at = u32::try_from(strings.len()).unwrap();
            strings.extend(text.as_bytes());
            strings.push(0);
            at
        };
        let (mut symbols, mut versions) = (vec![0; 24], vec![0; 2]);
        let count = u16::try_from(self.needs.len()).unwrap();
        let mut needs = Vec::new();
        needs.extend([1_u16, count].map(u16::to_le_bytes).concat());
        needs.extend([1_u32, 16, 0].map(u32::to_le_bytes).concat());
        for (index, (version, weak, names)) in (2_u16..).zip(&self.needs) {
            needs.extend(0_u32.to_le_bytes());
            needs.extend([u16::from(*weak) * 2, index].map(u16::to_le_bytes).concat());
            let next = if index == count + 1 { 0 } else { 16 };
            needs.extend([add(version), next].map(u32::to_le_bytes).concat());
            for name in names {
                symbols.extend(add(name).to_le_bytes());
                symbols.extend([0x12, 0, 0, 0]);
                symbols.extend([0; 16]);
                versions.extend(index.to_le_bytes());
            }
        }
        let strings = Section { kind: 3, link: 0, info: 0, entry: 0, bytes: strings };
        if self.needs.is_empty() {
            return vec![strings];
        }
        vec![
            strings,
            Section { kind: 11, link: 1, info: 1, entry: 24, bytes: symbols },
            Section { kind: 0x6fff_ffff, link: 2, info: 0, entry: 2, bytes: versions },
            Section { kind: 0x6fff_fffe, link: 1, info: 1, entry: 0, bytes: needs },
        ]
    }
}
