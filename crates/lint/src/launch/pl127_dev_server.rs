//! # PL127 dev-server
//!
//! The image starts a server made for development: it reloads on changes, shows stack traces and
//! sometimes a console to visitors, serves one request at a time, and is not made for load.
//!
//! Start a production server: gunicorn or uvicorn without `--reload`, `next start`, `node`, nginx over
//! the built files.

use plimsoll_model::{Certainty, Diagnostic};

use crate::rule::Report;
use crate::subject::Subject;
use plimsoll_contract::pid1::words::base_name;

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let Some(foreground) = subject.foreground() else { return Vec::new() };
    if !is_development(&foreground.argv) {
        return Vec::new();
    }
    let line = plimsoll_contract::judge::command_text(&foreground.argv);
    let found = report.warning(format!("`{line}` is a server for development"));
    let found = subject.at_foreground(
        found.certainty(Certainty::Likely),
        &foreground,
        "not made for load or strangers",
    );
    vec![found]
}

fn is_development(argv: &[String]) -> bool {
    let Some((program, args)) = argv.split_first() else { return false };
    let has = |wanted: &str| args.iter().any(|arg| arg == wanted);
    let first = args.first().map_or("", String::as_str);
    match base_name(program).trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') {
        "nodemon" | "ts-node-dev" | "browser-sync" => true,
        "python" => has("runserver") || has("--reload") || has("--debug") && has("flask"),
        "flask" => has("run") && (has("--debug") || has("--reload")),
        "django-admin" => has("runserver"),
        "uvicorn" | "gunicorn" | "hypercorn" => has("--reload"),
        "next" | "nuxt" | "astro" | "remix" => first == "dev",
        "vite" => matches!(first, "" | "dev" | "serve"),
        "ng" => first == "serve",
        "webpack" => first == "serve",
        "webpack-dev-server" => true,
        "npm" | "yarn" | "pnpm" | "bun" => {
            first == "dev" || first == "run" && args.get(1).is_some_and(|arg| arg == "dev")
        }
        "php" => has("artisan") && has("serve"),
        _ => false,
    }
}
