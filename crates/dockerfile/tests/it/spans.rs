//! Every span of a parsed Dockerfile, its diagnostics and their fixes. The fuzz targets use it, too.

use plimsoll_dockerfile::Parsed;
use plimsoll_dockerfile::syntax::{Command, Dockerfile, Flag, From, Instruction, Pair, Statement, Text};
use plimsoll_model::Span;

/// All of them.
pub fn spans(parsed: &Parsed) -> Vec<Span> {
    let mut all = Vec::new();
    collect(parsed, &mut all);
    all
}

fn collect(parsed: &Parsed, spans: &mut Vec<Span>) {
    let Dockerfile { directives, global_args, stages, comments, .. } = &parsed.dockerfile;
    spans.extend(directives.iter().map(|directive| directive.span));
    spans.extend(comments);
    global_args.iter().for_each(|one| statement(one, spans));
    for stage in stages {
        spans.push(stage.span);
        let From { image, name, platform, words } = &stage.from;
        texts(std::iter::once(image).chain(name).chain(platform).chain(words), spans);
        stage.statements.iter().for_each(|one| statement(one, spans));
    }
    for diagnostic in &parsed.diagnostics {
        spans.extend(diagnostic.labels.iter().map(|label| label.span));
        spans.extend(diagnostic.fix.iter().flat_map(|fix| &fix.edits).map(|edit| edit.span));
    }
}

fn texts<'a>(texts: impl IntoIterator<Item = &'a Text>, spans: &mut Vec<Span>) {
    spans.extend(texts.into_iter().map(|text| text.span));
}

fn command(command: &Command, spans: &mut Vec<Span>) {
    spans.push(command.span());
    if let Command::AlmostJson { broken_at, .. } = command {
        spans.push(*broken_at);
    }
}

fn flags(flags: &[Flag], spans: &mut Vec<Span>) {
    spans.extend(flags.iter().map(|flag| flag.span));
    texts(flags.iter().filter_map(|flag| flag.value.as_ref()), spans);
}

fn statement(one: &Statement, spans: &mut Vec<Span>) {
    spans.push(one.span);
    spans.push(one.keyword.span);
    match &one.instruction {
        Instruction::Run { flags: f, command: c, heredocs } => {
            flags(f, spans);
            command(c, spans);
            spans.extend(heredocs.iter().map(|heredoc| heredoc.span));
        }
        Instruction::Copy { flags: f, sources, destination, heredocs, .. } => {
            flags(f, spans);
            texts(sources.iter().chain([destination]), spans);
            spans.extend(heredocs.iter().map(|heredoc| heredoc.span));
        }
        Instruction::Env(pairs) | Instruction::Arg(pairs) | Instruction::Label(pairs) => {
            for Pair { name, value, .. } in pairs {
                texts(std::iter::once(name).chain(value), spans);
            }
        }
        Instruction::Workdir(text)
        | Instruction::User(text)
        | Instruction::Stopsignal(text)
        | Instruction::Maintainer(text) => spans.push(text.span),
        Instruction::Expose(list) | Instruction::Volume(list) => texts(list, spans),
        Instruction::Shell { span, .. } => spans.push(*span),
        Instruction::Entrypoint(c) | Instruction::Cmd(c) => command(c, spans),
        Instruction::Healthcheck { flags: f, command: c } => {
            flags(f, spans);
            command(c, spans);
        }
        Instruction::Onbuild { text, trigger } => {
            spans.push(text.span);
            statement(trigger, spans);
        }
        Instruction::HealthcheckNone | Instruction::Broken => {}
    }
}
