//! Cases as data: commands after the engine's name, and what is expected of each.
//!
//! In words and expected texts these stand for something of the case's own: `{c}` and `{b}` names of
//! containers, `{v}` and `{w}` names of volumes, `{i}` the name of an image, `{d}` a directory, in which
//! the commands are run, and `{NAME}` what a step has kept under that name (`{NAME12}`: its beginning).

use super::expected::{End, Expected, Text};

/// One documented rule, tried by a few commands.
#[derive(Debug)]
pub struct Case {
    /// Unique; also the name of its container.
    pub name: &'static str,
    /// The rule in a few words, and where it is documented.
    pub rule: &'static str,
    /// What plimsoll has to have for it.
    pub needs: Needs,
    /// It looks at all containers or volumes there are, so no other case may run beside it.
    pub alone: bool,
    /// Files of its directory.
    pub files: Vec<(&'static str, &'static str)>,
    /// In order; each is tried, whatever the others gave.
    pub steps: Vec<Step>,
}

/// What an ordinary user may not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// More than one id.
    Ids,
    /// Real root: devices, limits by cgroup, ids of the host.
    Root,
}

/// One step of a case.
#[derive(Debug)]
pub struct Step {
    /// What is done.
    pub act: Act,
    /// Words after the engine's name; see `words.rs` for quotes.
    pub words: &'static str,
    /// Variables of the caller.
    pub environment: Vec<(&'static str, &'static str)>,
    /// Standard input; none if empty.
    pub input: String,
    /// What is typed on the caller's terminal, each as soon as the text before it has been seen.
    pub typed: Option<Vec<(&'static str, &'static str)>>,
    /// Try again until it is as expected.
    pub patient: bool,
    /// Keep the output under this name.
    pub keep: Option<&'static str>,
    /// What it has to give.
    pub expected: Expected,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Run a command to its end.
    Run,
    /// Start a command; its end is looked at after the last step.
    Begin,
    /// Send a signal to the command begun last.
    Signal,
    /// Read a file of this machine.
    Read,
}

/// A case without steps.
pub fn case(name: &'static str, rule: &'static str) -> Case {
    Case { name, rule, needs: Needs::Nothing, alone: false, files: Vec::new(), steps: Vec::new() }
}

/// The case itself.
impl Case {
    /// Plimsoll has to have this.
    pub fn needs(mut self, needs: Needs) -> Self {
        self.needs = needs;
        self
    }

    /// No other case may run beside it.
    pub fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    /// A file in `{d}`.
    pub fn file(mut self, name: &'static str, text: &'static str) -> Self {
        self.files.push((name, text));
        self
    }

    /// Run a command. It has to end with 0 if nothing else is said.
    pub fn run(self, words: &'static str) -> Self {
        self.act(Act::Run, words)
    }

    /// Start a command that goes on beside the next steps; its output is in the file `begun`.
    pub fn begin(self, words: &'static str) -> Self {
        self.act(Act::Begin, words)
    }

    /// Send a signal to the command that was begun last.
    pub fn signal(self, name: &'static str) -> Self {
        self.act(Act::Signal, name)
    }

    /// Read a file of this machine.
    pub fn read(self, path: &'static str) -> Self {
        self.act(Act::Read, path)
    }

    fn act(mut self, act: Act, words: &'static str) -> Self {
        self.steps.push(Step {
            act,
            words,
            environment: Vec::new(),
            input: String::new(),
            typed: None,
            patient: false,
            keep: None,
            expected: Expected::default(),
        });
        self
    }

    fn last(mut self, change: impl FnOnce(&mut Step)) -> Self {
        change(self.steps.last_mut().expect("what is said of a step follows it"));
        self
    }
}

/// How the last step is called.
impl Case {
    /// The caller has this variable.
    pub fn env(self, name: &'static str, value: &'static str) -> Self {
        self.last(|step| step.environment.push((name, value)))
    }

    /// It gets this on its standard input.
    pub fn input(self, text: impl Into<String>) -> Self {
        self.last(|step| step.input = text.into())
    }

    /// It is called from a terminal, on which this is typed after that was seen.
    pub fn types(self, seen: &'static str, text: &'static str) -> Self {
        self.last(|step| step.typed.get_or_insert_default().push((seen, text)))
    }

    /// It is tried again until it is as expected.
    pub fn eventually(self) -> Self {
        self.last(|step| step.patient = true)
    }

    /// Its output is kept: `{NAME}` in later steps.
    pub fn keep(self, name: &'static str) -> Self {
        self.last(|step| step.keep = Some(name))
    }
}

/// What the last step gives.
impl Case {
    /// It ends with this code.
    pub fn ends(self, code: i32) -> Self {
        self.last(|step| step.expected.end = End::With(code))
    }

    /// The verb cannot do it.
    pub fn fails(self) -> Self {
        self.last(|step| step.expected.end = End::Refused)
    }

    fn prints(self, text: Text) -> Self {
        self.last(|step| step.expected.stdout.push(text))
    }

    /// Its output is this, blanks at the ends aside.
    pub fn is(self, text: &'static str) -> Self {
        self.prints(Text::Is(text))
    }

    /// Its output is like this; `*` stands for anything.
    pub fn like(self, pattern: &'static str) -> Self {
        self.prints(Text::Like(pattern))
    }

    /// Its output has this somewhere.
    pub fn has(self, text: &'static str) -> Self {
        self.prints(Text::Has(text))
    }

    /// Its output has this nowhere.
    pub fn lacks(self, text: &'static str) -> Self {
        self.prints(Text::Lacks(text))
    }

    /// Its output are these lines, in any order.
    pub fn lines(self, lines: &'static [&'static str]) -> Self {
        self.prints(Text::Lines(lines))
    }

    /// Its output has so many bytes.
    pub fn bytes(self, count: usize) -> Self {
        self.prints(Text::Bytes(count))
    }

    /// Its output is so many hexadecimal digits.
    pub fn hex(self, digits: usize) -> Self {
        self.prints(Text::Hex(digits))
    }

    /// Its standard error has this somewhere.
    pub fn says(self, text: &'static str) -> Self {
        self.last(|step| step.expected.stderr.push(text))
    }
}
