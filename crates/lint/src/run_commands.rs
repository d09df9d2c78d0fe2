//! What the RUN instructions of a file run: every simple command with its place in the Dockerfile.
//!
//! Commands inside `$(...)`, subshells, `sh -c '...'` and heredocs that a shell reads are among them.

use plimsoll_contract::pid1::words::{base_name, is_shell};
use plimsoll_contract::stage::escape_of;
use plimsoll_dockerfile::places::Places;
use plimsoll_dockerfile::shell::{self, Join, Node};
use plimsoll_dockerfile::stages;
use plimsoll_dockerfile::syntax::{Command, Dockerfile, Flag, Heredoc, Instruction, Statement, Text};
use plimsoll_model::Span;

use crate::file::File;

/// A file and its RUN instructions, read once for all rules.
pub(crate) struct Runs<'a> {
    pub file: File<'a>,
    pub list: Vec<Run<'a>>,
}

/// A RUN.
pub(crate) struct Run<'a> {
    /// The stage it stands in; `None` before the first FROM.
    pub stage: Option<usize>,
    /// The instruction; of a trigger, the one behind ONBUILD.
    pub statement: &'a Statement,
    /// Stands behind ONBUILD.
    pub is_trigger: bool,
    /// `--mount` and the like.
    pub flags: &'a [Flag],
    /// The shell in force is one whose language is read here.
    pub is_posix: bool,
    /// What it runs, as one text.
    pub text: String,
    /// Its commands in the order of the text.
    pub commands: Vec<RunCommand>,
    /// There is a pipe in it.
    pub has_pipes: bool,
    /// Some of the text was not understood: commands may be missing.
    pub is_unclear: bool,
}

/// A simple command.
#[derive(Debug, Clone)]
pub(crate) struct RunCommand {
    /// All words as written, wrappers such as `sudo` included, a leading `exec` left out.
    pub written: Vec<RunWord>,
    /// How many of them are wrappers.
    wrappers: usize,
    /// `A=1` before the words.
    pub assignments: Vec<RunWord>,
    /// Redirections.
    pub redirects: Vec<RunWord>,
    /// What joins it to the next command of its list.
    pub join: Join,
    /// Stands at the top of the RUN, not inside of a compound, a substitution or another text.
    pub is_top: bool,
    /// Stands in a text that another shell is given: `sh -c text`.
    pub in_text: bool,
    /// The whole command.
    pub span: Span,
    /// The spans are exact; else they cover the text that the command is a part of, and nothing may
    /// be edited by them.
    pub is_exact: bool,
}

/// A word of a command.
#[derive(Debug, Clone)]
pub(crate) struct RunWord {
    /// As written.
    pub raw: String,
    /// Without quotes; `${VAR}` stands for whatever expands.
    pub text: String,
    /// Its place in the Dockerfile.
    pub span: Span,
}

/// What [`RunWord::text`] has in the place of variables and substitutions.
pub(crate) const EXPANSION: &str = "${VAR}";

impl RunCommand {
    /// Program and arguments behind `sudo`, `env` and other wrappers.
    pub fn words(&self) -> &[RunWord] {
        self.written.get(self.wrappers..).unwrap_or_default()
    }

    /// The program's base name; empty if there is none.
    pub fn program(&self) -> &str {
        self.words().first().map_or("", |word| base_name(&word.text))
    }

    /// The words behind the program.
    pub fn arguments(&self) -> &[RunWord] {
        self.words().get(1..).unwrap_or_default()
    }

    /// The first argument that is no option: `install` of `apt-get -y install curl`.
    pub fn action(&self) -> &str {
        self.arguments().iter().find(|word| !word.text.starts_with('-')).map_or("", |word| &word.text)
    }

    /// Whether one of the arguments is one of these words, or begins with a long one of them and `=`.
    pub fn has(&self, options: &[&str]) -> bool {
        self.option(options).is_some()
    }

    /// The argument that is one of these words, or begins with a long one of them and `=`.
    pub fn option(&self, options: &[&str]) -> Option<&RunWord> {
        let is_one = |word: &&RunWord| {
            let name = word.text.split_once('=').map_or(word.text.as_str(), |(name, _)| name);
            options.iter().any(|option| word.text == *option || (option.starts_with("--") && name == *option))
        };
        self.arguments().iter().find(is_one)
    }

    /// Whether a short option is given, alone or among others: `-k`, `-fsSLk`.
    pub fn has_letter(&self, letter: char) -> bool {
        self.letter(letter).is_some()
    }

    /// The word that holds a short option.
    pub fn letter(&self, letter: char) -> Option<&RunWord> {
        let holds = |word: &&RunWord| {
            let letters = word.text.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
            letters.is_some_and(|letters| {
                letters.contains(letter) && letters.bytes().all(|byte| byte.is_ascii_alphanumeric())
            })
        };
        self.arguments().iter().find(holds)
    }

    /// A wrapper it is started by.
    pub fn wrapper(&self, name: &str) -> Option<&RunWord> {
        self.written.iter().take(self.wrappers).find(|word| base_name(&word.text) == name)
    }
}

impl<'a> Run<'a> {
    /// A value of a flag such as `--mount`.
    pub fn flag_values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = self.flags.iter().filter(move |flag| flag.name == name);
        named.filter_map(|flag| Some(flag.value.as_ref()?.text.as_str()))
    }

    /// The directories of cache and tmpfs mounts: what is left there is in no layer.
    pub fn mounted(&self) -> impl Iterator<Item = &'a str> {
        let mounts = self.flag_values("mount");
        let outside = mounts.filter(|mount| mount.contains("type=cache") || mount.contains("type=tmpfs"));
        outside.filter_map(|mount| {
            let fields = mount.split(',').filter_map(|field| field.split_once('='));
            let mut targets = fields.filter(|(name, _)| matches!(*name, "target" | "dst" | "destination"));
            targets.next().map(|(_, target)| target.trim_matches('"'))
        })
    }

    /// Whether a directory lies in one of them.
    pub fn is_mounted(&self, directory: &str) -> bool {
        self.mounted().any(|target| is_below(directory, target))
    }
}

/// Whether a path is a directory or lies in it.
pub(crate) fn is_below(path: &str, directory: &str) -> bool {
    let directory = directory.trim_end_matches('/');
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl<'a> Runs<'a> {
    /// Read all RUNs of a file.
    pub fn read(file: &File<'a>) -> Runs<'a> {
        let dockerfile = file.dockerfile;
        let mut list = Vec::new();
        let reader = Reader { dockerfile, escape: escape_of(dockerfile) };
        list.extend(dockerfile.homeless.iter().filter_map(|statement| reader.run(None, statement, true)));
        let mut shells: Vec<bool> = Vec::new();
        for (index, stage) in dockerfile.stages.iter().enumerate() {
            let parent = stages::find_stage(dockerfile, &stage.from.image.text, index);
            let inherited = parent.and_then(|parent| shells.get(parent).copied());
            let mut is_posix = inherited.unwrap_or(!is_windows(&stage.from.image.text));
            for statement in &stage.statements {
                if let Instruction::Shell { argv, .. } = &statement.instruction {
                    is_posix = argv.first().is_some_and(|program| is_shell(base_name(program)));
                }
                list.extend(reader.run(Some(index), statement, is_posix));
            }
            shells.push(is_posix);
        }
        Runs { file: *file, list }
    }

    /// All RUNs of this build whose language is understood: no triggers, no PowerShell.
    pub fn understood(&self) -> impl Iterator<Item = &Run<'a>> {
        self.list.iter().filter(|run| run.is_posix && !run.is_trigger && run.stage.is_some())
    }

    /// The commands of those, with their RUN.
    pub fn commands(&self) -> impl Iterator<Item = (&Run<'a>, &RunCommand)> {
        self.understood().flat_map(|run| run.commands.iter().map(move |command| (run, command)))
    }

    /// The RUNs of one stage.
    pub fn of_stage(&self, stage: usize) -> impl Iterator<Item = &Run<'a>> {
        self.understood().filter(move |run| run.stage == Some(stage))
    }
}

/// Images of Windows start RUN with cmd.
fn is_windows(image: &str) -> bool {
    ["windows/", "nanoserver", "servercore", "windowsservercore"].iter().any(|part| image.contains(part))
}

struct Reader<'a> {
    dockerfile: &'a Dockerfile,
    escape: char,
}

/// Where the text that is read comes from.
#[derive(Clone, Copy)]
enum From<'p> {
    /// It begins at an offset of a text whose places are known.
    Places(&'p Places, usize),
    /// Only the whole is known.
    Whole(Span),
}

impl From<'_> {
    fn span(&self, part: Span) -> Span {
        match self {
            From::Places(places, offset) => places.span(Span::new(part.start + offset, part.end + offset)),
            From::Whole(span) => *span,
        }
    }

    fn part(&self, at: usize) -> Self {
        match self {
            From::Places(places, offset) => From::Places(places, offset + at),
            whole @ From::Whole(_) => *whole,
        }
    }
}

/// What is being read.
#[derive(Clone, Copy)]
struct Level<'p> {
    from: From<'p>,
    is_top: bool,
    in_text: bool,
    depth: usize,
}

impl<'p> Level<'p> {
    /// The text of a RUN.
    fn top(from: From<'p>) -> Self {
        Level { from, is_top: true, in_text: false, depth: 0 }
    }

    /// A text inside of this one.
    fn inner(self, from: From<'p>, in_text: bool) -> Self {
        Level { from, is_top: false, in_text: self.in_text || in_text, depth: self.depth + 1 }
    }
}

/// Texts inside texts deeper than this are not read.
const DEPTH_LIMIT: usize = 8;

impl<'a> Reader<'a> {
    fn run(&self, stage: Option<usize>, statement: &'a Statement, is_posix: bool) -> Option<Run<'a>> {
        let (statement, is_trigger) = match &statement.instruction {
            Instruction::Onbuild { trigger, .. } => (&**trigger, true),
            _ => (statement, false),
        };
        let Instruction::Run { flags, command, heredocs } = &statement.instruction else { return None };
        let mut run = Run {
            stage,
            statement,
            is_trigger,
            flags,
            is_posix,
            text: String::new(),
            commands: Vec::new(),
            has_pipes: false,
            is_unclear: false,
        };
        match command {
            Command::Exec { argv, span } => exec_form(&mut run, argv, *span),
            Command::Shell(text) | Command::AlmostJson { text, .. } => {
                self.shell_form(&mut run, text, heredocs);
            }
        }
        Some(run)
    }

    fn shell_form(&self, run: &mut Run<'a>, text: &Text, heredocs: &[Heredoc]) {
        let documents = heredocs.iter().map(|heredoc| format!("\n{}{}", heredoc.body, heredoc.name));
        run.text = text.text.clone() + &documents.collect::<String>();
        let places = Places::of_text(&self.dockerfile.source, text, self.escape);
        let from = match &places {
            Some(places) => From::Places(places, 0),
            None => From::Whole(run.statement.span),
        };
        read(run, &run.text.clone(), Level::top(from));
        if let Some(heredoc) = heredocs.first().filter(|_| reads_document(&run.commands)) {
            run.text = heredoc.body.clone();
            self.document(run, heredoc);
        }
    }

    /// A heredoc that is the script.
    fn document(&self, run: &mut Run<'a>, heredoc: &Heredoc) {
        let first = heredoc.body.lines().next().unwrap_or("");
        if first.starts_with("#!") && !first.trim_end().ends_with("sh") && !first.contains("sh ") {
            run.is_posix = false;
            return;
        }
        let places = Places::of_heredoc(&self.dockerfile.source, heredoc);
        let from = match &places {
            Some(places) => From::Places(places, 0),
            None => From::Whole(run.statement.span),
        };
        read(run, &heredoc.body, Level::top(from));
    }
}

/// Whether a shell reads the first heredoc: nothing but a marker, or a shell with options only.
fn reads_document(commands: &[RunCommand]) -> bool {
    let [command] = commands else { return false };
    let is_fed = command.redirects.iter().any(|redirect| redirect.raw.starts_with("<<"));
    let is_a_shell = is_shell(command.program())
        && command.arguments().iter().all(|word| word.text.starts_with('-') && !word.text.contains('c'));
    is_fed && (command.written.is_empty() || is_a_shell)
}

fn exec_form(run: &mut Run<'_>, argv: &[String], span: Span) {
    run.text = argv.join(" ");
    let word = |word: &String| RunWord { raw: word.clone(), text: word.clone(), span };
    let written: Vec<RunWord> = argv.iter().map(word).collect();
    let wrappers = wrappers(&written);
    let command = RunCommand {
        written,
        wrappers,
        assignments: Vec::new(),
        redirects: Vec::new(),
        join: Join::End,
        is_top: true,
        in_text: false,
        span,
        is_exact: false,
    };
    let text = shell_text(&command).map(|word| word.text.clone());
    run.commands.push(command);
    if let Some(text) = text {
        run.is_posix = true;
        read(run, &text, Level::top(From::Whole(span)).inner(From::Whole(span), true));
    }
}

/// Add the commands of a shell text.
fn read(run: &mut Run<'_>, text: &str, level: Level<'_>) {
    if level.depth > DEPTH_LIMIT {
        return;
    }
    let script = shell::read_bash(text);
    run.is_unclear |= script.unclear.is_some();
    list(run, &script.commands, level);
}

fn list(run: &mut Run<'_>, commands: &[shell::Command], level: Level<'_>) {
    for command in commands {
        run.has_pipes |= command.join == Join::Pipe && !level.in_text;
        match &command.node {
            Node::Simple(simple) => self::simple(run, simple, command.join, level),
            Node::Compound(compound) => {
                let inside = Level { is_top: false, ..level };
                for branch in &compound.branches {
                    list(run, &branch.test, inside);
                    words_inside(run, &branch.words, inside);
                    list(run, &branch.body, inside);
                }
            }
        }
    }
}

fn simple(run: &mut Run<'_>, simple: &shell::SimpleCommand, join: Join, level: Level<'_>) {
    let from = level.from;
    let words = |words: &[shell::Word]| -> Vec<RunWord> {
        let word = |word: &shell::Word| RunWord {
            raw: word.raw.clone(),
            text: simplified(&word.raw),
            span: from.span(word.span),
        };
        words.iter().map(word).collect()
    };
    let written = words(&simple.words);
    let command = RunCommand {
        wrappers: wrappers(&written),
        written,
        assignments: words(&simple.assignments),
        redirects: words(&simple.redirects),
        join,
        is_top: level.is_top,
        in_text: level.in_text,
        span: from.span(simple.span),
        is_exact: matches!(from, From::Places(..)),
    };
    let text = shell_text(&command).cloned();
    run.commands.push(command);
    for group in [&simple.assignments, &simple.words, &simple.redirects] {
        words_inside(run, group, level);
    }
    if let Some(word) = text {
        let place = simple.words.iter().find(|written| written.raw == word.raw);
        match quoted_as_is(&word.raw).zip(place) {
            Some((text, place)) => read(run, text, level.inner(from.part(place.span.start + 1), true)),
            None => read(run, &word.text, level.inner(From::Whole(word.span), true)),
        }
    }
}

/// The commands of substitutions.
fn words_inside(run: &mut Run<'_>, words: &[shell::Word], level: Level<'_>) {
    for word in words.iter().filter(|word| word.raw.contains(['(', '`'])) {
        for inside in shell::substitutions(&word.raw) {
            let text = &word.raw[inside.start..inside.end];
            read(run, text, level.inner(level.from.part(word.span.start + inside.start), false));
        }
    }
}

/// The text of `sh -c text`.
fn shell_text(command: &RunCommand) -> Option<&RunWord> {
    if !is_shell(command.program()) {
        return None;
    }
    let arguments = command.arguments();
    let is_c = |word: &RunWord| {
        word.text.starts_with('-') && !word.text.starts_with("--") && word.text.ends_with('c')
    };
    let at = arguments.iter().position(is_c)?;
    arguments.get(at + 1)
}

/// The inside of a quoted word that a shell reads as it stands.
fn quoted_as_is(raw: &str) -> Option<&str> {
    let single = raw.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let double = || raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let inside = single.filter(|text| !text.contains('\''));
    inside.or_else(|| double().filter(|text| !text.contains(['"', '\\', '`'])))
}

/// How many words in front are programs that start the rest as it is.
fn wrappers(words: &[RunWord]) -> usize {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let with_value: &[&str] = match base_name(&word.text) {
            "sudo" => &["-u", "-g", "-h", "-p", "-C", "--user", "--group"],
            "env" => &["-u", "--unset", "-C"],
            "command" | "builtin" | "nohup" | "time" | "eatmydata" | "busybox" => &[],
            "nice" | "ionice" => &["-n", "-c"],
            _ => break,
        };
        let mut next = at + 1;
        while let Some(option) = words.get(next).filter(|word| is_own(&word.text)) {
            next += if with_value.contains(&option.text.as_str()) { 2 } else { 1 };
        }
        if next >= words.len() {
            break;
        }
        at = next;
    }
    at
}

/// An option or an assignment of a wrapper.
fn is_own(text: &str) -> bool {
    text.starts_with('-') || text.split_once('=').is_some_and(|(name, _)| !name.contains(['/', '-', ':']))
}

/// A word without quotes, with [`EXPANSION`] for what expands.
fn simplified(raw: &str) -> String {
    let mut text = String::new();
    let (mut at, mut in_double) = (0, false);
    while let Some(c) = raw.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = &raw[at + c.len_utf8()..];
        let mut next = at + c.len_utf8();
        match c {
            '\\' => {
                let escaped = rest.chars().next();
                next += escaped.map_or(0, char::len_utf8);
                match escaped {
                    Some('\n') => {}
                    Some(other) if in_double && !matches!(other, '"' | '$' | '\\' | '`') => {
                        text.push('\\');
                        text.push(other);
                    }
                    Some(other) => text.push(other),
                    None => text.push('\\'),
                }
            }
            '\'' if !in_double => {
                let end = rest.find('\'').unwrap_or(rest.len());
                text.push_str(&rest[..end]);
                next = (next + end + 1).min(raw.len());
            }
            '"' => in_double = !in_double,
            '`' => {
                next += rest.find('`').map_or(rest.len(), |end| end + 1);
                text.push_str(EXPANSION);
            }
            '$' if rest.starts_with(['{', '(']) => {
                next += shell::substitution_end(&raw[at..]).unwrap_or(raw.len() - at) - 1;
                text.push_str(EXPANSION);
            }
            '$' => {
                let name = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let name = name.unwrap_or(rest.len());
                let special = rest.starts_with(['@', '*', '#', '?', '-', '$', '!']);
                match if special { 1 } else { name } {
                    0 => text.push('$'),
                    length => {
                        next += length;
                        text.push_str(EXPANSION);
                    }
                }
            }
            c => text.push(c),
        }
        at = next.min(raw.len());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use plimsoll_model::Source;

    /// The programs of all commands; asserts that exact spans hold the words they are of.
    fn programs(run: &str) -> Vec<String> {
        let parsed = plimsoll_dockerfile::parse(Source::new("Dockerfile", format!("FROM a\n{run}\n")));
        let file = File {
            dockerfile: &parsed.dockerfile,
            prediction: None,
            context: None,
            settings: &Settings::default(),
        };
        let runs = Runs::read(&file);
        let commands = runs.list.iter().flat_map(|run| &run.commands);
        let names = commands.map(|command| {
            for word in command.written.iter().filter(|_| command.is_exact) {
                assert_eq!(parsed.dockerfile.source.slice(word.span), word.raw, "{run}");
            }
            command.program().to_string()
        });
        names.collect()
    }

    #[test]
    fn commands_wherever_they_stand() {
        assert_eq!(
            programs("RUN apt-get update \\\n && sudo -u x apt-get install -y \\\n # c\n a"),
            ["apt-get"; 2]
        );
        assert_eq!(
            programs("RUN (a; b) | { c; } && if d; then e; else f; fi"),
            ["a", "b", "c", "d", "e", "f"]
        );
        assert_eq!(programs("RUN x=$(a | b) y \"$(c `d`)\""), ["y", "a", "b", "c", "d"]);
        assert_eq!(programs("RUN sh -c 'a && b'; bash -lc \"c $X\""), ["sh", "a", "b", "bash", "c"]);
        assert_eq!(programs("RUN [\"sh\", \"-c\", \"a && b\"]"), ["sh", "a", "b"]);
        assert_eq!(programs("RUN [\"/usr/bin/a\", \"b\"]"), ["a"]);
        assert_eq!(programs("RUN <<EOF\na\n  b \\\n c\nEOF"), ["", "a", "b"]);
        assert_eq!(programs("RUN bash -e <<-EOF\n\ta\n\tb\nEOF"), ["bash", "a", "b"]);
        assert_eq!(programs("RUN cat <<EOF > /x && a\nb\nEOF"), ["cat", "a"]);
        assert_eq!(programs("RUN <<EOF\n#!/usr/bin/env python\nb\nEOF"), [""]);
        assert_eq!(programs("RUN env A=1 -i a; command b; exec c"), ["a", "b", "c"]);
        assert_eq!(programs("ONBUILD RUN a"), ["a"]);
    }

    #[test]
    fn words_without_their_quotes() {
        for (raw, text) in [
            ("a'b c'\"d\"", "ab cd"),
            ("$A-${B:-c}\"$(d e)\"`f`", "${VAR}-${VAR}${VAR}${VAR}"),
            ("a\\=b \"\\n\\\"\"", "a=b \\n\""),
            ("100$", "100$"),
            ("'", ""),
            ("\"$(", "${VAR}"),
            ("$", "$"),
            ("é`", "é${VAR}"),
        ] {
            assert_eq!(simplified(raw), text, "{raw}");
        }
    }

    #[test]
    fn options() {
        let parsed = plimsoll_dockerfile::parse(Source::new("f", "FROM a\nRUN curl -fsSLk --retry=3 x\n"));
        let file = File {
            dockerfile: &parsed.dockerfile,
            prediction: None,
            context: None,
            settings: &Settings::default(),
        };
        let runs = Runs::read(&file);
        let command = &runs.list[0].commands[0];
        assert!(command.has_letter('k') && !command.has_letter('o'));
        assert!(command.has(&["--retry"]) && !command.has(&["--insecure"]));
        assert_eq!(command.action(), "x");
    }
}
