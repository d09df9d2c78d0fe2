//! From the contract to the manifest: the promise, the map, the YAML with its comments.

use plimsoll_contract::contract::Contract;
use plimsoll_contract::judge::{Proof, command_text};
use plimsoll_kube::{FieldReason, Manifest};
use plimsoll_model::{Because, HealthcheckTest, Source};

use super::Shown;
use super::limits::Limits;
use crate::report::picture::{self, Field, Origin, Picture, Strength};
use crate::report::{Report, rung_name};

/// A value of the contract.
pub struct Promise {
    pub name: &'static str,
    pub value: String,
    pub from: String,
}

/// A value of the manifest.
pub struct FieldRow {
    pub object: String,
    pub path: String,
    pub value: String,
    pub strength: &'static str,
    pub why: String,
}

/// The Pod Security level, and what stands in the way of a stricter one.
pub struct Security {
    pub level: &'static str,
    pub violations: Shown<String>,
}

/// The manifest's lines.
pub struct Yaml {
    pub lines: Vec<Line>,
    pub more: usize,
}

/// A line: what Kubernetes reads, what people read.
pub struct Line {
    pub code: String,
    pub comment: String,
}

/// The promise, value by value, with where each comes from.
pub fn contract(contract: Option<&Contract>, limits: Limits) -> Shown<Promise> {
    let mut rows: Vec<(&'static str, String, &Because)> = Vec::new();
    if let Some(contract) = contract {
        let words =
            |words: &[String]| if words.is_empty() { "(none)".to_string() } else { command_text(words) };
        let user = if contract.user.value.is_empty() { "root" } else { &contract.user.value };
        rows.push(("entrypoint", words(&contract.entrypoint.value), &contract.entrypoint.because));
        rows.push(("cmd", words(&contract.cmd.value), &contract.cmd.because));
        rows.push(("user", user.to_string(), &contract.user.because));
        rows.push(("workdir", contract.workdir.value.clone(), &contract.workdir.because));
        rows.extend(contract.ports.iter().map(|port| ("port", port.value.to_string(), &port.because)));
        rows.extend(contract.volumes.iter().map(|volume| ("volume", volume.value.clone(), &volume.because)));
        rows.push(("stop", contract.stop_signal.value.to_string(), &contract.stop_signal.because));
        if let Some(health) = &contract.healthcheck {
            let test = match &health.value.test {
                HealthcheckTest::Inherit | HealthcheckTest::None => "none".to_string(),
                HealthcheckTest::Exec(argv) => command_text(argv),
                HealthcheckTest::Shell(line) => line.clone(),
            };
            rows.push(("health", test, &health.because));
        }
        rows.extend(contract.env.iter().map(|variable| {
            let (name, value) = &variable.value;
            ("env", format!("{name}={value}"), &variable.because)
        }));
    }
    limits.shown(rows, |(name, value, because)| Promise {
        name,
        value: limits.text(&value),
        from: limits.text(&because.phrase()),
    })
}

/// The picture of where values come from, and the same as rows.
pub fn map(report: &Report, limits: Limits) -> (Option<Picture>, Shown<FieldRow>) {
    let fields = report.manifest.iter().flat_map(|manifest| &manifest.fields);
    let mut origins: Vec<Origin> = Vec::new();
    let mut drawn: Vec<Field> = Vec::new();
    let rows = limits.shown(fields, |reason| {
        let own = origins_of(reason, report).into_iter().map(|origin| {
            match origins.iter().position(|known| *known == origin) {
                Some(index) => index,
                None => {
                    origins.push(origin);
                    origins.len() - 1
                }
            }
        });
        let field = field(reason, own.collect(), limits);
        let row = FieldRow {
            object: field.object.clone(),
            path: limits.text(&reason.path),
            value: field.value.clone(),
            strength: origin(&reason.because, report.proof.as_ref()).strength.word(),
            why: field.why.clone(),
        };
        drawn.push(field);
        row
    });
    ((!drawn.is_empty()).then(|| picture::map(&origins, &drawn)), rows)
}

fn field(reason: &FieldReason, origins: Vec<usize>, limits: Limits) -> Field {
    let path = match reason.path.as_str() {
        "" => "kind",
        path => ["spec.template.spec.", "spec.template.", "spec."]
            .iter()
            .find_map(|start| path.strip_prefix(start))
            .unwrap_or(path),
    };
    Field {
        object: limits.name(&reason.object),
        path: limits.text(&path.replace("containers[0].", "")),
        value: limits
            .text(reason.value.split('/').next().filter(|_| reason.path.is_empty()).unwrap_or(&reason.value)),
        why: limits.text(&reason.phrase()),
        origins,
    }
}

/// The sources of a value: the one its reason names, and the lines of the Dockerfile that its words name.
/// What follows from such a line comes from there.
fn origins_of(reason: &FieldReason, report: &Report) -> Vec<Origin> {
    let lines = lines_named(&reason.phrase(), &report.dockerfile);
    let own = origin(&reason.because, report.proof.as_ref());
    match reason.because {
        Because::Derived(_) | Because::Assumed(_) if !lines.is_empty() => lines,
        Because::Written { .. } => vec![own],
        _ => std::iter::once(own).chain(lines).collect(),
    }
}

fn lines_named(phrase: &str, dockerfile: &Source) -> Vec<Origin> {
    let mark = format!("{}:", dockerfile.name());
    let mut lines: Vec<usize> = Vec::new();
    for (at, found) in phrase.match_indices(&mark) {
        let number: String = phrase[at + found.len()..].chars().take_while(char::is_ascii_digit).collect();
        lines.extend(number.parse::<usize>().ok().filter(|line| !lines.contains(line)));
    }
    lines.into_iter().take(4).filter_map(|line| line_origin(dockerfile, line)).collect()
}

fn line_origin(source: &Source, line: usize) -> Option<Origin> {
    let text = source.slice(source.line_span(line)?).trim().to_string();
    let file = source.name().rsplit('/').next().unwrap_or("Dockerfile");
    Some(Origin { name: format!("{file}:{line}"), about: text, strength: Strength::Written })
}

/// The source of a value: one for each line of the Dockerfile and each experiment, one for each other
/// kind of reason.
fn origin(because: &Because, proof: Option<&Proof>) -> Origin {
    let made = |name: &str, about: &str, strength| Origin {
        name: name.to_string(),
        about: about.to_string(),
        strength,
    };
    match because {
        Because::Written { source, span } => line_origin(source, source.line(span.start))
            .unwrap_or_else(|| made(source.name(), "", Strength::Written)),
        Because::BaseImage { reference } => made("base image", &reference.to_string(), Strength::Written),
        Because::ImageConfig => made("image", "its configuration", Strength::Written),
        Because::Asked(_) => made("you", "flags of the command line", Strength::Written),
        Because::Observed { experiment, .. } => {
            made(experiment, &experiment_name(experiment, proof), Strength::Measured)
        }
        Because::RuntimeDefault(_) => {
            made("default", "what a runtime does when nothing is said", Strength::Rule)
        }
        Because::Derived(_) => made("follows", "from another value or a rule", Strength::Rule),
        Because::Assumed(_) => made("assumed", "neither written nor seen", Strength::Assumed),
    }
}

fn experiment_name(id: &str, proof: Option<&Proof>) -> String {
    let Some(evidence) = proof.map(|proof| &proof.evidence) else { return String::new() };
    let launch =
        evidence.launches.iter().find(|record| record.id == id).map(|record| record.predicted.mode.phrase());
    let rung = || evidence.rungs.iter().find(|record| record.id == id).map(|record| rung_name(&record.rung));
    let stop = || {
        evidence
            .stop
            .as_ref()
            .filter(|stop| stop.id == id)
            .map(|stop| format!("{}, then watched", stop.signal))
    };
    launch.or_else(rung).or_else(stop).unwrap_or_default()
}

/// The Pod Security judgement.
pub fn security(manifest: &Manifest, limits: Limits) -> Security {
    Security {
        level: manifest.pod_security.level.word(),
        violations: limits
            .few(&manifest.pod_security.violations, |violation| limits.text(&violation.to_string())),
    }
}

/// The YAML, comments apart from what Kubernetes reads.
pub fn yaml(manifest: &Manifest, limits: Limits) -> Yaml {
    let text = manifest.to_yaml();
    let shown = limits.shown(text.lines(), |line| {
        let (code, comment) = line.split_at(comment_start(line));
        Line { code: cut(code, limits), comment: cut(comment, limits) }
    });
    Yaml { lines: shown.rows, more: shown.more }
}

/// Leading blanks stay: they are the structure.
fn cut(text: &str, limits: Limits) -> String {
    limits.block(text)
}

/// Where a line's comment begins: a `#` at its beginning or after a blank, outside of quotes.
fn comment_start(line: &str) -> usize {
    let (mut quoted, mut escaped, mut before) = (None, false, ' ');
    for (at, c) in line.char_indices() {
        match (quoted, c) {
            (None, '#') if before == ' ' => return at,
            (None, '"' | '\'') if matches!(before, ' ' | '[' | '{' | ',') => quoted = Some(c),
            (Some('"'), '\\') if !escaped => {
                escaped = true;
                continue;
            }
            (Some(quote), c) if c == quote && !escaped => quoted = None,
            _ => {}
        }
        (escaped, before) = (false, c);
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::demo;

    #[test]
    fn comments_are_told_from_values() {
        for (line, start) in [
            ("replicas: 2  # why", 13),
            ("  # above", 2),
            ("a: \"b # c\"  # d", 12),
            ("a: \"b \\\" # c\"", 13),
            ("a: it's  # d", 9),
            ("image: x#y", 10),
        ] {
            assert_eq!(comment_start(line), start, "{line}");
        }
    }

    #[test]
    fn every_field_of_the_manifest_has_a_source() {
        let report = demo::healthy();
        let count = report.manifest.as_ref().unwrap().fields.len();
        let (picture, rows) = map(&report, Limits::most());
        assert_eq!((rows.rows.len(), rows.more), (count, 0));
        let svg = picture.unwrap().to_string();
        assert!(svg.matches("class=\"flow").count() >= count);
        for part in ["rung-non-root", "Dockerfile:13", "EXPOSE 8080", "Dockerfile:16"] {
            assert!(svg.contains(part), "{part} is missing in {svg}");
        }
    }
}
