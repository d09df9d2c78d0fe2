//! Files that are kept with care get few findings: what is said of them by default is worth saying.

use std::collections::BTreeMap;

use plimsoll_contract::Question;
use plimsoll_lint::{Day, Examination, Selection, Settings};
use plimsoll_model::{Platform, Source};
use plimsoll_testkit::corpus;

use crate::project::{Directory, entry};

/// The polished part of the corpus: repositories whose work are Dockerfiles that many people build on or learn
/// from, kept by those who make the programs in them.
const POLISHED: [&str; 11] = [
    "GoogleCloudPlatform/microservices-demo",
    "docker-library/",
    "dotnet/dotnet-docker",
    "etcd-io/etcd",
    "istio/istio",
    "krallin/tini",
    "nginxinc/docker-nginx",
    "nodejs/docker-node",
    "spring-petclinic/",
    "tiangolo/uvicorn-gunicorn-docker",
    "yannh/kubeconform",
];

/// Findings a file, info and above.
const LIMIT: f64 = 1.5;

/// What all default rules say of a file, with its directory as the context and no base image at hand.
fn codes(name: &str, text: String, directory: Directory) -> Option<Vec<String>> {
    let amd64 = Platform::parse("linux/amd64").unwrap();
    let reader = |path: &str| entry(&directory.0, path);
    let question = Question::new(amd64, &|_| None, &reader);
    let examination = Examination {
        question: &question,
        files: Some(&directory),
        ignore: None,
        selection: &Selection::default(),
        settings: &Settings::default(),
        today: Day::new(2026, 11, 28).unwrap(),
    };
    let examined = examination.examine(&Source::new(name, text));
    // Templates that another program makes Dockerfiles of are none yet.
    examined.parses.then(|| examined.findings.into_iter().map(|found| found.code).collect())
}

#[test]
fn polished_files_are_mostly_left_alone() {
    let Some(corpus) = corpus() else { return };
    let (mut files, mut counts) = (0, BTreeMap::<String, usize>::new());
    for record in corpus.buildkit() {
        let name = record["file"].as_str().unwrap();
        let repository = name.trim_start_matches("files/").replacen("__", "/", 1);
        if !POLISHED.iter().any(|known| repository.starts_with(known)) {
            continue;
        }
        let directory = Directory(corpus.path(name).parent().unwrap().to_path_buf());
        let Some(codes) = codes(name, corpus.text(name), directory) else { continue };
        files += 1;
        codes.into_iter().for_each(|code| *counts.entry(code).or_default() += 1);
    }
    let noise = counts.values().sum::<usize>() as f64 / files as f64;
    eprintln!("{files} polished files, {noise:.2} findings a file: {counts:?}");
    assert!(files > 150, "only {files} files");
    assert!(noise <= LIMIT, "{noise:.2} findings a file: {counts:?}");
}
