//! `lint --pin`: the digests of images behind their names.

use plimsoll_dockerfile::syntax::{Instruction, Text};
use plimsoll_model::{Digest, Reference, Source};

use crate::file::File;
use crate::fix::Applied;
use crate::pins::pl213_from_image_unpinned::image_copied_from;
use crate::settings::Settings;

/// An image without a digest.
struct Unpinned<'a> {
    image: Reference,
    written: &'a Text,
    /// The rule that speaks of it.
    code: &'static str,
}

/// Write the digest behind every name of FROM and of `COPY --from` that has none. What `digest_of` does not
/// know stays as it is, and so does a name with a variable: its value stands elsewhere.
pub fn pin(source: &Source, digest_of: &dyn Fn(&Reference) -> Option<Digest>) -> (Source, Vec<Applied>) {
    let parsed = plimsoll_dockerfile::parse(source.clone());
    let file = File {
        dockerfile: &parsed.dockerfile,
        prediction: None,
        context: None,
        settings: &Settings::default(),
    };
    let (mut text, mut applied) = (source.text().to_string(), Vec::new());
    // From the end, so that the places before stay.
    for Unpinned { image, written, code } in unpinned(&file).into_iter().rev() {
        // Quotes or a continued line would be in the way.
        if source.slice(written.span) != written.text {
            continue;
        }
        let Some(digest) = digest_of(&image) else { continue };
        text.insert_str(written.span.end, &format!("@{digest}"));
        let (code, title) = (code.to_string(), format!("pin {image} by its digest"));
        applied.insert(0, Applied { code, title, line: source.line(written.span.start) });
    }
    (Source::new(source.name(), text), applied)
}

/// In the order of the text.
fn unpinned<'a>(file: &File<'a>) -> Vec<Unpinned<'a>> {
    let mut found = Vec::new();
    for (index, stage) in file.dockerfile.stages.iter().enumerate() {
        let base =
            file.image(index).map(|image| Unpinned { image, written: &stage.from.image, code: "PL202" });
        let copied = stage.statements.iter().filter_map(|statement| {
            let Instruction::Copy { flags, .. } = &statement.instruction else { return None };
            let (flag, image) = image_copied_from(file, flags, index)?;
            Some(Unpinned { image, written: flag.value.as_ref()?, code: "PL213" })
        });
        found.extend(base.into_iter().chain(copied).filter(|found| found.image.digest.is_none()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_their_digest_and_nothing_else_changes() {
        let text = "ARG V=1\r\nFROM debian:12 AS base\r\nFROM scratch\r\nFROM base\r\nFROM app:$V\r\n\
                    FROM --platform=linux/arm64 gone:1\r\nCOPY --from=base /a /a\r\nCOPY --from=ghcr.io/x/uv:1 /b /b\r\n";
        let digest = Digest::of(b"x");
        let (pinned, applied) = pin(&Source::new("Dockerfile", text), &|image| {
            (image.familiar_repository() != "gone").then_some(digest)
        });
        let expected = text
            .replace("debian:12", &format!("debian:12@{digest}"))
            .replace("x/uv:1", &format!("x/uv:1@{digest}"));
        assert_eq!(pinned.text(), expected);
        let lines: Vec<(&str, usize)> = applied.iter().map(|one| (one.code.as_str(), one.line)).collect();
        assert_eq!(lines, [("PL202", 2), ("PL213", 8)]);
        assert_eq!(pin(&pinned, &|_| None).0.text(), expected);
    }
}
