//! The rules of the language, one test a rule.

use plimsoll_dockerfile::syntax::{Command, Dockerfile, Flag, Heredoc, Instruction, Pair, Statement, Text};
use plimsoll_dockerfile::{Parsed, parse};
use plimsoll_model::{Severity, Source};

fn read(text: &str) -> Parsed {
    parse(Source::new("Dockerfile", text))
}

/// The tree of a text that has nothing wrong.
fn good(text: &str) -> Dockerfile {
    let parsed = read(text);
    assert_eq!(parsed.diagnostics, [], "{text}");
    parsed.dockerfile
}

/// The one instruction behind `FROM x`.
fn one(instruction: &str) -> Statement {
    let mut file = good(&format!("FROM x\n{instruction}"));
    assert_eq!(file.stages[0].statements.len(), 1, "{instruction}");
    file.stages.remove(0).statements.remove(0)
}

/// `code line: message` of everything wrong.
fn wrong(text: &str) -> Vec<String> {
    let parsed = read(text);
    let source = &parsed.dockerfile.source;
    let one = |d: &plimsoll_model::Diagnostic| {
        let mark = if d.severity == Severity::Error { "" } else { "(warning) " };
        format!("{mark}{} {}: {}", d.code, source.line(d.labels[0].span.start), d.message)
    };
    parsed.diagnostics.iter().map(one).collect()
}

/// What is wrong with an instruction behind `FROM x`: code, text pointed at, message.
fn fault(instruction: &str) -> (String, String, String) {
    let parsed = read(&format!("FROM x\n{instruction}"));
    let [found] = parsed.diagnostics.as_slice() else { panic!("{instruction}: {:?}", parsed.diagnostics) };
    let place = parsed.dockerfile.source.slice(found.labels[0].span).to_string();
    (found.code.clone(), place, found.message.clone())
}

fn faults(cases: &[(&str, &str, &str, &str)]) {
    for (instruction, code, place, message) in cases {
        let found = fault(instruction);
        assert_eq!(
            (found.0.as_str(), found.1.as_str(), found.2.as_str()),
            (*code, *place, *message),
            "{instruction}"
        );
    }
}

fn texts(texts: &[Text]) -> Vec<&str> {
    texts.iter().map(|text| text.text.as_str()).collect()
}

fn pairs(pairs: &[Pair]) -> Vec<(&str, Option<&str>, bool)> {
    pairs
        .iter()
        .map(|p| (p.name.text.as_str(), p.value.as_ref().map(|v| v.text.as_str()), p.legacy))
        .collect()
}

fn flags(flags: &[Flag]) -> Vec<(&str, Option<&str>)> {
    flags.iter().map(|f| (f.name.as_str(), f.value.as_ref().map(|v| v.text.as_str()))).collect()
}

#[test]
fn a_whole_file() {
    let text = "# syntax=docker/dockerfile:1\nARG V=1\nARG A B=2\n\nFROM --platform=$P a:$V AS Build\n# c\nRUN x\n\nfrom scratch\ncopy --from=build /a /b\n";
    let file = good(text);
    assert_eq!(file.directives[0].name, "syntax");
    assert_eq!(file.global_args.len(), 2);
    assert_eq!(file.comments.len(), 1);
    let [build, last] = file.stages.as_slice() else { panic!("two stages") };
    assert_eq!(build.from.image.text, "a:$V");
    assert_eq!(build.from.name.as_ref().unwrap().text, "Build");
    assert_eq!(build.from.platform.as_ref().unwrap().text, "$P");
    assert!(!build.from.is_scratch() && last.from.is_scratch());
    assert_eq!(file.source.slice(build.span), "FROM --platform=$P a:$V AS Build");
    let copy = &last.statements[0];
    assert_eq!(copy.keyword.text, "copy");
    assert_eq!(file.source.slice(copy.span), "copy --from=build /a /b");
}

#[test]
fn shell_form_keeps_inner_blanks_and_joins_lines() {
    let Instruction::Cmd(Command::Shell(text)) = one("CMD  a   b \\\n  # no\n   'c'  ").instruction else {
        panic!()
    };
    assert_eq!(text.text, "a   b    'c'");
    let Instruction::Run { command: Command::Shell(text), .. } = one("RUN a $B \"[\"").instruction else {
        panic!()
    };
    assert_eq!(text.text, "a $B \"[\"");
}

#[test]
fn a_backtick_may_be_the_escape_character() {
    let file = good("# escape=`\nFROM x\nRUN a `\n b \\\nRUN c\\d `` `x");
    let commands: Vec<String> = file.stages[0]
        .statements
        .iter()
        .map(|statement| match &statement.instruction {
            Instruction::Run { command: Command::Shell(text), .. } => text.text.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(commands, ["a  b \\", "c\\d `` `x"]);
}

#[test]
fn exec_form() {
    let Instruction::Entrypoint(Command::Exec { argv, .. }) =
        one("ENTRYPOINT [ \"a\", \"b\\tc\" ] ").instruction
    else {
        panic!()
    };
    assert_eq!(argv, ["a", "b\tc"]);
    let Instruction::Cmd(command) = one("CMD []").instruction else { panic!() };
    assert_eq!(command.argv(&["sh".into()]), [""; 0]);
    assert!(
        matches!(one("SHELL [\"bash\", \"-c\"]").instruction, Instruction::Shell { argv, .. } if argv.len() == 2)
    );
}

#[test]
fn almost_json_tells_where_and_why() {
    let statement = one("CMD [\"a\", \\\n 'b']");
    let file = good("FROM x\nCMD [\"a\", \\\n 'b']");
    let Instruction::Cmd(Command::AlmostJson { text, broken_at, why }) = statement.instruction else {
        panic!()
    };
    assert_eq!(text.text, "[\"a\",  'b']");
    assert_eq!((file.source.slice(broken_at), why), ("'b'", "single quotes"));
    let test = one("RUN [ -f /x ] || touch /x").instruction;
    assert!(matches!(test, Instruction::Run { command: Command::Shell(_), .. }));
}

#[test]
fn arrays_of_other_things_are_refused() {
    faults(&[
        ("CMD [\"a\", 1]", "PL008", "1", "'1' is no string: a JSON array here holds strings only"),
        ("RUN [null]", "PL008", "null", "'null' is no string: a JSON array here holds strings only"),
        (
            "VOLUME [[\"a\"]]",
            "PL008",
            "[\"a\"]",
            "'[\"a\"]' is no string: a JSON array here holds strings only",
        ),
        ("COPY [true, \"b\"]", "PL008", "true", "'true' is no string: a JSON array here holds strings only"),
    ]);
    let fix = read("FROM x\nCMD [\"a\", 1]").diagnostics[0].fix.clone().unwrap();
    assert_eq!(fix.edits[0].replacement, "\"1\"");
}

#[test]
fn copy_and_add() {
    let Instruction::Copy { is_add, flags: f, sources, destination, .. } =
        one("ADD --chown=1:2 --link a b\\ c/ $D").instruction
    else {
        panic!()
    };
    assert!(is_add);
    assert_eq!(flags(&f), [("chown", Some("1:2")), ("link", None)]);
    assert_eq!((texts(&sources), destination.text.as_str()), (vec!["a", "b\\", "c/"], "$D"));
    let Instruction::Copy { sources, destination, .. } = one("COPY [\"a b\", \"c\", \"/d e/\"]").instruction
    else {
        panic!()
    };
    assert_eq!((texts(&sources), destination.text.as_str()), (vec!["a b", "c"], "/d e/"));
    faults(&[
        ("COPY a", "PL004", "COPY a", "COPY needs at least one source and a destination"),
        ("ADD", "PL004", "ADD", "ADD needs at least one source and a destination"),
        (
            "COPY a <<EOF\nEOF",
            "PL019",
            "<<EOF",
            "COPY cannot write to a heredoc: the last word is the destination",
        ),
        ("COPY --form=a b c", "PL002", "--form=a", "unknown flag '--form' of COPY; did you mean '--from'?"),
    ]);
    assert!(matches!(one("COPY [a-z]*.txt /d/").instruction, Instruction::Copy { .. }));
    assert_eq!(
        wrong("FROM x\nCOPY [\"a\", 'b'] /c"),
        ["(warning) PL018 2: this is no JSON (single quotes): COPY takes it as plain words"]
    );
}

#[test]
fn heredocs() {
    let text = "FROM x\nRUN <<A cat > /x && <<-'B' cat\n$a\nA\n\t\tb\n\tB\nCOPY <<\"C D\" 3<<E /dst/\nc\r\nC D\nE\nUSER u";
    let file = good(text);
    let [run, copy, user] = file.stages[0].statements.as_slice() else { panic!("three") };
    let Instruction::Run { command: Command::Shell(command), heredocs, .. } = &run.instruction else {
        panic!()
    };
    assert_eq!(command.text, "<<A cat > /x && <<-'B' cat");
    let of = |doc: &Heredoc| (doc.name.clone(), doc.strip_tabs, doc.expand, doc.descriptor, doc.body.clone());
    assert_eq!(of(&heredocs[0]), ("A".into(), false, true, 0, "$a\n".into()));
    assert_eq!(of(&heredocs[1]), ("B".into(), true, false, 0, "b\n".into()));
    assert_eq!(file.source.slice(heredocs[0].span), "$a\n");
    assert!(file.source.slice(run.span).ends_with("\tB"));
    let Instruction::Copy { heredocs, .. } = &copy.instruction else { panic!() };
    assert_eq!(of(&heredocs[0]), ("C D".into(), false, false, 0, "c\r\n".into()));
    assert_eq!(of(&heredocs[1]), ("E".into(), false, true, 3, "".into()));
    assert!(matches!(&user.instruction, Instruction::User(name) if name.text == "u"));
    assert!(matches!(one("CMD cat <<EOF").instruction, Instruction::Cmd(Command::Shell(_))));
}

#[test]
fn a_heredoc_needs_its_end() {
    let parsed = read("FROM x\nRUN <<EOF\na\n EOF\n");
    let [found] = parsed.diagnostics.as_slice() else { panic!("{:?}", parsed.diagnostics) };
    assert_eq!(
        (found.code.as_str(), found.message.as_str()),
        ("PL010", "the heredoc <<EOF has no end: no line holds just 'EOF'")
    );
    let edit = &found.fix.as_ref().unwrap().edits[0];
    assert_eq!((parsed.dockerfile.source.slice(edit.span), edit.replacement.as_str()), (" EOF", "EOF"));
}

#[test]
fn names_and_values() {
    let Instruction::Env(env) = one("ENV a=1 b=\"2 3\" 'c'=\\ d=$x e=").instruction else { panic!() };
    assert_eq!(
        pairs(&env),
        [
            ("a", Some("1"), false),
            ("b", Some("\"2 3\""), false),
            ("'c'", Some("\\ d=$x"), false),
            ("e", Some(""), false)
        ]
    );
    let Instruction::Env(env) = one("ENV a  b = c").instruction else { panic!() };
    assert_eq!(pairs(&env), [("a", Some("b = c"), true)]);
    let Instruction::Label(labels) = one("LABEL \"a.b\"=\"c\" d='e'").instruction else { panic!() };
    assert_eq!(pairs(&labels), [("\"a.b\"", Some("\"c\""), false), ("d", Some("'e'"), false)]);
    let Instruction::Arg(args) = one("ARG a b=1 c=").instruction else { panic!() };
    assert_eq!(pairs(&args), [("a", None, false), ("b", Some("1"), false), ("c", Some(""), false)]);
    faults(&[
        ("ENV", "PL004", "ENV", "ENV needs at least one name=value"),
        ("ENV a", "PL007", "a", "ENV a has no value"),
        ("ENV a=b c", "PL007", "c", "'c' is no name=value"),
        ("LABEL =a", "PL007", "=a", "LABEL has no name before '='"),
        ("ARG =a", "PL007", "=a", "ARG has no name before '='"),
    ]);
    assert!(read("FROM x\nENV a=b c").diagnostics[0].notes[0].ends_with("ENV a=\"b c\""));
    assert_eq!(wrong("FROM x\nENV a=1 b\nENV c=1 d =2").len(), 3);
}

#[test]
fn plain_arguments() {
    assert!(matches!(one("WORKDIR  /a b ").instruction, Instruction::Workdir(path) if path.text == "/a b"));
    assert!(matches!(one("USER a:b").instruction, Instruction::User(user) if user.text == "a:b"));
    assert!(
        matches!(one("EXPOSE 80 $P 53/udp").instruction, Instruction::Expose(ports) if texts(&ports) == ["80", "$P", "53/udp"])
    );
    assert!(
        matches!(one("VOLUME /a /b").instruction, Instruction::Volume(paths) if texts(&paths) == ["/a", "/b"])
    );
    assert!(
        matches!(one("VOLUME [\"/a b\"]").instruction, Instruction::Volume(paths) if texts(&paths) == ["/a b"])
    );
    assert!(
        matches!(one("MAINTAINER me you").instruction, Instruction::Maintainer(name) if name.text == "me you")
    );
    for signal in ["SIGTERM", "9", "rtmin+3", "$S", "\"TERM\""] {
        assert!(matches!(one(&format!("STOPSIGNAL {signal}")).instruction, Instruction::Stopsignal(_)));
    }
    faults(&[
        ("WORKDIR", "PL004", "WORKDIR", "WORKDIR needs a path"),
        ("USER  ", "PL004", "USER  ", "USER needs a user"),
        ("EXPOSE", "PL004", "EXPOSE", "EXPOSE needs at least one port"),
        ("VOLUME []", "PL004", "VOLUME []", "VOLUME needs at least one path"),
        ("VOLUME [\" \"]", "PL004", "\" \"", "the path of a VOLUME is empty"),
        ("STOPSIGNAL SIGTREM", "PL016", "SIGTREM", "unknown signal 'SIGTREM'; did you mean 'SIGTERM'?"),
        ("USER --uid=1 a", "PL002", "--uid=1", "unknown flag '--uid' of USER"),
    ]);
    assert_eq!(
        wrong("FROM x\nARG --x a"),
        ["(warning) PL002 2: ARG takes no flags: the builder drops this silently"]
    );
}

#[test]
fn shell_needs_a_list() {
    faults(&[
        ("SHELL bash -c", "PL009", "bash -c", "SHELL needs a JSON array"),
        ("SHELL ['bash']", "PL009", "'bash'", "SHELL needs a JSON array; this is none: single quotes"),
        ("SHELL []", "PL004", "SHELL []", "SHELL needs at least one element in its array"),
        ("SHELL", "PL004", "SHELL", "SHELL needs a JSON array: SHELL [\"/bin/sh\", \"-c\"]"),
    ]);
    let fix = read("FROM x\nSHELL bash -c").diagnostics[0].fix.clone().unwrap();
    assert_eq!(fix.edits[0].replacement, "[\"bash\", \"-c\"]");
}

#[test]
fn healthcheck() {
    assert!(matches!(one("HEALTHCHECK none").instruction, Instruction::HealthcheckNone));
    let text =
        "HEALTHCHECK --interval=1m30s --timeout=0s --start-period=500ms --retries=3 \\\n  cmd curl -f x";
    let Instruction::Healthcheck { flags: f, command: Command::Shell(text) } = one(text).instruction else {
        panic!()
    };
    assert_eq!(f.len(), 4);
    assert_eq!(text.text, "curl -f x");
    let exec = one("HEALTHCHECK CMD [\"a\"]").instruction;
    assert!(matches!(exec, Instruction::Healthcheck { command: Command::Exec { .. }, .. }));
    faults(&[
        ("HEALTHCHECK", "PL004", "HEALTHCHECK", "HEALTHCHECK needs CMD and a command, or NONE"),
        ("HEALTHCHECK CMD", "PL004", "HEALTHCHECK CMD", "HEALTHCHECK CMD needs a command"),
        ("HEALTHCHECK CMD []", "PL004", "HEALTHCHECK CMD []", "HEALTHCHECK CMD needs a command"),
        ("HEALTHCHECK NONE x", "PL014", "x", "HEALTHCHECK NONE takes no arguments"),
        ("HEALTHCHECK curl x", "PL014", "curl", "HEALTHCHECK takes CMD or NONE, not 'curl'"),
        ("HEALTHCHECK --interval=5 CMD x", "PL014", "5", "'5' is no duration such as 30s, 1m30s or 500ms"),
        ("HEALTHCHECK --timeout=10us CMD x", "PL014", "10us", "--timeout is shorter than 1ms"),
        ("HEALTHCHECK --retries=-1 CMD x", "PL014", "-1", "--retries is a number from 0 on, not '-1'"),
        (
            "HEALTHCHECK --intervall=5s CMD x",
            "PL002",
            "--intervall=5s",
            "unknown flag '--intervall' of HEALTHCHECK; did you mean '--interval'?",
        ),
    ]);
}

#[test]
fn onbuild() {
    let statement = one("ONBUILD  RUN <<EOF\na\nEOF");
    let Instruction::Onbuild { text, trigger } = statement.instruction else { panic!() };
    assert_eq!(text.text, "RUN <<EOF\na\nEOF");
    assert_eq!(trigger.keyword.text, "RUN");
    assert!(matches!(&trigger.instruction, Instruction::Run { heredocs, .. } if heredocs[0].body == "a\n"));
    faults(&[
        ("ONBUILD", "PL004", "ONBUILD", "ONBUILD needs an instruction"),
        ("ONBUILD FROM x", "PL013", "FROM", "FROM cannot be a trigger of ONBUILD"),
        ("ONBUILD onbuild RUN x", "PL013", "onbuild", "ONBUILD cannot be a trigger of ONBUILD"),
        ("ONBUILD ENV a", "PL007", "a", "ENV a has no value"),
    ]);
    // BuildKit does not look at triggers closely: the children fail.
    assert_eq!(
        wrong("FROM x\nONBUILD RUNN x\nONBUILD COPY a"),
        [
            "(warning) PL001 2: unknown instruction 'RUNN'; did you mean 'RUN'?",
            "(warning) PL004 3: COPY needs at least one source and a destination"
        ]
    );
}

#[test]
fn from_and_stage_names() {
    let at_top = |text: &str, expected: &[&str]| assert_eq!(wrong(text), expected, "{text}");
    at_top("FROM", &["PL004 1: FROM needs an image"]);
    at_top("FROM a b", &["PL005 1: 'b' after the image: FROM image [AS name]"]);
    at_top("FROM a as", &["PL005 1: the name of the stage is missing after AS"]);
    at_top("FROM a # b", &["PL005 1: '#' after the image: FROM image [AS name]"]);
    at_top("FROM a AS 1b", &["PL006 1: '1b' is no stage name"]);
    at_top("FROM a AS b/c", &["PL006 1: 'b/c' is no stage name"]);
    at_top(
        "FROM --plattform=x a",
        &["PL002 1: unknown flag '--plattform' of FROM; did you mean '--platform'?"],
    );
    good("FROM a aS B-_.9");
}

#[test]
fn unknown_instructions() {
    assert_eq!(
        wrong("FORM alpine\nRUN a\nCPOY a b\nxyzzy\n&& b"),
        [
            "PL001 1: unknown instruction 'FORM'; did you mean 'FROM'?",
            "PL001 3: unknown instruction 'CPOY'; did you mean 'COPY'?",
            "PL001 4: unknown instruction 'xyzzy'",
            "PL001 5: unknown instruction '&&'"
        ]
    );
    let parsed = read("FORM alpine\n&& b\nRUN\u{a0}x\n");
    assert_eq!(parsed.dockerfile.stages[0].from.image.text, "alpine");
    assert_eq!(parsed.diagnostics[0].fix.as_ref().unwrap().edits[0].replacement, "FROM");
    assert!(parsed.diagnostics[1].notes[0].contains("line above"));
    assert!(parsed.diagnostics[2].notes[0].contains("no-break space"));
}

#[test]
fn a_file_needs_a_stage() {
    assert_eq!(wrong(""), ["PL012 1: the file has no instructions"]);
    assert_eq!(wrong("# a\n\n"), ["PL012 1: the file has no instructions"]);
    assert_eq!(wrong("ARG a\n"), ["PL012 1: the file has no FROM: there is nothing to build"]);
    assert_eq!(wrong("ARG a\nRUN b\nCMD c\nFROM x"), ["PL012 2: RUN stands before the first FROM"]);
    assert_eq!(
        wrong("\\\n\n"),
        [
            "PL001 1: unknown instruction ''",
            "(warning) PL017 2: an empty line inside a continued instruction"
        ]
    );
    assert_eq!(wrong("FROM\u{a0}x\nRUN a\n").len(), 1);
}

#[test]
fn empty_commands_and_lines_are_warnings() {
    assert_eq!(
        wrong("FROM x\nRUN\nCMD\nRUN a \\\n\n b"),
        [
            "(warning) PL004 2: RUN has no command: the builder takes an empty one",
            "(warning) PL004 3: CMD has no command: the builder takes an empty one",
            "(warning) PL017 5: an empty line inside a continued instruction"
        ]
    );
}

#[test]
fn run_flags_and_mounts() {
    let text = "RUN --mount=type=cache,target=/c --mount=type=secret,id=s,env=S --network=none --security=insecure a";
    let Instruction::Run { flags: f, .. } = one(text).instruction else { panic!() };
    assert_eq!(f.len(), 4);
    faults(&[
        (
            "RUN --mount=type=bin,target=/c a",
            "PL015",
            "type=bin,target=/c",
            "'bin' is no type of --mount: bind, cache, tmpfs, secret, ssh were expected; did you mean 'bind'?",
        ),
        ("RUN --mont=x a", "PL002", "--mont=x", "unknown flag '--mont' of RUN; did you mean '--mount'?"),
        ("CMD --port 80", "PL002", "--port", "unknown flag '--port' of CMD"),
    ]);
    assert!(read("FROM x\nCMD --port 80").diagnostics[0].notes[0].contains("CMD [\"--port\", ...]"));
}

#[test]
fn line_ends_and_marks() {
    let file = good("\u{feff}FROM a\r\nRUN b \\\r\n  c\r\nCMD d \\");
    assert_eq!(file.stages[0].statements.len(), 2);
    let Instruction::Run { command: Command::Shell(text), .. } = &file.stages[0].statements[0].instruction
    else {
        panic!()
    };
    assert_eq!(text.text, "b   c");
}
