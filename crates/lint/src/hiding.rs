//! What ignore comments keep back, and how each of them fared.

use plimsoll_contract::Prediction;
use plimsoll_dockerfile::syntax::Dockerfile;
use plimsoll_model::{Diagnostic, Severity, Source, Span};

use crate::catalogue::RULES;
use crate::check_directive::OF_THE_FILE;
use crate::day::Day;
use crate::findings::sort;
use crate::ignore_comments::{Form, IgnoreComment, ignore_comments};
use crate::rule::{Check, Rule};
use crate::selection::{Selection, is_buildkit};

/// The ignore comments of a file after they were applied.
pub(crate) struct Comments<'a> {
    /// The Dockerfile.
    pub source: &'a Source,
    /// Each of them.
    pub list: Vec<Judged>,
}

/// One comment, and what came of it.
pub(crate) struct Judged {
    pub comment: IgnoreComment,
    /// Its last day is over.
    pub expired: bool,
    /// Which of its words kept nothing back though their rules were checked.
    pub idle: Vec<usize>,
}

/// Whether a finding cannot be kept back: behind it nothing else about the file is sure.
pub(crate) fn is_refusal(found: &Diagnostic) -> bool {
    found.severity == Severity::Error && found.code.starts_with("PL0")
}

/// Take away what comments keep back, and add what is to be said of the comments. Returns how many are gone.
pub(crate) fn hide(
    found: &mut Vec<Diagnostic>,
    dockerfile: &Dockerfile,
    prediction: Option<&Prediction<'_>>,
    selection: &Selection,
    today: Day,
) -> usize {
    let comments = ignore_comments(dockerfile);
    if comments.is_empty() {
        return 0;
    }
    let source = &dockerfile.source;
    let expired = |comment: &IgnoreComment| comment.until.is_some_and(|until| until < today);
    let mut used: Vec<Vec<bool>> = comments.iter().map(|one| vec![false; one.words.len()]).collect();
    let before = found.len();
    found.retain(|found| {
        let place = place_in(found, source);
        let mut kept = true;
        for (comment, used) in comments.iter().zip(&mut used) {
            if comment.mistake.is_some() || expired(comment) || is_refusal(found) || !covers(comment, place) {
                continue;
            }
            for (word, used) in comment.words.iter().zip(used) {
                if means(comment, &word.text, &found.code) {
                    (*used, kept) = (true, false);
                }
            }
        }
        kept
    });
    let hidden = before - found.len();
    let judge = |(comment, used): (IgnoreComment, Vec<bool>)| {
        let counts = comment.mistake.is_none() && !expired(&comment);
        let is_idle = |at: &usize| counts && !used[*at] && was_checked(&comment, *at, prediction, selection);
        let idle = (0..used.len()).filter(is_idle).collect();
        Judged { expired: expired(&comment), idle, comment }
    };
    let comments = Comments { source, list: comments.into_iter().zip(used).map(judge).collect() };
    for rule in RULES.iter().filter(|rule| selection.wants(rule.code)) {
        if let Check::Comments(check) = rule.check {
            found.extend(check(&comments, &rule.report()));
        }
    }
    sort(found);
    hidden
}

/// The main place in the Dockerfile, also of a finding that points into a script.
pub fn place_in(found: &Diagnostic, source: &Source) -> Option<Span> {
    let main = found.place().filter(|label| label.source == *source);
    main.or_else(|| found.labels.iter().find(|label| label.source == *source)).map(|label| label.span)
}

fn covers(comment: &IgnoreComment, place: Option<Span>) -> bool {
    match (comment.instruction, place) {
        (None, _) => true,
        (Some(instruction), Some(place)) => {
            instruction.start <= place.start && place.start < instruction.end.max(instruction.start + 1)
        }
        (Some(_), None) => false,
    }
}

/// Whether a word of a comment means the rule of a code.
fn means(comment: &IgnoreComment, word: &str, code: &str) -> bool {
    match RULES.iter().find(|rule| rule.code == code) {
        Some(rule) if comment.form == Form::BuildKit && comment.instruction.is_some() => {
            names(comment.form, word, rule) && !OF_THE_FILE.contains(&rule.name)
        }
        Some(rule) => names(comment.form, word, rule),
        None => code.eq_ignore_ascii_case(word),
    }
}

fn names(form: Form, word: &str, rule: &Rule) -> bool {
    // BuildKit's `all` are its own checks, not what we know beyond them.
    let all = form == Form::BuildKit && word.eq_ignore_ascii_case("all") && is_buildkit(rule.name);
    all || rule.is_called(word)
}

/// Whether all that a word means was looked for, so that it is idle if nothing was found. What a contract
/// rule finds may depend on a base image that is not at hand.
fn was_checked(
    comment: &IgnoreComment,
    at: usize,
    prediction: Option<&Prediction<'_>>,
    selection: &Selection,
) -> bool {
    let Some(prediction) = prediction else { return false };
    let mut rules = RULES.iter().filter(|rule| names(comment.form, &comment.words[at].text, rule)).peekable();
    rules.peek().is_some()
        && rules.all(|rule| {
            selection.wants(rule.code)
                && (!matches!(rule.check, Check::Contract(_)) || prediction.base_known())
        })
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Source;

    use crate::tests::{examination, with_question};

    /// Codes and lines of what is found.
    fn found(text: &str) -> (Vec<(String, usize)>, usize) {
        with_question(|question| {
            let examined = examination(question).examine(&Source::new("Dockerfile", text));
            let place = |found: plimsoll_model::Diagnostic| {
                let line = found.place().map_or(0, |label| label.source.line(label.span.start));
                (found.code, line)
            };
            (examined.findings.into_iter().map(place).collect(), examined.ignored)
        })
    }

    fn codes(text: &str) -> Vec<String> {
        found(text).0.into_iter().map(|(code, _)| code).collect()
    }

    /// Nothing is wrong here; what is copied is not at hand, so it may be the program.
    const END: &str = "COPY a /a\nUSER 1\nCMD [\"/a\"]\n";

    #[test]
    fn all_forms_keep_back() {
        for comment in [
            "# plimsoll ignore=MaintainerDeprecated reason=\"x\"",
            "# plimsoll ignore=PL608 until=2027-01-01 reason=\"x\"",
            "# hadolint ignore=DL3008,DL4000",
            "# tally ignore=buildkit/MaintainerDeprecated",
        ] {
            let text = format!("FROM x\n{comment}\nMAINTAINER me\n{END}");
            assert_eq!(found(&text), (vec![], 1), "{comment}");
            let text = format!("FROM x\nMAINTAINER me\n{comment}\n{END}");
            assert!(codes(&text).contains(&"PL608".to_string()), "{comment} behind it");
        }
        for comment in [
            "# check=skip=MaintainerDeprecated",
            "# check=skip=all;error=true",
            "# hadolint global ignore=DL4000",
            "# plimsoll global ignore=pl608 reason=\"x\"",
        ] {
            assert_eq!(found(&format!("{comment}\nFROM x\nMAINTAINER me\n{END}")), (vec![], 1), "{comment}");
        }
    }

    #[test]
    fn unused_expired_and_mistaken_ones_are_reported() {
        let text = |comment: &str| format!("FROM scratch\n{comment}\nMAINTAINER me\n{END}");
        let own = |rest: &str| codes(&text(&format!("# plimsoll ignore={rest}")));
        assert_eq!(own("PL608,PL117 reason=\"x\""), ["PL801"]);
        assert_eq!(own("PL608 until=2026-01-01 reason=\"x\""), ["PL802", "PL608"]);
        assert_eq!(own("PL608"), ["PL803", "PL608"]);
        assert_eq!(own("PL608,maintainer reason=\"x\""), ["PL803"]);
        assert_eq!(own("reason=\"x\""), ["PL803", "PL608"]);
        let last = format!("FROM scratch\n{END}# plimsoll ignore=PL608 reason=\"x\"\n");
        assert_eq!(codes(&last), ["PL803"]);
        assert_eq!(codes(&text("# hadolint ignore=DL4000,SC2086,DL3000")), Vec::<String>::new());
    }

    #[test]
    fn a_contract_rule_is_not_called_unused_while_the_base_is_unknown() {
        let text = |base: &str| format!("FROM {base}\n# plimsoll ignore=PL103 reason=\"x\"\nRUN x\n{END}");
        assert_eq!(codes(&text("unknown/base")), Vec::<String>::new());
        assert_eq!(codes(&text("scratch")), ["PL801"]);
    }

    #[test]
    fn what_does_not_parse_is_never_kept_back() {
        let text = format!("# plimsoll global ignore=PL001 reason=\"x\"\nFROM x\nRUM y\n{END}");
        assert_eq!(codes(&text), ["PL001"]);
        let text = format!("FROM x\n# plimsoll ignore=PL017 reason=\"x\"\nRUN a \\\n\n  b\n{END}");
        assert_eq!(found(&text), (vec![], 1));
    }
}
