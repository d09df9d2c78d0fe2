use std::collections::BTreeMap;

use plimsoll_model::{HealthcheckTest, Platform, Reference};

use super::*;
use crate::{BaseImage, Question, from_dockerfile};

fn amd64() -> Platforms {
    let platform = Platform::parse("linux/amd64").unwrap();
    Platforms { build: platform.clone(), target: platform }
}

/// What the tests look at of a prediction.
struct Told {
    contract: crate::Contract,
    config: ImageConfig,
    diagnostics: Vec<Diagnostic>,
    lost_cmd: Option<Reasoned<Vec<String>>>,
    applied: Vec<Applied>,
}

fn predict(text: &str, base: ImageConfig, args: &[(&str, &str)]) -> Told {
    let parsed = plimsoll_dockerfile::parse(Source::new("Dockerfile", text));
    let base = |_: &Reference| Some(BaseImage { config: base.clone(), tree: None });
    let question = Question {
        build_args: args.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
        ..Question::new(amd64().target, &base, &|_| None)
    };
    let told = from_dockerfile(&parsed.dockerfile, &question).unwrap_or_else(|found| panic!("{found:?}"));
    let steps = &told.stage(told.target).unwrap().steps;
    Told {
        applied: steps.iter().map(|step| step.applied.clone()).collect(),
        contract: told.contract,
        config: told.config,
        diagnostics: told.diagnostics,
        lost_cmd: told.lost_cmd,
    }
}

fn history(text: &str) -> Vec<String> {
    let told = predict(text, ImageConfig::default(), &[]);
    told.applied.into_iter().filter_map(|applied| applied.created_by).collect()
}

#[test]
fn an_inherited_cmd_is_lost_and_an_own_one_is_not() {
    let base = ImageConfig { cmd: vec!["base".into()], ..ImageConfig::default() };
    let cmd = |text: &str| predict(text, base.clone(), &[]).config.cmd;
    assert_eq!(cmd("FROM b\n"), ["base"]);
    assert!(cmd("FROM b\nENTRYPOINT [\"x\"]\n").is_empty());
    assert!(cmd("FROM b\nENTRYPOINT []\n").is_empty());
    assert_eq!(cmd("FROM b\nCMD [\"own\"]\nENTRYPOINT [\"x\"]\n"), ["own"]);
    assert_eq!(cmd("FROM b\nENTRYPOINT [\"x\"]\nCMD [\"own\"]\n"), ["own"]);
    assert!(cmd("FROM b AS a\nCMD [\"own\"]\nFROM a\nENTRYPOINT [\"x\"]\n").is_empty());
    let lost = predict("FROM b\nENTRYPOINT [\"x\"]\n", base, &[]).lost_cmd.unwrap();
    assert_eq!(lost.value, ["base"]);
    assert!(matches!(lost.because, Because::BaseImage { .. }));
}

#[test]
fn scopes_of_args() {
    let text = "ARG V=1\nARG W=${V}2\nFROM b AS a\nARG V\nARG W\nARG D=$V-d\nENV E=$V/$W/$D/$TARGETARCH\n\
        FROM a\nENV F=$V\nARG TARGETARCH\nENV G=$TARGETARCH\n";
    let config = predict(text, ImageConfig::default(), &[]).config;
    assert_eq!(config.env_value("E"), Some("1/12/1-d/"));
    assert_eq!(config.env_value("F"), Some("1"), "a stage on a stage keeps its ARGs");
    assert_eq!(config.env_value("G"), Some("amd64"));
    assert_eq!(config.env_value("PATH"), Some(DEFAULT_PATH));
    let given = predict(text, ImageConfig::default(), &[("V", "9")]).config;
    assert_eq!(given.env_value("E"), Some("9/92/9-d/"));
    assert_eq!(given.env_value("V"), None, "an ARG is no ENV");
}

#[test]
fn one_line_of_env_sees_what_was_before_it() {
    let config = predict("FROM b\nENV A=1\nENV A=2 B=$A\nENV C=$A\n", ImageConfig::default(), &[]).config;
    assert_eq!((config.env_value("B"), config.env_value("C")), (Some("1"), Some("2")));
}

#[test]
fn workdirs_are_joined_and_volumes_ports_labels_gathered() {
    let text = "FROM b\nWORKDIR /a\nWORKDIR b/../c\nVOLUME /y /x\nEXPOSE 81 80/UDP 9000-9001\nLABEL z=1 a=2\n\
        USER $NOBODY\nSTOPSIGNAL sigint\nSHELL [\"/bin/ash\", \"-c\"]\nCMD echo hi\nMAINTAINER me\n";
    let config = predict(text, ImageConfig::default(), &[]).config;
    assert_eq!(config.working_dir, "/a/c");
    assert_eq!(config.volumes, ["/x", "/y"]);
    assert_eq!(config.exposed_ports, ["80/udp", "81/tcp", "9000/tcp", "9001/tcp"]);
    assert_eq!(config.labels, [("a".to_string(), "2".to_string()), ("z".to_string(), "1".to_string())]);
    assert_eq!(config.cmd, ["/bin/ash", "-c", "echo hi"]);
    assert_eq!(config.stop_signal.as_deref(), Some("sigint"));
    assert_eq!(config.author.as_deref(), Some("me"));
}

#[test]
fn onbuild_runs_in_the_child_once() {
    let base = ImageConfig {
        on_build: vec!["ENV FROM_BASE=1".into(), "CMD [\"t\"]".into()],
        ..ImageConfig::default()
    };
    let prediction = predict("FROM b\nENTRYPOINT [\"x\"]\n", base.clone(), &[]);
    assert_eq!(prediction.config.env_value("FROM_BASE"), Some("1"));
    assert!(prediction.config.on_build.is_empty());
    assert_eq!(prediction.config.cmd, ["t"], "a trigger counts as written in this stage");
    assert!(matches!(prediction.contract.cmd.because, Because::BaseImage { .. }));
    let text = "FROM b AS a\nONBUILD ENV S=1\nFROM a AS c\nONBUILD USER 5\nFROM c\n";
    let config = predict(text, ImageConfig::default(), &[]).config;
    assert_eq!((config.env_value("S"), config.user.as_str()), (Some("1"), "5"));
    assert!(config.on_build.is_empty());
    let bad = ImageConfig { on_build: vec!["FROM x".into()], ..ImageConfig::default() };
    assert!(!predict("FROM b\n", bad, &[]).diagnostics.is_empty());
}

#[test]
fn healthchecks() {
    let health = |text: &str| {
        predict(&format!("FROM b\n{text}\n"), ImageConfig::default(), &[]).config.healthcheck.unwrap()
    };
    let found = health("HEALTHCHECK --interval=1m30s --retries=2 CMD curl -f localhost");
    assert_eq!(found.test, HealthcheckTest::Shell("curl -f localhost".into()));
    assert_eq!((found.interval, found.retries), (Some(std::time::Duration::from_secs(90)), Some(2)));
    assert_eq!(
        health("HEALTHCHECK CMD [\"a\", \"b\"]").test,
        HealthcheckTest::Exec(vec!["a".into(), "b".into()])
    );
    assert_eq!(health("HEALTHCHECK NONE").test, HealthcheckTest::None);
}

#[test]
fn history_is_written_as_buildkit_writes_it() {
    let text = "FROM b\nRUN a  b\nARG A=1\nARG B\nENV X=\"a b\"\nRUN [\"p\", \"q r\"]\nRUN <<EOF\none\ntwo\nEOF\n\
        COPY --chown=1:2 --chmod=755 s1 s2 /d/\nADD f .\nCMD [\"x\", \"y \\\"z\\n\"]\nENTRYPOINT e $f\nEXPOSE 80 53/udp\n\
        VOLUME [\"/a\", \"/b\"]\nWORKDIR /w\nUSER 5\nSTOPSIGNAL 9\nSHELL [\"a\", \"b\"]\nONBUILD RUN x\nLABEL k=v\n\
        HEALTHCHECK --interval=5s CMD x y\nWORKDIR /\n";
    let expected = [
        "RUN /bin/sh -c a  b # buildkit",
        "ARG A=1",
        "ARG B",
        "ENV X=a b",
        "RUN |2 A=1 B= p q r # buildkit",
        "RUN |2 A=1 B= /bin/sh -c one\ntwo\n # buildkit",
        "COPY --chown=1:2 --chmod=755 s1 s2 /d/ # buildkit",
        "ADD f . # buildkit",
        "CMD [\"x\" \"y \\\"z\\n\"]",
        "ENTRYPOINT [\"/bin/sh\" \"-c\" \"e $f\"]",
        "EXPOSE [53/udp 80/tcp]",
        "VOLUME [/a /b]",
        "WORKDIR /w",
        "USER 5",
        "STOPSIGNAL 9",
        "SHELL [a b]",
        "LABEL k=v",
        "HEALTHCHECK {Test:[CMD-SHELL x y] Interval:5s Timeout:0s StartPeriod:0s StartInterval:0s Retries:0}",
        "WORKDIR /",
    ];
    assert_eq!(history(text), expected);
}

#[test]
fn what_is_left_to_do() {
    let text = "FROM b\nARG D=/dst\nENV S=src\nCOPY --from=x --link [\"$S\", \"a b\", \"$D/\"]\nCOPY <<A <<\"B\" /f/\n$S\nA\n$S\nB\n\
        WORKDIR /w\nRUN <<EOF\n#!/bin/x\nhi\nEOF\n";
    let prediction = predict(text, ImageConfig::default(), &[]);
    let work = prediction.applied.iter().map(|applied| &applied.work);
    let work: Vec<&Work> = work.filter(|work| **work != Work::Nothing).collect();
    let [Work::Copy(first), Work::Copy(second), Work::MakeDirectory(directory), Work::Run(run)] = work[..]
    else {
        panic!("{work:?}")
    };
    assert_eq!((first.from.as_deref(), first.link), (Some("x"), true));
    assert_eq!((first.sources.join("|"), first.destination.as_str()), ("src|a b".to_string(), "/dst/"));
    let documents = [("A".to_string(), "src\n".to_string()), ("B".to_string(), "$S\n".to_string())];
    assert_eq!(second.documents, documents);
    assert_eq!(directory, "/w");
    assert_eq!(run.argv, ["/dev/pipes/EOF"]);
    assert_eq!(run.script.as_ref().unwrap().body, "#!/bin/x\nhi\n");
    assert!(run.env.contains(&("D".to_string(), "/dst".to_string())));
}

#[test]
fn bad_values_point_at_their_place() {
    let text = "FROM b\nEXPOSE 99999\nSTOPSIGNAL NOPE\nVOLUME $NOTHING\nENV A=${B?missing}\n";
    let prediction = predict(text, ImageConfig::default(), &[]);
    let places: Vec<usize> = prediction
        .diagnostics
        .iter()
        .map(|found| found.place().map(|label| label.source.line(label.span.start)).unwrap())
        .collect();
    assert_eq!(places, [2, 3, 4, 5], "{:#?}", prediction.diagnostics);
}

#[test]
fn scratch_and_proxies() {
    let prediction = predict("FROM scratch\n", ImageConfig::default(), &[]);
    assert_eq!(prediction.config.working_dir, "/");
    let parsed = plimsoll_dockerfile::parse(Source::new("Dockerfile", "FROM scratch\n"));
    let given = BTreeMap::from([("HTTP_PROXY".to_string(), "p".to_string())]);
    let scope = Scope::new(&parsed.dockerfile, "", amd64(), given).unwrap();
    let both = [("HTTP_PROXY".to_string(), "p".to_string()), ("http_proxy".to_string(), "p".to_string())];
    assert_eq!(scope.proxy_env(), both);
    assert_eq!(scope.global("TARGETSTAGE").as_deref(), Some("default"));
}

#[test]
fn every_port_at_once() {
    let all = "EXPOSE 1-65535\n".repeat(3);
    let config = predict(&format!("FROM b\n{all}"), ImageConfig::default(), &[]).config;
    assert_eq!(config.exposed_ports.len(), 65535);
}
