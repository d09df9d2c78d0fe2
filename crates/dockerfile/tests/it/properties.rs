//! What holds for every input.

use plimsoll_dockerfile::expand::{expand, expand_keep_quotes, expand_words};
use plimsoll_dockerfile::ignore::Ignore;
use plimsoll_dockerfile::syntax::{Dockerfile, Instruction};
use plimsoll_dockerfile::{mount_fields, parse, shell};
use plimsoll_model::{Source, Span};
use proptest::prelude::*;

use crate::spans::spans;

/// Texts made of what Dockerfiles are made of, so that deep places are reached.
fn dockerfile_like() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "FROM ",
        "RUN ",
        "COPY ",
        "ADD ",
        "ENV ",
        "ARG ",
        "LABEL ",
        "CMD ",
        "ENTRYPOINT ",
        "SHELL ",
        "VOLUME ",
        "HEALTHCHECK ",
        "NONE",
        "ONBUILD ",
        "EXPOSE ",
        "STOPSIGNAL ",
        "USER ",
        "WORKDIR ",
        "MAINTAINER ",
        "FORM ",
        "# escape=`\n",
        "# syntax=x\n",
        "#!x\n",
        "# c",
        "\n",
        "\n",
        "\r\n",
        "\\\n",
        "\\ \n",
        "`\n",
        "\\",
        "\"",
        "'",
        "[",
        "]",
        ",",
        "{",
        "}",
        "<<EOF",
        "<<-'E F'",
        "3<<X",
        "EOF\n",
        "X\n",
        "--from=",
        "--mount=type=",
        "--",
        "=",
        "a",
        "é",
        "\u{a0}",
        "\u{feff}",
        "$x",
        "${x:-",
        "}",
        " ",
        "\t",
        "AS ",
        "scratch",
        "\\u00e9",
        "\\ud83d",
        "1",
        "&&",
        "||",
        ";",
        "|",
        "&",
        "(",
        ")",
        "if ",
        "then ",
        "fi\n",
        "case ",
        "esac",
        "do ",
        "done",
        "$(",
        "`",
        "\0",
        "for ",
        "in ",
        "while ",
        "{ ",
        "exec \"$@\"",
        "trap ",
        ";;",
        ">&2",
        "2>",
        "!",
        "**",
        "?",
        "[^a-",
        "#",
    ]);
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

fn any_text() -> impl Strategy<Value = String> {
    let bytes = prop::collection::vec(any::<u8>(), 0..300);
    prop_oneof![
        dockerfile_like(),
        bytes.prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        any::<String>()
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_span_lies_in_the_source_and_on_character_boundaries(text in any_text()) {
        let source = Source::new("Dockerfile", text);
        let parsed = parse(source.clone());
        for span in spans(&parsed) {
            prop_assert!(span.start <= span.end, "{span:?}");
            prop_assert!(source.text().get(span.start..span.end).is_some(), "{span:?} of {source:?}");
        }
    }

    #[test]
    fn instructions_stand_in_order_and_apart(text in any_text()) {
        let dockerfile = parse(Source::new("Dockerfile", text)).dockerfile;
        let mut end = 0;
        for span in statements(&dockerfile) {
            prop_assert!(end <= span.start, "{dockerfile:?}");
            end = span.end;
        }
    }

    #[test]
    fn joined_texts_hold_only_characters_of_their_place(text in any_text()) {
        let dockerfile = parse(Source::new("Dockerfile", text)).dockerfile;
        for stage in &dockerfile.stages {
            for statement in &stage.statements {
                if let Instruction::Workdir(text) | Instruction::User(text) = &statement.instruction {
                    let mut place = dockerfile.source.slice(text.span).chars();
                    prop_assert!(text.text.chars().all(|c| place.any(|other| other == c)), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn expansion_never_panics_and_points_into_the_text(text in any_text(), backtick in any::<bool>()) {
        let escape = if backtick { '`' } else { '\\' };
        let lookup = |name: &str| (name.len() < 2).then(|| format!("<{name}> \"'$"));
        let results = [
            expand(&text, escape, &lookup).map(drop),
            expand_words(&text, escape, &lookup).map(drop),
            expand_keep_quotes(&text, escape, &lookup).map(drop),
        ];
        for error in results.into_iter().filter_map(Result::err) {
            prop_assert!(text.is_char_boundary(error.offset), "{error:?} in {text:?}");
        }
    }

    #[test]
    fn a_text_without_special_characters_expands_to_itself(text in "[a-zA-Z0-9 ./:=,_-]*") {
        prop_assert_eq!(expand(&text, '\\', &|_| None).unwrap(), text);
    }

    #[test]
    fn ignore_files_and_shell_texts_never_panic(text in any_text(), path in "[a-c/.*é]{0,12}") {
        let source = Source::new(".dockerignore", text.clone());
        let ignore = Ignore::parse(&source);
        for diagnostic in &ignore.diagnostics {
            let span = diagnostic.labels[0].span;
            prop_assert!(source.text().get(span.start..span.end).is_some(), "{span:?}");
        }
        if ignore.excluded(&path).is_some_and(|line| line == 0 || line > source.line_count()) {
            prop_assert!(false, "no such line");
        }
        ignore.may_include_below(&path);
        mount_fields(&text);
        for word in shell::read(&text).simple_commands().into_iter().flat_map(|command| &command.words) {
            prop_assert_eq!(text.get(word.span.start..word.span.end), Some(word.raw.as_str()));
        }
        shell::shape(&text);
    }

    /// A pruned directory holds nothing that is not excluded.
    #[test]
    fn pruning_loses_nothing(
        lines in prop::collection::vec("!?[ab*/?]{1,6}", 1..6),
        dir in "[ab](/[ab]){0,2}",
        below in "[ab](/[ab]){0,2}",
    ) {
        let ignore = Ignore::parse(&Source::new("i", lines.join("\n")));
        if !ignore.may_include_below(&dir) {
            prop_assert!(ignore.excluded(&format!("{dir}/{below}")).is_some(), "{lines:?} {dir} {below}");
        }
    }
}

fn statements(dockerfile: &Dockerfile) -> Vec<Span> {
    let mut spans: Vec<Span> = dockerfile.global_args.iter().map(|statement| statement.span).collect();
    for stage in &dockerfile.stages {
        spans.push(stage.span);
        spans.extend(stage.statements.iter().map(|statement| statement.span));
    }
    spans
}
