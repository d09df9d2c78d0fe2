//! `build`: what is built anew and what is not, and that equal trees give equal digests.

use std::fs::{File, FileTimes};
use std::time::{Duration, SystemTime};

use crate::harness::{Output, World, chmod};
use crate::saved::{digest, files};

const DOCKERFILE: &str = "FROM bb\nLABEL v=1\nCOPY src /src\nRUN echo made > /made\n";

/// The steps that were really carried out, by their text.
fn worked(output: &Output) -> Vec<String> {
    let steps = output.ok().stderr.lines().filter(|line| line.starts_with(" [") && !line.ends_with("cached"));
    let text =
        |line: &str| line.split_once("] ").map(|(_, text)| text.split("  ").next().unwrap_or("").to_string());
    steps.filter_map(text).filter(|text| text.starts_with("COPY") || text.starts_with("RUN")).collect()
}

#[test]
fn only_changed_content_is_built_anew() {
    let Some(world) = World::with_busybox() else { return };
    let file = world.write("p/src/a.txt", "one");
    let all = ["COPY src /src", "RUN echo made > /made"];
    assert_eq!(worked(&world.build(&["-t", "app"], DOCKERFILE)), all);
    let first = digest(&world, "app");

    let again = world.build(&["-t", "app"], DOCKERFILE);
    assert!(worked(&again).is_empty(), "{again}");
    again.prints(&["(3 cached)"]);

    let later = FileTimes::new().set_modified(SystemTime::now() + Duration::from_secs(3600));
    File::options().write(true).open(&file).unwrap().set_times(later).unwrap();
    assert!(worked(&world.build(&["-t", "app"], DOCKERFILE)).is_empty(), "a new time is no new content");

    let label = DOCKERFILE.replace("v=1", "v=2");
    assert!(worked(&world.build(&["-t", "label"], &label)).is_empty(), "a LABEL does not rebuild a RUN");
    assert_ne!(digest(&world, "label"), first);

    // Same length, same time: only the bytes tell.
    let times = std::fs::metadata(&file).unwrap().modified().unwrap();
    std::fs::write(&file, "two").unwrap();
    File::options().write(true).open(&file).unwrap().set_times(FileTimes::new().set_modified(times)).unwrap();
    assert_eq!(worked(&world.build(&["-t", "app"], DOCKERFILE)), all);
    assert_eq!(files(&world, "app")["/src/a.txt"].content, "two");

    chmod(&file, 0o755);
    assert_eq!(worked(&world.build(&["-t", "app"], DOCKERFILE)), all, "a mode is content");

    // Back to what was known.
    chmod(&file, 0o644);
    std::fs::write(&file, "one").unwrap();
    assert!(worked(&world.build(&["-t", "app"], DOCKERFILE)).is_empty());
    assert_eq!(digest(&world, "app"), first);
}

#[test]
fn what_stages_images_and_directories_are_called_does_not_count() {
    let Some(world) = World::with_busybox() else { return };
    world.write("p/src/a.txt", "one");
    world.write("p/other/a.txt", "one");
    world.run(&["tag", "bb", "called-otherwise"]).ok();
    let dockerfile =
        "FROM bb AS one\nCOPY src /src\nRUN echo made > /made\nFROM one\nRUN cat /made > /again\n";
    assert_eq!(worked(&world.build(&[], dockerfile)).len(), 3);
    let renamed =
        dockerfile.replace("FROM bb AS one", "FROM called-otherwise AS two").replace("FROM one", "FROM two");
    assert!(worked(&world.build(&[], &renamed.replace("COPY src", "COPY other"))).is_empty());
}

#[test]
fn a_run_depends_on_its_args_and_environment() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "FROM bb\nARG V=1\nRUN echo $V > /v\n";
    let build = |words: &[&str]| worked(&world.build(words, dockerfile)).len();
    assert_eq!(build(&[]), 1);
    assert_eq!(build(&["--build-arg", "V=1"]), 0, "the same value");
    assert_eq!(build(&["--build-arg", "V=2"]), 1);
    assert_eq!(build(&["--build-arg", "http_proxy=http://127.0.0.1:1"]), 0, "proxies are no part of the key");
    assert_eq!(worked(&world.build(&[], "FROM bb\nENV X=1\nARG V=1\nRUN echo $V > /v\n")).len(), 1);
}

#[test]
fn two_empty_stores_give_the_same_digest() {
    let (Some(one), Some(two)) = (World::with_busybox(), World::with_busybox()) else { return };
    let dockerfile = "FROM bb\nCOPY --chmod=640 src /src\nRUN mkdir /d && echo text > /d/f && ln -s f /d/l && ln /d/f /d/h\nWORKDIR /new\n";
    for (world, age) in [(&one, 1_000), (&two, 1_000_000)] {
        let file = world.write("p/src/a.txt", "one");
        let time = SystemTime::now() - Duration::from_secs(age);
        File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_times(FileTimes::new().set_modified(time))
            .unwrap();
        world.build(&["-t", "app"], dockerfile).ok();
    }
    assert_eq!(digest(&one, "app"), digest(&two, "app"));
    let again = one.build(&["-t", "fresh", "--no-cache"], dockerfile);
    assert_eq!(worked(&again).len(), 2, "--no-cache runs every step: {again}");
    assert_eq!(digest(&one, "fresh"), digest(&one, "app"));
    assert!(files(&one, "app").values().all(|file| file.mtime == 0));
}

#[test]
fn source_date_epoch_dates_the_image() {
    let world = World::new();
    world.write("p/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
    let build = |epoch: &str| {
        let mut command = world.command(&["build", "-t", "app", "p"]);
        command.env("SOURCE_DATE_EPOCH", epoch);
        crate::harness::finish(command, Vec::new())
    };
    build("86400").ok();
    assert_eq!(world.run(&["inspect", "app"]).json()[0]["Created"], "1970-01-02T00:00:00Z");
    build("yesterday").ends(2).one_sentence().says(&["SOURCE_DATE_EPOCH", "yesterday", "seconds since 1970"]);
}

#[test]
fn builds_side_by_side_in_one_store() {
    let Some(world) = World::with_busybox() else { return };
    world.write("p/a", "a");
    let dockerfile = "FROM bb\nARG WHO\nCOPY a /a\nRUN echo shared > /shared\nRUN echo $WHO > /who\n";
    world.write("p/Dockerfile", dockerfile);
    std::thread::scope(|scope| {
        for number in 0..6 {
            let world = &world;
            scope.spawn(move || {
                let (name, arg) = (format!("app:{number}"), format!("WHO={}", number % 3));
                world.run(&["build", "-q", "-t", &name, "--build-arg", &arg, "p"]).ok();
                world
                    .run(&["run", "--rm", &name, "cat", "/who", "/shared"])
                    .ok()
                    .is(&format!("{}\nshared", number % 3));
            });
        }
    });
    for number in 0..3 {
        assert_eq!(digest(&world, &format!("app:{number}")), digest(&world, &format!("app:{}", number + 3)));
    }
    world.assert_nothing_left();
    world.assert_store_valid();
}

#[test]
fn a_base_for_another_platform_is_not_taken() {
    let Some(world) = World::with_busybox() else { return };
    let refused = world.build(&[], "FROM --platform=linux/s390x bb\n");
    let nonsense = world.build(&[], "FROM --platform=a/b/c/d bb\n");
    nonsense.ends(3).one_sentence().says(&["p/Dockerfile:1:17", "'a/b/c/d'", "linux/arm64"]);
    refused.ends(4).one_sentence().says(&["p/Dockerfile:1", "'bb'", "linux/s390x"]);
    world.build(&["-t", "own"], "FROM --platform=$BUILDPLATFORM bb AS build\nFROM --platform=linux/s390x scratch\nCOPY --from=build /etc/passwd /\n").ok();
    assert_eq!(world.run(&["inspect", "own"]).json()[0]["Architecture"], "s390x");
    world
        .run(&["run", "--rm", "own", "/passwd"])
        .ends(126)
        .one_sentence()
        .says(&["warning: the image is for linux/s390x"]);
}
