//! The report as one HTML page: no network, no script, nothing outside of the file. All that comes
//! from an image is hostile: the template escapes it, pictures escape their own, and in the end no
//! character that steers a browser, a terminal or a reader's eye is left.

mod evidence;
mod files;
mod flaws;
mod ladder;
mod launches;
mod limits;
mod manifest;
mod processes;
mod prove_page;
mod readiness;
mod rollout_page;
mod stops;
#[cfg(test)]
mod style;
mod times;

use askama::Template;

use super::conclusion::{self, Count, State, Surprise};
use super::picture::{self, Picture};
use super::redaction::Redaction;
use super::{Report, columns, seconds};
use crate::render::diagnostic;
use limits::Limits;

pub use prove_page::prove_page;

/// The largest page: small enough for a mail, an artefact of a CI job, a slow line.
const LARGEST: usize = 400_000;

/// The page.
pub fn render(report: &Report) -> String {
    small_enough(&Redaction::of(report), |limits| Page::new(report, limits))
}

/// A page without secrets, its limits tightened until it is small enough.
fn small_enough<P: Template>(redaction: &Redaction, make: impl Fn(Limits) -> P) -> String {
    let mut limits = Limits::most();
    loop {
        let page = redaction.text(clean(&rendered(&make(limits))), picture::escape);
        match limits.less() {
            Some(less) if page.len() > LARGEST => limits = less,
            _ => return page,
        }
    }
}

fn rendered(page: &impl Template) -> String {
    match page.render() {
        Ok(page) => page,
        // Nothing in the template can fail but the writing, and a String takes everything.
        Err(error) => {
            format!("<!doctype html><title>plimsoll</title><p>{}", error.to_string().replace('<', ""))
        }
    }
}

/// No character is left that is none of a text. Line ends and what HTML means as white space stay.
fn clean(page: &str) -> String {
    let shown = |c: char| if c != '\n' && columns::is_hostile(c) { '\u{fffd}' } else { c };
    page.chars().map(shown).collect()
}

/// All that the template shows, cut to size.
#[derive(Template)]
#[template(path = "report.html", whitespace = "minimize")]
struct Page {
    verb: &'static str,
    image: String,
    digest: String,
    facts: Vec<(&'static str, String)>,
    verdict: &'static str,
    state: State,
    conclusion: String,
    exit_code: u8,
    counts: [Count; 7],
    surprises: Shown<Surprise>,
    launches: Option<launches::Launches>,
    readiness: Option<readiness::Readiness>,
    timeline: Option<Picture>,
    stop: Option<processes::Stop>,
    times: Vec<times::TimeRow>,
    processes: Vec<processes::Process>,
    ladder: Vec<ladder::Rung>,
    written: Shown<files::Path>,
    bytes: Option<Picture>,
    layers: Shown<files::Layer>,
    savings: Vec<files::Saving>,
    packages: flaws::Packages,
    contract: Shown<manifest::Promise>,
    map: Option<Picture>,
    fields: Shown<manifest::FieldRow>,
    security: Option<manifest::Security>,
    manifest: Option<manifest::Yaml>,
    findings: Shown<Finding>,
    claims: Shown<evidence::ClaimRow>,
    evidence: evidence::Embedded,
    stages: Vec<StageRow>,
    wrote: Shown<(String, String)>,
    next: Vec<(String, String)>,
}

/// Rows of a list, and how many more there are.
struct Shown<T> {
    rows: Vec<T>,
    more: usize,
}

/// A finding of the Dockerfile.
struct Finding {
    code: String,
    name: String,
    severity: &'static str,
    certainty: &'static str,
    message: String,
    rendered: String,
}

/// A stage of the work.
struct StageRow {
    name: &'static str,
    text: String,
    took: String,
    /// Its share of the whole time, in hundredths.
    share: u32,
}

impl Page {
    fn new(report: &Report, limits: Limits) -> Page {
        let proof = report.proof.as_ref();
        let (state, verdict) = verdict(report);
        let size = &report.scan.size;
        let (map, fields) = manifest::map(report, limits);
        Page {
            verb: "plimsoll ship",
            image: limits.name(&report.image),
            digest: limits.name(&report.digest),
            facts: facts(report, limits),
            verdict,
            state,
            conclusion: conclusion::last_line(report),
            exit_code: conclusion::exit_code(report),
            counts: conclusion::counts(report),
            surprises: limits.shown(conclusion::surprises(report), |surprise| Surprise {
                kind: limits.name(&surprise.kind),
                text: limits.text(&surprise.text),
                ..surprise
            }),
            launches: proof.map(|proof| launches::launches(proof, limits)),
            readiness: proof.and_then(|proof| readiness::readiness(proof, limits)),
            timeline: proof.and_then(|proof| picture::timeline(&proof.evidence)),
            stop: proof.and_then(|proof| processes::stop(proof, report.manifest.as_ref(), limits)),
            times: times::times(proof),
            processes: proof.map_or(Vec::new(), |proof| processes::as_built(proof, limits)),
            ladder: proof.map_or(Vec::new(), |proof| ladder::rungs(proof, limits)),
            written: proof.map_or(Shown { rows: Vec::new(), more: 0 }, |proof| files::written(proof, limits)),
            bytes: (size.total > 0).then(|| picture::composition(size)),
            layers: files::layers(size, limits),
            savings: files::savings_of(size, limits),
            packages: flaws::packages(&report.scan, limits),
            contract: manifest::contract(proof.map(|proof| &proof.contract), limits),
            map,
            fields,
            security: report.manifest.as_ref().map(|manifest| manifest::security(manifest, limits)),
            manifest: report.manifest.as_ref().map(|manifest| manifest::yaml(manifest, limits)),
            findings: limits.shown(report.findings.iter(), |found| Finding {
                code: limits.name(&found.code),
                name: limits.name(&found.name),
                severity: found.severity.word(),
                certainty: found.certainty.word(),
                message: limits.text(&found.message),
                rendered: limits.block(&diagnostic::render(found, false)),
            }),
            claims: evidence::claims(proof, limits),
            evidence: evidence::embedded(proof, &Redaction::of(report), limits),
            stages: stages(report, limits),
            wrote: limits.shown(report.wrote.iter(), |(path, about)| {
                (limits.text(&path.to_string_lossy()), limits.text(about))
            }),
            next: conclusion::next(report)
                .into_iter()
                .map(|(command, about)| (limits.text(&command), about))
                .collect(),
        }
    }
}

/// The page's first sentence.
fn verdict(report: &Report) -> (State, &'static str) {
    match report.proof {
        None => (State::Open, "Not proven: this machine cannot run experiments"),
        Some(_) if report.broken_promises() > 0 => (State::Bad, "Breaks what it promises"),
        Some(_) if conclusion::exit_code(report) > 0 => {
            (State::Bad, "Keeps its promises, and must not go out like this")
        }
        Some(_) if conclusion::surprises(report).iter().all(|surprise| surprise.state == State::Open) => {
            (State::Good, "Does what it promises")
        }
        Some(_) => (State::Note, "Does what it promises, with remarks"),
    }
}

/// What was tested, where and when.
fn facts(report: &Report, limits: Limits) -> Vec<(&'static str, String)> {
    let dockerfile = format!("{}, {} lines", report.dockerfile.name(), report.dockerfile.line_count());
    let (steps, cached) = report.steps;
    let machine = report.proof.as_ref().map_or(String::new(), |proof| proof.evidence.machine.join(", "));
    let hash = plimsoll_model::Digest::of(report.dockerfile.text().as_bytes()).short();
    let mut facts = vec![
        ("Dockerfile", format!("{}, sha256 {hash}", limits.name(&dockerfile))),
        ("Platform", limits.name(&report.platform)),
        ("Build", format!("{} ({cached} cached)", conclusion::counted(steps, "step"))),
        ("Machine", limits.name(&machine)),
        ("Date", limits.name(&report.date)),
        ("Took", format!("{:.1} s", report.took.as_secs_f64())),
    ];
    facts.retain(|(_, fact)| !fact.is_empty());
    facts
}

fn stages(report: &Report, limits: Limits) -> Vec<StageRow> {
    let all: f64 = report.stages.iter().map(|stage| stage.took.as_secs_f64()).sum();
    let rows = report.stages.iter().map(|stage| StageRow {
        name: stage.name,
        text: limits.text(&stage.text),
        took: if stage.took.as_millis() < 10 { String::new() } else { seconds(stage.took) },
        share: if all > 0.0 { (stage.took.as_secs_f64() / all * 100.0).round() as u32 } else { 0 },
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::demo;
    use crate::report::snapshot::compare;

    /// The enemy's page, made once: it is long.
    fn hostile() -> &'static str {
        static PAGE: std::sync::OnceLock<String> = std::sync::OnceLock::new();
        PAGE.get_or_init(|| render(&demo::hostile()))
    }

    #[test]
    fn the_pages_read_as_they_should() {
        compare("healthy.html", &render(&demo::healthy()));
        compare("shell_form.html", &render(&demo::shell_form()));
    }

    #[test]
    fn an_image_cannot_bring_markup_or_steering_characters_into_the_page() {
        let page = hostile();
        assert!(!page.to_lowercase().contains("<script>"), "a script of the image");
        assert_eq!(page.matches("<script").count(), 1, "only the embedded evidence");
        assert_eq!(page.matches("</script>").count(), 1);
        assert!(!page.contains("<img"), "an element of the image");
        assert!(!page.contains(|c: char| c != '\n' && columns::is_hostile(c)));
        let tags = page.split('<').skip(1).filter(|tag| tag.starts_with(|c: char| c.is_ascii_alphabetic()));
        for tag in tags {
            let tag = tag.split('>').next().unwrap_or("");
            assert!(!tag.contains("onerror") && !tag.contains(" on"), "<{tag}>");
        }
    }

    #[test]
    fn the_page_is_small_whatever_the_image_says() {
        let pages = [
            (render(&demo::healthy()), 150_000),
            (render(&demo::shell_form()), 150_000),
            (hostile().to_string(), LARGEST),
        ];
        for (page, most) in pages {
            assert!(page.len() <= most, "{} bytes", page.len());
        }
    }

    #[test]
    fn nothing_is_fetched_and_nothing_runs() {
        for page in [render(&demo::shell_form()), hostile().to_string()] {
            for outside in [
                "src=",
                "url(http",
                "url(//",
                "@import",
                "<link",
                "<iframe",
                "<object",
                "<base",
                "<form",
                "javascript:",
                "http-equiv=\"refresh",
            ] {
                let tags = page.split('<').skip(1).filter_map(|tag| tag.split('>').next());
                let style =
                    page.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).unwrap_or("");
                let found = tags.chain([style]).any(|tag| format!("<{tag}").contains(outside));
                assert!(!found, "{outside}");
            }
            assert!(!page.contains("href=\"http"));
            assert!(page.contains("default-src 'none'"));
        }
    }

    #[test]
    fn links_lead_to_places_of_the_page_and_no_id_is_given_twice() {
        let page = render(&demo::shell_form());
        let values = |mark: &'static str| {
            page.split(mark).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_string)
        };
        let ids: Vec<String> = values(" id=\"").collect();
        let unique: std::collections::HashSet<&String> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "{ids:?}");
        for target in values("href=\"#") {
            assert!(unique.contains(&target), "#{target} leads nowhere");
        }
    }

    #[test]
    fn a_report_without_a_proof_has_a_page() {
        let report = Report { proof: None, manifest: None, ..demo::healthy() };
        let page = render(&report);
        assert!(page.contains("Not proven"));
        assert!(page.contains("href=\"#layers\""));
    }

    #[test]
    fn the_embedded_evidence_can_be_read_back() {
        let report = demo::shell_form();
        let page = render(&report);
        let begin = page.find("id=\"plimsoll-evidence\">").unwrap() + "id=\"plimsoll-evidence\">".len();
        let text = page[begin..].split("</script>").next().unwrap();
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        let read = plimsoll_contract::wire::from_json(&value["evidence"]).unwrap();
        assert_eq!(read, report.proof.unwrap().evidence);
    }
}
