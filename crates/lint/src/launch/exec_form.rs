//! Proposing exec form for a shell text, and `exec` inside a text.

use plimsoll_dockerfile::shell::{self, Join, Node, SimpleCommand};
use plimsoll_dockerfile::syntax::Command;
use plimsoll_model::{Edit, Fix, Source, Span};

/// A JSON array as people write it: `["a", "b"]`.
pub(crate) fn json_array(words: &[String]) -> String {
    let quoted: Vec<String> =
        words.iter().map(|word| serde_json::Value::from(word.as_str()).to_string()).collect();
    format!("[{}]", quoted.join(", "))
}

/// The one simple command a shell text consists of: `prog a b` or `exec prog a b`, nothing else.
fn only_command(text: &str) -> Option<SimpleCommand> {
    let script = shell::read(text);
    match (script.commands.as_slice(), script.unclear) {
        ([shell::Command { node: Node::Simple(command), join: Join::End }], None)
            if command.assignments.is_empty() && command.redirects.is_empty() =>
        {
            Some(command.clone())
        }
        _ => None,
    }
}

/// The words of a text that is one simple command without variables, patterns or redirections.
pub(crate) fn literal_words(text: &str) -> Option<Vec<String>> {
    let command = only_command(text)?;
    let literal = |word: &shell::Word| {
        let quoted = word.raw.starts_with(['"', '\'']);
        word.literal.clone().filter(|text| quoted || !text.contains(['*', '?', '[', '~', '{']))
    };
    let words: Option<Vec<String>> = command.words.iter().map(literal).collect();
    words.filter(|words| !words.is_empty())
}

/// Replace a shell-form command by its exec form; if it needs a shell, by `sh -c` that hands the
/// arguments on.
pub(crate) fn fix(source: &Source, command: &Command, text: &str, keep_args: bool) -> Option<Fix> {
    let span = command.span();
    if let Some(words) = literal_words(text) {
        let title = match keep_args {
            true => format!("exec form keeps the arguments and makes {} PID 1", words[0]),
            false => format!("exec form makes {} PID 1", words[0]),
        };
        return Some(replace(source, span, json_array(&words), title));
    }
    let command = only_command(text)?;
    let start = if command.exec { "" } else { "exec " };
    let (args, zero): (&str, &[&str]) = if keep_args { (" \"$@\"", &["--"]) } else { ("", &[]) };
    let text = format!("{start}{}{args}", text.trim());
    let mut words = vec!["/bin/sh".to_string(), "-c".to_string(), text];
    words.extend(zero.iter().map(|word| word.to_string()));
    let title = match keep_args {
        true => "hand the arguments on and let the program take the shell's place",
        false => "let the program take the shell's place",
    };
    Some(replace(source, span, json_array(&words), title.to_string()))
}

/// One edit that is offered, not applied by itself.
pub(crate) fn replace(source: &Source, span: Span, replacement: String, title: String) -> Fix {
    Fix { title, source: source.clone(), edits: vec![Edit { span, replacement }], safe: false }
}

/// Put `exec ` before the last command of a shell text that stands in `source` at `span`.
pub(crate) fn insert_exec(source: &Source, span: Span, text: &str) -> Option<Fix> {
    let script = shell::read(text);
    let last = shell::last_command(&script)?;
    let Node::Simple(command) = &last.node else { return None };
    let piped = script.commands.iter().any(|command| command.join == Join::Pipe);
    if command.exec || piped || last.join == Join::Background || script.unclear.is_some() {
        return None;
    }
    let program = command.program()?;
    // The text may be shorter than what is written (continued lines, JSON escapes): the place is
    // only known where it stands there word for word, once.
    let tail = text.get(command.span.start..)?;
    let written = source.slice(span);
    let (at, _) = written.match_indices(tail).last().filter(|_| !tail.is_empty())?;
    let place = span.start + at;
    let title = format!("exec lets {program} take the shell's place");
    Some(replace(source, Span::new(place, place), "exec ".to_string(), title))
}

/// Whether a text is one simple command: `"$@"` can be put at its end.
pub(crate) fn is_one_command(text: &str) -> bool {
    only_command(text).is_some()
}
