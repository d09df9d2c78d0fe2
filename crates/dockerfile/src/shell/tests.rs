use super::*;

fn clear(text: &str) -> Script {
    let script = read(text);
    assert_eq!(script.unclear, None, "{text}");
    script
}

fn simple(node: &Node) -> &SimpleCommand {
    match node {
        Node::Simple(simple) => simple,
        Node::Compound(compound) => panic!("{compound:?}"),
    }
}

fn compound(node: &Node) -> &Compound {
    match node {
        Node::Compound(compound) => compound,
        Node::Simple(simple) => panic!("{simple:?}"),
    }
}

fn raw(words: &[Word]) -> Vec<&str> {
    words.iter().map(|word| word.raw.as_str()).collect()
}

fn programs<'a>(commands: impl IntoIterator<Item = &'a SimpleCommand>) -> Vec<&'a str> {
    commands.into_iter().map(|command| command.program().unwrap_or("?")).collect()
}

#[test]
fn an_entrypoint_script() {
    let text = "#!/bin/sh -e\r\n# start\nset -e\nif [ \"$1\" = app ]; then\n  shift\n  exec app \"$@\"\nfi\nexec \"$@\"\n";
    let script = clear(text);
    let shebang = script.shebang.as_ref().unwrap();
    assert_eq!((shebang.interpreter.as_str(), shebang.argument.as_deref()), ("/bin/sh", Some("-e")));
    assert!(shebang.carriage_return && script.crlf);
    let last = simple(&last_command(&script).unwrap().node);
    assert!(last.exec && last.passes_args() && last.program().is_none());
    assert_eq!(&text[last.span.start..last.span.end], "exec \"$@\"");
    let block = compound(&script.commands[1].node);
    assert_eq!(block.keyword, "if");
    assert!(!block.has_else);
    assert_eq!(programs(&block.commands), ["[", "shift", "app"]);
    assert_eq!(programs(block.branches[0].test.iter().map(|c| simple(&c.node))), ["["]);
    assert!(script.uses_args());
}

#[test]
fn words_and_their_literals() {
    let script = clear(r#"prog 'a b' "c \" d" e\ f $g "$h" *.x ~/y a=b [ `k` $(l "m)") x[1] {a,b} $"#);
    let words = &simple(&script.commands[0].node).words;
    let literals: Vec<Option<&str>> = words.iter().map(|word| word.literal.as_deref()).collect();
    let none = None;
    assert_eq!(
        literals,
        [
            Some("prog"),
            Some("a b"),
            Some("c \" d"),
            Some("e f"),
            none,
            none,
            none,
            none,
            Some("a=b"),
            Some("["),
            none,
            none,
            none,
            none,
            Some("$")
        ]
    );
    assert_eq!(words[11].raw, "$(l \"m)\")");
}

#[test]
fn joints() {
    let script = clear("a && b || c | d & e; f\ng");
    let joins: Vec<Join> = script.commands.iter().map(|command| command.join).collect();
    use Join::*;
    assert_eq!(joins, [And, Or, Pipe, Background, Then, Then, End]);
    let script = clear("a &&\n  # why not\n  b \\\n  c\n");
    assert_eq!(raw(&simple(&script.commands[1].node).words), ["b", "c"]);
}

#[test]
fn assignments_redirects_and_exec_options() {
    let script = clear("X=1 Y=\"$Z\" exec -a name prog 2>&1 >> log <in 3<&- A=b");
    let command = simple(&script.commands[0].node);
    assert_eq!(raw(&command.assignments), ["X=1", "Y=\"$Z\""]);
    assert_eq!(raw(&command.words), ["prog", "A=b"]);
    assert_eq!(raw(&command.redirects), ["2>&1", ">> log", "<in", "3<&-"]);
    assert!(command.exec);
    let only = clear("exec > log");
    assert!(simple(&only.commands[0].node).exec && simple(&only.commands[0].node).words.is_empty());
    assert!(read("exec -x prog").unclear.is_some());
}

#[test]
fn every_compound() {
    for (text, keyword, inside) in [
        ("if a; then b; elif c; then d; else e; fi", "if", vec!["a", "b", "c", "d", "e"]),
        ("while a; do b; done < file", "while", vec!["a", "b"]),
        ("until a\ndo b\ndone", "until", vec!["a", "b"]),
        ("for x in 1 \"$@\"; do a; done", "for", vec!["a"]),
        ("for x\ndo a; done", "for", vec!["a"]),
        ("for ((i = 0; i < 3; i++)); do a; done", "for", vec!["a"]),
        ("case \"$1\" in a|b) c ;; (-*) d;; *) e; esac", "case", vec!["c", "d", "e"]),
        ("case $x in\nesac", "case", vec![]),
        ("{ a; b; }", "{", vec!["a", "b"]),
        ("(a; { b; })", "(", vec!["a", "b"]),
    ] {
        let script = clear(text);
        assert_eq!(script.commands.len(), 1, "{text}");
        let compound = compound(&script.commands[0].node);
        assert_eq!(compound.keyword, keyword, "{text}");
        assert_eq!(programs(&compound.commands), inside, "{text}");
        assert_eq!(&text[compound.span.start..compound.span.end], text);
    }
}

#[test]
fn branches_that_are_taken_for_sure() {
    let has_else = |text| compound(&clear(text).commands[0].node).has_else;
    assert!(has_else("if a; then b; else c; fi"));
    assert!(!has_else("if a; then b; elif c; then d; fi"));
    assert!(has_else("case x in a) b;; *) c;; esac"));
    assert!(!has_else("case x in a) b;; esac"));
    let script = clear("case x in a|'b c') d;; esac");
    assert_eq!(raw(&compound(&script.commands[0].node).branches[0].words), ["a", "'b c'"]);
}

#[test]
fn functions_have_arguments_of_their_own() {
    for text in [
        "main() { exec \"$@\"; }\nmain a",
        "function main { exec \"$@\"; }; main",
        "main ()\n{ exec \"$@\"; }",
    ] {
        let script = clear(text);
        assert!(!script.uses_args(), "{text}");
        let main = script.function("main").unwrap();
        assert!(main.is_function() && main.commands[0].exec);
        assert_eq!(script.simple_commands()[0], &main.commands[0]);
    }
    assert!(clear("main() { a; }\nmain \"$@\"").uses_args());
    assert!(clear("for x in \"$@\"; do a; done").uses_args());
    assert!(clear("set -- a \"${@:2}\"").uses_args());
    assert!(!clear("echo '$@' \"\\$@\" # $@").uses_args());
}

#[test]
fn outcomes_behind_an_exclamation_mark_are_not_told() {
    let script = clear("if ! [ a = b ]; then c; fi");
    let block = compound(&script.commands[0].node);
    assert_eq!(programs(&block.commands), ["?", "c"]);
    let script = clear("if ! { [ a = b ]; }; then c; fi");
    assert_eq!(programs(&compound(&script.commands[0].node).commands), ["?", "c"]);
    assert!(!simple(&clear("! ! a").commands[0].node).negated);
}

#[test]
fn heredocs_are_skipped() {
    let script = clear("cat <<EOF > x\nif $(\nEOF\ncat <<-'E' <<B\n\tit's\n\tE\nb\nB\nlast");
    assert_eq!(programs(script.simple_commands()), ["cat", "cat", "last"]);
    assert!(read("cat <<EOF\nnever ends\n").unclear.is_some());
    assert_eq!(raw(&simple(&clear("cat <<<word").commands[0].node).redirects), ["<<<word"]);
}

#[test]
fn traps_and_background_jobs() {
    let script = clear("trap 'kill $pid' TERM INT\nprog &\npid=$!\nif x; then trap - EXIT; fi\nwait");
    let traps: Vec<Vec<&str>> = script.traps.iter().map(|words| raw(words)).collect();
    assert_eq!(traps, [vec!["'kill $pid'", "TERM", "INT"], vec!["-", "EXIT"]]);
    assert_eq!(script.commands[1].join, Join::Background);
}

#[test]
fn bash_has_more() {
    let script = clear(
        "#!/usr/bin/env bash\nlocal a=($1 'x)')\nb=( \"$@\" )\nif [[ $x =~ ^(a|b)$ && -n $y ]]; then c &> /dev/null; fi\n\
         diff <(a) <(b)\n((x += 1))\necho $'it\\'s'\nf() (a)\n",
    );
    assert_eq!(programs(script.simple_commands()), ["local", "?", "[[", "c", "diff", "echo", "a"]);
    assert!(script.uses_args());
    assert_eq!(raw(&simple(&script.commands[0].node).words), ["local", "a=($1 'x)')"]);
}

#[test]
fn what_is_not_followed_is_said() {
    for text in [
        "a | ",
        "if a; then b",
        "a )",
        "done",
        "case x in a b) c;; esac",
        "echo \"a",
        "echo 'a",
        "a & & b",
        "f() a",
        "f x() { a; }",
        "c &> log",
        "for 1",
        "((1))",
        "#!/bin/bash\n((1)",
        "echo $(case x in a) b;; esac)",
        ";",
    ] {
        assert!(read(text).unclear.is_some(), "{text}");
    }
    let text = "good one\nbad 'one";
    let script = read(text);
    assert_eq!(script.commands.len(), 1);
    assert_eq!(&text[script.unclear.unwrap().start..], "\nbad 'one");
    let deep = "(".repeat(100_000);
    assert!(read(&deep).unclear.is_some());
    assert!(read(&"{ ".repeat(100_000)).unclear.is_some());
    assert!(read(&format!("{}x", "$(".repeat(100_000))).unclear.is_some());
}
