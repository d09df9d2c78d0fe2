//! What the values of labels have to be, as hadolint judges it (hadolint: Rule/DL3052.hs to DL3058.hs).

use plimsoll_dockerfile::syntax::{Instruction, Pair};
use plimsoll_model::Diagnostic;

use super::words::unquoted;
use crate::file::File;
use crate::settings::LabelKind;

/// A finding at each label whose value is not of the kind it shall be of.
pub(super) fn wrong(file: &File<'_>, kind: LabelKind, found: impl Fn(&str) -> Diagnostic) -> Vec<Diagnostic> {
    let is_wrong = |pair: &Pair| {
        file.settings.kind_of(unquoted(&pair.name.text)) == Some(kind) && !is_of(kind, value(pair))
    };
    of_labels(file, is_wrong, found)
}

/// A finding at each LABEL with such a label, about the first of them; triggers are not looked at.
pub(super) fn of_labels(
    file: &File<'_>,
    is_meant: impl Fn(&Pair) -> bool,
    found: impl Fn(&str) -> Diagnostic,
) -> Vec<Diagnostic> {
    let labels = file.statements().filter_map(|statement| match &statement.instruction {
        Instruction::Label(pairs) => Some((statement, pairs.iter().find(|pair| is_meant(pair))?)),
        _ => None,
    });
    let source = &file.dockerfile.source;
    labels.map(|(statement, pair)| found(unquoted(&pair.name.text)).at(source, statement.span, "")).collect()
}

/// The value of a label without its quotes.
pub(super) fn value(pair: &Pair) -> &str {
    pair.value.as_ref().map_or("", |value| unquoted(&value.text))
}

/// Whether a value is of a kind.
fn is_of(kind: LabelKind, value: &str) -> bool {
    match kind {
        LabelKind::Text => true,
        LabelKind::Url => is_url(value),
        LabelKind::Semver => is_semver(value),
        LabelKind::Hash => matches!(value.len(), 7 | 40) && value.bytes().all(is_hex),
        LabelKind::Rfc3339 => is_rfc3339(value),
        LabelKind::Spdx => super::spdx::LICENSES.binary_search(&value).is_ok(),
        LabelKind::Email => is_email(value),
    }
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

/// A scheme and something behind it, without what no address may hold (RFC 3986, 3).
fn is_url(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once(':') else { return false };
    let begins = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    let plain = scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let allowed = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c);
    begins && plain && rest.chars().all(allowed)
}

/// semver.org, 2.0.0: three numbers without zeros before them, parts behind `-` and `+`.
fn is_semver(value: &str) -> bool {
    let (version, build) =
        value.split_once('+').map_or((value, None), |(before, build)| (before, Some(build)));
    let (core, pre) = version.split_once('-').map_or((version, None), |(core, pre)| (core, Some(pre)));
    let is_number = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        digits && (part == "0" || !part.starts_with('0'))
    };
    let is_word =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let is_pre = |part: &str| is_word(part) && (is_number(part) || part.bytes().any(|b| !b.is_ascii_digit()));
    core.split('.').count() == 3
        && core.split('.').all(is_number)
        && pre.is_none_or(|pre| pre.split('.').all(is_pre))
        && build.is_none_or(|build| build.split('.').all(is_word))
}

/// `2026-11-29T12:00:00.5+01:00`; hadolint's parser takes a blank or a small `t` no more than this one.
fn is_rfc3339(value: &str) -> bool {
    let Some((date, time)) = value.split_once('T') else { return false };
    let numbers = |text: &str, separator: char, widths: &[usize]| -> Option<Vec<u32>> {
        let parts: Vec<&str> = text.split(separator).collect();
        let fits = parts.len() == widths.len()
            && parts.iter().zip(widths).all(|(part, width)| part.len() == *width && is_digits(part));
        fits.then(|| parts.iter().filter_map(|part| part.parse().ok()).collect())
    };
    let at = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(at);
    let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(clock, rest)| (clock, Some(rest)));
    let date =
        numbers(date, '-', &[4, 2, 2]).is_some_and(|n| (1..=12).contains(&n[1]) && (1..=31).contains(&n[2]));
    let clock = numbers(clock, ':', &[2, 2, 2]).is_some_and(|n| n[0] < 24 && n[1] < 60 && n[2] <= 60);
    let zone = zone == "Z" || zone.get(1..).is_some_and(|zone| numbers(zone, ':', &[2, 2]).is_some());
    date && clock && zone && fraction.is_none_or(is_digits)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `local@domain` of RFC 5322 without comments and quotes.
fn is_email(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else { return false };
    let atom = |part: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
        !part.is_empty() && part.chars().all(allowed)
    };
    let host = |part: &str| {
        let plain = part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        !part.is_empty() && plain && !part.starts_with('-') && !part.ends_with('-')
    };
    local.split('.').all(atom) && domain.split('.').all(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        for (kind, right, wrong) in [
            (
                LabelKind::Url,
                &["https://x.y/z?a=b", "ftp://x", "mailto:a@b"][..],
                &["foo", "x y:z", ":x"][..],
            ),
            (
                LabelKind::Semver,
                &["1.2.3", "0.0.1-rc.1+build.5", "1.0.0-x-y"],
                &["1", "v1.2.3", "1.2", "01.2.3", "1.2.3-", "1.2.3-01"],
            ),
            (
                LabelKind::Hash,
                &["abcdef1", "0123456789012345678901234567890123456789"],
                &["xyz", "abcdef", "ABCDEF1"],
            ),
            (
                LabelKind::Rfc3339,
                &["2020-01-01T00:00:00Z", "2020-12-31T23:59:60.25+01:00"],
                &[
                    "2020-01-01",
                    "2020-13-01T00:00:00Z",
                    "2020-01-01T00:00Z",
                    "2020-01-01T00:00:00",
                    "yesterday",
                ],
            ),
            (LabelKind::Spdx, &["MIT", "Apache-2.0"], &["foo", "MIT OR Apache-2.0", "mit"]),
            (LabelKind::Email, &["a@b.c", "a.b+c@d-e.f"], &["me", "A <a@b.c>", "@b.c", "a@", "a b@c.d"]),
            (LabelKind::Text, &["", "x"], &[]),
        ] {
            right.iter().for_each(|value| assert!(is_of(kind, value), "{kind:?} {value}"));
            wrong.iter().for_each(|value| assert!(!is_of(kind, value), "{kind:?} {value}"));
        }
    }
}
