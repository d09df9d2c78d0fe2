//! # PL208 tls-off
//!
//! A download does not check whose server answers: `curl -k`, `wget --no-check-certificate`,
//! `GIT_SSL_NO_VERIFY`, `NODE_TLS_REJECT_UNAUTHORIZED=0`, `npm config set strict-ssl false`. Whoever is
//! in between decides what goes into the image; set by ENV, the finished program does not check either.
//!
//! Add the missing authority instead: `COPY ca.crt /usr/local/share/ca-certificates/` and
//! `update-ca-certificates`.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::{Diagnostic, Span};

use crate::edits;
use crate::rule::Report;
use crate::run_commands::{RunCommand, RunWord, Runs};

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let mut found = in_environment(runs, report);
    for (_, command) in runs.commands() {
        let assigned = command
            .assignments
            .iter()
            .find(|word| word.text.split_once('=').is_some_and(|(name, value)| is_off(name, value)));
        let exported = command.arguments().iter().find(|word| {
            command.program() == "export"
                && word.text.split_once('=').is_some_and(|(name, value)| is_off(name, value))
        });
        let Some(word) = option(command).or(assigned).or(exported) else { continue };
        let message = format!("{} does not check whose server answers", name(command));
        let mut diagnostic = report.error(message).at(source, word.span, "turns the check off");
        if command.is_exact && matches!(word.raw.as_str(), "-k" | "--insecure" | "--no-check-certificate") {
            // The blank before it goes as well.
            let before = source.text()[..word.span.start].ends_with(' ');
            let span = Span::new(word.span.start - usize::from(before), word.span.end);
            diagnostic = diagnostic.fix(edits::replace(source, span, "", "check it", false));
        }
        found.push(diagnostic);
    }
    found
}

fn name(command: &RunCommand) -> &str {
    match command.program() {
        "" | "export" => "what runs here",
        program => program,
    }
}

/// The word of a command that turns the check off.
fn option(command: &RunCommand) -> Option<&RunWord> {
    let arguments = command.arguments();
    let says = |texts: &[&str]| arguments.iter().find(|word| texts.contains(&word.text.as_str()));
    match command.program() {
        "curl" => {
            command.option(&["-k", "--insecure", "--proxy-insecure"]).or_else(|| insecure_letter(command))
        }
        "wget" => command.option(&["--no-check-certificate"]),
        "git" => {
            let key = |word: &&RunWord| word.text.to_ascii_lowercase().starts_with("http.sslverify");
            let setting = arguments.iter().find(key)?;
            let off = setting.text.ends_with("=false") || says(&["false", "0"]).is_some();
            off.then_some(setting)
        }
        "npm" | "yarn" | "pnpm" => {
            let setting = command.option(&["strict-ssl", "--strict-ssl"])?;
            let off = setting.text.ends_with("=false") || says(&["false"]).is_some();
            off.then_some(setting)
        }
        "pip" | "pip3" => command.option(&["--trusted-host"]),
        "apt-get" | "apt" => arguments
            .iter()
            .find(|word| word.text.contains("Verify-Peer=false") || word.text.contains("Verify-Host=false")),
        "yum" | "dnf" => arguments
            .iter()
            .find(|word| word.text.contains("sslverify=false") || word.text.contains("sslverify=0")),
        _ => None,
    }
}

/// `-k` among other letters; what follows a letter that takes a value is none.
fn insecure_letter(command: &RunCommand) -> Option<&RunWord> {
    let word = command.letter('k')?;
    let before = word.text.split('k').next().unwrap_or("");
    (!before.contains(['o', 'H', 'd', 'X', 'u', 'A', 'e', 'b', 'c', 'x', 'w', 'm', 'T', 'F'])).then_some(word)
}

fn is_off(name: &str, value: &str) -> bool {
    match name {
        "GIT_SSL_NO_VERIFY" => !matches!(value, "" | "0" | "false"),
        "NODE_TLS_REJECT_UNAUTHORIZED" | "PYTHONHTTPSVERIFY" => value == "0",
        "NPM_CONFIG_STRICT_SSL" | "npm_config_strict_ssl" | "YARN_ENABLE_STRICT_SSL" => value == "false",
        _ => false,
    }
}

fn in_environment(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let pairs = runs.file.statements().filter_map(|statement| match &statement.instruction {
        Instruction::Env(pairs) | Instruction::Arg(pairs) => Some(pairs),
        _ => None,
    });
    let off = pairs.flatten().filter_map(|pair| {
        let value = pair.value.as_ref()?;
        is_off(&pair.name.text, value.text.trim_matches(['"', '\''])).then_some((pair, value))
    });
    let found = off.map(|(pair, value)| {
        let message = format!("{} turns off the check whose server answers", pair.name.text);
        let source = &runs.file.dockerfile.source;
        report.error(message).at(source, pair.name.span.to(value.span), "for every program that asks for it")
    });
    found.collect()
}
