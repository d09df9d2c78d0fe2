//! One instruction: its word, its flags, its arguments.

mod command;
mod copy;
mod from;
mod onbuild;
mod pairs;
mod words;

use plimsoll_model::Span;

use crate::flags;
use crate::json_form::{self, JsonForm};
use crate::lines::Fragment;
use crate::mount;
use crate::problems::{Problems, did_you_mean, nearest};
use crate::syntax::{Flag, From, Heredoc, Instruction, Text};

/// Every instruction word.
pub const INSTRUCTIONS: &[&str] = &[
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// An instruction cut into its parts, nothing checked yet.
pub(crate) struct Head<'a> {
    /// The word as written.
    pub keyword: Fragment<'a>,
    /// The word in upper case.
    pub name: String,
    /// Flags before the arguments.
    pub flags: Vec<Flag>,
    /// The arguments, blanks around them removed.
    pub arguments: Fragment<'a>,
}

/// What an instruction is.
pub(crate) enum Parsed {
    /// FROM: a new stage.
    Stage(From),
    /// Anything else.
    Instruction(Instruction),
}

/// What the instruction parsers share.
pub(crate) struct Context<'a> {
    pub escape: char,
    pub problems: &'a mut Problems,
    /// The whole instruction, for messages about what is not there.
    pub whole: Span,
}

impl<'a> Head<'a> {
    /// Cut a logical line (or what follows ONBUILD) into its parts.
    pub fn split(line: Fragment<'a>) -> Self {
        let (keyword, rest) = line.trim().split_word();
        let (flags, arguments) = flags::split(rest);
        Head { keyword, name: keyword.as_str().to_uppercase(), flags, arguments }
    }

    /// Whether heredocs may follow: RUN, COPY and ADD without the JSON form, also behind ONBUILD.
    pub fn takes_heredocs(&self) -> bool {
        match self.name.as_str() {
            "RUN" | "COPY" | "ADD" => {
                !matches!(json_form::read(self.arguments.as_str()), JsonForm::Strings(_))
            }
            "ONBUILD" => {
                let trigger = Head::split(self.arguments);
                trigger.name != "ONBUILD" && trigger.takes_heredocs()
            }
            _ => false,
        }
    }
}

impl Context<'_> {
    /// Turn the parts into the instruction, reporting everything wrong with them.
    pub fn parse(&mut self, head: Head<'_>, heredocs: Vec<Heredoc>) -> Parsed {
        if !INSTRUCTIONS.contains(&head.name.as_str()) {
            return self.unknown(&head);
        }
        self.check_flags(&head);
        if head.name == "FROM" {
            return Parsed::Stage(self.from(&head));
        }
        let instruction = match head.name.as_str() {
            "ADD" | "COPY" => self.copy(head, heredocs),
            "ARG" | "ENV" | "LABEL" => self.pairs(&head),
            "RUN" => self.run(head, heredocs),
            "CMD" | "ENTRYPOINT" => self.launch(&head),
            "SHELL" => self.shell(&head),
            "HEALTHCHECK" => self.healthcheck(head),
            "EXPOSE" | "VOLUME" => self.words(&head),
            "ONBUILD" => self.onbuild(head, heredocs),
            _ => self.one_text(&head),
        };
        Parsed::Instruction(instruction.unwrap_or(Instruction::Broken))
    }

    fn check_flags(&mut self, head: &Head<'_>) {
        if matches!(head.name.as_str(), "ARG" | "STOPSIGNAL") {
            for flag in &head.flags {
                let message = format!("{} takes no flags: the builder drops this silently", head.name);
                self.problems.warning("PL002", flag.span, message);
            }
            return;
        }
        flags::check(&head.name, &head.flags, self.problems);
        if head.name == "RUN" {
            for value in
                head.flags.iter().filter(|flag| flag.name == "mount").filter_map(|f| f.value.as_ref())
            {
                mount::check(value, self.problems);
            }
        }
    }

    /// Report an unknown word. If FROM was meant, the stage is read all the same, so that what
    /// follows is not reported as standing outside of any stage.
    fn unknown(&mut self, head: &Head<'_>) -> Parsed {
        let written = head.keyword.as_str();
        let span = head.keyword.span();
        let note = why_unknown(written);
        let near = nearest(&head.name, INSTRUCTIONS).filter(|_| note.is_none());
        let message = format!("unknown instruction '{written}'{}", did_you_mean(&near));
        let mut report = self.problems.error("PL001", span, message);
        if let Some(note) = note {
            report = report.note(note);
        }
        if let Some(near) = &near {
            report.replace(format!("write {near}"), span, near.clone());
        }
        if near.as_deref() == Some("FROM") {
            return Parsed::Stage(self.from(head));
        }
        Parsed::Instruction(Instruction::Broken)
    }

    /// Report that an instruction has no argument.
    fn missing(&mut self, name: &str, wanted: &str) {
        self.problems.error("PL004", self.whole, format!("{name} needs {wanted}"));
    }

    /// Report that a text is valid JSON and no list of strings.
    fn not_strings(&mut self, arguments: Fragment<'_>, place: std::ops::Range<usize>) {
        let place = arguments.part(place.start, place.end);
        let message = format!("'{}' is no string: a JSON array here holds strings only", place.as_str());
        let quoted = format!("\"{}\"", place.as_str());
        let report = self.problems.error("PL008", place.span(), message);
        if !place.as_str().contains(['"', '[', '{']) {
            report.replace(format!("write {quoted}"), place.span(), quoted);
        }
    }

    /// The strings of a JSON array, each with its place; `None` if it is none. A text that starts
    /// like one is reported.
    fn string_list(&mut self, name: &str, arguments: Fragment<'_>) -> Result<Option<Vec<Text>>, Refused> {
        match json_form::read(arguments.as_str()) {
            JsonForm::Strings(strings) => {
                let text = |(text, place): (String, std::ops::Range<usize>)| Text {
                    text,
                    span: arguments.part(place.start, place.end).span(),
                };
                Ok(Some(strings.into_iter().map(text).collect()))
            }
            JsonForm::NotStrings(place) => {
                self.not_strings(arguments, place);
                Err(Refused)
            }
            JsonForm::Broken(place, why) if json_form::is_meant_as_list(arguments.as_str()) => {
                let place = arguments.part(place.start, place.end).span();
                self.problems
                    .warning(
                        "PL018",
                        place,
                        format!("this is no JSON ({why}): {name} takes it as plain words"),
                    )
                    .note("brackets, quotes and commas become part of the paths");
                Ok(None)
            }
            JsonForm::Broken(..) | JsonForm::Other => Ok(None),
        }
    }
}

/// The instruction was refused and the reason reported.
pub(crate) struct Refused;

/// A guess at how a word came to stand where an instruction is expected.
fn why_unknown(word: &str) -> Option<&'static str> {
    if word.contains(|c: char| c.is_whitespace()) {
        return Some("it holds a blank that is no plain space (no-break space?); type a plain space instead");
    }
    if word.starts_with(['&', '|', '-', ';', ')', '}']) {
        return Some("the line above may lack its '\\' at the end");
    }
    if word.starts_with("//") {
        return Some("comments start with '#'");
    }
    if word.is_empty() {
        return Some("the '\\' continues nothing");
    }
    None
}
