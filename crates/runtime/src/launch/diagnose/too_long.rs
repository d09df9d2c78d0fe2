//! Arguments and environment are more than the kernel passes on.

use crate::plan::Command;

/// The longest single string (Linux, `MAX_ARG_STRLEN`: 32 pages), its zero byte included.
const LONGEST: usize = 32 * 4096;

pub(super) fn why(command: &Command) -> String {
    let is_too_long = |text: &&String| text.len() >= LONGEST;
    let fix = "put it into a file";
    if let Some(entry) = command.env.iter().find(is_too_long) {
        let name = entry.split('=').next().unwrap_or_default();
        return format!(
            "the environment variable {name} has {} bytes, and the kernel passes on {} in one; {fix}",
            entry.len(),
            LONGEST - 1
        );
    }
    if let Some(argument) = command.argv.iter().find(is_too_long) {
        return format!(
            "one argument has {} bytes, and the kernel passes on {}; {fix}",
            argument.len(),
            LONGEST - 1
        );
    }
    let bytes: usize = command.argv.iter().chain(&command.env).map(String::len).sum();
    format!(
        "arguments and environment have {bytes} bytes, and the kernel passes on a quarter of the stack's limit \
         (`--ulimit stack=`), 6 MiB at most; {fix}"
    )
}
