//! Commands and instructions as hadolint looks at them: by the words it compares, its way with flags
//! included. Its rules say yes or no of a whole RUN.

use plimsoll_dockerfile::syntax::{Flag, Instruction, Statement};
use plimsoll_model::{Diagnostic, Source, Span};

use crate::edits;
use crate::file::File;
use crate::run_commands::{EXPANSION, Run, RunCommand, Runs};

/// FROM, or another instruction.
pub(super) enum Line<'a> {
    From(Span),
    Other(&'a Statement),
}

/// All lines of a file in order, those before the first FROM included. ONBUILD is looked through if
/// asked.
pub(super) fn lines<'a>(file: &File<'a>) -> Vec<Line<'a>> {
    let dockerfile = file.dockerfile;
    let before = dockerfile.global_args.iter().chain(&dockerfile.homeless).map(Line::Other);
    let stages = dockerfile.stages.iter().flat_map(|stage| {
        let from = Line::From(stage.span);
        std::iter::once(from).chain(stage.statements.iter().map(Line::Other))
    });
    let mut lines: Vec<Line<'a>> = before.chain(stages).collect();
    lines.sort_by_key(|line| line.span().start);
    lines
}

impl<'a> Line<'a> {
    pub fn span(&self) -> Span {
        match self {
            Line::From(span) => *span,
            Line::Other(statement) => statement.span,
        }
    }

    /// The instruction; of a trigger the one behind ONBUILD.
    pub fn instruction(&self) -> Option<&'a Instruction> {
        match self {
            Line::From(..) => None,
            Line::Other(statement) => match &statement.instruction {
                Instruction::Onbuild { trigger, .. } => Some(&trigger.instruction),
                instruction => Some(instruction),
            },
        }
    }
}

/// A finding at each instruction of which a test is true, triggers looked through.
pub(super) fn of_instructions(
    file: &File<'_>,
    found: impl Fn() -> Diagnostic,
    is_wrong: impl Fn(&Instruction) -> bool,
) -> Vec<Diagnostic> {
    let wrong = lines(file).into_iter().filter(|line| line.instruction().is_some_and(&is_wrong));
    at_spans(&file.dockerfile.source, wrong.map(|line| line.span()), found)
}

/// The instructions of a kind that another one of the same stage stands above. What stands before the
/// first FROM counts as a stage.
pub(super) fn later_ones(file: &File<'_>, is_one: impl Fn(&Instruction) -> bool) -> Vec<Span> {
    let mut later = Vec::new();
    let mut is_there = false;
    for line in lines(file) {
        match &line {
            Line::From(_) => is_there = false,
            Line::Other(statement) if is_one(&statement.instruction) => {
                later.extend(is_there.then_some(statement.span));
                is_there = true;
            }
            Line::Other(_) => {}
        }
    }
    later
}

/// A finding at each RUN of which a test is true.
pub(super) fn of_runs(
    runs: &Runs<'_>,
    found: impl Fn() -> Diagnostic,
    is_wrong: impl Fn(&Run<'_>) -> bool,
) -> Vec<Diagnostic> {
    let wrong = runs.list.iter().filter(|run| is_wrong(run)).map(|run| run.statement.span);
    at_spans(&runs.file.dockerfile.source, wrong, found)
}

/// A finding at each RUN with a command of which a test is true.
pub(super) fn of_commands(
    runs: &Runs<'_>,
    found: impl Fn() -> Diagnostic,
    is_wrong: impl Fn(&RunCommand) -> bool,
) -> Vec<Diagnostic> {
    of_runs(runs, found, |run| commands(run).any(&is_wrong))
}

/// A finding at each RUN with a command that asks before it goes on: one of these programs and actions
/// without a flag that answers.
pub(super) fn asking(
    runs: &Runs<'_>,
    found: impl Fn() -> Diagnostic,
    names: &[&str],
    actions: &[&str],
    answers: &[&str],
) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let asks = |command: &&RunCommand| calls(command, names, actions) && !has_flag(command, answers);
    let found = runs.list.iter().filter_map(|run| {
        let first = commands(run).find(asks)?;
        let found = found().at(source, run.statement.span, "").note("without an answer the step fails");
        let action = first.written.iter().find(|word| actions.contains(&word.text.as_str()));
        let only = commands(run).filter(asks).count() == 1;
        Some(match action.filter(|_| only && first.is_exact) {
            Some(word) => found.fix(edits::insert(source, word.span.end, " -y", "answer yes", true)),
            None => found,
        })
    });
    found.collect()
}

/// The same finding at several places.
pub(super) fn at_spans(
    source: &Source,
    spans: impl Iterator<Item = Span>,
    found: impl Fn() -> Diagnostic,
) -> Vec<Diagnostic> {
    spans.map(|span| found().at(source, span, "")).collect()
}

/// The commands that have a name, in the order of the text. `[` is no command to it, and texts of
/// `sh -c` are words.
pub(super) fn commands<'r>(run: &'r Run<'_>) -> impl Iterator<Item = &'r RunCommand> {
    run.commands.iter().filter(|command| {
        let name = name(command);
        !command.in_text && !name.is_empty() && !name.contains(EXPANSION) && !matches!(name, "[" | "[[")
    })
}

/// The first word.
pub(super) fn name(command: &RunCommand) -> &str {
    command.written.first().map_or("", |word| &word.text)
}

/// The words behind it.
pub(super) fn arguments(command: &RunCommand) -> impl Iterator<Item = &str> {
    command.written.iter().skip(1).map(|word| word.text.as_str())
}

/// The command has one of these names and one of these arguments.
pub(super) fn calls(command: &RunCommand, names: &[&str], wanted: &[&str]) -> bool {
    names.contains(&name(command)) && arguments(command).any(|argument| wanted.contains(&argument))
}

/// The flags of an argument: a long one by its name, short ones letter by letter.
fn flags(argument: &str) -> Vec<&str> {
    if matches!(argument, "-" | "--") {
        return Vec::new();
    }
    if let Some(long) = argument.strip_prefix("--") {
        return vec![long.split('=').next().unwrap_or("")];
    }
    match argument.strip_prefix('-') {
        Some(letters) => letters.split("").filter(|letter| !letter.is_empty()).collect(),
        None => Vec::new(),
    }
}

/// One of these flags is given.
pub(super) fn has_flag(command: &RunCommand, wanted: &[&str]) -> bool {
    arguments(command).flat_map(flags).any(|flag| wanted.contains(&flag))
}

/// The arguments that are no flags. Behind a flag of the list the next word is its value and left out,
/// even when the value stands in the same word.
pub(super) fn operands<'c>(command: &'c RunCommand, with_value: &[&str]) -> Vec<&'c str> {
    let mut found = Vec::new();
    let mut is_value = false;
    for argument in arguments(command) {
        let flags = flags(argument);
        if flags.is_empty() && !is_value {
            found.push(argument);
        }
        is_value = flags.iter().any(|flag| with_value.contains(flag));
    }
    found
}

/// What stands behind a flag.
pub(super) fn values_of<'c>(command: &'c RunCommand, flag: &str) -> Vec<&'c str> {
    let words: Vec<&str> = arguments(command).collect();
    let pairs = words.windows(2).filter(|pair| flags(pair[0]).contains(&flag));
    pairs.map(|pair| pair[1]).collect()
}

/// `pip install` in its forms.
pub(super) fn is_pip_install(command: &RunCommand) -> bool {
    let words: Vec<&str> = arguments(command).collect();
    let name = name(command);
    let by_name = name.starts_with("pip") && words.contains(&"install");
    let by_module =
        name.starts_with("python") && words.windows(3).any(|three| three == ["-m", "pip", "install"]);
    by_name && !name.starts_with("pipenv") && !name.starts_with("pipx") || by_module
}

/// The words behind the first `install`.
pub(super) fn behind_install(words: Vec<&str>) -> Vec<&str> {
    let behind = words.into_iter().skip_while(|word| *word != "install");
    behind.skip_while(|word| *word == "install").collect()
}

/// A text without its quotes.
pub(super) fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}

/// The parts of an image's name as written: name, tag, has a digest.
pub(super) fn image_parts(image: &str) -> (&str, Option<&str>, bool) {
    let (name, has_digest) = match image.split_once('@') {
        Some((name, _)) => (name, true),
        None => (image, false),
    };
    // A colon of a port, or one inside of `${NAME:-default}`, begins no tag.
    let is_tag = |tag: &str| !tag.contains('/') && tag.matches('{').count() == tag.matches('}').count();
    match name.rsplit_once(':') {
        Some((name, tag)) if is_tag(tag) => (name, Some(tag), has_digest),
        _ => (name, None, has_digest),
    }
}

/// The value of `--from`.
pub(super) fn copied_from(flags: &[Flag]) -> Option<&str> {
    let flag = flags.iter().find(|flag| flag.name == "from")?;
    flag.value.as_ref().map(|value| value.text.as_str())
}

/// Ends of the names of archives, as hadolint knows them.
pub(super) const ARCHIVES: [&str; 15] = [
    ".tar", ".Z", ".bz2", ".gz", ".lz", ".lzma", ".tZ", ".tb2", ".tbz", ".tbz2", ".tgz", ".tlz", ".tpz",
    ".txz", ".xz",
];

/// Whether a path is that of an archive.
pub(super) fn is_archive(path: &str) -> bool {
    ARCHIVES.iter().any(|end| unquoted(path).ends_with(end))
}
