//! `build`: what instructions write into the image's configuration.

use serde_json::json;

use crate::harness::World;
use crate::saved::config;

#[test]
fn every_word_reaches_the_configuration() {
    let world = World::new();
    let dockerfile = r#"
ARG VERSION=1.2
FROM scratch
ARG VERSION
MAINTAINER someone
ENV A=one B="two words" C=$VERSION
ENV OLD form here
ENV A=two D=$A
LABEL a.b=c "quoted key"="v w"
WORKDIR /srv
WORKDIR app
EXPOSE 80 53/UDP 9000-9001
VOLUME ["/data", "/log"]
VOLUME /more
USER 1000:50
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=5s --retries=2 CMD wget -q localhost
SHELL ["/bin/sh", "-eu", "-c"]
ENTRYPOINT exec server  $A
CMD ["--flag", "x y"]
"#;
    world.build(&["-t", "app:1"], dockerfile).ok();
    let config = config(&world, "app:1");
    let env = ["A=two", "B=two words", "C=1.2", "OLD=form here", "D=one"];
    for variable in env {
        assert!(
            config["Env"].as_array().unwrap().contains(&json!(variable)),
            "{variable}: {}",
            config["Env"]
        );
    }
    assert_eq!(config["Labels"], json!({ "a.b": "c", "quoted key": "v w" }));
    assert_eq!(config["WorkingDir"], "/srv/app");
    assert_eq!(config["ExposedPorts"], json!({ "80/tcp": {}, "53/udp": {}, "9000/tcp": {}, "9001/tcp": {} }));
    assert_eq!(config["Volumes"], json!({ "/data": {}, "/log": {}, "/more": {} }));
    assert_eq!(config["User"], "1000:50");
    assert_eq!(config["StopSignal"], "SIGQUIT");
    assert_eq!(config["Healthcheck"]["Test"], json!(["CMD-SHELL", "wget -q localhost"]));
    assert_eq!(config["Healthcheck"]["Interval"], 5_000_000_000_u64);
    assert_eq!(config["Healthcheck"]["Retries"], 2);
    assert_eq!(config["Shell"], json!(["/bin/sh", "-eu", "-c"]));
    assert_eq!(config["Entrypoint"], json!(["/bin/sh", "-eu", "-c", "exec server  $A"]));
    assert_eq!(config["Cmd"], json!(["--flag", "x y"]));
    let author = world.run(&["inspect", "app:1"]).json()[0]["Author"].clone();
    assert_eq!(author, "someone");
}

#[test]
fn entrypoint_and_cmd_across_stages() {
    let world = World::new();
    let dockerfile = r#"
FROM scratch AS base
ENTRYPOINT ["/one"]
CMD ["inherited"]
HEALTHCHECK CMD ["/check"]
FROM base AS cmd
CMD ["other"]
HEALTHCHECK NONE
FROM base AS entrypoint
ENTRYPOINT ["/two"]
FROM base AS both
CMD ["kept"]
ENTRYPOINT ["/two"]
"#;
    for stage in ["cmd", "entrypoint", "both"] {
        world.build(&["-t", stage, "--target", stage], dockerfile).ok();
    }
    let (cmd, entrypoint, both) =
        (config(&world, "cmd"), config(&world, "entrypoint"), config(&world, "both"));
    assert_eq!((&cmd["Entrypoint"], &cmd["Cmd"]), (&json!(["/one"]), &json!(["other"])));
    assert_eq!(cmd["Healthcheck"]["Test"], json!(["NONE"]));
    assert_eq!(entrypoint["Entrypoint"], json!(["/two"]));
    assert!(entrypoint["Cmd"].as_array().is_none_or(Vec::is_empty), "an ENTRYPOINT drops an inherited CMD");
    assert_eq!(both["Cmd"], json!(["kept"]), "a CMD of the same stage stays");
}

#[test]
fn args_have_their_scope() {
    let world = World::new();
    let dockerfile = r#"
ARG GLOBAL=global
ARG BASE=scratch
FROM ${BASE} AS first
ARG OWN=own
ENV SEES="[$GLOBAL][$OWN]"
FROM first AS child
ENV CHILD="[$OWN]"
FROM scratch AS other
ARG GLOBAL
ARG TARGETARCH
ARG UNSET
ENV SEES="[$GLOBAL][$OWN][${UNSET:-default}][${TARGETARCH:+arch}]"
"#;
    let env = |name: &str, words: &[&str]| {
        let mut all = vec!["-t", name, "--target", name];
        all.extend(words);
        world.build(&all, dockerfile).ok();
        config(&world, name)["Env"].to_string()
    };
    assert!(
        env("first", &[]).contains("SEES=[][own]"),
        "a global ARG is not seen in a stage that does not ask"
    );
    assert!(env("child", &["--build-arg", "OWN=given"]).contains("CHILD=[given]"), "children inherit ARGs");
    let other = env("other", &["--build-arg", "GLOBAL=given"]);
    assert!(other.contains("SEES=[given][][default][arch]"), "{other}");
}

#[test]
fn a_build_arg_may_come_from_the_environment_and_an_unknown_one_is_told() {
    let world = World::new();
    world.write("p/Dockerfile", "FROM scratch\nARG GIVEN\nENV SEES=[$GIVEN]\n");
    let mut command =
        world.command(&["build", "-t", "app", "--build-arg", "GIVEN", "--build-arg", "GIVVEN=1", "p"]);
    command.env("GIVEN", "outside");
    let output = crate::harness::finish(command, Vec::new());
    output.ok().says(&["warning", "GIVVEN", "GIVEN"]);
    assert!(config(&world, "app")["Env"].to_string().contains("SEES=[outside]"));
}

#[test]
fn triggers_run_in_the_child_and_not_in_its_child() {
    let Some(world) = World::with_busybox() else { return };
    world.write("p/app.txt", "source");
    let parent = "FROM bb\nONBUILD COPY app.txt /app/\nONBUILD RUN echo run >> /app/app.txt\nONBUILD ENV FROM=trigger\n";
    world.build(&["-t", "parent"], parent).ok();
    assert!(!crate::saved::files(&world, "parent").contains_key("/app/app.txt"));
    world.build(&["-t", "child"], "FROM parent\n").ok();
    let files = crate::saved::files(&world, "child");
    assert_eq!(files["/app/app.txt"].content, "sourcerun\n");
    assert!(config(&world, "child")["Env"].to_string().contains("FROM=trigger"));
    world.build(&["-t", "grandchild"], "FROM child\n").ok();
    assert_eq!(crate::saved::files(&world, "grandchild")["/app/app.txt"].content, "sourcerun\n");
}

#[test]
fn ids_and_plans_are_printed() {
    let world = World::new();
    world.write("p/Dockerfile", "FROM scratch AS one\nLABEL a=1\nFROM one\nLABEL b=2\n");
    let plan = world.run(&["build", "--plan", "p"]);
    plan.ok().prints(&["stage one", "LABEL a=1", "LABEL b=2"]);
    world.run(&["images", "-q"]).ok().is("");
    let quiet = world.run(&["build", "-q", "--iidfile", "id", "p"]);
    let id = std::fs::read_to_string(world.path("id")).unwrap();
    quiet.ok().is(&id);
    assert!(id.starts_with("sha256:") && id.len() == 71, "{id}");
    assert_eq!(world.run(&["inspect", &id]).ok().json()[0]["Id"], id.as_str());
}
