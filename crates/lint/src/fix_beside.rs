//! The edits of other files than the Dockerfile: scripts of the build context, `.dockerignore`.

use plimsoll_model::{Diagnostic, Source};

use crate::fix::{Applied, Fixes, apply, candidates, compatible, edits};

/// A file beside the Dockerfile, with its edits applied.
#[derive(Debug, Clone)]
pub struct FixedFile {
    /// Its text before; the name is its path in the build context.
    pub read: Source,
    /// Its text now.
    pub source: Source,
    /// What was done, in order.
    pub applied: Vec<Applied>,
}

/// Apply what findings propose for one text, as far as the edits do not touch one another; `None` if that
/// changes nothing.
fn fixed(found: &[Diagnostic], source: &Source, fixes: Fixes) -> Option<FixedFile> {
    let candidates = candidates(found, source, fixes);
    let together = compatible(&candidates);
    let mut all: Vec<_> = together.iter().flat_map(|found| edits(found)).collect();
    all.sort_by_key(|edit| edit.span);
    let text = apply(source, &all).filter(|text| text != source.text())?;
    let applied = together.iter().map(|found| Applied::of(found, source)).collect();
    Some(FixedFile { read: source.clone(), source: Source::new(source.name(), text), applied })
}

/// Apply what findings propose for other files. `is_in_context` says whether a text is that of the file of its
/// name in the build context: what stands in an image or in a heredoc cannot be repaired there.
pub fn fix_beside(
    found: &[Diagnostic],
    dockerfile: &Source,
    fixes: Fixes,
    is_in_context: impl Fn(&Source) -> bool,
) -> Vec<FixedFile> {
    let mut sources: Vec<&Source> = Vec::new();
    for source in found.iter().filter_map(|found| Some(&found.fix.as_ref()?.source)) {
        if source != dockerfile && !sources.contains(&source) {
            sources.push(source);
        }
    }
    let sources = sources.into_iter().filter(|source| is_in_context(source));
    sources.filter_map(|source| fixed(found, source, fixes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::{Edit, Fix, Severity, Span};

    fn proposal(source: &Source, at: usize, text: &str, safe: bool) -> Diagnostic {
        let edits = vec![Edit { span: Span::new(at, at), replacement: text.to_string() }];
        let fix = Fix { title: "write it".to_string(), source: source.clone(), edits, safe };
        Diagnostic::new("PL1", "", Severity::Info, "").fix(fix)
    }

    #[test]
    fn each_file_gets_its_edits_and_the_dockerfile_none() {
        let [dockerfile, script, image] =
            ["Dockerfile", "run.sh", "/run.sh"].map(|name| Source::new(name, "one\r\ntwo\r\n"));
        let found = [
            proposal(&dockerfile, 0, "x", true),
            proposal(&script, 5, "a\n", true),
            proposal(&script, 0, "b", true),
            proposal(&script, 0, "touches", true),
            proposal(&script, 10, "unsafe", false),
            proposal(&image, 0, "x", true),
        ];
        let in_context = |source: &Source| !source.name().starts_with('/');
        let fixed = fix_beside(&found, &dockerfile, Fixes::Safe, in_context);
        let [only] = fixed.as_slice() else { panic!("{fixed:?}") };
        assert_eq!(only.source.text(), "bone\r\na\r\ntwo\r\n");
        assert_eq!((only.read.name(), only.applied.len()), ("run.sh", 2));
        let all = fix_beside(&found, &dockerfile, Fixes::All, in_context);
        assert_eq!(all[0].source.text(), "bone\r\na\r\ntwo\r\nunsafe");
    }
}
