use plimsoll_model::{Because, ImageConfig};

use super::*;
use crate::contract::ShellKind;

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_string).collect()
}

fn contract(entrypoint: &[&str], cmd: &[&str]) -> Contract {
    let own = |list: &[&str]| list.iter().map(|word| word.to_string()).collect();
    let config = ImageConfig { entrypoint: own(entrypoint), cmd: own(cmd), ..ImageConfig::default() };
    crate::from_image(&config, None, Because::ImageConfig)
}

/// The modes of the table's columns, in order.
fn columns() -> [LaunchMode; 10] {
    let x = || "X".to_string();
    [
        LaunchMode::AsBuilt,
        LaunchMode::RunArgs(words("A a")),
        LaunchMode::Entrypoint(x(), vec![]),
        LaunchMode::Entrypoint(x(), words("A a")),
        LaunchMode::Entrypoint(String::new(), vec![]),
        LaunchMode::Entrypoint(String::new(), words("A a")),
        LaunchMode::Pod,
        LaunchMode::PodArgs(words("P p")),
        LaunchMode::PodCommand(words("K k")),
        LaunchMode::PodBoth(words("K k"), words("P p")),
    ]
}

/// One row: ENTRYPOINT, CMD, and what each column gives; `-` is a refusal.
const TABLE: [(&str, &str, [&str; 10]); 4] = [
    ("", "", ["-", "A a", "X", "X A a", "-", "A a", "-", "P p", "K k", "K k P p"]),
    ("", "C c", ["C c", "A a", "X", "X A a", "-", "A a", "C c", "P p", "K k", "K k P p"]),
    ("E e", "", ["E e", "E e A a", "X", "X A a", "-", "A a", "E e", "E e P p", "K k", "K k P p"]),
    ("E e", "C c", ["E e C c", "E e A a", "X", "X A a", "-", "A a", "E e C c", "E e P p", "K k", "K k P p"]),
];

#[test]
fn every_row_and_column_of_the_table() {
    for (entrypoint, cmd, expected) in TABLE {
        for (mode, expected) in columns().iter().zip(expected) {
            let found = argv(&words(entrypoint), &words(cmd), mode);
            match expected {
                "-" => assert!(found.unwrap_err().starts_with("no command specified"), "{mode:?}"),
                expected => assert_eq!(found.unwrap(), words(expected), "E={entrypoint} C={cmd} {mode:?}"),
            }
        }
    }
}

#[test]
fn one_empty_word_is_no_entrypoint() {
    let empty = [String::new()];
    assert_eq!(argv(&empty, &words("C c"), &LaunchMode::AsBuilt), Ok(words("C c")));
    assert_eq!(argv(&empty, &words("C c"), &LaunchMode::PodArgs(words("P"))), Ok(words("P")));
    assert!(argv(&empty, &[], &LaunchMode::Pod).is_err());
}

#[test]
fn empty_arguments_are_no_arguments() {
    assert_eq!(argv(&words("E"), &words("C"), &LaunchMode::RunArgs(vec![])), Ok(words("E C")));
    assert_eq!(argv(&words("E"), &words("C"), &LaunchMode::PodCommand(vec![])), Ok(words("E C")));
    assert_eq!(argv(&words("E"), &words("C"), &LaunchMode::PodBoth(vec![], words("P"))), Ok(words("E P")));
}

#[test]
fn cmd_is_dropped_where_nobody_wrote_another() {
    let contract = contract(&["E"], &["C"]);
    let drops = |mode| launch(&contract, &mode).drops_cmd;
    assert!(drops(LaunchMode::PodCommand(words("K"))));
    assert!(drops(LaunchMode::Entrypoint("X".into(), vec![])));
    for mode in [
        LaunchMode::AsBuilt,
        LaunchMode::Pod,
        LaunchMode::RunArgs(words("A")),
        LaunchMode::Entrypoint("X".into(), words("A")),
        LaunchMode::PodBoth(words("K"), words("P")),
    ] {
        assert!(!drops(mode.clone()), "{mode:?}");
    }
}

#[test]
fn a_shell_text_takes_the_arguments() {
    let ignored = |entrypoint: &[&str], mode| launch(&contract(entrypoint, &["C"]), &mode).ignored_args;
    let shell_form = ["/bin/sh", "-c", "server --port 8080"];
    assert_eq!(ignored(&shell_form, LaunchMode::AsBuilt), words("C"));
    assert_eq!(ignored(&shell_form, LaunchMode::PodArgs(words("P p"))), words("P p"));
    assert!(ignored(&["sh", "-c", "exec server \"$@\"", "--"], LaunchMode::AsBuilt).is_empty());
    assert!(ignored(&["sh", "-c", "exec server \"${1:-x}\""], LaunchMode::AsBuilt).is_empty());
    assert!(ignored(&shell_form, LaunchMode::PodCommand(words("K"))).is_empty());
    assert!(ignored(&["server"], LaunchMode::AsBuilt).is_empty());
    let by_hand = vec!["-c".to_string(), "echo hi".into(), "a".into(), "b".into()];
    assert_eq!(ignored(&["server"], LaunchMode::Entrypoint("/bin/sh".into(), by_hand)), words("a b"));
    assert!(ignored(&["tini", "--"], LaunchMode::RunArgs(words("sh -c x"))).is_empty());
}

#[test]
fn the_matrix_takes_its_arguments_from_cmd() {
    let modes = matrix(&contract(&["/app/server"], &["--port", "8080"]));
    assert_eq!(modes[0], LaunchMode::AsBuilt);
    assert!(modes.contains(&LaunchMode::RunArgs(words("--port 9090"))));
    assert!(modes.contains(&LaunchMode::RunArgs(words("sh"))));
    assert!(modes.contains(&LaunchMode::Entrypoint("/bin/sh".into(), vec![])));
    assert!(modes.contains(&LaunchMode::Entrypoint("/app/server".into(), words("--port 9090"))));
    assert!(modes.contains(&LaunchMode::PodCommand(words("/app/server"))));
    assert!(modes.contains(&LaunchMode::PodBoth(words("/app/server"), words("--port 9090"))));
    for (entrypoint, cmd) in [(&[][..], &[][..]), (&["a"], &[]), (&[], &["sh"]), (&["a"], &["--p=65535"])] {
        let modes = matrix(&contract(entrypoint, cmd));
        let mut unique = modes.clone();
        unique.dedup();
        assert_eq!(unique, modes);
        assert!(modes.len() >= 5, "{entrypoint:?} {cmd:?} {modes:?}");
    }
}

#[test]
fn without_a_shell_nothing_starts() {
    let mut contract = contract(&[], &["server"]);
    contract.shell = ShellKind::Missing;
    let pid1 = |mode| launch(&contract, &mode).pid1;
    assert_eq!(pid1(LaunchMode::Entrypoint("/bin/sh".into(), vec![])), Pid1::Nothing);
    assert_eq!(pid1(LaunchMode::RunArgs(words("sh"))), Pid1::Nothing);
    assert_eq!(pid1(LaunchMode::AsBuilt), Pid1::Program("server".into()));
}
