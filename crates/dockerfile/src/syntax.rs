//! The syntax tree of a Dockerfile. Every node knows its place; nothing is expanded.

use plimsoll_model::{Source, Span};

/// A parsed Dockerfile. Parsing never fails: what could not be read is in the diagnostics that
/// come beside it, and as [`Instruction::Broken`] here.
#[derive(Debug, Clone)]
pub struct Dockerfile {
    /// The text.
    pub source: Source,
    /// Parser directives at the top (`# syntax=`, `# escape=`, `# check=`), names in lower case.
    pub directives: Vec<Directive>,
    /// ARG instructions before the first FROM.
    pub global_args: Vec<Statement>,
    /// The stages, in order.
    pub stages: Vec<Stage>,
    /// Other instructions before the first FROM: the builder refuses them.
    pub homeless: Vec<Statement>,
    /// Comment lines outside directives: span of the whole line, for ignore comments.
    pub comments: Vec<Span>,
}

/// A parser directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Lower-case name.
    pub name: String,
    /// Value as written, trimmed.
    pub value: String,
    /// The whole line.
    pub span: Span,
}

/// A build stage: FROM and what follows.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The FROM statement itself.
    pub from: From,
    /// The whole FROM instruction.
    pub span: Span,
    /// What follows, in order.
    pub statements: Vec<Statement>,
}

/// The parts of FROM.
#[derive(Debug, Clone)]
pub struct From {
    /// Image, stage or `scratch`, not expanded.
    pub image: Text,
    /// `AS name`, as written.
    pub name: Option<Text>,
    /// `--platform`, not expanded.
    pub platform: Option<Text>,
    /// The words after the flags as written, also those that cannot stand there: image, `AS`, name.
    pub words: Vec<Text>,
}

/// One instruction with its place.
#[derive(Debug, Clone)]
pub struct Statement {
    /// The instruction word as written (`COPY`, `copy`).
    pub keyword: Text,
    /// The whole instruction, heredoc bodies included, without the final newline.
    pub span: Span,
    /// What it says.
    pub instruction: Instruction,
}

/// A piece of text with its place. `text` is after joining continued lines and before expansion,
/// so it may be shorter than what the span covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The characters.
    pub text: String,
    /// Where they stand.
    pub span: Span,
}

/// A `--name=value` (or `--name`) of an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// Lower-case name without dashes.
    pub name: String,
    /// Value as written; `None` for a bare `--name`.
    pub value: Option<Text>,
    /// The whole flag.
    pub span: Span,
}

/// A `name=value` of ENV, LABEL or ARG. Quotes and escapes are still in the texts: the expander
/// ([`crate::expand`]) removes them together with variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Name as written.
    pub name: Text,
    /// Value as written; `None` for `ARG NAME`.
    pub value: Option<Text>,
    /// Written in the old form `ENV name value`.
    pub legacy: bool,
}

/// A here-document of RUN, COPY or ADD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    /// The word after `<<`, without quotes.
    pub name: String,
    /// `<<-`: leading tabs were removed from `body`.
    pub strip_tabs: bool,
    /// The word was not quoted: variables in the body expand.
    pub expand: bool,
    /// File descriptor written before `<<`; 0 for none.
    pub descriptor: u32,
    /// The text between, after removing tabs if asked.
    pub body: String,
    /// Where the body stands.
    pub span: Span,
}

/// Exec form, shell form, or the classic mistake between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A JSON array of strings, unescaped.
    Exec {
        /// The elements.
        argv: Vec<String>,
        /// The whole array.
        span: Span,
    },
    /// Text for the shell in force, after joining continued lines.
    Shell(Text),
    /// Text that starts with `[` and is no JSON array of strings: the builder silently takes it as
    /// shell form.
    AlmostJson {
        /// The text.
        text: Text,
        /// Where JSON stopped being JSON.
        broken_at: Span,
        /// What is wrong there, in a few words (`single quotes`, `text after ]`, `trailing comma`).
        why: &'static str,
    },
}

impl Command {
    /// Where the command stands.
    pub fn span(&self) -> Span {
        match self {
            Command::Exec { span, .. } => *span,
            Command::Shell(text) | Command::AlmostJson { text, .. } => text.span,
        }
    }

    /// The argv the builder stores: exec form as it is, everything else wrapped by `shell`.
    pub fn argv(&self, shell: &[String]) -> Vec<String> {
        match self {
            Command::Exec { argv, .. } => argv.clone(),
            Command::Shell(text) | Command::AlmostJson { text, .. } => {
                shell.iter().chain(std::iter::once(&text.text)).cloned().collect()
            }
        }
    }

    /// Whether the builder stores it wrapped in a shell.
    pub fn is_shell_form(&self) -> bool {
        !matches!(self, Command::Exec { .. })
    }
}

/// What an instruction says.
#[derive(Debug, Clone)]
pub enum Instruction {
    /// `RUN [flags] command`
    Run {
        /// `--mount`, `--network`, `--security`.
        flags: Vec<Flag>,
        /// The command line. With heredocs and nothing else on the line, its text is empty of
        /// commands (`<<EOF`) and the body is the script.
        command: Command,
        /// Bodies in the order of their markers.
        heredocs: Vec<Heredoc>,
    },
    /// `COPY [flags] source... destination` and ADD with the same parts.
    Copy {
        /// ADD instead of COPY.
        is_add: bool,
        /// `--from`, `--chown`, `--chmod`, ...
        flags: Vec<Flag>,
        /// Sources, not expanded; a heredoc source keeps its marker (`<<EOF`) as text.
        sources: Vec<Text>,
        /// Destination, not expanded.
        destination: Text,
        /// Bodies in the order of their markers.
        heredocs: Vec<Heredoc>,
    },
    /// `ENV`
    Env(Vec<Pair>),
    /// `ARG` (inside a stage; global ones stand in [`Dockerfile::global_args`]).
    Arg(Vec<Pair>),
    /// `LABEL`
    Label(Vec<Pair>),
    /// `WORKDIR path`
    Workdir(Text),
    /// `USER user[:group]`
    User(Text),
    /// `EXPOSE port...`
    Expose(Vec<Text>),
    /// `VOLUME path...` or JSON
    Volume(Vec<Text>),
    /// `SHELL ["prog", ...]`
    Shell {
        /// The elements.
        argv: Vec<String>,
        /// The array.
        span: Span,
    },
    /// `ENTRYPOINT`
    Entrypoint(Command),
    /// `CMD`
    Cmd(Command),
    /// `STOPSIGNAL signal`
    Stopsignal(Text),
    /// `HEALTHCHECK NONE`
    HealthcheckNone,
    /// `HEALTHCHECK [flags] CMD command`
    Healthcheck {
        /// `--interval`, `--timeout`, `--start-period`, `--start-interval`, `--retries`.
        flags: Vec<Flag>,
        /// The command after CMD.
        command: Command,
    },
    /// `ONBUILD instruction`: the trigger's text and its parse.
    Onbuild {
        /// As written, after joining continued lines.
        text: Text,
        /// The instruction.
        trigger: Box<Statement>,
    },
    /// `MAINTAINER name`
    Maintainer(Text),
    /// Could not be read; a diagnostic says why.
    Broken,
}
