//! Which stage a name, a number or a target means.

use plimsoll_model::{Diagnostic, Severity, Span};

use crate::problems::{did_you_mean, nearest};
use crate::syntax::{Dockerfile, Stage};

/// The index of the stage to build: the named or numbered one, or the last.
#[expect(clippy::result_large_err, reason = "asked once a build")]
pub fn resolve_target(dockerfile: &Dockerfile, target: Option<&str>) -> Result<usize, Diagnostic> {
    let count = dockerfile.stages.len();
    let source = &dockerfile.source;
    let Some(last) = count.checked_sub(1) else {
        let message = format!("{} has no stage to build", source.name());
        return Err(
            Diagnostic::new("PL012", "", Severity::Error, message).note("a stage starts with FROM image")
        );
    };
    let Some(target) = target.filter(|target| !target.is_empty()) else { return Ok(last) };
    find_stage(dockerfile, target, count).ok_or_else(|| no_such_stage(dockerfile, target))
}

fn no_such_stage(dockerfile: &Dockerfile, target: &str) -> Diagnostic {
    let names: Vec<&str> = dockerfile.stages.iter().filter_map(name).collect();
    let near = did_you_mean(&nearest(target, &names));
    let source = &dockerfile.source;
    let message = format!("{} has no stage '{target}'{near}", source.name());
    let note = match names.as_slice() {
        [] => format!(
            "no stage has a name; their numbers are 0 to {}",
            dockerfile.stages.len().saturating_sub(1)
        ),
        names => format!("its stages are {}", names.join(", ")),
    };
    let place = dockerfile.stages.last().map_or(Span::default(), |stage| stage.span);
    Diagnostic::new("PL012", "", Severity::Error, message).at(source, place, "the last stage").note(note)
}

/// The stage that FROM, `COPY --from=X` or `RUN --mount=from=X` in stage number `before` means, among
/// the stages before that one: a name in any case (the latest of that name), or a number from 0 on.
/// `None` means an image or a named context. FROM takes names only: ask for numbers elsewhere.
pub fn find_stage(dockerfile: &Dockerfile, name_or_index: &str, before: usize) -> Option<usize> {
    let before = before.min(dockerfile.stages.len());
    let named = |stage: &Stage| name(stage).is_some_and(|name| name.eq_ignore_ascii_case(name_or_index));
    if let Some(index) = dockerfile.stages[..before].iter().rposition(named) {
        return Some(index);
    }
    name_or_index.parse::<usize>().ok().filter(|index| *index < before)
}

fn name(stage: &Stage) -> Option<&str> {
    stage.from.name.as_ref().map(|name| name.text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::Source;

    fn dockerfile(text: &str) -> Dockerfile {
        crate::parse(Source::new("Dockerfile", text)).dockerfile
    }

    #[test]
    fn names_in_any_case_and_numbers_of_earlier_stages() {
        let file = dockerfile("FROM a AS Build\nFROM b AS test\nFROM c AS BUILD\nFROM d\n");
        assert_eq!(find_stage(&file, "build", 3), Some(2));
        assert_eq!(find_stage(&file, "build", 2), Some(0));
        assert_eq!(find_stage(&file, "Test", 1), None);
        assert_eq!(find_stage(&file, "1", 2), Some(1));
        assert_eq!(find_stage(&file, "2", 2), None);
        assert_eq!(find_stage(&file, "-1", 9), None);
    }

    #[test]
    fn targets() {
        let file = dockerfile("FROM a AS build\nFROM b\n");
        assert_eq!(resolve_target(&file, None), Ok(1));
        assert_eq!(resolve_target(&file, Some("")), Ok(1));
        assert_eq!(resolve_target(&file, Some("BUILD")), Ok(0));
        assert_eq!(resolve_target(&file, Some("1")), Ok(1));
        let wrong = resolve_target(&file, Some("biuld")).unwrap_err();
        assert_eq!(wrong.message, "Dockerfile has no stage 'biuld'; did you mean 'build'?");
        assert_eq!(resolve_target(&dockerfile(""), None).unwrap_err().code, "PL012");
    }
}
