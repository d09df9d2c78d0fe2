//! Where the characters of a text after joining stand in the source: the way back from a shell
//! command to the Dockerfile.

use plimsoll_model::{Source, Span};

use crate::lines::continued;
use crate::syntax::{Heredoc, Text};

/// Places in a source, by offsets into a text that was made from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Offset in the text, offset in the source; ascending. Each piece stands in one run of bytes.
    pieces: Vec<(usize, usize)>,
    length: usize,
}

impl Places {
    /// Of a text whose continued lines were joined; `None` if the source does not give that text.
    pub fn of_text(source: &Source, text: &Text, escape: char) -> Option<Places> {
        let mut joined = String::new();
        let mut places = Places { pieces: Vec::new(), length: text.text.len() };
        let written = source.text().get(text.span.start..text.span.end)?;
        let mut at = text.span.start;
        let mut is_first = true;
        for line in written.split_inclusive('\n') {
            let content = line.trim_end_matches('\n').trim_end_matches('\r');
            let trimmed = content.trim_start();
            let is_skipped = !is_first && (trimmed.is_empty() || trimmed.starts_with('#'));
            if !is_skipped {
                let kept = continued(content, escape).unwrap_or(content);
                places.pieces.push((joined.len(), at));
                joined.push_str(kept);
            }
            is_first = false;
            at += line.len();
        }
        (joined == text.text).then_some(places)
    }

    /// Of the body of a heredoc, whose leading tabs may be gone.
    pub fn of_heredoc(source: &Source, heredoc: &Heredoc) -> Option<Places> {
        let mut joined = String::new();
        let mut places = Places { pieces: Vec::new(), length: heredoc.body.len() };
        let mut at = heredoc.span.start;
        for line in source.text().get(heredoc.span.start..heredoc.span.end)?.split_inclusive('\n') {
            let kept = if heredoc.strip_tabs { line.trim_start_matches('\t') } else { line };
            places.pieces.push((joined.len(), at + line.len() - kept.len()));
            joined.push_str(kept);
            at += line.len();
        }
        (joined == heredoc.body).then_some(places)
    }

    /// The place of a part of the text.
    pub fn span(&self, part: Span) -> Span {
        let (start, end) = (part.start.min(self.length), part.end.min(self.length));
        let from = self.offset(start);
        // The end is behind the last byte, not before the next one: they may stand on two lines.
        let to = if end > start { self.offset(end - 1) + 1 } else { from };
        Span::new(from, to.max(from))
    }

    fn offset(&self, at: usize) -> usize {
        let index = self.pieces.partition_point(|&(text_at, _)| text_at <= at);
        match index.checked_sub(1).and_then(|index| self.pieces.get(index)) {
            Some((text_at, source_at)) => source_at + (at - text_at),
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{Command, Instruction};

    /// Every word of the text of the only RUN stands where the mapping says.
    #[track_caller]
    fn check(text: &str) {
        let parsed = crate::parse(Source::new("Dockerfile", text));
        let source = &parsed.dockerfile.source;
        let Instruction::Run { command, heredocs, .. } =
            &parsed.dockerfile.stages[0].statements[0].instruction
        else {
            panic!("no RUN");
        };
        let Command::Shell(joined) = command else { panic!("{command:?}") };
        let escape = if text.starts_with("# escape=`") { '`' } else { '\\' };
        let places = Places::of_text(source, joined, escape).expect("the text is the source's");
        check_words(source, &joined.text, &places);
        for heredoc in heredocs {
            check_words(source, &heredoc.body, &Places::of_heredoc(source, heredoc).unwrap());
        }
    }

    #[track_caller]
    fn check_words(source: &Source, text: &str, places: &Places) {
        assert!(!text.is_empty());
        let mut at = 0;
        for word in text.split_whitespace() {
            at += text[at..].find(word).unwrap();
            assert_eq!(source.slice(places.span(Span::new(at, at + word.len()))), word);
            at += word.len();
        }
    }

    #[test]
    fn every_word_has_its_place() {
        check("FROM a\nRUN apt-get update \\\n    && apt-get install -y \\\n  # why\n\n    curl é git\n");
        check("FROM a\nRUN --mount=type=cache,target=/x \\\n  \\\n  one \\ \n two\\\n three\nCMD x");
        check("FROM a\r\nRUN one \\\r\n  two \\\r\n  # three\r\n  four\r\n");
        check("# escape=`\nFROM a\nRUN one `\n  two `\n  three");
        check("FROM a\nRUN <<-EOF bash\n\t\tone two\n\t three\nfour\nEOF\n");
        check("FROM a\nRUN one \\");
    }

    #[test]
    fn a_place_across_lines_covers_both() {
        let parsed = crate::parse(Source::new("Dockerfile", "FROM a\nRUN one \\\n  two\n"));
        let Instruction::Run { command: Command::Shell(text), .. } =
            &parsed.dockerfile.stages[0].statements[0].instruction
        else {
            panic!("no RUN");
        };
        let places = Places::of_text(&parsed.dockerfile.source, text, '\\').unwrap();
        assert_eq!(text.text, "one   two");
        assert_eq!(parsed.dockerfile.source.slice(places.span(Span::new(0, 9))), "one \\\n  two");
        assert_eq!(parsed.dockerfile.source.slice(places.span(Span::new(0, 4))), "one ");
    }
}
