//! `inspect` and templates: what docker's users and programs expect of docker's document.

use plimsoll_testkit::program;
use serde_json::Value;

use crate::harness::{Ids, World, ids};
use crate::images::Daemon;

const DOCKERFILE: &str = r#"FROM scratch
MAINTAINER me
ARG V=1
COPY Dockerfile /a/
ENV A=b C="d e"
LABEL l=1 com.example/key="a b"
WORKDIR /w
EXPOSE 80 53/udp
VOLUME /data
HEALTHCHECK --interval=5s --retries=2 CMD true
USER 5
SHELL ["/bin/sh","-ec"]
STOPSIGNAL SIGQUIT
ONBUILD RUN true
ENTRYPOINT ["/bin/sh"]
CMD ["-c", "echo x y"]
"#;

/// Where a program that reads docker's document would stumble: keys that are absent, and values of
/// another type. What is null in one may be a list or object in the other.
fn stumbles(theirs: &Value, ours: Option<&Value>, place: &str, found: &mut Vec<String>) {
    match (theirs, ours) {
        (_, None) => found.push(format!("{place} is absent")),
        (Value::Object(fields), Some(Value::Object(own))) => {
            for (key, value) in fields {
                stumbles(value, own.get(key), &format!("{place}.{key}"), found);
            }
        }
        (Value::Array(items), Some(Value::Array(own))) => {
            if let (Some(first), Some(_)) = (items.first(), own.first()) {
                stumbles(first, own.first(), &format!("{place}[0]"), found);
            }
        }
        (Value::Null, Some(Value::Null | Value::Object(_) | Value::Array(_)))
        | (Value::Array(_) | Value::Object(_), Some(Value::Null))
        | (Value::String(_), Some(Value::String(_)))
        | (Value::Number(_), Some(Value::Number(_)))
        | (Value::Bool(_), Some(Value::Bool(_))) => {}
        (theirs, Some(ours)) => found.push(format!("{place} is {ours}, docker has {theirs}")),
    }
}

#[test]
fn every_key_of_dockers_document_is_there() {
    let recorded: Value = serde_json::from_str(include_str!("recorded/docker_inspect.json")).expect("JSON");
    let world = World::new();
    world.build(&["-t", "app"], DOCKERFILE).ok();
    let ours = world.run(&["inspect", "app"]).ok().json();
    let mut theirs = recorded.clone();
    // No container made this image: its configuration is there, but empty.
    for optional in ["ExposedPorts", "Healthcheck", "StopSignal", "Shell"] {
        theirs[0]["ContainerConfig"].as_object_mut().expect("an object").remove(optional);
    }
    let mut found = Vec::new();
    stumbles(&theirs, Some(&ours), "", &mut found);
    assert_eq!(found, Vec::<String>::new());
    let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        keys(&ours[0]),
        [keys(&recorded[0]), vec!["Digest".to_string()]].concat(),
        "in docker's order"
    );
    let without_args_escaped: Vec<String> =
        keys(&ours[0]["Config"]).into_iter().filter(|key| key != "ArgsEscaped").collect();
    assert_eq!(without_args_escaped, keys(&recorded[0]["Config"]));
    assert_eq!(ours[0]["Config"]["ExposedPorts"]["80/tcp"], serde_json::json!({}));
    assert_eq!(ours[0]["Config"]["Healthcheck"]["Interval"], 5_000_000_000_u64);
}

#[test]
fn templates_read_the_document() {
    let world = World::new();
    world.build(&["-t", "app", "-t", "team/app:2"], DOCKERFILE).ok();
    for (template, expected) in [
        ("{{.Config.User}} {{.Config.StopSignal}} {{.Author}}", "5 SIGQUIT me"),
        ("{{json .Config.Entrypoint}}{{json .Config.Cmd}}", r#"["/bin/sh"]["-c","echo x y"]"#),
        ("{{range .Config.Env}}{{println .}}{{end}}", "A=b\nC=d e"),
        ("{{index .Config.Labels \"com.example/key\"}}|{{.Config.Labels.none}}", "a b|<no value>"),
        ("{{range $p, $_ := .Config.ExposedPorts}}{{$p}} {{end}}", "53/udp 80/tcp"),
        (
            "{{.Config.Healthcheck.Interval}} {{len .RepoTags}} {{join .RepoTags \",\"}}",
            "5s 2 app:latest,team/app:2",
        ),
        ("{{.RootFS.Type}} {{len .RootFS.Layers}}", "layers 2"),
        ("{{if .Config.Healthcheck}}yes{{else}}no{{end}}", "yes"),
        (
            "{{.ContainerConfig.Cmd}} {{.Config.Tty}} {{.Metadata.LastTagTime}}",
            "[] false 0001-01-01 00:00:00 +0000 UTC",
        ),
    ] {
        let output = world.run(&["inspect", "-f", template, "app"]);
        let told = output.ok().stdout.trim().to_string();
        assert!(told.ends_with(expected), "{template}: {output}");
    }
    let ids = world.run(&["inspect", "--type", "image", "-f", "{{.Id}}", "app", "team/app:2"]);
    assert_eq!(ids.ok().stdout.lines().count(), 2);
    let line = world.run(&["inspect", "-f", "json", "app"]);
    assert_eq!(line.ok().stdout.lines().count(), 1);
    assert_eq!(line.json(), world.run(&["inspect", "app"]).json());
}

#[test]
fn wrong_templates_and_types_are_explained() {
    let world = World::new();
    world.build(&["-t", "app"], DOCKERFILE).ok();
    for (words, named) in [
        (&["inspect", "-f", "{{.Confg}}", "app"][..], &["1:3", "'Confg'", "'Config'"][..]),
        (&["inspect", "-f", "{{jsn .}}", "app"], &["'jsn'", "'json'"]),
        (&["inspect", "-f", "{{if}}", "app"], &["'if' has no value"]),
        (&["inspect", "--type", "imag", "app"], &["'imag'", "image"]),
        (&["images", "--filter", "dangeling=true"], &["'dangling'"]),
        (&["images", "--filter", "dangling=perhaps"], &["true or false"]),
        (&["images", "--filter", "app"], &["KIND=VALUE"]),
        (&["images", "--format", "{{.Repo}}"], &["'Repo'"]),
    ] {
        let output = world.run(words);
        output.ends(2).one_sentence().says(named);
        assert!(output.stdout.is_empty(), "{output}");
    }
    world.run(&["images", "--filter", "before=nothing"]).ends(1).one_sentence().says(&["no image 'nothing'"]);
    world.run(&["inspect", "-s", "app"]).ok().prints(&["\"Size\""]);
    let none = world.run(&["inspect", "--type", "container", "app"]);
    none.ends(1).one_sentence().says(&["no container is called 'app'"]);
}

#[test]
fn images_are_filtered_and_formatted() {
    let world = World::new();
    for (name, label, time) in [("old", "1", "100"), ("team/new", "2", "200")] {
        let dockerfile = format!("FROM scratch\nLABEL n={label} has=it\nCOPY Dockerfile /\n");
        world.build(&["-t", name, "--build-arg", &format!("SOURCE_DATE_EPOCH={time}")], &dockerfile).ok();
    }
    world.build(&["-q"], "FROM scratch\nCOPY Dockerfile /unnamed\n").ok();
    let listed = |filters: &[&str]| {
        let filters = filters.iter().flat_map(|filter| ["--filter", filter]);
        let words: Vec<&str> = ["images", "--format", "{{.Repository}}"].into_iter().chain(filters).collect();
        world.run(&words).ok().stdout.lines().collect::<Vec<_>>().join(" ")
    };
    for (filters, expected) in [
        (&["label=n"][..], "old team/new"),
        (&["label=n=2"], "team/new"),
        (&["label=n=1", "label=n=2"], ""),
        (&["dangling=true"], "<none>"),
        (&["dangling=false"], "old team/new"),
        (&["reference=*"], "old"),
        (&["reference=*/n*:latest"], "team/new"),
        (&["reference=team"], ""),
        (&["reference=old", "reference=*/new"], "old team/new"),
        (&["before=team/new", "label=has"], "old"),
        (&["since=old", "label=has"], "team/new"),
    ] {
        assert_eq!(listed(filters), expected, "{filters:?}");
    }
    let digest = world.run(&["inspect", "-f", "{{.Digest}}", "old"]).ok().stdout.trim().to_string();
    world.run(&["images", "--digests", "old"]).ok().prints(&["DIGEST", &digest]);
    let row = world.run(&["images", "--format", "json", "old"]).ok().json();
    assert_eq!(row["CreatedAt"], "1970-01-01 00:01:40 +0000 UTC");
    assert_eq!(row["Digest"], digest.as_str());
    let table = world.run(&["images", "--format", "table {{.Tag}}\\t{{.Repository}}", "old"]);
    table.ok().is("TAG       REPOSITORY\nlatest    old");
}

/// Templates that docker's own client answers over its own daemon's image, the same one as ours.
const TEMPLATES: [&str; 45] = [
    "{{.Id}}",
    "{{.ID}}",
    "{{.RepoTags}}",
    "{{json .RepoTags}}",
    "{{.Parent}}|{{.Comment}}|{{.Container}}|",
    "{{.Author}}",
    "{{.Architecture}}/{{.Os}}{{.Variant}}",
    "{{json .Config}}",
    "{{json .ContainerConfig.Env}}",
    "{{.Config.Env}}",
    "{{json .Config.Env}}",
    "{{range .Config.Env}}[{{.}}]{{end}}",
    "{{.Config.Cmd}}",
    "{{len .Config.Cmd}}",
    "{{index .Config.Cmd 1}}",
    "{{join .Config.Cmd \" \"}}",
    "{{.Config.Entrypoint}}",
    "{{.Config.Labels}}",
    "{{json .Config.Labels}}",
    "{{.Config.Labels.l}}",
    "{{.Config.Labels.none}}",
    "{{index .Config.Labels \"none\"}}|",
    "{{.Config.ExposedPorts}}",
    "{{json .Config.ExposedPorts}}",
    "{{range $p, $c := .Config.ExposedPorts}}{{$p}}={{$c}} {{end}}",
    "{{range $k, $v := .Config.Volumes}}{{$k}}{{end}}",
    "{{.Config.Volumes}}",
    "{{.Config.Healthcheck.Test}}",
    "{{.Config.Healthcheck.Interval}}",
    "{{json .Config.Healthcheck}}",
    "{{.Config.StopSignal}}|{{.Config.Shell}}",
    "{{.Config.OnBuild}}",
    "{{.Config.Tty}} {{.Config.Hostname}}|{{.Config.WorkingDir}}",
    "{{json .Config.MacAddress}}",
    "{{json .RootFS}}",
    "{{.RootFS.Type}} {{len .RootFS.Layers}}",
    "{{.Config.User | printf \"%5s|\"}}",
    "{{printf \"%q\" .Config.Cmd}}",
    "{{if .Config.Healthcheck}}a{{else}}b{{end}}",
    "{{with .Config}}{{.User}}{{end}}",
    "{{.Nothing}}",
    "{{.Config.Nothing}}",
    "{{.Id.X}}",
    "{{index .Config.Cmd 9}}",
    "{{.Config.NetworkDisabled}} {{.ContainerConfig.Labels}}",
];

#[test]
fn docker_says_the_same_of_the_same_image() {
    if ids() != Ids::Root {
        // The daemon needs root; the document is the same for everybody.
        return;
    }
    if program("docker").is_none() {
        return;
    }
    let world = World::new();
    let Some(daemon) = Daemon::start(&world) else { return };
    let client = daemon.docker(&world, &["version", "--format", "{{.Client.Version}}"]).stdout;
    if !client.starts_with("20.10") {
        return plimsoll_testkit::skip(&format!(
            "docker's client is {client}, 20.10 is what we compare with"
        ));
    }
    world.build(&["-t", "app:1"], DOCKERFILE).ok();
    world.run(&["save", "-o", "app.tar", "app:1"]).ok();
    daemon.docker(&world, &["load", "-i", "app.tar"]).ok();

    let theirs = daemon.docker(&world, &["image", "inspect", "app:1"]).ok().json();
    let ours = world.run(&["inspect", "app:1"]).ok().json();
    let mut found = Vec::new();
    stumbles(&theirs, Some(&ours), "", &mut found);
    assert_eq!(found, Vec::<String>::new());
    for key in ["Id", "RepoTags", "Parent", "Comment", "Created", "Author", "Config", "RootFS", "Size", "Os"]
    {
        assert_eq!(theirs[0][key], ours[0][key], "{key}");
    }

    for template in TEMPLATES {
        let theirs = daemon.docker(&world, &["image", "inspect", "-f", template, "app:1"]);
        let ours = world.run(&["inspect", "-f", template, "app:1"]);
        assert_eq!(theirs.code == 0, ours.code == 0, "{template}: {theirs}\n{ours}");
        if theirs.code == 0 {
            assert_eq!(theirs.stdout, ours.stdout, "{template}");
        }
    }
    for words in [
        &["history", "--format", "{{.ID}}|{{.CreatedBy}}|{{.Size}}|{{.Comment}}|{{.CreatedAt}}", "app:1"][..],
        &["history", "--no-trunc", "--format", "{{.ID}} {{.CreatedBy}}", "app:1"],
        &["history", "--format", "table {{.Size}}\\t{{.CreatedBy}}", "app:1"],
        &[
            "images",
            "--format",
            "table {{.Repository}}\\t{{.Tag}}\\t{{.ID}}\\t{{.Size}}\\t{{upper .VirtualSize}}",
        ],
        &["images", "--format", "{{.ID}} {{.CreatedAt}} {{.Containers}} {{.SharedSize}}"],
        &["images", "-q", "--no-trunc"],
    ] {
        let theirs = daemon.docker(&world, words);
        assert_eq!(world.run(words).ok().stdout, theirs.ok().stdout, "{words:?}");
    }
}
