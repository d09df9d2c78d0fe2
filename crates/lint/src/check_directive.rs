//! `# check=`: which of BuildKit's checks a Dockerfile asks for (BuildKit `linter/linter.go`).
//!
//! Among the directives at the top it counts for the whole file; directly above an instruction it
//! counts for what that instruction is found for. What follows the first blank is a remark.
//!
//! ```Dockerfile
//! # check=skip=JSONArgsRecommended,StageNameCasing;error=true
//! ```

use plimsoll_dockerfile::syntax::{Dockerfile, Statement};
use plimsoll_model::{Diagnostic, Severity, Source, Span};

/// What one `# check=` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckOptions {
    /// `skip=`: checks that shall be silent.
    pub skip: Names,
    /// `experimental=`: checks that only run when asked for.
    pub experimental: Names,
    /// `error=true`: a build with findings fails.
    pub error: bool,
}

/// A list of checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Names {
    /// `all`.
    All,
    /// These, in BuildKit's spelling.
    These(Vec<String>),
}

impl Default for Names {
    fn default() -> Self {
        Names::These(Vec::new())
    }
}

impl Names {
    fn parse(text: &str) -> Names {
        match text {
            "all" => Names::All,
            list => Names::These(list.split(',').map(|name| name.trim().to_string()).collect()),
        }
    }

    /// Whether a check is meant. BuildKit compares names letter by letter.
    pub fn contain(&self, name: &str) -> bool {
        match self {
            Names::All => true,
            Names::These(names) => names.iter().any(|known| known == name),
        }
    }
}

impl CheckOptions {
    /// Read `skip=A,B;experimental=C;error=true`; `Err` says what BuildKit refuses.
    pub fn parse(text: &str) -> Result<CheckOptions, String> {
        let mut options = CheckOptions::default();
        if text.trim().is_empty() {
            return Ok(options);
        }
        for part in text.splitn(3, ';') {
            let Some((key, value)) = part.split_once('=') else {
                return Err(format!(
                    "'{part}' is no check option: skip=, experimental= or error= was expected"
                ));
            };
            let value = value.trim();
            match key.trim() {
                "skip" => options.skip = Names::parse(value),
                "experimental" => options.experimental = Names::parse(value),
                "error" => {
                    options.error = truth(value).ok_or(format!("error is true or false, not '{value}'"))?
                }
                other => {
                    return Err(format!("'{other}' is no check option: skip, experimental and error are"));
                }
            }
        }
        Ok(options)
    }
}

/// Go's `strconv.ParseBool`.
fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// A `# check=` with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckComment {
    /// The line it stands in.
    pub span: Span,
    /// The instruction it counts for; `None` for the whole file.
    pub instruction: Option<Span>,
    /// What it says.
    pub options: CheckOptions,
}

/// Every `# check=` of a Dockerfile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckComments {
    /// In the order of the text, the directive first.
    pub comments: Vec<CheckComment>,
}

/// Checks about the file as a whole: BuildKit looks at no comment above an instruction for them.
pub(crate) const OF_THE_FILE: [&str; 6] = [
    "NoEmptyContinuation",
    "ConsistentInstructionCasing",
    "DuplicateStageName",
    "ReservedStageName",
    "InvalidDefaultArgInFrom",
    "InvalidBaseImagePlatform",
];

/// BuildKit's checks that only run when `experimental=` asks for them; `skip=` does not count for them.
const EXPERIMENTAL: [&str; 1] = ["InvalidDefinitionDescription"];

impl CheckComments {
    /// Find them. `Err` is a directive that BuildKit refuses to build with; a comment above an
    /// instruction that cannot be read is none.
    #[expect(clippy::result_large_err, reason = "asked once a file")]
    pub fn of(dockerfile: &Dockerfile) -> Result<CheckComments, Diagnostic> {
        let mut comments = Vec::new();
        if let Some(directive) = dockerfile.directives.iter().find(|directive| directive.name == "check") {
            let options = CheckOptions::parse(before_remark(&directive.value)).map_err(|why| {
                Diagnostic::new("PL011", "", Severity::Error, why).at(&dockerfile.source, directive.span, "")
            })?;
            comments.push(CheckComment { span: directive.span, instruction: None, options });
        }
        let stages = dockerfile.stages.iter();
        let in_stages = stages.flat_map(|stage| {
            std::iter::once(stage.span).chain(stage.statements.iter().map(|statement| statement.span))
        });
        let statements = dockerfile.global_args.iter().map(|Statement { span, .. }| *span).chain(in_stages);
        comments.extend(statements.filter_map(|statement| above(dockerfile, statement)));
        Ok(CheckComments { comments })
    }

    /// Whether BuildKit reports this finding of one of its checks.
    pub fn allow(&self, found: &Diagnostic) -> bool {
        let mut options = self.comments.iter().filter(|comment| match comment.instruction {
            None => true,
            Some(span) => {
                let place = deciding_place(found);
                !OF_THE_FILE.contains(&found.name.as_str())
                    && place.is_some_and(|place| span.start <= place.start && place.end <= span.end)
            }
        });
        match EXPERIMENTAL.contains(&found.name.as_str()) {
            true => options.any(|comment| comment.options.experimental.contain(&found.name)),
            false => !options.any(|comment| comment.options.skip.contain(&found.name)),
        }
    }

    /// Whether a finding shall make the build fail (`error=true` of the directive).
    pub fn findings_are_errors(&self) -> bool {
        self.comments.iter().any(|comment| comment.instruction.is_none() && comment.options.error)
    }
}

/// The instruction whose comments decide: of two instructions the later one, although the finding is
/// about the earlier (`validations.go` validateUsedOnce).
fn deciding_place(found: &Diagnostic) -> Option<Span> {
    let later = found.labels.iter().find(|label| !label.primary);
    match found.name.as_str() {
        "MultipleInstructionsDisallowed" => later.map(|label| label.span),
        _ => found.place().map(|label| label.span),
    }
}

/// The first `# check=` of the comment directly above an instruction.
fn above(dockerfile: &Dockerfile, instruction: Span) -> Option<CheckComment> {
    let lines = comment_above(dockerfile, instruction);
    let (span, value) = lines.into_iter().find_map(|span| {
        let (name, value) = dockerfile.source.slice(span).trim_start().strip_prefix('#')?.split_once('=')?;
        name.trim().eq_ignore_ascii_case("check").then_some((span, value.trim()))
    })?;
    let options = CheckOptions::parse(before_remark(value)).ok()?;
    Some(CheckComment { span, instruction: Some(instruction), options })
}

/// The lines of the comment directly above an instruction. An empty line or an empty comment ends it.
pub(crate) fn comment_above(dockerfile: &Dockerfile, instruction: Span) -> Vec<Span> {
    let source: &Source = &dockerfile.source;
    let mut lines = Vec::new();
    let mut line = source.line(instruction.start);
    while let Some(span) = line.checked_sub(1).and_then(|above| source.line_span(above)) {
        line -= 1;
        let is_comment =
            dockerfile.comments.binary_search_by_key(&span.start, |comment| comment.start).is_ok();
        if !is_comment || source.slice(span).trim().trim_start_matches('#').trim().is_empty() {
            break;
        }
        lines.push(span);
    }
    lines.reverse();
    lines
}

fn before_remark(value: &str) -> &str {
    value.split(' ').next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Names {
        Names::These(list.iter().map(|name| name.to_string()).collect())
    }

    #[test]
    fn options() {
        let of = |text: &str| CheckOptions::parse(text);
        assert_eq!(of("").unwrap(), CheckOptions::default());
        assert_eq!(of("skip=A, B").unwrap().skip, names(&["A", "B"]));
        let all = of(" skip = all ;experimental=C;error= TRUE").unwrap();
        assert_eq!((all.skip, all.experimental, all.error), (Names::All, names(&["C"]), true));
        assert_eq!(of("error=maybe").unwrap_err(), "error is true or false, not 'maybe'");
        assert!(of("all").unwrap_err().starts_with("'all' is no check option"));
        assert!(of("skp=A").unwrap_err().starts_with("'skp' is no check option"));
        // The third part is the last: what it holds is one value.
        assert!(
            of("skip=A;error=true;experimental=B;error=false").unwrap().experimental.contain("B;error=false")
        );
    }

    fn comments(text: &str) -> CheckComments {
        CheckComments::of(&plimsoll_dockerfile::parse(Source::new("Dockerfile", text)).dockerfile).unwrap()
    }

    fn allowed(text: &str, name: &str, line: usize) -> bool {
        let source = Source::new("Dockerfile", text);
        let span = source.line_span(line).unwrap();
        let found = Diagnostic::new("PL6", name, Severity::Info, "").at(&source, span, "");
        comments(text).allow(&found)
    }

    #[test]
    fn the_directive_counts_for_the_file() {
        let text = "# syntax=docker/dockerfile:1\n# check=skip=A,B;error=true because of C\nFROM x\nCMD y\n";
        assert!(
            !allowed(text, "A", 4)
                && !allowed(text, "B", 3)
                && allowed(text, "C", 4)
                && allowed(text, "a", 4)
        );
        assert!(comments(text).findings_are_errors());
        assert!(!allowed("# check=skip=all\nFROM x\n", "A", 2));
        assert!(allowed("# about\n# check=skip=A\n\nFROM x\n", "A", 4));
        let bad = plimsoll_dockerfile::parse(Source::new("f", "# check=nothing\nFROM x\n"));
        assert_eq!(CheckComments::of(&bad.dockerfile).unwrap_err().code, "PL011");
    }

    #[test]
    fn a_comment_counts_for_the_instruction_below() {
        let text =
            "FROM x\n# why\n# Check = skip=A // said below\nRUN a \\\n  b\nRUN c\n# check=skip=A\n\nRUN d\n";
        assert!(!allowed(text, "A", 4) && !allowed(text, "A", 5));
        assert!(allowed(text, "A", 6) && allowed(text, "A", 9));
        let text = "FROM x\n# check=skip=all;error=true\nrun y\n";
        assert!(allowed(text, "ConsistentInstructionCasing", 3) && !allowed(text, "UndefinedVar", 3));
        assert!(!comments(text).findings_are_errors());
    }

    #[test]
    fn experimental_checks_are_asked_for() {
        let name = "InvalidDefinitionDescription";
        assert!(!allowed("FROM x\n", name, 1));
        assert!(allowed(&format!("# check=skip=all;experimental={name}\nFROM x\n"), name, 2));
        assert!(allowed("# check=experimental=all\nFROM x\n", name, 2));
    }

    #[test]
    fn of_two_instructions_the_later_one_decides() {
        let text = "FROM x\nCMD a\n# check=skip=all\nCMD b\n";
        let source = Source::new("Dockerfile", text);
        let (first, second) = (source.line_span(2).unwrap(), source.line_span(4).unwrap());
        let found = Diagnostic::new("PL612", "MultipleInstructionsDisallowed", Severity::Warning, "");
        assert!(!comments(text).allow(&found.at(&source, first, "").context(&source, second, "")));
    }
}
