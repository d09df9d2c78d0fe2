use plimsoll_model::{Because, ImageConfig, Source};

use super::*;
use crate::contract::EntryScript;

fn contract(shell: ShellKind) -> Contract {
    let mut contract = crate::from_image(&ImageConfig::default(), None, Because::ImageConfig);
    contract.shell = shell;
    contract
}

fn text(kind: ShellKind, text: &str) -> Pid1 {
    predict(&["/bin/sh".to_string(), "-c".to_string(), text.to_string()], &contract(kind))
}

fn program(name: &str) -> Pid1 {
    Pid1::Program(name.to_string())
}

fn sh(child: &str) -> Pid1 {
    Pid1::Shell { shell: "/bin/sh".to_string(), child: Some(child.to_string()) }
}

/// The measured table: text, then what stays under dash, bash and busybox.
#[test]
fn the_measured_table() {
    use ShellKind::{Bash, Busybox, Dash};
    for (line, dash, bash, busybox) in [
        ("prog -x", sh("prog"), program("prog"), program("prog")),
        ("exec prog -x", program("prog"), program("prog"), program("prog")),
        ("a && prog", sh("prog"), program("prog"), program("prog")),
        ("a; prog", sh("prog"), program("prog"), program("prog")),
        ("cd / && prog", sh("prog"), program("prog"), program("prog")),
        ("X=1 prog", sh("prog"), program("prog"), program("prog")),
        ("prog > file", sh("prog"), sh("prog"), program("prog")),
        ("a & prog", sh("prog"), sh("prog"), program("prog")),
        ("a | b; prog", sh("prog"), program("prog"), program("prog")),
        ("if a; then b; fi; prog", sh("prog"), program("prog"), program("prog")),
        ("trap x TERM; prog", sh("prog"), sh("prog"), sh("prog")),
        ("a && exec prog", program("prog"), program("prog"), program("prog")),
        ("a || exit 3; exec prog", program("prog"), program("prog"), program("prog")),
    ] {
        assert_eq!(text(Dash, line), dash, "dash: {line}");
        assert_eq!(text(Bash, line), bash, "bash: {line}");
        assert_eq!(text(Busybox, line), busybox, "busybox: {line}");
    }
    for kind in [Dash, Bash, Busybox] {
        assert!(matches!(text(kind, "prog | tee log"), Pid1::Shell { .. }), "{kind:?}");
        assert!(matches!(text(kind, "prog; true"), Pid1::Shell { child: Some(c), .. } if c == "prog"));
        assert!(matches!(text(kind, "while true; do prog; done"), Pid1::Shell { child: None, .. }));
    }
}

#[test]
fn what_cannot_be_told_is_unknown() {
    assert!(matches!(text(ShellKind::Unknown, "prog"), Pid1::Unknown(_)));
    assert_eq!(text(ShellKind::Unknown, "exec prog"), program("prog"));
    assert_eq!(text(ShellKind::Missing, "prog"), Pid1::Nothing);
    assert!(matches!(text(ShellKind::Dash, "exec $PROG"), Pid1::Unknown(_)));
    assert!(matches!(text(ShellKind::Bash, "a || prog"), Pid1::Unknown(_)));
    for kind in [ShellKind::Dash, ShellKind::Bash, ShellKind::Busybox] {
        assert!(matches!(text(kind, "a || exec prog"), Pid1::Unknown(_)), "{kind:?}");
    }
    assert!(matches!(text(ShellKind::Busybox, "if a; then prog; fi"), Pid1::Unknown(_)));
    assert!(matches!(text(ShellKind::Bash, "eval prog"), Pid1::Unknown(_)));
}

#[test]
fn shells_by_name_and_inside_each_other() {
    let of = |argv: &[&str], kind| {
        predict(&argv.iter().map(|word| word.to_string()).collect::<Vec<_>>(), &contract(kind))
    };
    assert_eq!(of(&["/bin/bash", "-c", "prog"], ShellKind::Dash), program("prog"));
    assert_eq!(of(&["sh", "-c", "exec bash -c 'prog'"], ShellKind::Dash), program("prog"));
    assert_eq!(of(&["sh", "-c", "exec \"$@\"", "--", "prog", "x"], ShellKind::Dash), program("prog"));
    assert_eq!(of(&["sh", "-c", "exec gosu app \"$@\"", "--", "prog"], ShellKind::Dash), program("prog"));
    assert_eq!(of(&["bash"], ShellKind::Missing), program("bash"));
    assert_eq!(of(&["tini", "--", "prog"], ShellKind::Dash), program("tini"));
    assert!(matches!(of(&["docker-entrypoint.sh", "prog"], ShellKind::Dash), Pid1::Unknown(_)));
}

fn script(text: &str, args: &[&str]) -> Pid1 {
    let mut contract = contract(ShellKind::Dash);
    let source = Source::new("entrypoint.sh", text);
    contract.script = Some(EntryScript { word: "/entrypoint.sh".to_string(), source });
    let argv: Vec<String> = std::iter::once(&"/entrypoint.sh").chain(args).map(|w| w.to_string()).collect();
    predict(&argv, &contract)
}

#[test]
fn scripts() {
    assert_eq!(script("#!/bin/sh\nset -e\nexec \"$@\"\n", &["server", "-x"]), program("server"));
    assert_eq!(
        script("#!/bin/sh\nset -e\nexec \"$@\"\n", &[]),
        Pid1::Shell { shell: "/bin/sh".into(), child: None }
    );
    assert_eq!(script("#!/bin/sh\nexec server \"$@\"\n", &["-x"]), program("server"));
    assert_eq!(script("#!/bin/sh\nexport A=1\nserver \"$@\"\n", &[]), sh("server"));
    assert_eq!(script("#!/bin/sh\nexec gosu app \"$@\"\n", &["server"]), program("server"));
    assert_eq!(script("#!/usr/bin/python3\nprint()\n", &[]), program("/entrypoint.sh"));
    let below_env = script("#!/usr/bin/env -S bash -e\nserver\n", &[]);
    assert_eq!(below_env, Pid1::Shell { shell: "bash".into(), child: Some("server".into()) });
    assert_eq!(script("exec server\n", &[]), Pid1::Nothing);
    assert!(matches!(script("#!/bin/sh\nexec $SERVER\n", &[]), Pid1::Unknown(_)));
    assert!(matches!(script("#!/bin/sh\nif [ -f /x ]; then exec a; fi\nexec b\n", &[]), Pid1::Unknown(_)));
    assert_eq!(script("#!/bin/sh\nif [ -f /x ]; then exec a -y; fi\nexec a\n", &[]), program("a"));
    assert!(matches!(script("#!/bin/sh\nserver &\nwait\n", &[]), Pid1::Shell { .. }));
}

/// The idioms of the official images.
#[test]
fn conditions_about_the_arguments_are_decided() {
    let redis = "#!/bin/sh\nset -e\n\
        if [ \"${1#-}\" != \"$1\" ] || [ \"${1%.conf}\" != \"$1\" ]; then\n\tset -- redis-server \"$@\"\nfi\n\
        if [ \"$1\" = 'redis-server' -a \"$(id -u)\" = '0' ]; then\n\tfind .\n\texec gosu redis \"$0\" \"$@\"\nfi\n\
        exec \"$@\"\n";
    assert_eq!(script(redis, &["redis-server"]), program("redis-server"));
    assert_eq!(script(redis, &["sh"]), program("sh"));
    let mysql = "#!/bin/bash\nif [ \"${1:0:1}\" = '-' ]; then\n\tset -- mysqld \"$@\"\nfi\nexec \"$@\"\n";
    assert_eq!(script(mysql, &["--skip-networking"]), program("mysqld"));
    assert_eq!(script(mysql, &["bash"]), program("bash"));
    let node = "#!/bin/sh\nif [ \"${1#-}\" != \"${1}\" ] || [ -z \"$(command -v \"${1}\")\" ]; then\n\
        set -- node \"$@\"\nfi\nexec \"$@\"\n";
    assert_eq!(script(node, &["node", "app.js"]), program("node"));
    assert!(matches!(script(node, &["nodemon"]), Pid1::Unknown(_)));
}

#[test]
fn branches_and_functions_are_followed() {
    let postgres = "#!/usr/bin/env bash\nset -Eeo pipefail\nsetup() { mkdir -p x; exec 3>&1; }\n_main() {\n\
        if [ \"${1:0:1}\" = '-' ]; then set -- postgres \"$@\"; fi\n\
        if [ \"$1\" = 'postgres' ] && ! want_help \"$@\"; then setup\n\
        if [ \"$(id -u)\" = '0' ]; then exec gosu postgres \"$BASH_SOURCE\" \"$@\"; fi\nfi\nexec \"$@\"\n}\n\
        if ! _is_sourced; then _main \"$@\"; fi\n";
    assert_eq!(script(postgres, &["postgres"]), program("postgres"));
    assert_eq!(script(postgres, &["-c", "x"]), program("postgres"));
    assert_eq!(script(postgres, &["bash"]), program("bash"));
    let either = "#!/bin/sh\nif [ \"$1\" = a ]; then exec one; elif [ $# -eq 2 ]; then exec two; else exec three; fi\n";
    assert_eq!(script(either, &["a"]), program("one"));
    assert_eq!(script(either, &["b", "c"]), program("two"));
    assert_eq!(script(either, &[]), program("three"));
    let unknown = "#!/bin/sh\nif [ -n \"$X\" ]; then exec one; else exec two; fi\n";
    assert!(matches!(script(unknown, &[]), Pid1::Unknown(_)));
    assert!(matches!(script("#!/bin/sh\ncase $1 in a) exec b;; esac\nexec c\n", &["a"]), Pid1::Unknown(_)));
    assert_eq!(script("#!/bin/sh\n(exec a)\nexec b\n", &[]), program("b"));
    assert_eq!(script("#!/bin/sh\n{ exec a; }\nexec b\n", &[]), program("a"));
    assert_eq!(script("#!/bin/sh\nexec a &\nexec b\n", &[]), program("b"));
    assert_eq!(script("#!/bin/sh\n[ \"$1\" = x ] && exec a\nexec b\n", &["x"]), program("a"));
    assert_eq!(script("#!/bin/sh\n[ \"$1\" = x ] && exec a\nexec b\n", &["y"]), program("b"));
    assert!(matches!(script("#!/bin/sh\nf() { f; }\nf\nexec b\n", &[]), Pid1::Unknown(_)));
    assert_eq!(script("#!/bin/sh\nshift\nexec \"$@\"\n", &["x", "server"]), program("server"));
    let child_of_function = script("#!/bin/sh\nmain() { server; }\nmain\n", &[]);
    assert!(matches!(child_of_function, Pid1::Shell { child: None, .. }), "{child_of_function:?}");
    assert_eq!(script("#!/bin/sh\ninit\n\"$@\"\n", &["server"]), sh("server"));
}

#[test]
fn a_script_that_starts_itself_ends() {
    let looping = script("#!/bin/sh\nexec sh /entrypoint.sh\n", &[]);
    assert!(matches!(looping, Pid1::Unknown(_)), "{looping:?}");
}

#[test]
fn hostile_scripts_end_soon() {
    let functions: String =
        (0..15).map(|n| format!("f{n}() {{ {} }}\n", format!("f{};", n + 1).repeat(9))).collect();
    let exponential = format!("#!/bin/sh\n{functions}f0\nexec x\n");
    assert!(matches!(script(&exponential, &[]), Pid1::Unknown(_)));
    let again = format!("#!/bin/sh\n{}exec x\n", "[ -f y ] && exec sh /entrypoint.sh\n".repeat(500));
    assert!(matches!(script(&again, &[]), Pid1::Unknown(_)));
}

#[test]
fn positional_parameters() {
    for text in
        ["x \"$@\"", "echo $1", "echo ${2:-a}", "n=$#", "shift; x", "x $*", "while getopts ab o; do :; done"]
    {
        assert!(uses_positional(text), "{text}");
    }
    for text in ["x", "echo $HOME", "echo ${#NAME}", "a shifted b", "echo $$ $?"] {
        assert!(!uses_positional(text), "{text}");
    }
}
