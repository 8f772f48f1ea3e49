//! Reads a Lambda binary before it is shipped: its machine, its dynamic linker, and the glibc that it needs.
//!
//! A wrong one is accepted by Lambda and fails only when it starts, with `exec format error` or `version GLIBC_… not found`.

use std::collections::BTreeMap;
use std::path::Path;

use object::read::elf::{FileHeader, ProgramHeader, SectionTable};
use object::{Endianness, FileKind, elf};

use super::error::GlibcNeed;
use super::{Architecture, ArtifactError, Glibc, Runtime};

type Header = elf::FileHeader64<Endianness>;

/// Says what a checked binary needs of the machine that runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elf {
    /// The newest glibc that any of its symbols needs; `None` for a static binary.
    pub glibc: Option<Glibc>,
}

/// Checks that Lambda can start `binary`: an executable for Linux and for the architecture, whose dynamic linker Lambda has,
/// and which needs no newer glibc than the runtime ships. A static binary needs none.
///
/// `path` is only named in messages. Symbols that are bound weakly do not count: the linker starts the binary without them.
/// [Runtimes](https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html).
///
/// # Errors
/// Says what the file is instead, or which symbols need a newer glibc.
pub fn check(binary: &[u8], path: &Path, architecture: Architecture, runtime: Runtime) -> Result<Elf, ArtifactError> {
    let not = |found| ArtifactError::NotExecutable { path: path.to_owned(), found, architecture };
    match FileKind::parse(binary) {
        Ok(FileKind::Elf64) => {}
        Ok(FileKind::Elf32) => return Err(not("a 32-bit program")),
        _ => return Err(not(foreign(binary))),
    }
    let damaged = |source| ArtifactError::Damaged { path: path.to_owned(), source };
    let header = Header::parse(binary).map_err(damaged)?;
    let endian = header.endian().map_err(damaged)?;
    if header.e_machine(endian) != machine(architecture) {
        return Err(wrong_machine(header.e_machine(endian), path, architecture));
    }
    if header.is_big_endian() {
        return Err(not("a big-endian program"));
    }
    if !matches!(header.e_ident().os_abi, elf::ELFOSABI_NONE | elf::ELFOSABI_GNU) {
        return Err(not("an executable for another system"));
    }
    let interpreter = interpreter(header, endian, binary).map_err(damaged)?;
    if let Some(kind) = not_a_program(header, endian, binary, interpreter).map_err(damaged)? {
        return Err(not(kind));
    }
    check_interpreter(interpreter, path, architecture)?;
    let needs = glibc_needs(header, endian, binary).map_err(damaged)?;
    let glibc = needs.iter().filter_map(|need| need.glibc).max();
    let too_new: Vec<_> =
        needs.into_iter().filter(|need| need.glibc.is_none_or(|glibc| glibc > runtime.glibc())).collect();
    if too_new.is_empty() {
        Ok(Elf { glibc })
    } else {
        Err(ArtifactError::GlibcTooNew { path: path.to_owned(), needs: too_new, runtime })
    }
}

fn machine(architecture: Architecture) -> elf::Machine {
    match architecture {
        Architecture::X86_64 => elf::EM_X86_64,
        Architecture::Arm64 => elf::EM_AARCH64,
    }
}

fn wrong_machine(found: elf::Machine, path: &Path, architecture: Architecture) -> ArtifactError {
    let offered = [Architecture::X86_64, Architecture::Arm64].into_iter().find(|known| machine(*known) == found);
    let found = offered.map_or_else(|| format!("ELF machine {}", found.0), |known| known.to_string());
    ArtifactError::WrongArchitecture { path: path.to_owned(), found, offered, architecture }
}

/// Names what people ship by mistake, by its first bytes.
fn foreign(binary: &[u8]) -> &'static str {
    match binary {
        [] => "empty",
        [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe, ..] => "a macOS program",
        [b'M', b'Z', ..] => "a Windows program",
        [b'#', b'!', ..] => "a script",
        [b'P', b'K', 3, 4, ..] => "a zip",
        [0, b'a', b's', b'm', ..] => "WebAssembly",
        [0x7f, b'E', b'L', b'F', ..] => "a cut-off ELF file",
        _ => "no ELF file",
    }
}

fn interpreter<'data>(
    header: &'data Header,
    endian: Endianness,
    binary: &'data [u8],
) -> object::read::Result<Option<&'data [u8]>> {
    for segment in header.program_headers(endian, binary)? {
        if let Some(interpreter) = segment.interpreter(endian, binary)? {
            return Ok(Some(interpreter));
        }
    }
    Ok(None)
}

/// Tells a position-independent program, which has the same file type, from a shared library.
fn not_a_program(
    header: &Header,
    endian: Endianness,
    binary: &[u8],
    interpreter: Option<&[u8]>,
) -> object::read::Result<Option<&'static str>> {
    let program = match header.e_type(endian) {
        elf::ET_EXEC => true,
        elf::ET_DYN => interpreter.is_some() || is_static_pie(header, endian, binary)?,
        elf::ET_REL => return Ok(Some("an object file")),
        _ => return Ok(Some("an ELF file of another kind")),
    };
    Ok(if program { None } else { Some("a shared library") })
}

fn is_static_pie(header: &Header, endian: Endianness, binary: &[u8]) -> object::read::Result<bool> {
    for segment in header.program_headers(endian, binary)? {
        for entry in segment.dynamic(endian, binary)?.unwrap_or_default() {
            if entry.d_tag.get(endian) == elf::DT_FLAGS_1 {
                return Ok(entry.d_val.get(endian) & elf::DF_1_PIE.0 != 0);
            }
        }
    }
    Ok(false)
}

fn check_interpreter(interpreter: Option<&[u8]>, path: &Path, architecture: Architecture) -> Result<(), ArtifactError> {
    let file: &[u8] = match architecture {
        Architecture::X86_64 => b"ld-linux-x86-64.so.2",
        Architecture::Arm64 => b"ld-linux-aarch64.so.1",
    };
    let in_folder = |name: &[u8], folder: &[u8]| name.strip_prefix(folder) == Some(file);
    match interpreter {
        Some(name) if !in_folder(name, b"/lib64/") && !in_folder(name, b"/lib/") => {
            let interpreter = String::from_utf8_lossy(name).into_owned();
            Err(ArtifactError::Interpreter { path: path.to_owned(), interpreter, architecture })
        }
        _ => Ok(()),
    }
}

/// Lists the glibc versions that the binary cannot start without, newest first, with the symbols that need each.
fn glibc_needs(header: &Header, endian: Endianness, binary: &[u8]) -> object::read::Result<Vec<GlibcNeed>> {
    let sections = header.sections(endian, binary)?;
    let Some((mut libraries, link)) = sections.gnu_verneed(endian, binary)? else {
        return Ok(Vec::new());
    };
    let strings = sections.strings(endian, binary, link)?;
    let mut versions = BTreeMap::new();
    while let Some((_, mut needs)) = libraries.next()? {
        while let Some(need) = needs.next()? {
            let weak = need.vna_flags.get(endian).0 & elf::VER_FLG_WEAK.0 != 0;
            let name = String::from_utf8_lossy(need.name(endian, strings)?).into_owned();
            // GLIBC_PRIVATE ties a binary to one build of glibc; linkers refuse to make it, so it carries no version to compare.
            if !weak && name.starts_with("GLIBC_") && name != "GLIBC_PRIVATE" {
                versions.insert(need.vna_other.get(endian).0, name);
            }
        }
    }
    let mut symbols = symbols_by_version(&sections, endian, binary)?;
    let mut merged = BTreeMap::<String, Vec<String>>::new();
    for (index, name) in versions {
        merged.entry(name).or_default().extend(symbols.remove(&index).unwrap_or_default());
    }
    let mut needs: Vec<_> = merged
        .into_iter()
        .map(|(version, symbols)| GlibcNeed { glibc: Glibc::of_symbol(&version), version, symbols })
        .collect();
    needs.sort_by(|a, b| b.glibc.cmp(&a.glibc).then_with(|| a.version.cmp(&b.version)));
    Ok(needs)
}

fn symbols_by_version(
    sections: &SectionTable<'_, Header>,
    endian: Endianness,
    binary: &[u8],
) -> object::read::Result<BTreeMap<u16, Vec<String>>> {
    let mut by_version = BTreeMap::<u16, Vec<String>>::new();
    let Some((versions, _)) = sections.gnu_versym(endian, binary)? else {
        return Ok(by_version);
    };
    let symbols = sections.symbols(endian, binary, elf::SHT_DYNSYM)?;
    for (symbol, version) in symbols.iter().zip(versions) {
        let name = symbols.symbol_name(endian, symbol)?;
        if !name.is_empty() {
            let version = version.0.get(endian).index().0;
            by_version.entry(version).or_default().push(String::from_utf8_lossy(name).into_owned());
        }
    }
    Ok(by_version)
}
