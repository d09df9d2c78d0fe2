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

#[test]
fn another_engine_is_named_where_it_differs() {
    let elsewhere = |entrypoint: &[&str], mode| launch(&contract(entrypoint, &["C"]), &mode).elsewhere;
    assert_eq!(elsewhere(&["E"], LaunchMode::AsBuilt), None);
    assert_eq!(elsewhere(&["E"], LaunchMode::Entrypoint(String::new(), vec![])), None);
    let list = || LaunchMode::Entrypoint("[\"a\", \"b\"]".into(), words("A"));
    let podman = elsewhere(&["E"], list()).unwrap();
    assert_eq!((podman.engine, podman.argv), (Engine::Podman, Ok(words("a b A"))));
    let crio = elsewhere(&[""], LaunchMode::Pod).unwrap();
    assert_eq!((crio.engine, crio.argv), (Engine::CriO, Ok(vec![String::new(), "C".to_string()])));
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
