//! From text to syntax tree. Never fails: everything wrong with a file comes out at once.

use plimsoll_model::{Diagnostic, Source, Span};

use crate::directives;
use crate::heredoc;
use crate::instruction::{Context, Head, Parsed as Read};
use crate::lines::{Lines, LogicalLine};
use crate::problems::Problems;
use crate::syntax::{Dockerfile, Heredoc, Instruction, Stage, Statement};

/// What [`parse`] found: the tree, and everything wrong with the text.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The tree; broken instructions are in it as [`crate::syntax::Instruction::Broken`].
    pub dockerfile: Dockerfile,
    /// Errors (what BuildKit refuses) and warnings, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Read a Dockerfile.
pub fn parse(source: Source) -> Parsed {
    let mut lines = Lines::new(&source);
    let mut problems = Problems::new(&source);
    let directives = directives::read(&mut lines, &mut problems);
    let mut tree = Tree::default();
    while let Some(line) = lines.next_logical() {
        tree.read(&line, &mut lines, &mut problems);
    }
    tree.check(&source, &mut problems);
    let comments = lines.comments;
    let mut diagnostics = problems.list;
    diagnostics.sort_by_key(|diagnostic| diagnostic.place().map_or(0, |label| label.span.start));
    let Tree { global_args, stages, homeless } = tree;
    let dockerfile = Dockerfile { source, directives, global_args, stages, homeless, comments };
    Parsed { dockerfile, diagnostics }
}

/// The tree while it grows.
#[derive(Debug, Default)]
struct Tree {
    global_args: Vec<Statement>,
    stages: Vec<Stage>,
    /// Instructions before the first FROM that cannot stand there; broken ones are reported already.
    homeless: Vec<Statement>,
}

impl Tree {
    fn read(&mut self, line: &LogicalLine, lines: &mut Lines<'_>, problems: &mut Problems) {
        for empty in &line.empty_lines {
            problems
                .warning("PL017", *empty, "an empty line inside a continued instruction")
                .note("remove it or start it with '#'; a later builder may end the instruction here");
        }
        let head = Head::split(line.whole());
        let mut span = line.span;
        let heredocs = match head.takes_heredocs() {
            true => read_heredocs(line, &mut span, lines, problems),
            false => Vec::new(),
        };
        let keyword = head.keyword.text();
        let is_arg = head.name == "ARG";
        let whole = line.span;
        let mut context = Context { escape: lines.escape, problems, whole };
        match context.parse(head, heredocs) {
            Read::Stage(from) => self.stages.push(Stage { from, span, statements: Vec::new() }),
            Read::Instruction(instruction) => {
                self.add(Statement { keyword, span, instruction }, is_arg);
            }
        }
    }

    fn add(&mut self, statement: Statement, is_arg: bool) {
        match self.stages.last_mut() {
            Some(stage) => stage.statements.push(statement),
            None if is_arg => self.global_args.push(statement),
            None => self.homeless.push(statement),
        }
    }

    /// What only shows once the whole file is read.
    fn check(&self, source: &Source, problems: &mut Problems) {
        // Behind an instruction that could not be read, which may have been meant as FROM, nothing
        // is sure.
        let first = self.homeless.first().filter(|one| !matches!(one.instruction, Instruction::Broken));
        if let Some(first) = first {
            let word = first.keyword.text.to_uppercase();
            problems
                .error("PL012", first.keyword.span, format!("{word} stands before the first FROM"))
                .note("only ARG may; start the stage with FROM image");
        } else if self.stages.is_empty() && self.homeless.is_empty() {
            let end = source.text().trim_end().len();
            let (span, message) = match self.global_args.last() {
                Some(last) => (last.span, "the file has no FROM: there is nothing to build"),
                None => (Span::new(end, end), "the file has no instructions"),
            };
            problems.error("PL012", span, message).note("a Dockerfile starts with FROM image");
        }
    }
}

fn read_heredocs(
    line: &LogicalLine,
    span: &mut Span,
    lines: &mut Lines<'_>,
    problems: &mut Problems,
) -> Vec<Heredoc> {
    let markers = heredoc::markers(line.whole().as_str());
    let (heredocs, unterminated) = heredoc::bodies(markers, lines, &mut span.end);
    if let Some(wrong) = unterminated {
        let message = format!("the heredoc <<{} has no end: no line holds just '{0}'", wrong.name);
        let report = problems.error("PL010", line.span, message);
        if let Some(nearly) = wrong.nearly {
            report.note("blanks around the word make it another line (<<- allows tabs before it)").replace(
                "remove the blanks",
                nearly,
                wrong.name,
            );
        }
    }
    heredocs
}
