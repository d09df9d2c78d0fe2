//! # PL111 wrapper-as-pid1
//!
//! A package manager or build tool is the launcher: `npm start`, `yarn start`, `make run`,
//! `gradle run`. It stays PID 1 above a shell above the program; it does not pass signals on reliably,
//! hides the program's exit code, and costs memory.
//!
//! Start the program itself: `CMD ["node", "server.js"]`.

use plimsoll_model::Diagnostic;

use crate::rule::Report;
use crate::subject::Subject;
use plimsoll_contract::pid1::words::base_name;

const WRAPPERS: [&str; 11] =
    ["npm", "yarn", "pnpm", "npx", "make", "gradle", "gradlew", "mvn", "mvnw", "rake", "composer"];

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let Some(foreground) = subject.foreground() else { return Vec::new() };
    let Some(program) = foreground.argv.first().map(|word| base_name(word)) else { return Vec::new() };
    if !WRAPPERS.contains(&program) || foreground.argv.len() < 2 {
        return Vec::new();
    }
    let line = plimsoll_contract::judge::command_text(&foreground.argv);
    let found = report.warning(format!("{program} stands between the container and the program"));
    let found = found.note(format!("start what `{line}` starts: the signals then reach it"));
    vec![subject.at_foreground(found, &foreground, "stays above the program")]
}
