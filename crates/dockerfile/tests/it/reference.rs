//! The reference page names every instruction, every flag and every kind of mount.

use plimsoll_dockerfile::{INSTRUCTIONS, MOUNT_TYPES, flags_of};

const PAGE: &str = include_str!("../../../../docs/reference/dockerfile.md");

/// The chapter of an instruction, without those after it.
fn chapter<'a>(page: &'a str, instruction: &str) -> &'a str {
    let heading = format!("\n## {instruction}\n");
    let (_, rest) = page.split_once(&heading).unwrap_or_else(|| panic!("no chapter of {instruction}"));
    rest.split("\n## ").next().unwrap_or(rest)
}

#[test]
fn every_instruction_and_flag_is_described() {
    for instruction in INSTRUCTIONS {
        let chapter = chapter(PAGE, instruction);
        for flag in flags_of(instruction) {
            assert!(chapter.contains(&format!("`--{flag}`")), "{instruction} --{flag} is not described");
        }
    }
    let run = chapter(PAGE, "RUN");
    for kind in MOUNT_TYPES {
        assert!(run.contains(&format!("| `{kind}` |")), "--mount=type={kind} is not described");
    }
}
