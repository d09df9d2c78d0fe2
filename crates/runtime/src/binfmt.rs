//! Which foreign processors' programs this machine runs through an emulator: the kernel's binfmt_misc
//! handlers (Linux, `Documentation/admin-guide/binfmt-misc.rst`).

use std::fs;

/// Where the kernel lists its handlers.
const HANDLERS: &str = "/proc/sys/fs/binfmt_misc";

/// The architectures, in Go's words, that a handler runs inside containers.
pub fn architectures() -> Vec<String> {
    let entries = fs::read_dir(HANDLERS).into_iter().flatten().flatten();
    let records = entries.filter_map(|entry| fs::read_to_string(entry.path()).ok());
    let mut found: Vec<String> =
        records.filter_map(|record| architecture_of(&record)).map(str::to_string).collect();
    found.sort();
    found.dedup();
    found
}

/// What one record is for; `None` for a handler that is off, is no processor's, or looks for its
/// emulator in the container (without flag F), where it is not.
fn architecture_of(record: &str) -> Option<&'static str> {
    let field = |name: &str| record.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let fixed = field("flags:").is_some_and(|flags| flags.contains('F'));
    if record.lines().next() != Some("enabled") || !fixed {
        return None;
    }
    let magic = field("magic ")?;
    let byte = |at: usize| u8::from_str_radix(magic.get(2 * at..2 * at + 2)?, 16).ok();
    if [byte(0)?, byte(1)?, byte(2)?, byte(3)?] != *b"\x7fELF" {
        return None;
    }
    let little = byte(5)? == 1;
    let pair = [byte(18)?, byte(19)?];
    let machine = if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) };
    // Class, byte order and e_machine of the ELF header (ELF gABI; Linux, `elf-em.h`).
    Some(match (byte(4)?, little, machine) {
        (1, true, 3) => "386",
        (2, true, 62) => "amd64",
        (1, true, 40) => "arm",
        (2, true, 183) => "arm64",
        (2, true, 243) => "riscv64",
        (2, true, 258) => "loong64",
        (2, true, 21) => "ppc64le",
        (2, true, 8) => "mips64le",
        (2, false, 8) => "mips64",
        (2, false, 22) => "s390x",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const AARCH64: &str = "enabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: OCF\noffset 0\nmagic 7f454c460201010000000000000000000200b700\nmask ffffffffffffff00fffffffffffffffffeffffff\n";

    #[test]
    fn a_handler_counts_where_containers_can_use_it() {
        assert_eq!(architecture_of(AARCH64), Some("arm64"));
        assert_eq!(architecture_of(&AARCH64.replace("OCF", "OC")), None, "its emulator is on the host only");
        assert_eq!(architecture_of(&AARCH64.replace("enabled", "disabled")), None);
        let s390x = AARCH64
            .replace("7f454c460201010000000000000000000200b700", "7f454c4602020100000000000000000000020016");
        assert_eq!(architecture_of(&s390x), Some("s390x"));
        let python = "enabled\ninterpreter /usr/bin/python3\nflags: F\noffset 0\nmagic f30d0d0a\n";
        assert_eq!(architecture_of(python), None);
        assert_eq!(architecture_of("enabled\nflags: F\nmagic \u{fffd}\u{fffd}"), None);
    }
}
