use plimsoll_contract::evidence::Verdict;
use plimsoll_contract::expect::check;

use super::*;
use crate::render::contract_table::contract_table;
use crate::report::demo;

fn read_text(text: &str) -> Result<Vec<Expectation>, Vec<String>> {
    read(&Source::new(NAME, text))
}

#[test]
fn what_is_written_of_a_proof_is_met_by_it() {
    for report in [demo::healthy(), demo::shell_form(), demo::hostile()] {
        let proof = report.proof.unwrap();
        let text = contract_table(&proof);
        assert!(!text.contains(|c: char| c != '\n' && crate::report::columns::is_hostile(c)));
        assert!(text.len() < 100_000, "{} bytes", text.len());
        let expectations = read_text(&text).unwrap();
        assert!(expectations.len() > 10);
        for answer in check(&expectations, &proof) {
            assert_eq!(answer.verdict, Verdict::Proven, "{}", answer.expectation.key);
        }
    }
}

#[test]
fn expectations_know_their_place_and_order() {
    let text = "[lint]\nwhatever = 1\n[contract]\nzombies = 0\nstop.within = \"5s\"\n[contract.http]\n\"/a b\" = 1\n";
    assert_eq!(
        read_text(text),
        Err(vec![
            "plimsoll.toml:7:10: 'http.\"/a b\"' is no path to ask for; \"/healthz\" is one".to_string()
        ])
    );
    let found = read_text(&text.replace("\"/a b\" = 1", "\"/a\" = 204")).unwrap();
    let told: Vec<String> = found
        .iter()
        .map(|expectation| format!("{} {}", expectation.key, expectation.wanted.because.phrase()))
        .collect();
    assert_eq!(
        told,
        ["zombies plimsoll.toml:4", "stop.within plimsoll.toml:5", "http.\"/a\" plimsoll.toml:7"]
    );
    assert_eq!(read_text("").unwrap(), []);
    assert_eq!(read_text("[contract]\n").unwrap(), []);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, wrong) in [
        ("[contarct]\n", "1:2: there is no table 'contarct'; did you mean 'contract'?"),
        ("contract = 1\n", "1:1: 'contract' is a table: write [contract] on a line of its own"),
        ("[contract]\nprots = []\n", "2:1: there is no key 'prots'; did you mean 'ports'?"),
        ("[contract]\nstop.withn = 1\n", "2:6: there is no key 'withn'; did you mean 'within'?"),
        ("[contract]\nstop = 1\n", "2:8: 'stop' is a table: stop.within = \"5s\""),
        ("[contract]\nhttp = 1\n", "2:8: 'http' is a table: http.\"/healthz\" = 200"),
        ("[contract]\nuser = \"app\"\n", "2:8: 'user' is the number of a user as in 10001"),
        ("[contract]\nuser = -1\n", "2:8: 'user' is the number of a user as in 10001"),
        ("[contract]\nports = [8080]\n", "2:9: 'ports' is a list of ports as in [\"8080/tcp\"]"),
        ("[contract]\nports = [\"99999\"]\n", "2:9: 'ports' is a list of ports"),
        ("[contract]\npid1 = \"server\"\n", "2:8: 'pid1' is a list of words"),
        ("[contract]\nwrites = [\"tmp\"]\n", "2:10: 'writes' is a list of absolute paths"),
        (
            "[contract]\nmemory-below = \"64MB\"\n",
            "2:16: 'memory-below' is an amount of bytes as in \"64Mi\"",
        ),
        ("[contract]\nstop.code = 256\n", "2:13: 'stop.code' is an exit code as in 0 or 143"),
        ("[contract]\nstop.within = 5\n", "2:15: 'stop.within' is a time as in \"5s\" or \"300ms\""),
        ("[contract]\nstop.signal = \"SIGNONE\"\n", "2:15: 'stop.signal' is a signal as in \"SIGTERM\""),
        ("[contract]\nrungs.read-only = 1\n", "2:19: 'rungs.read-only' is true or false"),
        ("[contract]\nlaunches.pod = \"up\"\n", "2:16: 'launches.pod' is \"running\", \"exited\""),
        ("[contract]\nhttp.\"/x\" = 99\n", "2:13: 'http.\"/x\"' is an HTTP status as in 200"),
        ("[contract\n", "1:10: "),
        ("[contract]\nuser = 1\nuser = 2\n", "3:1: "),
    ] {
        let found = read_text(text).unwrap_err().join("\n");
        let expected = format!("plimsoll.toml:{wrong}");
        assert!(found.starts_with(&expected), "{found}\ninstead of\n{expected}");
        assert_eq!(found.lines().count(), 1, "{found}");
    }
    let all = read_text("[contract]\nuser = \"x\"\nfoo = 1\n[other]\n").unwrap_err();
    assert_eq!(all.len(), 3, "{all:?}");
}

#[test]
fn no_text_breaks_the_reader() {
    for text in [
        "[".repeat(5000),
        format!("[contract]\nuser = {}", "[".repeat(5000)),
        format!("contract.{}x = 1", "a.".repeat(5000)),
        format!("[contract]\n\"{}\" = 1", "\u{202e}x".repeat(5000)),
        "[contract]\n\"\\u001b[2J\" = 1\nhttp.\"/\\u001b\" = 1".to_string(),
        "\u{0}\u{1b}".to_string(),
    ] {
        for sentence in read_text(&text).unwrap_err() {
            assert!(sentence.chars().count() < 400, "{sentence}");
            assert!(!sentence.contains(crate::report::columns::is_hostile), "{sentence:?}");
        }
    }
}

#[test]
fn a_file_is_found_up_to_the_root_of_the_git_tree() {
    let directory = tempfile::tempdir().unwrap();
    let tree = directory.path().join("tree");
    let below = tree.join("a/b");
    std::fs::create_dir_all(&below).unwrap();
    std::fs::write(directory.path().join(NAME), "").unwrap();
    assert_eq!(find(&below), None, "outside of a git tree only the directory itself counts");
    std::fs::create_dir(tree.join(".git")).unwrap();
    assert_eq!(find(&below), None, "not above the tree");
    std::fs::write(tree.join(NAME), "").unwrap();
    assert_eq!(find(&below), Some(tree.join(NAME)));
    std::fs::write(below.join(NAME), "").unwrap();
    assert_eq!(find(&below), Some(below.join(NAME)));
}

#[test]
fn the_page_of_the_table_names_every_key() {
    let page = include_str!("../../../../../docs/reference/contract.md");
    let table = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let found = read_text(table).unwrap();
    let keys: Vec<&str> = found.iter().map(|expectation| expectation.key.as_str()).collect();
    let begins = |key: &str| keys.iter().any(|known| *known == key || known.starts_with(&format!("{key}.")));
    for key in KEYS.into_iter().map(str::to_string).chain(STOP_KEYS.map(|key| format!("stop.{key}"))) {
        assert!(begins(&key), "{key} is not on the page");
    }
}
