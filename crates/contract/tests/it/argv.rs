//! The argv of every engine, against the whole table.

use plimsoll_contract::contract::LaunchMode;
use plimsoll_contract::engine::Engine;
use plimsoll_contract::modes::argv;
use plimsoll_testkit::argv_table::{Given, rows};

/// The modes a person means by what is given: with nothing given there are two ways to say so.
fn modes(given: &Given) -> Vec<LaunchMode> {
    match given.clone() {
        Given::Run { entrypoint: Some(entrypoint), args } => vec![LaunchMode::Entrypoint(entrypoint, args)],
        Given::Run { entrypoint: None, args } if args.is_empty() => {
            vec![LaunchMode::AsBuilt, LaunchMode::RunArgs(args)]
        }
        Given::Run { entrypoint: None, args } => vec![LaunchMode::RunArgs(args)],
        Given::Pod { command, args } => {
            let both = LaunchMode::PodBoth(command.clone(), args.clone());
            match (command.is_empty(), args.is_empty()) {
                (true, true) => vec![both, LaunchMode::Pod, LaunchMode::PodArgs(args)],
                (true, false) => vec![both, LaunchMode::PodArgs(args)],
                (false, true) => vec![both, LaunchMode::PodCommand(command)],
                (false, false) => vec![both],
            }
        }
    }
}

#[test]
fn every_row_of_the_table() {
    let rows = rows();
    assert!(rows.len() > 300, "{} rows", rows.len());
    let (mut wrong, mut differing) = (Vec::new(), 0);
    for row in &rows {
        let (entrypoint, cmd) =
            (row.entrypoint.clone().unwrap_or_default(), row.cmd.clone().unwrap_or_default());
        differing += usize::from(row.argv[0] != row.argv[1]);
        for mode in modes(&row.given) {
            let engines: [Engine; 2] = Engine::of(&mode).into();
            for (engine, expected) in engines.into_iter().zip(&row.argv) {
                let found = argv(&entrypoint, &cmd, &mode, engine);
                match (&found, expected) {
                    (Ok(found), Some(expected)) if found == expected => {}
                    (Err(why), None) if why.starts_with("no command specified") => {}
                    _ => wrong.push(format!("{} {row:?}: {found:?}", engine.word())),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(differing > 50, "{differing} rows in which two engines differ");
}
