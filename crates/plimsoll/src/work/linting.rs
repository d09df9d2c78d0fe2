//! Dockerfiles examined one after the other; a bad one never hides another.

use std::io;
use std::path::{Path, PathBuf};

use plimsoll_contract::Question;
use plimsoll_image::Store;
use plimsoll_lint::{
    Applied, Baseline, ContextFiles, Day, Examination, Examined, Fixed, FixedFile, Fixes, Identity, fix,
    fix_beside, is_applicable, pin,
};
use plimsoll_model::{Diagnostic, Platform, Reference, Severity, Source, Span};

use super::dockerfiles::dockerfiles_at;
use super::explaining::base_image;
use super::lint_settings::{RuleSet, RuleWishes};
use super::listed_digests::ListedDigests;
use super::project::{Project, text_of};
use super::{atomic_file, context_edit};
use crate::command_error::{CommandError, ErrorKind};
use crate::verbs::explain::FailOn;

/// What messages call a Dockerfile from standard input.
const STDIN: &str = "stdin";

/// What messages call a text that is no file yet.
const UNSAVED: &str = "Dockerfile";

/// Code of a file that cannot be read at all.
const UNREADABLE: &str = "PL000";

/// How files are examined.
#[derive(Clone)]
pub struct Linting<'a> {
    /// Base images.
    pub store: Option<&'a Store>,
    /// What flags say of the rules; settings files say more.
    pub rules: RuleWishes,
    /// Decides which ignore comments still count.
    pub today: Day,
    /// The build context of all files, if it is not each one's directory.
    pub context: Option<PathBuf>,
    /// What is done with the edits of findings.
    pub repair: Repair,
    /// Digests to write behind the names of images.
    pub digests: Option<&'a ListedDigests>,
}

/// What is done with the edits of findings.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// Nothing.
    No,
    /// They are applied, and what is left is reported.
    Apply(Fixes),
    /// They are tried, and what is there without them is reported.
    Try(Fixes),
}

/// One examined file.
pub struct LintedFile {
    /// Where it lies.
    pub place: Place,
    /// Its text as read; empty if it could not be read.
    pub read: Source,
    /// Its text with edits, if there were to be some.
    pub repaired: Option<Source>,
    /// The one of the two that findings point into.
    pub source: Source,
    /// What is wrong, worst first.
    pub findings: Vec<Diagnostic>,
    /// Edits that were applied.
    pub applied: Vec<Applied>,
    /// Files of the build context with edits, if there were to be some.
    pub beside: Vec<FixedFile>,
    /// The build context.
    directory: PathBuf,
    /// Those of its files that findings propose edits for.
    repairable: Vec<Source>,
    /// Findings that comments keep back.
    pub ignored: usize,
    /// Findings that the baseline knows.
    pub known: usize,
    /// The least weight that fails, if its settings file says so.
    fail_on: Option<FailOn>,
    /// Why it is no Dockerfile that can be built.
    refused: Option<ErrorKind>,
}

/// Where a Dockerfile lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On disk.
    File(PathBuf),
    /// It came from standard input.
    Stdin,
    /// It could not be read.
    Nowhere,
}

/// All examined files.
pub struct LintReport {
    /// In the order they were named and found.
    pub files: Vec<LintedFile>,
    /// What the baseline knows and nobody finds any more.
    pub gone: Vec<(Identity, usize)>,
}

impl Linting<'_> {
    /// Examine what paths mean: files, directories, `-` for standard input.
    pub fn examine(&self, paths: &[PathBuf]) -> LintReport {
        let mut files: Vec<LintedFile> = Vec::new();
        let mut edited = EditedFiles::default();
        for path in paths {
            if path == Path::new("-") {
                files.push(self.stdin());
                continue;
            }
            match dockerfiles_at(path) {
                Ok(found) => {
                    let new =
                        |path: &PathBuf| !files.iter().any(|file| file.place == Place::File(path.clone()));
                    let found: Vec<PathBuf> = found.into_iter().filter(new).collect();
                    files.extend(found.into_iter().map(|path| self.file(path, &mut edited)));
                }
                Err(error) => files.push(LintedFile::unreadable(&path.display().to_string(), &error)),
            }
        }
        LintReport { files, gone: Vec::new() }
    }

    fn file(&self, path: PathBuf, edited: &mut EditedFiles) -> LintedFile {
        let project = match &self.context {
            Some(context) => Project::open(context, Some(&path)),
            None => Project::open(&path, None),
        };
        let both = project.and_then(|project| Ok((project, self.rules.for_directory(directory_of(&path))?)));
        match both {
            Ok((project, rules)) => {
                let file = self.project(Place::File(path), project, true, &rules, edited);
                edited.record(&file);
                file
            }
            Err(error) => LintedFile::unreadable(&path.display().to_string(), &error),
        }
    }

    fn stdin(&self) -> LintedFile {
        let read = text_of(io::stdin().lock(), STDIN).and_then(|text| {
            // Without a directory nothing is known of the context: it is not the current one.
            let directory = self.context.as_deref().unwrap_or(Path::new("."));
            Project::with_text(directory, STDIN, text)
        });
        let both = read.and_then(|project| Ok((project, self.rules.for_directory(Some(Path::new(".")))?)));
        match both {
            Ok((project, rules)) => {
                self.project(Place::Stdin, project, self.context.is_some(), &rules, &EditedFiles::default())
            }
            Err(error) => LintedFile::unreadable(STDIN, &error),
        }
    }

    /// Examine a text that an editor has of a file, or of none yet.
    pub fn unsaved(&self, path: Option<&Path>, text: &str) -> LintedFile {
        let rules = self.rules.for_directory(path.and_then(directory_of));
        let both = self.unsaved_project(path, text).and_then(|found| Ok((found, rules?)));
        match both {
            Ok(((project, has_context), rules)) => {
                let place = path.map_or(Place::Nowhere, |path| Place::File(path.to_path_buf()));
                self.project(place, project, has_context, &rules, &EditedFiles::default())
            }
            Err(error) => LintedFile::unreadable(UNSAVED, &error),
        }
    }

    /// Such a text as a project, and whether its context is known: beside a file it lies in a directory.
    pub fn unsaved_project(&self, path: Option<&Path>, text: &str) -> Result<(Project, bool), CommandError> {
        let text = text_of(text.as_bytes(), UNSAVED)?;
        let beside = path.and_then(|path| Some((path.parent().filter(|parent| parent.is_dir())?, path)));
        match (&self.context, beside) {
            (Some(context), Some((_, path))) => Ok((Project::unsaved(context, path, text)?, true)),
            (Some(context), None) => Ok((Project::with_text(context, UNSAVED, text)?, true)),
            (None, Some((directory, path))) => Ok((Project::unsaved(directory, path, text)?, true)),
            (None, None) => Ok((Project::with_text(Path::new("."), UNSAVED, text)?, false)),
        }
    }

    fn project(
        &self,
        place: Place,
        mut project: Project,
        has_context: bool,
        rules: &RuleSet,
        edited: &EditedFiles,
    ) -> LintedFile {
        let known = Known { has_context, rules };
        let read = project.dockerfile.clone();
        let pinned = self.digests.map(|digests| pin(&read, &|image| digests.of(image)));
        let (text, pins) = pinned.clone().unwrap_or_else(|| (read.clone(), Vec::new()));
        let mut beside = Vec::new();
        let others = |left: &Examined, project: &Project| repairable(left, project, has_context);
        let (repaired, applied, left, repairable) = match self.repair {
            Repair::No => {
                let left = self.with(&project, known, |examination| examination.examine(&text));
                let others = others(&left, &project);
                (pinned.map(|(text, _)| text), pins, left, others)
            }
            Repair::Apply(fixes) => {
                edited.show(&mut project);
                let fixed = self.fixed(text, &mut project, known, fixes, &mut beside);
                let others = others(&fixed.left, &project);
                (Some(fixed.source), [pins, fixed.applied].concat(), fixed.left, others)
            }
            Repair::Try(fixes) => {
                let left = self.with(&project, known, |examination| examination.examine(&read));
                let others = others(&left, &project);
                edited.show(&mut project);
                let fixed = self.fixed(text, &mut project, known, fixes, &mut beside);
                (Some(fixed.source), Vec::new(), left, others)
            }
        };
        let applied_to = repaired.clone().filter(|_| !matches!(self.repair, Repair::Try(_)));
        LintedFile {
            place,
            source: applied_to.unwrap_or_else(|| read.clone()),
            read,
            repaired,
            repairable,
            findings: left.findings,
            applied,
            beside,
            directory: project.directory.clone(),
            ignored: left.ignored,
            known: 0,
            fail_on: rules.fail_on,
            refused: (!left.parses).then_some(ErrorKind::Parse),
        }
    }

    /// Apply edits to the Dockerfile and to files beside it until none is left.
    fn fixed(
        &self,
        text: Source,
        project: &mut Project,
        known: Known<'_>,
        fixes: Fixes,
        beside: &mut Vec<FixedFile>,
    ) -> Fixed {
        let mut fixed = self.with(project, known, |examination| fix(&text, examination, fixes));
        for _ in 0..ROUNDS {
            let is_in_context = |source: &Source| known.has_context && project.has(source);
            let more = fix_beside(&fixed.left.findings, &fixed.source, fixes, is_in_context);
            if more.is_empty() {
                break;
            }
            for file in more {
                project.edit(file.read.name(), file.source.text());
                join(beside, file);
            }
            let again = self.with(project, known, |examination| fix(&fixed.source, examination, fixes));
            fixed = Fixed { applied: [fixed.applied, again.applied].concat(), ..again };
        }
        fixed
    }

    /// Do something with all that is known of a project.
    fn with<T>(
        &self,
        project: &Project,
        Known { has_context, rules }: Known<'_>,
        act: impl FnOnce(&Examination<'_, '_>) -> T,
    ) -> T {
        let base = |reference: &Reference| base_image(self.store?, reference);
        let context = |path: &str| has_context.then(|| project.context_entry(path))?;
        act(&Examination {
            question: &Question::new(Platform::host(), &base, &context),
            files: has_context.then_some(project as &dyn ContextFiles),
            ignore: has_context.then_some(&project.ignore),
            selection: &rules.selection,
            settings: &rules.settings,
            today: self.today,
        })
    }
}

/// What is known beside a project.
#[derive(Clone, Copy)]
struct Known<'r> {
    /// Its directory is the build context.
    has_context: bool,
    rules: &'r RuleSet,
}

/// The directory a file lies in.
fn directory_of(path: &Path) -> Option<&Path> {
    let parent = path.parent()?;
    Some(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })
}

/// Rounds of edits in files beside a Dockerfile: one that makes another possible is rare.
const ROUNDS: usize = 5;

/// A file that is changed in several rounds is changed once.
fn join(beside: &mut Vec<FixedFile>, file: FixedFile) {
    match beside.iter_mut().find(|known| known.read.name() == file.read.name()) {
        Some(known) => {
            known.source = file.source;
            known.applied.extend(file.applied);
        }
        None => beside.push(file),
    }
}

/// The files of the context that findings propose edits for.
fn repairable(examined: &Examined, project: &Project, has_context: bool) -> Vec<Source> {
    let sources = examined.findings.iter().filter_map(|found| Some(&found.fix.as_ref()?.source));
    let others = sources.filter(|source| has_context && project.has(source));
    others.filter(|source| **source != project.dockerfile).cloned().collect()
}

/// What Dockerfiles of one context have changed in files they share: `.dockerignore`, a script.
#[derive(Default)]
struct EditedFiles(Vec<(PathBuf, FixedFile)>);

impl EditedFiles {
    fn record(&mut self, file: &LintedFile) {
        self.0.extend(file.beside.iter().map(|beside| (file.directory.clone(), beside.clone())));
    }

    /// Let a project see them.
    fn show(&self, project: &mut Project) {
        for (directory, file) in &self.0 {
            if *directory == project.directory {
                project.edit(file.source.name(), file.source.text());
            }
        }
    }
}

impl LintedFile {
    /// A file that cannot be examined, with the reason as its finding.
    fn unreadable(name: &str, error: &CommandError) -> LintedFile {
        let source = Source::new(name.strip_prefix("./").unwrap_or(name), "");
        let found = Diagnostic::new(UNREADABLE, "unreadable", Severity::Error, error.to_string());
        let mut found = found.at(&source, Span::default(), "");
        found.notes.extend(error.hints.iter().cloned());
        // A settings file says itself what is wrong with it.
        let findings = if error.diagnostics.is_empty() { vec![found] } else { error.diagnostics.clone() };
        LintedFile {
            place: Place::Nowhere,
            read: source.clone(),
            repaired: None,
            source,
            findings,
            applied: Vec::new(),
            beside: Vec::new(),
            directory: PathBuf::new(),
            repairable: Vec::new(),
            ignored: 0,
            known: 0,
            fail_on: None,
            refused: Some(error.kind),
        }
    }

    /// The name messages show.
    pub fn name(&self) -> &str {
        self.source.name()
    }

    /// The builder would take it.
    pub fn parses(&self) -> bool {
        self.refused.is_none()
    }

    /// Put the repaired texts in the place of those that were read.
    pub fn write(&self) -> Result<(), CommandError> {
        match (&self.place, &self.repaired) {
            (Place::File(path), Some(repaired)) if repaired.text() != self.read.text() => {
                atomic_file::rewrite(path, self.read.text(), repaired.text())?;
            }
            _ => {}
        }
        // Of a text that is no file only the text is repaired.
        let beside = self.beside.iter().filter(|_| matches!(self.place, Place::File(_)));
        beside.into_iter().try_for_each(|file| {
            context_edit::rewrite(&self.directory, file.read.name(), file.read.text(), file.source.text())
        })
    }

    /// The files of the context that were changed, with the names that messages show.
    pub fn changed_beside(&self) -> impl Iterator<Item = (String, &FixedFile)> {
        let shown = |file: &FixedFile| context_edit::shown(&self.directory, file.read.name());
        self.beside.iter().map(move |file| (shown(file).display().to_string(), file))
    }

    /// Edits that were applied, those in files of the context, too.
    pub fn fixed(&self) -> usize {
        self.applied.len() + self.beside.iter().map(|file| file.applied.len()).sum::<usize>()
    }

    /// Whether `--fix`, or `--fix=all`, repairs what a finding is about.
    fn is_fixable(&self, found: &Diagnostic, fixes: Fixes) -> bool {
        std::iter::once(&self.source).chain(&self.repairable).any(|it| is_applicable(found, it, fixes))
    }
}

impl LintReport {
    /// All findings as a baseline.
    pub fn baseline(&self) -> Baseline {
        let mut baseline = Baseline::default();
        for file in &self.files {
            baseline.record(file.name(), &file.findings);
        }
        baseline
    }

    /// Take away what a baseline knows. What it knows of files that were not examined stays.
    pub fn hide_known(&mut self, mut baseline: Baseline) {
        for file in &mut self.files {
            let name = file.source.name().to_string();
            file.known = baseline.hide(&name, &mut file.findings);
        }
        let examined = |name: &str| self.files.iter().any(|file| file.name() == name);
        self.gone = baseline.gone(|name| examined(name) || !Path::new(name).exists());
    }

    /// All findings, file by file.
    pub fn findings(&self) -> impl Iterator<Item = (&LintedFile, &Diagnostic)> {
        self.files.iter().flat_map(|file| file.findings.iter().map(move |found| (file, found)))
    }

    /// How many findings have this weight.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings().filter(|(_, found)| found.severity == severity).count()
    }

    /// How many findings `--fix`, or `--fix=all`, would repair.
    pub fn fixable(&self, fixes: Fixes) -> usize {
        self.findings().filter(|(file, found)| file.is_fixable(found, fixes)).count()
    }

    /// The least weight that fails by the settings files: of several the strictest.
    pub fn fail_on(&self) -> FailOn {
        let order = |fail_on: &FailOn| match fail_on {
            FailOn::Info => 0,
            FailOn::Warning => 1,
            FailOn::Error => 2,
            FailOn::Never => 3,
        };
        let asked = self.files.iter().map(|file| file.fail_on.unwrap_or(FailOn::Error));
        asked.min_by_key(order).unwrap_or(FailOn::Error)
    }

    /// The exit code: what is no Dockerfile weighs more than what is wrong with one.
    pub fn exit_code(&self, fails: impl Fn(Severity) -> bool) -> u8 {
        let refused = self.files.iter().filter_map(|file| file.refused).map(ErrorKind::exit_code).max();
        let found = self.findings().any(|(_, found)| fails(found.severity));
        refused.unwrap_or(0).max(if found { ErrorKind::Findings.exit_code() } else { 0 })
    }
}
