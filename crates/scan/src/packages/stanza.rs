//! The `Field: value` paragraphs of Debian's control files and Python's metadata (RFC 822 style).

/// One paragraph's fields, without their continuation lines.
#[derive(Debug, Default)]
pub(super) struct Stanza<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Stanza<'a> {
    /// The first field of this name, in whichever case it is written.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(|(_, value)| *value).filter(|value| !value.is_empty())
    }

    /// Read the lines of one paragraph.
    pub(super) fn parse(lines: impl Iterator<Item = &'a str>) -> Self {
        let fields = lines.filter(|line| !line.starts_with([' ', '\t', '#']));
        Stanza(
            fields
                .filter_map(|line| line.split_once(':'))
                .map(|(field, value)| (field.trim(), value.trim()))
                .collect(),
        )
    }
}

/// All paragraphs of a text; blank lines part them.
pub(super) fn stanzas(text: &str) -> Vec<Stanza<'_>> {
    let lines: Vec<&str> = text.lines().collect();
    let paragraphs = lines.split(|line| line.trim().is_empty()).filter(|lines| !lines.is_empty());
    paragraphs.map(|lines| Stanza::parse(lines.iter().copied())).collect()
}
