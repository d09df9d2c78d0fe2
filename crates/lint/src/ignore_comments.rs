//! Comments that keep findings back: ours, and those of three other linters.
//!
//! | comment | keeps back | in |
//! |---|---|---|
//! | `# plimsoll ignore=PL401 until=2027-01-01 reason="..."` | the rules named, by code or name | the next instruction |
//! | `# plimsoll global ignore=PL401 reason="..."` | the same | the whole file |
//! | `# hadolint ignore=DL3008,DL3009` | rules by hadolint's codes | the next instruction |
//! | `# hadolint global ignore=DL3008` | the same | the whole file |
//! | `# tally ignore=buildkit/StageNameCasing;reason=...` | rules by any name | the next instruction |
//! | `# tally global ignore=...` | the same | the whole file |
//! | `# check=skip=StageNameCasing` at the top | checks by BuildKit's names; `all` for all of them | the whole file |
//! | the same directly above an instruction | checks that are not about the file as a whole | that instruction |
//!
//! A comment between the lines of an instruction counts for that instruction.

use plimsoll_dockerfile::syntax::Dockerfile;
use plimsoll_model::{Source, Span};

use crate::check_directive::{CheckComment, CheckComments, Names};
use crate::day::Day;

/// One comment that keeps findings back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IgnoreComment {
    /// The whole line.
    pub span: Span,
    /// Whose form it has.
    pub form: Form,
    /// The rules it names.
    pub words: Vec<Word>,
    /// The instruction it counts for; `None` for the whole file.
    pub instruction: Option<Span>,
    /// The last day it counts.
    pub until: Option<Day>,
    /// Why it does not count at all.
    pub mistake: Option<Mistake>,
}

/// A rule named by an ignore comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// The name, without the family that tally writes before it.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// Whose form a comment has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `# plimsoll`.
    Plimsoll,
    /// `# hadolint`.
    Hadolint,
    /// `# tally`.
    Tally,
    /// `# check=`.
    BuildKit,
}

/// What is wrong with a comment of our own form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// It names no rule.
    NoRule,
    /// It says no reason.
    NoReason,
    /// No instruction follows it.
    NoInstruction,
    /// What stands behind `until=` is no day.
    NoDay(String),
    /// A word that means nothing.
    Unknown(String),
}

/// The ignore comments of a file, in order.
pub(crate) fn ignore_comments(dockerfile: &Dockerfile) -> Vec<IgnoreComment> {
    let instructions = instructions(dockerfile);
    let next = |comment: Span| instructions.iter().copied().find(|span| span.end > comment.end);
    let source = &dockerfile.source;
    // One that BuildKit refuses keeps nothing back; it is told elsewhere.
    let checks = CheckComments::of(dockerfile).unwrap_or_default();
    let skips = checks.comments.iter().filter_map(|check| skip(source, check));
    let comments = dockerfile.comments.iter().filter_map(|span| comment(source, *span, next));
    skips.chain(comments).collect()
}

/// The places of all instructions, in order.
pub(crate) fn instructions(dockerfile: &Dockerfile) -> Vec<Span> {
    let args = dockerfile.global_args.iter().map(|statement| statement.span);
    let stages = dockerfile.stages.iter().flat_map(|stage| {
        std::iter::once(stage.span).chain(stage.statements.iter().map(|statement| statement.span))
    });
    args.chain(stages).collect()
}

/// The names that a `# check=` skips, with their places.
fn skip(source: &Source, check: &CheckComment) -> Option<IgnoreComment> {
    let text = source.slice(check.span);
    let word = |name: &str| {
        let at = check.span.start + text.find(name)?;
        Some(Word { text: name.to_string(), span: Span::new(at, at + name.len()) })
    };
    let words: Vec<Word> = match &check.options.skip {
        Names::All => word("all").into_iter().collect(),
        Names::These(names) => {
            names.iter().filter(|name| !name.is_empty()).filter_map(|name| word(name)).collect()
        }
    };
    let (span, instruction) = (check.span, check.instruction);
    let comment =
        IgnoreComment { span, form: Form::BuildKit, words, instruction, until: None, mistake: None };
    (!comment.words.is_empty()).then_some(comment)
}

/// `# TOOL [global] ignore=A,B ...`.
fn comment(source: &Source, span: Span, next: impl Fn(Span) -> Option<Span>) -> Option<IgnoreComment> {
    let line = Piece { source, span };
    let (_, line) = line.split_at('#')?;
    let (head, rest) = line.split_at('=')?;
    let head: Vec<&str> = head.text().split_whitespace().collect();
    let (tool, global) = match head[..] {
        [tool, "ignore"] => (tool, false),
        [tool, "global", "ignore"] => (tool, true),
        _ => return None,
    };
    let form = match tool {
        "plimsoll" => Form::Plimsoll,
        "hadolint" => Form::Hadolint,
        "tally" => Form::Tally,
        _ => return None,
    };
    let instruction = if global { None } else { next(span) };
    if !global && instruction.is_none() && form != Form::Plimsoll {
        return None;
    }
    let mut comment =
        IgnoreComment { span, form, words: Vec::new(), instruction, until: None, mistake: None };
    match form {
        Form::Plimsoll => {
            own(&mut comment, rest);
            if !global && instruction.is_none() {
                comment.mistake = Some(Mistake::NoInstruction);
            }
        }
        // What follows the list is for people.
        _ => {
            let list = rest.split_at(';').map_or(rest, |(list, _)| list);
            comment.words = list.list(',').into_iter().map(|word| word.first_word().0.word()).collect();
        }
    }
    Some(comment)
}

/// `A,B until=DAY reason="..."`.
fn own(comment: &mut IgnoreComment, rest: Piece<'_>) {
    let (list, mut rest) = rest.first_word();
    if list.text().is_empty() || list.text().contains('=') {
        comment.mistake = Some(Mistake::NoRule);
        return;
    }
    comment.words = list.list(',').into_iter().map(Piece::word).collect();
    let mut reason = "";
    while !rest.text().is_empty() {
        let text = rest.text();
        if let Some(said) = text.strip_prefix("reason=") {
            let quoted = said.strip_prefix('"').and_then(|said| said.split_once('"'));
            let (said, after) = quoted.unwrap_or((said.trim_matches('"'), ""));
            reason = said.trim();
            rest = rest.last(after.len());
            continue;
        }
        let (word, after) = rest.first_word();
        match word.text().strip_prefix("until=") {
            Some(day) => match Day::parse(day) {
                Some(day) => comment.until = Some(day),
                None => comment.mistake = Some(Mistake::NoDay(day.to_string())),
            },
            None => comment.mistake = Some(Mistake::Unknown(word.text().to_string())),
        }
        rest = after;
    }
    if reason.is_empty() && comment.mistake.is_none() {
        comment.mistake = Some(Mistake::NoReason);
    }
}

/// A part of a line that knows its place, without blanks at its ends.
#[derive(Clone, Copy)]
struct Piece<'a> {
    source: &'a Source,
    span: Span,
}

impl<'a> Piece<'a> {
    fn text(self) -> &'a str {
        self.source.slice(self.span)
    }

    fn trimmed(self, start: usize, end: usize) -> Piece<'a> {
        let text = self.source.slice(Span::new(start, end));
        let start = end - text.trim_start().len();
        Piece { span: Span::new(start, start + text.trim().len()), ..self }
    }

    /// What stands before and behind the first of these characters.
    fn split_at(self, separator: char) -> Option<(Piece<'a>, Piece<'a>)> {
        let at = self.span.start + self.text().find(separator)?;
        let behind = at + separator.len_utf8();
        Some((self.trimmed(self.span.start, at), self.trimmed(behind, self.span.end)))
    }

    /// The first word and what follows it.
    fn first_word(self) -> (Piece<'a>, Piece<'a>) {
        let text = self.text();
        let at = self.span.start + text.find(char::is_whitespace).unwrap_or(text.len());
        (self.trimmed(self.span.start, at), self.trimmed(at, self.span.end))
    }

    /// So many bytes at the end.
    fn last(self, bytes: usize) -> Piece<'a> {
        self.trimmed(self.span.end - bytes, self.span.end)
    }

    /// The parts between separators that are not empty.
    fn list(self, separator: char) -> Vec<Piece<'a>> {
        let mut parts = Vec::new();
        let mut rest = self;
        while let Some((part, behind)) = rest.split_at(separator) {
            parts.push(part);
            rest = behind;
        }
        parts.push(rest);
        parts.retain(|part| !part.span.is_empty());
        parts
    }

    fn word(self) -> Word {
        let text = self.text();
        Word { text: text.rsplit('/').next().unwrap_or(text).to_string(), span: self.span }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<IgnoreComment> {
        let parsed = plimsoll_dockerfile::parse(Source::new("Dockerfile", text));
        let comments = ignore_comments(&parsed.dockerfile);
        for comment in &comments {
            for word in &comment.words {
                assert!(parsed.dockerfile.source.slice(word.span).ends_with(&word.text));
            }
        }
        comments
    }

    fn words(comment: &IgnoreComment) -> Vec<&str> {
        comment.words.iter().map(|word| word.text.as_str()).collect()
    }

    #[test]
    fn hadolint_counts_for_the_next_instruction_or_the_file() {
        let text = "# hadolint global ignore=DL3007\nFROM a\n#hadolint ignore = DL3008 , DL3009 since mirrors\n\n# x\nRUN b\n";
        let found = read(text);
        assert_eq!(words(&found[0]), ["DL3007"]);
        assert_eq!(found[0].instruction, None);
        assert_eq!(words(&found[1]), ["DL3008", "DL3009"]);
        let place = found[1].instruction.unwrap();
        assert_eq!(&text[place.start..place.end], "RUN b");
    }

    #[test]
    fn a_comment_inside_an_instruction_counts_for_it() {
        let text = "FROM a\nRUN b \\\n  # hadolint ignore=DL3008\n  c\nRUN d\n";
        let place = read(text)[0].instruction.unwrap();
        assert!(text[place.start..place.end].starts_with("RUN b"));
    }

    #[test]
    fn buildkit_and_tally() {
        let found = read(
            "# check=skip=StageNameCasing,FromAsCasing;error=true\n# tally ignore=buildkit/UndefinedVar;reason=x, y\nFROM a\n",
        );
        assert_eq!(
            (found[0].form, words(&found[0])),
            (Form::BuildKit, vec!["StageNameCasing", "FromAsCasing"])
        );
        assert_eq!((found[1].form, words(&found[1])), (Form::Tally, vec!["UndefinedVar"]));
        assert_eq!(read("# check=error=true\nFROM a\n"), []);
    }

    #[test]
    fn ours_says_why_and_how_long() {
        let one = |text: &str| read(&format!("{text}\nFROM a\n")).remove(0);
        let good = one("# plimsoll ignore=PL401,runs-as-root until=2027-01-01 reason=\"the base needs it\"");
        assert_eq!(words(&good), ["PL401", "runs-as-root"]);
        assert_eq!((good.until, &good.mistake), (Day::new(2027, 1, 1), &None));
        assert_eq!(
            one("# plimsoll ignore=PL401 reason=\"a b\" until=2027-01-01").until,
            Day::new(2027, 1, 1)
        );
        assert_eq!(one("# plimsoll ignore=PL401 reason=because it does").mistake, None);
        for (text, mistake) in [
            ("# plimsoll ignore=PL401", Mistake::NoReason),
            ("# plimsoll ignore=PL401 reason=\"  \"", Mistake::NoReason),
            ("# plimsoll ignore= reason=x", Mistake::NoRule),
            ("# plimsoll global ignore=", Mistake::NoRule),
            ("# plimsoll ignore=PL401 until=soon reason=\"x\"", Mistake::NoDay("soon".to_string())),
            ("# plimsoll ignore=PL401 while=x reason=\"x\"", Mistake::Unknown("while=x".to_string())),
        ] {
            assert_eq!(one(text).mistake, Some(mistake), "{text}");
        }
    }

    #[test]
    fn other_comments_are_none() {
        assert_eq!(
            read(
                "# ignore=PL401\n# plimsoll is fine\n# shellcheck ignore=x\n# see a=b\nFROM a\n# hadolint ignore=DL1\n"
            ),
            []
        );
    }
}
