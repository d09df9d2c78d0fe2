//! Diagnostics in rustc's form.

use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use plimsoll_model::{Certainty, Diagnostic, Fix, Severity, Source};

use super::fitting::{fit, fits};
use crate::terminal;

/// Render one diagnostic, ending in a newline.
pub fn render(diagnostic: &Diagnostic, colour: bool) -> String {
    let width = terminal::width();
    let help = diagnostic.fix.as_ref();
    let whole = plain(diagnostic, help);
    if fits(&whole, width) {
        return if colour { draw(diagnostic, help, true) } else { whole };
    }
    let fitted = fit(diagnostic, width);
    // An edit in long lines is told, not shown: `lint --diff` shows it.
    let help = help.map(|fix| match fits(&plain(&fitted, Some(fix)), width) {
        true => fix.clone(),
        false => Fix { edits: Vec::new(), ..fix.clone() },
    });
    draw(&fitted, help.as_ref(), colour)
}

fn plain(diagnostic: &Diagnostic, help: Option<&Fix>) -> String {
    draw(diagnostic, help, false)
}

fn draw(diagnostic: &Diagnostic, help: Option<&Fix>, colour: bool) -> String {
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
    let help = help.map(|fix| {
        let title = Group::with_title(Level::HELP.secondary_title(fix.title.as_str()));
        if fix.edits.is_empty() {
            return title;
        }
        let patches = fix
            .edits
            .iter()
            .map(|edit| Patch::new(edit.span.start..edit.span.end, edit.replacement.as_str()));
        let text = fix.source.text();
        title.element(Snippet::source(text).path(fix.source.name()).patches(patches))
    });
    let groups: Vec<Group<'_>> = std::iter::once(main).chain(help).collect();
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    format!("{}\n", renderer.term_width(terminal::width()).render(&groups))
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
    use plimsoll_model::{Edit, Span};

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
    /// Long lines, long labels, long edits, tabs, wide characters and places across lines.
    #[test]
    fn nothing_is_wider_than_the_terminal() {
        let long = |word: &str| word.repeat(60);
        let text = format!(
            "FROM x\nRUN {} middle {}\n\tENV {}\nRUN \t\t\t{}\nCMD x\n",
            long("abc "),
            long("def"),
            long("長"),
            long("\tq")
        );
        let source = Source::new("Dockerfile", text.clone());
        let spans = [
            Span::new(0, 4),
            Span::new(7, text.find("\n\tENV").unwrap()),
            Span::new(text.find("middle").unwrap(), text.find("middle").unwrap() + 6),
            Span::new(text.find("ENV").unwrap(), text.find("\nCMD").unwrap()),
            Span::new(text.rfind("\tq").unwrap(), text.rfind("\tq").unwrap() + 2),
            Span::new(text.len(), text.len()),
        ];
        for span in spans {
            let fix = Fix {
                title: "an edit".into(),
                source: source.clone(),
                edits: vec![Edit { span, replacement: long("new ") }],
                safe: true,
            };
            let diagnostic = Diagnostic::new("PL101", "n", Severity::Warning, long("a message "))
                .at(&source, span, "here")
                .context(&source, Span::new(7, 10), long("a label "))
                .note(long("note"))
                .fix(fix);
            let text = render(&diagnostic, false);
            let wide =
                text.lines().find(|line| unicode_width::UnicodeWidthStr::width(*line) > terminal::MAX_WIDTH);
            assert_eq!(wide, None, "{text}");
            assert!(text.contains("an edit") && text.contains("a label"), "{text}");
        }
    }
}
