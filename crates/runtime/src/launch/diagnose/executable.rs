//! What a file is, as far as exec cares.

use std::io::{Read, Seek, SeekFrom};

/// The kinds of file that exec distinguishes, and those that people confuse with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Executable {
    /// Begins with `#!`.
    Script {
        /// The program its first line names, a carriage return included.
        interpreter: String,
        /// That line, as far as the kernel reads it.
        line: String,
    },
    /// A program of Linux.
    Elf {
        /// `e_machine`.
        machine: u16,
        /// The dynamic loader it asks for.
        loader: Option<String>,
    },
    /// No bytes.
    Empty,
    /// Something before `#!`.
    LateShebang,
    /// Text without `#!`.
    Text,
    /// Anything else.
    Other,
    /// It could not be read.
    Unreadable,
}

/// How much of a file is looked at.
const HEAD: u64 = 4096;
/// The longest path of a loader that is believed.
const LONGEST_LOADER: u64 = 4096;

impl Executable {
    /// Read the first bytes of a file and, of a program, what names its loader.
    pub(super) fn read(file: &mut (impl Read + Seek)) -> Self {
        let mut head = Vec::new();
        if file.by_ref().take(HEAD).read_to_end(&mut head).is_err() {
            return Executable::Unreadable;
        }
        if let Some(line) = head.strip_prefix(b"#!") {
            return script(line);
        }
        if head.starts_with(b"\x7fELF") {
            return elf(&head, file);
        }
        let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head).trim_ascii_start();
        match head.as_slice() {
            [] => Executable::Empty,
            _ if start.starts_with(b"#!") => Executable::LateShebang,
            head if !head.contains(&0) && std::str::from_utf8(&head[..head.len().min(256)]).is_ok() => {
                Executable::Text
            }
            _ => Executable::Other,
        }
    }
}

/// What the kernel reads of a script (Linux, `BINPRM_BUF_SIZE`), without `#!`.
const LINE: usize = 254;

fn script(text: &[u8]) -> Executable {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = &line[..line.len().min(LINE)];
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let mut words = line.split(blank).filter(|word| !word.is_empty());
    let interpreter = String::from_utf8_lossy(words.next().unwrap_or_default()).into_owned();
    Executable::Script { interpreter, line: format!("#!{}", String::from_utf8_lossy(line).trim_end()) }
}

fn elf(head: &[u8], file: &mut (impl Read + Seek)) -> Executable {
    let little = head.get(5) != Some(&2);
    let wide = head.get(4) == Some(&2);
    let machine = number(head, 18, 2, little).unwrap_or_default() as u16;
    Executable::Elf { machine, loader: loader(head, file, wide, little) }
}

/// The string of the program header `PT_INTERP`.
fn loader(head: &[u8], file: &mut (impl Read + Seek), wide: bool, little: bool) -> Option<String> {
    const PT_INTERP: u64 = 3;
    let field = |narrow: (usize, usize), wider: (usize, usize), base: usize| {
        let (at, size) = if wide { wider } else { narrow };
        number(head, base.checked_add(at)?, size, little)
    };
    let table = usize::try_from(field((28, 4), (32, 8), 0)?).ok()?;
    let size = usize::try_from(field((42, 2), (54, 2), 0)?).ok()?;
    let count = usize::try_from(field((44, 2), (56, 2), 0)?).ok()?;
    let header = (0..count)
        .map_while(|index| table.checked_add(index.checked_mul(size)?))
        .find(|base| number(head, *base, 4, little) == Some(PT_INTERP))?;
    let (offset, length) = (field((4, 4), (8, 8), header)?, field((16, 4), (32, 8), header)?);
    file.seek(SeekFrom::Start(offset)).ok()?;
    let mut path = Vec::new();
    file.take(length.min(LONGEST_LOADER)).read_to_end(&mut path).ok()?;
    let path = path.split(|byte| *byte == 0).next()?;
    String::from_utf8(path.to_vec()).ok().filter(|path| !path.is_empty())
}

fn number(bytes: &[u8], at: usize, size: usize, little: bool) -> Option<u64> {
    let digits = bytes.get(at..at.checked_add(size)?)?;
    let join = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    Some(if little { digits.iter().rev().fold(0, join) } else { digits.iter().fold(0, join) })
}

/// `e_machine` of programs for this machine.
pub(super) fn own_machine() -> u16 {
    if cfg!(target_arch = "aarch64") { 183 } else { 62 }
}

/// The name of a machine as images write it.
pub(super) fn machine_name(machine: u16) -> String {
    match machine {
        3 => "386".to_string(),
        8 => "mips".to_string(),
        20 => "ppc".to_string(),
        21 => "ppc64le".to_string(),
        22 => "s390x".to_string(),
        40 => "arm".to_string(),
        62 => "amd64".to_string(),
        183 => "arm64".to_string(),
        243 => "riscv64".to_string(),
        258 => "loong64".to_string(),
        number => format!("an unknown machine ({number})"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(bytes: &[u8]) -> Executable {
        Executable::read(&mut Cursor::new(bytes))
    }

    #[test]
    fn scripts_and_what_is_taken_for_one() {
        let script = |interpreter: &str, line: &str| {
            let (interpreter, line) = (interpreter.to_string(), line.to_string());
            Executable::Script { interpreter, line }
        };
        assert_eq!(read(b"#!/bin/sh\necho"), script("/bin/sh", "#!/bin/sh"));
        assert_eq!(read(b"#! /usr/bin/env bash\n"), script("/usr/bin/env", "#! /usr/bin/env bash"));
        assert_eq!(read(b"#!/bin/sh\r\necho\r\n"), script("/bin/sh\r", "#!/bin/sh"));
        assert_eq!(read(b"#!"), script("", "#!"));
        let endless = [b"#!/".as_slice(), &[b'x'; 9000]].concat();
        assert!(matches!(read(&endless), Executable::Script { line, .. } if line.len() == 256));
        assert_eq!(read(b""), Executable::Empty);
        assert_eq!(read(b"\n#!/bin/sh\n"), Executable::LateShebang);
        assert_eq!(read(b"\xef\xbb\xbf#!/bin/sh\n"), Executable::LateShebang);
        assert_eq!(read(b"echo hello\n"), Executable::Text);
        assert_eq!(read(b"\0asm\x01\0\0\0"), Executable::Other);
    }

    fn program(machine: u16, loader: &str) -> Vec<u8> {
        let mut bytes = vec![0; 120];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[18..20].copy_from_slice(&machine.to_le_bytes());
        bytes[32..40].copy_from_slice(&64u64.to_le_bytes());
        bytes[54..56].copy_from_slice(&56u16.to_le_bytes());
        bytes[56..58].copy_from_slice(&1u16.to_le_bytes());
        bytes[64..68].copy_from_slice(&3u32.to_le_bytes());
        bytes[72..80].copy_from_slice(&120u64.to_le_bytes());
        bytes[96..104].copy_from_slice(&(loader.len() as u64).to_le_bytes());
        bytes.extend(loader.as_bytes());
        bytes
    }

    #[test]
    fn programs() {
        let bytes = program(183, "/lib/ld-musl-aarch64.so.1\0");
        let loader = Some("/lib/ld-musl-aarch64.so.1".to_string());
        assert_eq!(read(&bytes), Executable::Elf { machine: 183, loader });
        // No cut and no changed byte may do worse than losing the answer.
        for cut in 0..bytes.len() {
            read(&bytes[..cut]);
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] = 0xff;
            read(&changed);
        }
    }
}
