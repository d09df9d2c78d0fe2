//! Diagnostics in rustc's form.

use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use plimsoll_model::{Certainty, Diagnostic, Severity, Source};

/// Render one diagnostic, ending in a newline.
pub fn render(diagnostic: &Diagnostic, colour: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let mut main = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.as_str())
        .elements(sources(diagnostic).into_iter().map(|source| snippet(diagnostic, source)));
    for note in &diagnostic.notes {
        main = main.element(Level::NOTE.no_name().message(note.as_str()));
    }
    if diagnostic.certainty == Certainty::Likely {
        main = main.element(Level::NOTE.no_name().message("likely, not certain: prove decides it"));
    }
    let help = diagnostic.fix.as_ref().map(|fix| {
        let patches = fix
            .edits
            .iter()
            .map(|edit| Patch::new(edit.span.start..edit.span.end, edit.replacement.as_str()));
        let text = fix.source.text();
        Group::with_title(Level::HELP.secondary_title(fix.title.as_str()))
            .element(Snippet::source(text).path(fix.source.name()).patches(patches))
    });
    let groups: Vec<Group<'_>> = std::iter::once(main).chain(help).collect();
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    format!("{}\n", renderer.term_width(super::super::terminal::width()).render(&groups))
}

fn sources(diagnostic: &Diagnostic) -> Vec<&Source> {
    let mut sources: Vec<&Source> = Vec::new();
    for label in &diagnostic.labels {
        if !sources.contains(&&label.source) {
            sources.push(&label.source);
        }
    }
    sources
}

fn snippet<'a>(
    diagnostic: &'a Diagnostic,
    source: &'a Source,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let labels = diagnostic.labels.iter().filter(|label| label.source == *source);
    let annotations = labels.map(|label| {
        let kind = if label.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(label.span.start..label.span.end);
        if label.text.is_empty() { annotation } else { annotation.label(label.text.as_str()) }
    });
    Snippet::source(source.text()).path(source.name()).fold(true).annotations(annotations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::{Edit, Fix, Span};

    #[test]
    fn code_place_notes_and_fix_are_shown() {
        let source = Source::new("app/Dockerfile", "FROM x\nENTRYPOINT ./server\nCMD [\"a\"]\n");
        let fix = Fix {
            title: "exec form keeps the arguments".into(),
            source: source.clone(),
            edits: vec![Edit { span: Span::new(18, 26), replacement: "[\"./server\"]".into() }],
            safe: false,
        };
        let diagnostic =
            Diagnostic::new("PL101", "args-ignored", Severity::Error, "arguments never reach ./server")
                .at(&source, Span::new(27, 36), "lands in sh's $0")
                .context(&source, Span::new(7, 17), "shell form")
                .note("also lost: docker run arguments")
                .fix(fix);
        let text = render(&diagnostic, false);
        for part in [
            "error[PL101]: arguments never reach ./server",
            "app/Dockerfile:3:1",
            "^^^^^^^^^ lands in sh's $0",
            "---------- shell form",
            "also lost: docker run arguments",
            "exec form keeps the arguments",
            "+ ENTRYPOINT [\"./server\"]",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }
}
