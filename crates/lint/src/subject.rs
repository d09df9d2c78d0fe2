//! What the rules look at, and the questions they share.

use plimsoll_dockerfile::shell;
use plimsoll_dockerfile::syntax::{Command, Dockerfile, Instruction, Statement};
use plimsoll_model::{Because, Diagnostic, FileTree, Reasoned, Source, Span};

use plimsoll_contract::contract::{Contract, EntryScript, LaunchMode};
use plimsoll_contract::engine::Engine;
use plimsoll_contract::from_dockerfile::{Base, Prediction, Step};
use plimsoll_contract::modes;
use plimsoll_contract::origin::{self, Context, Located};
use plimsoll_contract::pid1::words::{self, Started, base_name};
use plimsoll_contract::stage::Work;

/// A contract with everything known about where it comes from.
pub struct Subject<'a> {
    /// The promise.
    pub contract: &'a Contract,
    /// The Dockerfile and what it predicts; `None` for an image without one.
    pub written: Option<(&'a Dockerfile, &'a Prediction<'a>)>,
    /// Files of the finished image, if it was built.
    pub tree: Option<&'a dyn FileTree>,
    /// Files of the build context.
    pub context: Context<'a>,
}

/// ENTRYPOINT or CMD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// ENTRYPOINT
    Entrypoint,
    /// CMD
    Cmd,
}

impl Part {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Part::Entrypoint => "ENTRYPOINT",
            Part::Cmd => "CMD",
        }
    }
}

/// The last command that stays in the foreground, as far as it is written down.
pub(crate) struct Foreground {
    /// Its words; variables as written.
    pub argv: Vec<String>,
    /// Where it stands, if that is inside the entrypoint script.
    pub in_script: Option<(Source, Span)>,
}

impl<'a> Subject<'a> {
    /// ENTRYPOINT or CMD of the contract.
    pub(crate) fn part(&self, part: Part) -> &'a Reasoned<Vec<String>> {
        match part {
            Part::Entrypoint => &self.contract.entrypoint,
            Part::Cmd => &self.contract.cmd,
        }
    }

    /// The words of a part; `[""]` counts as unset.
    pub(crate) fn words(&self, part: Part) -> &'a [String] {
        let words = &self.part(part).value;
        if *words == [""] { &[] } else { words }
    }

    /// The part that names the program: ENTRYPOINT, or CMD when there is none.
    pub(crate) fn leading(&self) -> Part {
        if self.words(Part::Entrypoint).is_empty() { Part::Cmd } else { Part::Entrypoint }
    }

    /// argv as built; empty when nothing starts.
    pub(crate) fn argv(&self) -> Vec<String> {
        let (entrypoint, cmd) = (&self.contract.entrypoint.value, &self.contract.cmd.value);
        modes::argv(entrypoint, cmd, &LaunchMode::AsBuilt, Engine::Docker).unwrap_or_default()
    }

    /// The statement a reason points at, if it is one of this Dockerfile.
    pub(crate) fn statement(&self, because: &Because) -> Option<&'a Statement> {
        let (dockerfile, _) = self.written?;
        let Because::Written { source, span } = because else { return None };
        if source != &dockerfile.source {
            return None;
        }
        let statements = dockerfile.stages.iter().flat_map(|stage| &stage.statements);
        statements.flat_map(with_trigger).find(|statement| statement.span == *span)
    }

    /// How a part is written, if this Dockerfile writes it.
    pub(crate) fn command(&self, part: Part) -> Option<(&'a Source, &'a Statement, &'a Command)> {
        let statement = self.statement(&self.part(part).because)?;
        let source = &self.written?.0.source;
        match (part, &statement.instruction) {
            (Part::Entrypoint, Instruction::Entrypoint(command)) => Some((source, statement, command)),
            (Part::Cmd, Instruction::Cmd(command)) => Some((source, statement, command)),
            _ => None,
        }
    }

    /// Whether a part is stored in shell form. An image does not say; `/bin/sh -c text` is then
    /// taken for one.
    pub(crate) fn is_shell_form(&self, part: Part) -> bool {
        match self.command(part) {
            Some((_, _, command)) => command.is_shell_form(),
            None => matches!(self.words(part), [shell, c, _] if shell == "/bin/sh" && c == "-c"),
        }
    }

    /// Whether a part is meant as JSON and is none: PL110 says all there is to say.
    pub(crate) fn is_almost_json(&self, part: Part) -> bool {
        matches!(self.command(part), Some((_, _, Command::AlmostJson { .. })))
    }

    /// The last program of a shell text, for a sentence about it.
    pub(crate) fn program_of(&self, text: &str) -> String {
        let script = shell::read(text);
        let last = shell::last_command(&script).and_then(|last| match &last.node {
            shell::Node::Simple(command) => command.program().map(str::to_string),
            shell::Node::Compound(_) => None,
        });
        last.unwrap_or("the program".to_string())
    }

    /// Add a label at a reason's place, if it has one.
    pub(crate) fn label(
        &self,
        found: Diagnostic,
        because: &Because,
        text: &str,
        primary: bool,
    ) -> Diagnostic {
        match because {
            Because::Written { source, span } if primary => found.at(source, *span, text),
            Because::Written { source, span } => found.context(source, *span, text),
            _ => found,
        }
    }

    /// The main label at ENTRYPOINT or CMD.
    pub(crate) fn at(&self, found: Diagnostic, part: Part, text: &str) -> Diagnostic {
        self.label(found, &self.part(part).because, text, true)
    }

    /// A context label at ENTRYPOINT or CMD.
    pub(crate) fn beside(&self, found: Diagnostic, part: Part, text: &str) -> Diagnostic {
        self.label(found, &self.part(part).because, text, false)
    }

    /// The main label at the command that stays in the foreground: in the script, or at the
    /// instruction that names it.
    pub(crate) fn at_foreground(&self, found: Diagnostic, foreground: &Foreground, text: &str) -> Diagnostic {
        match &foreground.in_script {
            Some((source, span)) => {
                self.beside(found.at(source, *span, text), self.leading(), "starts the script")
            }
            None => self.at(found, self.part_of(foreground), text),
        }
    }

    /// The instruction that names a foreground program: CMD when ENTRYPOINT does not.
    pub(crate) fn part_of(&self, foreground: &Foreground) -> Part {
        let program = foreground.argv.first().map_or("", |word| base_name(word));
        let named = self.words(Part::Entrypoint).iter().any(|word| word.contains(program));
        if named { Part::Entrypoint } else { Part::Cmd }
    }

    /// What the image is called in a sentence: its base, or just "the image".
    pub(crate) fn image_name(&self) -> String {
        match self.written.and_then(|(_, prediction)| prediction.root()) {
            Some(Base::Image { reference, .. }) => reference.to_string(),
            Some(Base::Scratch) => "scratch".to_string(),
            _ => "the image".to_string(),
        }
    }

    /// The entrypoint script, if its text is at hand and `part` is what names it.
    pub(crate) fn script(&self, part: Part) -> Option<&'a EntryScript> {
        let script = self.contract.script.as_ref()?;
        self.words(part).contains(&script.word).then_some(script)
    }

    /// The program's file as the build would place it, or as the finished image has it.
    pub(crate) fn locate(&self, word: &str) -> Option<Located> {
        let (_, prediction) = self.written?;
        origin::locate_program(prediction, self.context, word)
    }

    /// The instructions that lead to the image, in order, base stages first.
    pub(crate) fn steps(&self) -> Vec<&'a Step> {
        let Some((_, prediction)) = self.written else { return Vec::new() };
        let chain = prediction.chain();
        chain.iter().rev().filter_map(|at| prediction.stage(*at)).flat_map(|stage| &stage.steps).collect()
    }

    /// Whether some RUN speaks of a word, so that the files may differ from the base's.
    pub(crate) fn run_mentions(&self, word: &str) -> bool {
        self.steps().iter().any(|step| match &step.applied.work {
            Work::Run(run) => run.argv.iter().any(|text| text.contains(word)),
            _ => false,
        })
    }

    /// Whether `head` starts the words after it as a program: `tini --`, `gosu app`, a script that
    /// ends in `exec "$@"`. `None` when it cannot be told.
    pub(crate) fn launches_its_args(&self, head: &[String]) -> Option<bool> {
        if let Some(script) = self.contract.script.as_ref().filter(|script| head.contains(&script.word)) {
            let read = shell::read(script.source.text());
            let passes = |command: &&shell::SimpleCommand| {
                matches!(
                    command.words.first().map(|word| word.raw.trim_matches('"')),
                    Some("$@" | "${@}" | "$*")
                ) || command.program().is_some_and(|name| LAUNCHERS.contains(&base_name(name)))
                    && command.passes_args()
            };
            return match read.simple_commands().iter().any(passes) {
                true => Some(true),
                false if read.unclear.is_some() => None,
                false => Some(false),
            };
        }
        let first = base_name(head.first()?);
        let last = head.last()?.as_str();
        if LAUNCHERS.contains(&first) || matches!(last, "--" | "exec" | "run" | "-c") {
            return Some(true);
        }
        if PROGRAMS.contains(&first.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')) {
            return Some(false);
        }
        None
    }

    /// The command that stays in the foreground as built, looked at through shells and scripts.
    pub(crate) fn foreground(&self) -> Option<Foreground> {
        self.foreground_of(&self.argv(), 0)
    }

    fn foreground_of(&self, argv: &[String], depth: usize) -> Option<Foreground> {
        let script_of = |word: &str| self.contract.script.as_ref().filter(|script| script.word == word);
        if depth > 4 {
            return None;
        }
        match words::unwrap(argv) {
            Started::ShellText { text, args, .. } => {
                self.last_of(&text, args.get(1..).unwrap_or_default(), None, depth)
            }
            Started::ShellScript { script, args, .. } => {
                let source = &script_of(&script)?.source;
                self.last_of(source.text(), &args, Some(source), depth)
            }
            Started::Program(rest) => match script_of(rest.first()?) {
                Some(script) => self.last_of(script.source.text(), &rest[1..], Some(&script.source), depth),
                None => Some(Foreground { argv: rest, in_script: None }),
            },
            Started::Shell | Started::Unclear(_) => None,
        }
    }

    fn last_of(
        &self,
        text: &str,
        args: &[String],
        source: Option<&Source>,
        depth: usize,
    ) -> Option<Foreground> {
        let script = shell::read(text);
        let shell::Node::Simple(command) = &shell::last_command(&script)?.node else { return None };
        if script.unclear.is_some() {
            return None;
        }
        let argv = plimsoll_contract::pid1::argv_of(command, args);
        let mut foreground = match argv.first().is_some_and(|word| word.contains('$')) {
            true => return None,
            false => self.foreground_of(&argv, depth + 1)?,
        };
        let here = source.map(|source| (source.clone(), command.span));
        foreground.in_script = foreground.in_script.or(here);
        Some(foreground)
    }
}

fn with_trigger(statement: &Statement) -> Vec<&Statement> {
    match &statement.instruction {
        Instruction::Onbuild { trigger, .. } => vec![statement, trigger],
        _ => vec![statement],
    }
}

/// Programs made to start another one given as arguments.
pub(crate) const LAUNCHERS: [&str; 36] = [
    "tini",
    "tini-static",
    "dumb-init",
    "catatonit",
    "docker-init",
    "gosu",
    "su-exec",
    "setpriv",
    "env",
    "nice",
    "nohup",
    "setsid",
    "stdbuf",
    "chroot",
    "runuser",
    "timeout",
    "s6-setuidgid",
    "with-contenv",
    "xvfb-run",
    "wait-for-it",
    "wait-for-it.sh",
    "dockerize",
    "chamber",
    "doppler",
    "op",
    "npx",
    "bundle",
    "uv",
    "poetry",
    "pipenv",
    "conda",
    "micromamba",
    "opentelemetry-instrument",
    "ddtrace-run",
    "newrelic-admin",
    "exec",
];

/// Programs that take their arguments as options or as a script of their own, never as a command.
const PROGRAMS: [&str; 22] = [
    "python",
    "pypy",
    "node",
    "nodejs",
    "deno",
    "bun",
    "ruby",
    "perl",
    "php",
    "java",
    "dotnet",
    "nginx",
    "httpd",
    "apache",
    "gunicorn",
    "uvicorn",
    "hypercorn",
    "celery",
    "redis-server",
    "postgres",
    "mysqld",
    "caddy",
];
