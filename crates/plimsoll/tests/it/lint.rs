//! `lint`: what is found in files, kept back by comments and baselines, repaired, and printed for programs.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt};

use plimsoll_testkit::corpus;
use serde_json::{Value, json};

use crate::harness::{Output, World, chmod, finish};

/// Rules these tests speak of, so that others may come.
const ONLY: &str = "--only=PL0,PL101,PL117,PL122,PL401,PL608,PL8";

/// Lint paths of the world with these rules.
#[track_caller]
fn lint(world: &World, words: &[&str]) -> Output {
    let mut all = vec!["lint", ONLY];
    all.extend(words);
    world.run(&all)
}

#[track_caller]
fn parsed(output: &Output) -> Value {
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"))
}

const GOOD: &str = "FROM scratch\nUSER 1\nCMD [\"/a\"]\n";
const MAINTAINED: &str = "FROM scratch\nMAINTAINER me\nUSER 1\nCMD [\"/a\"]\n";
const BROKEN: &str = "FROM scratch\nRUM x\nUSER 1\n";
const IGNORED_ARGS: &str = "FROM scratch\nUSER 1\nENTRYPOINT /server --port 80\nCMD [\"-v\"]\n";

#[test]
fn one_bad_file_hides_no_other() {
    let world = World::new();
    world.write("p/Dockerfile", MAINTAINED);
    world.write("p/a/Dockerfile.dev", BROKEN);
    world.write("p/a/b/app.Dockerfile", IGNORED_ARGS);
    world.write("p/c/Containerfile", b"FROM \xff\xfe\n");
    world.write("p/node_modules/Dockerfile", BROKEN);
    world.write("p/.git/Dockerfile", BROKEN);
    world.write("p/Dockerfile.dockerignore", "x\n");
    let output = lint(&world, &["p"]);
    output.ends(3).prints(&[
        "info[PL608]",
        "p/Dockerfile:2:1",
        "error[PL001]",
        "p/a/Dockerfile.dev:2:1",
        "error[PL101]",
        "p/a/b/app.Dockerfile:4:1",
        "p/c/Containerfile:1: this is not UTF-8 text",
        "lint: 4 files, 3 errors, 1 info",
    ]);
    assert!(!output.stdout.contains("node_modules") && !output.stdout.contains(".git"), "{output}");
    assert!(!world.path("store").exists(), "lint needs no store and makes none");
    lint(&world, &["p/a/b", "absent"]).ends(2).prints(&["error[PL101]", "absent does not exist"]);
    lint(&world, &["home"]).ends(2).prints(&["there is no Dockerfile in home and below"]);
}

#[test]
fn exit_codes_follow_the_weight() {
    let world = World::new();
    world.write("good/Dockerfile", GOOD);
    world.write("info/Dockerfile", MAINTAINED);
    world.write("error/Dockerfile", IGNORED_ARGS);
    world.write("broken/Dockerfile", BROKEN);
    for (directory, words, code) in [
        ("good", &["--fail-on", "info"][..], 0),
        ("info", &[], 0),
        ("info", &["--fail-on", "info"], 1),
        ("info", &["--strict"], 1),
        ("error", &[], 1),
        ("error", &["--fail-on", "never"], 0),
        ("error", &["--disable", "args-ignored"], 0),
        ("broken", &["--fail-on", "never"], 3),
    ] {
        let output = lint(&world, &[&[directory], words].concat());
        assert_eq!(output.code, code, "{directory} {words:?}: {output}");
    }
    lint(&world, &["good"]).prints(&["lint: 1 file, nothing found"]);
}

#[test]
fn rules_are_chosen_by_any_name() {
    let world = World::new();
    world.write("p/Dockerfile", "FROM scratch\nMAINTAINER me\nCMD [\"/a\"]\n");
    for (words, found) in [
        (&["--only", "PL608"][..], &["PL608"][..]),
        (&["--only", "MaintainerDeprecated"], &["PL608"]),
        (&["--only", "pl401,DL4000", "--format", "json"], &["PL401", "DL4000"]),
        (&["--only", "hadolint"], &["DL4000"]),
        (&["--only", "hadolint,PL608", "--disable", "DL4000"], &[]),
        (&["--only", "PL4", "--enable", "buildkit"], &["PL401", "PL608"]),
        (&["--disable", "all"], &[]),
    ] {
        let mut all = vec!["lint", "p", "--format", "json"];
        all.extend(words.iter().filter(|word| !["--format", "json"].contains(word)));
        let document = parsed(&world.run(&all));
        let findings = document["files"][0]["findings"].as_array().unwrap();
        let codes: Vec<&str> = findings.iter().map(|found| found["code"].as_str().unwrap()).collect();
        for code in ["PL401", "PL608", "DL4000"] {
            assert_eq!(codes.contains(&code), found.contains(&code), "{words:?}: {codes:?}");
        }
    }
    let output = world.run(&["lint", "p", "--disable", "runs-as-rot"]);
    output.ends(2);
    assert!(
        output.stderr.contains("no rule 'runs-as-rot'") && output.stderr.contains("runs-as-root?"),
        "{output}"
    );
}

#[test]
fn explain_knows_other_linters_names() {
    let world = World::new();
    world.run(&["explain", "DL4000"]).ok().prints(&["DL4000 no-maintainer"]);
    world.run(&["explain", "maintainerdeprecated"]).ok().prints(&["PL608", "Other linters call it DL4000."]);
    world.run(&["explain", "MultipleInstructionsDisallowed"]).ok().prints(&["PL612"]);
    let output = world.run(&["explain", "DL9999"]);
    output.ends(2);
    assert!(output.stderr.contains("there is no rule DL9999"), "{output}");
}

#[test]
fn comments_keep_findings_back() {
    let world = World::new();
    let with = |comment: &str| {
        world.write("p/Dockerfile", MAINTAINED.replace("MAINTAINER", &format!("{comment}\nMAINTAINER")));
        lint(&world, &["p"])
    };
    for comment in [
        "# hadolint ignore=DL4000",
        "# tally ignore=MaintainerDeprecated",
        "# plimsoll ignore=PL608 until=9999-12-31 reason=\"me\"",
    ] {
        with(comment).ends(0).prints(&["nothing found; 1 ignored by comments"]);
    }
    with("# plimsoll ignore=PL608 until=2000-01-01 reason=\"me\"").prints(&["PL802", "2000-01-01", "PL608"]);
    with("# plimsoll ignore=PL608").prints(&["PL803", "reason", "PL608"]);
    with("# plimsoll ignore=PL608,PL117 reason=\"me\"").prints(&["info[PL801]", "PL117 finds nothing"]);
    world.write("p/Dockerfile", format!("# check=skip=MaintainerDeprecated\n{MAINTAINED}"));
    lint(&world, &["p"]).prints(&["1 ignored by comments"]);
}

#[test]
fn a_baseline_keeps_the_known_back() {
    let world = World::new();
    world.write("p/Dockerfile", IGNORED_ARGS);
    lint(&world, &["p", "--write-baseline", "known.json"])
        .ends(0)
        .prints(&["nothing found", "1 in the baseline"]);
    let document: Value = serde_json::from_slice(&std::fs::read(world.path("known.json")).unwrap()).unwrap();
    assert_eq!(
        document,
        json!({ "schema": "plimsoll.lint-baseline/1", "findings": [
            { "file": "p/Dockerfile", "code": "PL101", "line": "CMD [\"-v\"]", "count": 1 },
        ]})
    );
    world.write("p/Dockerfile", IGNORED_ARGS.replace("USER", "# moved\nMAINTAINER new\nUSER"));
    let moved = lint(&world, &["p", "--baseline", "known.json"]);
    moved.ends(0).prints(&["PL608", "1 in the baseline"]);
    assert!(!moved.stdout.contains("PL101"), "{moved}");
    world.write("p/Dockerfile", GOOD);
    lint(&world, &["p", "--baseline", "known.json"])
        .ends(0)
        .prints(&["gone from the baseline", "PL101 p/Dockerfile"]);
    world.write("p/Dockerfile", BROKEN);
    lint(&world, &["p", "--write-baseline", "known.json"]).ends(3);
    lint(&world, &["p", "--baseline", "known.json"]).ends(3).prints(&["PL001"]);
    world.write("bad.json", "{}");
    for name in ["bad.json", "absent.json"] {
        let output = lint(&world, &["p", "--baseline", name]);
        output.ends(2);
        assert!(output.stderr.contains(name) && output.stderr.contains("--write-baseline"), "{output}");
    }
}

#[test]
fn edits_are_written_whole_and_in_place() {
    let world = World::new();
    let real = world.write("real/file", format!("\u{feff}{}", MAINTAINED.replace('\n', "\r\n")));
    std::fs::set_permissions(&real, PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::create_dir(world.path("p")).unwrap();
    std::os::unix::fs::symlink("../real/file", world.path("p/Dockerfile")).unwrap();
    lint(&world, &["p", "--fix"]).ends(0).prints(&["nothing found; 1 fixed"]);
    let text = std::fs::read_to_string(&real).unwrap();
    assert_eq!(
        text,
        "\u{feff}FROM scratch\r\nLABEL org.opencontainers.image.authors=\"me\"\r\nUSER 1\r\nCMD [\"/a\"]\r\n"
    );
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o7777, 0o600);
    assert!(std::fs::symlink_metadata(world.path("p/Dockerfile")).unwrap().is_symlink());
    assert_eq!(std::fs::read_dir(world.path("real")).unwrap().count(), 1, "nothing is left beside it");
    let inode = std::fs::metadata(&real).unwrap().ino();
    lint(&world, &["p", "--fix"]).ends(0);
    assert_eq!(std::fs::metadata(&real).unwrap().ino(), inode, "nothing to change, nothing written");
}

#[test]
fn what_needs_a_look_waits_for_all() {
    let world = World::new();
    let file = world.write("p/Dockerfile", IGNORED_ARGS);
    lint(&world, &["p", "--fix"]).ends(1).prints(&["error[PL101]", "--fix=all 1"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), IGNORED_ARGS);
    let diff = lint(&world, &["p", "--fix=all", "--diff"]);
    diff.ends(1);
    let expected = "--- a/p/Dockerfile\n+++ b/p/Dockerfile\n@@ -1,4 +1,4 @@\n FROM scratch\n USER 1\n\
                    -ENTRYPOINT /server --port 80\n+ENTRYPOINT [\"/server\", \"--port\", \"80\"]\n CMD [\"-v\"]\n";
    assert_eq!(diff.stdout, expected);
    assert!(diff.stderr.contains("lint: 1 file, 1 error"), "{diff}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), IGNORED_ARGS, "--diff writes nothing");
    lint(&world, &["p", "--fix=all"]).ends(0).prints(&["1 fixed"]);
    assert!(std::fs::read_to_string(&file).unwrap().contains("ENTRYPOINT [\"/server\""));
    assert_eq!(lint(&world, &["p", "--fix=all", "--diff"]).stdout, "");
}

#[test]
fn a_settings_file_chooses_rules_and_values() {
    let world = World::new();
    world.write("p/.git/HEAD", "ref");
    world.write(
        "p/plimsoll.toml",
        "[lint]\nignore = [\"PL401\"]\nallowed-registries = [\"quay.io\"]\nfail-on = \"info\"\n\
        [lint.severity]\nPL608 = \"error\"\n[lint.label-schema]\nauthor = \"email\"\n",
    );
    world.write("p/app/Dockerfile", "FROM debian:12\nMAINTAINER me\nLABEL author=me\nCMD [\"a\"]\n");
    let run = |words: &[&str]| world.run(&[&["lint", "p/app"][..], words].concat());
    let told = run(&[]);
    told.ends(1).prints(&[
        "error[PL210]",
        "error[PL608]",
        "warning[DL3058]: label author is no email address",
    ]);
    assert!(!told.stdout.contains("PL401"), "{told}");
    run(&["--only", "PL401"]).ends(1).prints(&["[PL401]"]);
    run(&["--fail-on", "never"]).ok();
    let trusted = run(&["--trusted-registry", "docker.io"]);
    assert!(trusted.stdout.contains("PL608") && !trusted.stdout.contains("PL210"), "{trusted}");
    world.write("q/Dockerfile", "FROM debian:12\nUSER 1\nCMD [\"a\"]\n");
    let labels = ["--require-label", "author:text", "--only", "DL3049", "--fail-on", "info"];
    world
        .run(&[&["lint", "q"][..], &labels].concat())
        .ends(1)
        .prints(&["info[DL3049]: label author is missing"]);
    world.run(&["lint", "q", "--require-label", "author:zzz"]).ends(2).says(&["LABEL:KIND"]);
    world.run(&["lint", "q", "--config", "absent.toml"]).ends(2).one_sentence();
}

#[test]
fn a_wrong_settings_file_hides_no_other_dockerfile() {
    let world = World::new();
    world.write("p/plimsoll.toml", "[lint]\nignroe = []\n");
    world.write("p/Dockerfile", GOOD);
    world.write("q/Dockerfile", IGNORED_ARGS);
    let told = lint(&world, &["p", "q"]);
    told.ends(2).prints(&["p/plimsoll.toml:2:1", "did you mean 'ignore'?", "error[PL101]"]);
    world.run(&["lint", "q", "--config", "p/plimsoll.toml"]).ends(2);
    world.write("p/plimsoll.toml", "");
    lint(&world, &["p"]).ok();
}

#[test]
fn hadolints_settings_count_too() {
    let world = World::new();
    world.write(
        "p/.hadolint.yaml",
        "ignored: [DL3002]\ntrustedRegistries: [quay.io]\noverride: {info: [DL4000]}\n",
    );
    world.write("p/Dockerfile", "FROM debian:12\nMAINTAINER me\nUSER root\nCMD [\"a\"]\n");
    let told = world.run(&["lint", "p"]);
    told.ends(1).prints(&["error[PL210]", "info[PL608]"]);
    assert!(!told.stdout.contains("PL401"), "{told}");
    world.write("q/Dockerfile", "FROM debian:12\nLABEL A-b=1\nUSER 1\nCMD [\"a\"]\n");
    let document = world.run(&["lint", "q", "--only", "DL3048", "--format", "hadolint-json"]).ok().json();
    assert_eq!(document[0]["level"], "style");
}

/// A context with two faults that lie beside the Dockerfile: a script with CR LF, and no `.dockerignore`.
const BESIDE: &str = "FROM debian:12\nCOPY . /app\nUSER 1\nENTRYPOINT [\"/app/run.sh\"]\n";

#[test]
fn files_beside_the_dockerfile_are_repaired_too() {
    let world = World::new();
    world.write("p/Dockerfile", BESIDE);
    let script = world.write("p/run.sh", "#!/bin/sh\r\nset -e\r\nexec \"$@\"\r\n");
    chmod(&script, 0o750);
    world.write("p/.git/HEAD", "ref");
    let only = ["p", "--only", "PL114,PL302", "--fail-on", "never"];
    let run = |words: &[&str]| world.run(&[&["lint"][..], &only, words].concat());
    run(&[]).ok().prints(&["[PL114]", "[PL302]", "--fix repairs 2"]);
    let diff = run(&["--fix", "--diff"]);
    diff.ok().prints(&["+++ b/p/run.sh\n", "-set -e\r\n", "+set -e\n", "+++ b/p/.dockerignore\n", "+.git\n"]);
    assert!(!world.path("p/.dockerignore").exists(), "--diff writes nothing");
    run(&["--fix"]).ok().prints(&["nothing found; 2 fixed"]);
    assert_eq!(std::fs::read_to_string(&script).unwrap(), "#!/bin/sh\nset -e\nexec \"$@\"\n");
    assert_eq!(std::fs::metadata(&script).unwrap().mode() & 0o777, 0o750);
    assert_eq!(std::fs::read_to_string(world.path("p/.dockerignore")).unwrap(), ".git\n");
    assert_eq!(run(&["--fix", "--diff"]).ok().stdout, "");
}

#[test]
fn two_dockerfiles_repair_a_file_they_share_once() {
    let world = World::new();
    world.write("p/Dockerfile", BESIDE);
    world.write("p/other.Dockerfile", BESIDE.replace("USER 1", "RUN git status\nUSER 1"));
    let script = world.write("p/run.sh", "#!/bin/sh\r\nexec \"$@\"\r\n");
    world.write("p/.git/HEAD", "ref");
    world.write("p/.env", "A=1");
    world.write("p/.dockerignore", "*.md");
    let run = world.run(&["lint", "p", "--only", "PL114,PL302", "--fail-on", "never", "--fix"]);
    run.ok();
    assert_eq!(
        std::fs::read_to_string(world.path("p/.dockerignore")).unwrap(),
        "*.md\n.git\n.env\n",
        "{run}"
    );
    assert_eq!(std::fs::read_to_string(&script).unwrap(), "#!/bin/sh\nexec \"$@\"\n");
}

#[test]
fn a_link_out_of_the_context_is_not_followed() {
    let world = World::new();
    world.write("p/Dockerfile", BESIDE);
    let outside = world.write("outside.sh", "#!/bin/sh\r\nexec \"$@\"\r\n");
    std::os::unix::fs::symlink("../outside.sh", world.path("p/run.sh")).unwrap();
    world.run(&["lint", "p", "--fix=all", "--fail-on", "never"]).ok();
    assert!(std::fs::read_to_string(&outside).unwrap().contains("\r\n"));
}

#[test]
fn standard_input_is_a_dockerfile_without_files() {
    let world = World::new();
    let run = |words: &[&str], text: &str| {
        let mut all = vec!["lint", ONLY, "-"];
        all.extend(words);
        world.run_with_input(&all, text.as_bytes().to_vec())
    };
    run(&[], IGNORED_ARGS).ends(1).prints(&["stdin:4:1", "PL101"]);
    run(&[], "").ends(3).prints(&["lint: 1 file, 1 error\n"]);
    let fixed = run(&["--fix"], MAINTAINED);
    assert_eq!(
        fixed.stdout,
        MAINTAINED.replace("MAINTAINER me", "LABEL org.opencontainers.image.authors=\"me\"")
    );
    assert!(fixed.stderr.contains("nothing found; 1 fixed"), "{fixed}");
}

/// The same two files for every form: an error and an info, and one that does not parse.
fn three(world: &World, format: &str, fail_on: &str) -> Output {
    world.write("p/Dockerfile", IGNORED_ARGS.replace("USER 1", "MAINTAINER <me> & \"you\"\nUSER 1"));
    world.write("p/good.Dockerfile", GOOD);
    world.write("p/x y.Dockerfile", BROKEN);
    lint(world, &["p", "--format", format, "--fail-on", fail_on])
}

#[test]
fn json_has_places_and_edits() {
    let world = World::new();
    let document = parsed(three(&world, "json", "error").ends(3));
    assert_eq!(document["schema"], "plimsoll.lint/1");
    let summary = &document["summary"];
    assert_eq!((&summary["files"], &summary["errors"], &summary["infos"]), (&json!(3), &json!(2), &json!(1)));
    let files = document["files"].as_array().unwrap();
    let parses: Vec<(&str, bool)> = files
        .iter()
        .map(|file| (file["file"].as_str().unwrap(), file["parses"].as_bool().unwrap()))
        .collect();
    assert_eq!(parses, [("p/Dockerfile", true), ("p/good.Dockerfile", true), ("p/x y.Dockerfile", false)]);
    let found = &files[0]["findings"][0];
    assert_eq!((&found["code"], &found["place"]["line"]), (&json!("PL101"), &json!(5)));
    assert!(found["rendered"].as_str().unwrap().starts_with("error[PL101]"));
    assert_eq!(found["fix"]["safe"], false);
    let edit = &found["fix"]["edits"][0];
    assert_eq!(
        (&edit["line"], &edit["replacement"]),
        (&json!(4), &json!("[\"/server\", \"--port\", \"80\"]"))
    );
}

#[test]
fn sarif_is_whole() {
    let world = World::new();
    let document = parsed(three(&world, "sarif", "error").ends(3));
    assert_eq!(document["version"], "2.1.0");
    assert!(document["$schema"].as_str().unwrap().contains("sarif-2.1.0"));
    let run = &document["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(run["tool"]["driver"]["name"], "plimsoll");
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(!rule["shortDescription"]["text"].as_str().unwrap().is_empty());
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(["p/Dockerfile", "p/x%20y.Dockerfile"].contains(&uri), "{uri}");
        let region = &place["region"];
        let number = |name: &str| region[name].as_u64().unwrap();
        assert!(number("startLine") >= 1 && number("startColumn") >= 1);
        assert!((number("endLine"), number("endColumn")) >= (number("startLine"), number("startColumn")));
        for fix in result["fixes"].as_array().unwrap() {
            let change = &fix["artifactChanges"][0];
            assert!(change["artifactLocation"]["uri"].is_string());
            assert!(change["replacements"][0]["deletedRegion"]["startLine"].is_u64());
            assert!(change["replacements"][0]["insertedContent"]["text"].is_string());
        }
        assert_eq!(result["partialFingerprints"]["plimsoll/1"].as_str().unwrap().len(), 64);
    }
}

#[test]
fn junit_counts_what_fails() {
    let world = World::new();
    let text = three(&world, "junit", "error").ends(3).stdout.clone();
    assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites "), "{text}");
    let count = |what: &str| text.matches(what).count();
    assert_eq!((count("<testsuite "), count("</testsuite>")), (3, 3));
    assert_eq!((count("<testcase "), count("<failure "), count("</failure>")), (4, 2, 2));
    assert!(text.contains("tests=\"4\" failures=\"2\" errors=\"0\""), "{text}");
    assert!(text.contains("name=\"nothing found\""), "{text}");
    assert!(text.contains("&lt;me&gt; &amp; &quot;you&quot;") && !text.contains("<me>"), "{text}");
    let strict = three(&world, "junit", "info").stdout.clone();
    assert_eq!(strict.matches("<failure ").count(), 3, "{strict}");
}

#[test]
fn gitlab_hadolint_and_buildkit_have_their_own_shapes() {
    let world = World::new();
    let gitlab = parsed(&three(&world, "gitlab", "error"));
    let mut fingerprints: Vec<&str> = Vec::new();
    for entry in gitlab.as_array().unwrap() {
        assert!(entry["description"].is_string() && entry["check_name"].is_string());
        assert!(["info", "minor", "major"].contains(&entry["severity"].as_str().unwrap()));
        assert!(entry["location"]["path"].is_string() && entry["location"]["lines"]["begin"].is_u64());
        fingerprints.push(entry["fingerprint"].as_str().unwrap());
    }
    fingerprints.sort_unstable();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), 3);

    let hadolint = parsed(&three(&world, "hadolint-json", "error"));
    let first = &hadolint[0];
    let shape = json!({ "code": "DL3025", "column": 1, "file": "p/Dockerfile", "level": "error", "line": 5,
                        "message": "arguments never reach /server" });
    assert_eq!(*first, shape);
    assert_eq!((&hadolint[1]["code"], &hadolint[1]["level"]), (&json!("DL4000"), &json!("info")));

    let buildkit = parsed(&three(&world, "buildkit", "error"));
    let warning = &buildkit["warnings"][1];
    assert_eq!(warning["ruleName"], "MaintainerDeprecated");
    assert_eq!(warning["url"], "https://docs.docker.com/go/dockerfile/rule/maintainer-deprecated/");
    assert_eq!(warning["location"]["ranges"][0]["start"]["line"], 2);
    assert_eq!(buildkit["sources"][0]["fileName"], "p/Dockerfile");
    assert!(buildkit["sources"][0]["data"].as_str().unwrap().starts_with("RlJPTSBzY3JhdGNo"));
    assert_eq!(buildkit["buildError"]["location"]["sourceIndex"], 1);
    assert!(buildkit["buildError"]["message"].as_str().unwrap().contains("RUM"));
}

#[test]
fn github_and_markdown_stay_in_their_lines() {
    let world = World::new();
    let github = three(&world, "github", "error").stdout.clone();
    assert_eq!(github.lines().count(), 3, "{github}");
    assert!(github.starts_with("::error file=p/Dockerfile,line=5,endLine=5,col=1,"), "{github}");
    assert!(
        github.contains("::notice file=p/Dockerfile,line=2") && github.contains("title=PL608 "),
        "{github}"
    );
    let md = three(&world, "md", "error").stdout.clone();
    let rows: Vec<&str> = md.lines().filter(|line| line.starts_with("| ")).collect();
    assert_eq!(rows.len(), 4, "{md}");
    assert!(rows.iter().all(|row| row.replace("\\|", "").matches('|').count() == 5), "{md}");
}

#[test]
fn reports_go_to_files_too() {
    let world = World::new();
    world.write("p/Dockerfile", IGNORED_ARGS);
    let output = lint(&world, &["p", "--report", "sarif=l.sarif", "--report", "junit=l.xml"]);
    output.ends(1).prints(&["error[PL101]"]);
    assert!(std::fs::read_to_string(world.path("l.sarif")).unwrap().contains("\"2.1.0\""));
    assert!(std::fs::read_to_string(world.path("l.xml")).unwrap().contains("<failure "));
    lint(&world, &["p", "--report", "pdf=x"]).ends(2);
}

/// Real Dockerfiles, all rules: no line wider than 100, no escape codes, and nothing that is not text.
#[test]
fn text_is_never_wide() {
    let Some(corpus) = corpus() else { return };
    let world = World::new();
    let files = corpus.path("files").display().to_string();
    let mut command = world.command(&["lint", "--only", "all", "--fail-on", "never", &files]);
    command.current_dir(corpus.path("."));
    let output = finish(command, Vec::new());
    assert!(output.code == 0 || output.code == 3, "{}", output.stderr);
    let wide = output.stdout.lines().find(|line| {
        line.chars().count() > 100 && !line.trim_start().starts_with("--> ") && !line.contains("::: ")
    });
    assert_eq!(wide, None);
    assert!(!output.stdout.contains('\u{1b}'));
    let last = output.stdout.lines().last().unwrap_or_default();
    assert!(output.stdout.contains("\nlint: ") && !last.is_empty(), "{last}");
}

#[test]
fn pin_writes_what_the_registry_lists() {
    let world = World::new();
    world.write("p/Dockerfile", "FROM scratch\nLABEL a=b\n");
    world.run(&["build", "-q", "-t", "app", "p"]).ok();
    let registry = plimsoll_testkit::TestRegistry::start();
    let name = registry.reference("team/app:1").to_string();
    let listed = world.run(&["push", "-q", "app", &name]).ok().stdout.trim().to_string();
    let text = format!(
        "FROM {name} AS one\nFROM one\nCOPY --from={name} /a /b\nFROM {name}9\nUSER 1\nCMD [\"/a\"]\n"
    );
    world.write("p/Dockerfile", &text);
    let pinned = text
        .replace(&format!("{name} AS"), &format!("{name}@{listed} AS"))
        .replace(&format!("={name} "), &format!("={name}@{listed} "));
    let read = || std::fs::read_to_string(world.path("p/Dockerfile")).unwrap();
    let failed = world.run(&["lint", "--pin", "--diff", "p"]);
    failed.ends(1).prints(&[&format!("+FROM {name}@{listed} AS one")]).says(&["no tag '19'"]);
    assert_eq!(read(), text, "--diff writes nothing");
    let asked = registry.count("GET", "/manifests/1");
    world.run(&["lint", "--pin", "p"]).ends(1).says(&["no tag '19'"]);
    assert_eq!(read(), pinned, "what can be pinned is");
    assert_eq!(registry.count("GET", "/manifests/1"), asked + 2, "each name is asked for once");
    let only = format!("FROM {name}@{listed}\nUSER 1\nCMD [\"/a\"]\n");
    world.write("p/Dockerfile", &only);
    world.run(&["lint", "--pin", "p"]).ok();
    assert_eq!(read(), only);
    world.run(&["lint", "--insecure", "p"]).ends(2);
}
