//! Parser directives at the top of the file: `# syntax=`, `# escape=`, `# check=`
//! (BuildKit `parser/directives.go`). The first line that is none of them ends the search.

use crate::lines::{Lines, PhysicalLine};
use crate::problems::{Problems, did_you_mean, nearest};
use crate::syntax::Directive;

/// Read the directives and set the escape character.
pub(crate) fn read(lines: &mut Lines<'_>, problems: &mut Problems) -> Vec<Directive> {
    let mut directives: Vec<Directive> = Vec::new();
    // After `#!interpreter` the builder still looks for `syntax` and `check`, not for `escape`.
    let shebang = lines.peek().filter(|line| lines.content(*line).starts_with("#!"));
    if let Some(line) = shebang {
        lines.comments.push(line.span);
        lines.next_physical();
    }
    while let Some(line) = lines.peek() {
        let Some((name, value)) = name_and_value(lines.content(line)) else { break };
        let name = name.to_ascii_lowercase();
        if !matches!(name.as_str(), "syntax" | "escape" | "check") {
            misspelt(&name, line, problems);
            break;
        }
        lines.next_physical();
        if directives.iter().any(|earlier| earlier.name == name) {
            problems.error("PL011", line.span, format!("directive '{name}' is given twice"));
            continue;
        }
        if name == "escape" {
            if shebang.is_some() {
                lines.comments.push(line.span);
                continue;
            }
            let Some(escape) = escape_character(value) else {
                let message = format!("escape character '{value}' is neither \\ nor `");
                problems.error("PL011", line.span, message);
                continue;
            };
            lines.escape = escape;
        }
        directives.push(Directive { name, value: value.to_string(), span: line.span });
    }
    directives
}

fn escape_character(value: &str) -> Option<char> {
    match value {
        "\\" => Some('\\'),
        "`" => Some('`'),
        _ => None,
    }
}

/// `name` and `value` of `# name = value`.
fn name_and_value(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.trim_start().strip_prefix('#')?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let valid = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (valid && !value.is_empty()).then_some((name, value))
}

fn misspelt(name: &str, line: PhysicalLine, problems: &mut Problems) {
    let near = nearest(name, &["syntax", "escape"]);
    if near.is_some() {
        let message = format!("unknown directive '{name}'{}", did_you_mean(&near));
        problems
            .warning("PL011", line.span, message)
            .note("the builder takes the line as a comment and looks for no more directives");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::Source;

    fn directives(text: &str) -> (Vec<(String, String)>, char, Vec<String>) {
        let source = Source::new("f", text);
        let mut problems = Problems::new(&source);
        let mut lines = Lines::new(&source);
        let found = read(&mut lines, &mut problems).into_iter().map(|d| (d.name, d.value)).collect();
        (found, lines.escape, problems.list.into_iter().map(|d| d.message).collect())
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_string(), value.to_string())
    }

    #[test]
    fn all_three_in_any_case_and_spacing() {
        let (found, escape, wrong) =
            directives("\u{feff}# Syntax = docker/dockerfile:1 \r\n  #escape=`\n#check=skip=all\nFROM x");
        assert_eq!(
            found,
            [pair("syntax", "docker/dockerfile:1"), pair("escape", "`"), pair("check", "skip=all")]
        );
        assert_eq!((escape, wrong.len()), ('`', 0));
    }

    #[test]
    fn anything_else_ends_the_search() {
        assert_eq!(directives("# hello\n# escape=`\n").1, '\\');
        assert_eq!(directives("\n# escape=`\n").1, '\\');
        assert_eq!(directives("FROM x\n# escape=`\n").1, '\\');
        assert_eq!(directives("# foo=bar\n# escape=`\n").1, '\\');
    }

    #[test]
    fn wrong_ones_are_reported() {
        assert_eq!(
            directives("# escape=`\n# escape=\\\n# escape=`").2,
            ["directive 'escape' is given twice"; 2]
        );
        assert_eq!(directives("# escape=x").2, ["escape character 'x' is neither \\ nor `"]);
        assert_eq!(directives("# syntaks=x").2, ["unknown directive 'syntaks'; did you mean 'syntax'?"]);
    }

    #[test]
    fn after_a_shebang_only_syntax_and_check_count() {
        let (found, escape, _) = directives("#!/usr/bin/env build\n# syntax=a/b\n# escape=`\n");
        assert_eq!(found, [pair("syntax", "a/b")]);
        assert_eq!(escape, '\\');
    }
}
