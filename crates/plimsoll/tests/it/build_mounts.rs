//! `build`: `RUN --mount=type=bind|cache|tmpfs|ssh`, `--network` and what else a RUN gets.

use std::os::unix::net::UnixListener;

use crate::harness::{Ids, World, ids};
use crate::saved::files;

#[test]
fn a_bind_shows_files_and_leaves_none() {
    let Some(world) = World::with_busybox() else { return };
    world.write("p/src/kept", "kept");
    world.write("p/src/ignored", "ignored");
    world.write("p/.dockerignore", "**/ignored\n.dockerignore\n");
    let dockerfile = r#"
FROM bb AS made
RUN mkdir -p /out/deep && echo built > /out/deep/file
FROM bb
ARG FROM_DIR=src
WORKDIR /w
RUN --mount=source=$FROM_DIR,target=in \
    test "$(ls in)" = kept && test "$(stat -c %u in/kept)" = 0 && ! touch in/new 2>/dev/null
RUN --mount=target=/all test -e /all/src/kept && test -e /all/Dockerfile
RUN --mount=source=src/kept,target=/one/file cat /one/file > one
RUN --mount=from=made,source=/out,target=/m,rw cat /m/deep/file > made && echo more > /m/deep/file && rm -r /m/deep
RUN --mount=from=made,source=/out,target=/m test "$(cat /m/deep/file)" = built
RUN --mount=type=bind,from=bb,source=/etc/passwd,target=/var/run/p grep -q app /var/run/p
RUN --mount=from=0,target=/whole test -e /whole/out/deep/file -a -e /whole/bin/busybox
"#;
    world.build(&["-t", "app"], dockerfile).ok();
    let files = files(&world, "app");
    assert_eq!(files["/w/one"].content, "kept");
    assert_eq!(files["/w/made"].content, "built\n");
    for stub in ["/w/in", "/all", "/one", "/m", "/whole", "/var/run", "/run"] {
        assert!(!files.contains_key(stub), "{stub} exists only to be mounted on");
    }
    assert_eq!(std::fs::read_to_string(world.path("p/src/kept")).unwrap(), "kept");
    world.assert_nothing_left();
}

#[test]
fn what_a_bind_shows_decides_whether_the_step_is_known() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "FROM bb\nRUN --mount=source=used,target=/in cat /in/f > /f\n";
    world.write("p/used/f", "one");
    world.write("p/other", "one");
    world.build(&[], dockerfile).ok();
    world.write("p/other", "two");
    world.build(&[], dockerfile).ok().says(&["RUN --mount=source=used,target=/in cat /in/f > /f  cached"]);
    world.write("p/used/f", "two");
    world.build(&["-t", "app"], dockerfile).ok();
    assert_eq!(files(&world, "app")["/f"].content, "two");
}

#[test]
fn what_is_not_there_is_told_as_for_copy() {
    let Some(world) = World::with_busybox() else { return };
    world.write("p/package.json", "{}");
    world.write("p/.dockerignore", "secret\n");
    world.write("p/secret", "x");
    let fails = |mount: &str, says: &[&str]| {
        let text = format!("FROM bb AS build\nFROM bb\nRUN --mount={mount} true\n");
        world.build(&[], &text).one_sentence().says(&["Dockerfile:3"]).says(says);
    };
    fails("source=pakage.json,target=/x", &["'pakage.json' does not exist", "did you mean 'package.json'?"]);
    fails("source=secret,target=/x", &["'secret' is excluded by", ".dockerignore:1"]);
    fails("from=biuld,target=/x", &["no stage 'biuld'", "did you mean 'build'?"]);
    fails("type=cache,target=/x,sharing=${X:-lokced}", &["'lokced' is no sharing", "sharing=locked"]);
    fails("target=/", &["root directory"]);
    world.assert_nothing_left();
}

#[test]
fn a_cache_outlives_builds_and_is_in_no_layer() {
    let Some(world) = World::with_busybox() else { return };
    let build = |word: &str, mount: &str, test: &str| {
        let text = format!("FROM bb\nRUN --mount=type=cache,{mount} {test} && echo {word} >> /c/log\n");
        world.build(&["-t", "app"], &text).ok();
        assert!(!files(&world, "app").contains_key("/c"), "{word}");
    };
    build("one", "target=/c", "test ! -e /c/log");
    build("two", "target=/c", "grep -q one /c/log");
    build("three", "target=/c,id=/c", "grep -q two /c/log");
    build("four", "target=/c,id=other,mode=0711", "test ! -e /c/log && test $(stat -c %a /c) = 711");
    let namespace = ["--build-arg", "BUILDKIT_CACHE_MOUNT_NS=mine"];
    world.build(&namespace, "FROM bb\nRUN --mount=type=cache,target=/c test ! -e /c/log\n").ok();
    let read_only = "FROM bb\nRUN --mount=type=cache,target=/c,ro grep -q three /c/log && ! touch /c/x\n";
    world.build(&[], read_only).ok();
    world.run(&["rmi", "app"]).ok();
    build("five", "target=/c", "grep -q three /c/log");
}

#[test]
fn a_cache_begins_with_its_seed_and_belongs_to_whom_it_should() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = r#"
FROM bb AS seed
RUN mkdir /s && echo seed > /s/file
FROM bb
RUN --mount=type=cache,id=s,from=seed,source=/s,target=/c grep -q seed /c/file && echo changed > /c/file
RUN --mount=type=cache,id=s,from=seed,source=/s,target=/c grep -q changed /c/file
USER 1000:1000
RUN --mount=type=cache,id=u,target=/u,uid=1000,gid=1000,mode=0700 echo mine > /u/f && test $(stat -c %u /u/f) = 1000
USER 0
RUN --mount=type=cache,id=u,target=/u cat /u/f && touch /u/root
"#;
    world.build(&[], dockerfile).ok();
    let text = "FROM bb\nRUN --mount=type=cache,from=bb,source=/etc/passwd,target=/c true\n";
    world.build(&[], text).ends(4).says(&["a cache is a directory", "'/etc/passwd'"]);
}

#[test]
fn independent_stages_run_at_the_same_time() {
    let Some(world) = World::with_busybox() else { return };
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        println!("SKIPPED: one processor runs one stage at a time");
        return;
    }
    // Each waits for the other's file; one after the other neither would end well.
    let wait = |own: &str, other: &str| {
        format!(
            "RUN --mount=type=cache,target=/c touch /c/{own}; for i in $(seq 600); do \
             test -e /c/{other} && echo met > /{own} && exit 0; sleep 0.1; done; exit 1\n"
        )
    };
    let dockerfile = format!(
        "FROM bb AS a\n{}FROM bb AS b\n{}FROM bb\nCOPY --from=a /a /\nCOPY --from=b /b /\n",
        wait("a", "b"),
        wait("b", "a")
    );
    world.build(&["-t", "app"], &dockerfile).ok();
    let files = files(&world, "app");
    assert_eq!((files["/a"].content.as_str(), files["/b"].content.as_str()), ("met\n", "met\n"));
}

#[test]
fn a_locked_cache_is_used_by_one_at_a_time() {
    let Some(world) = World::with_busybox() else { return };
    let stage = |name: &str| {
        format!(
            "FROM bb AS {name}\nRUN --mount=type=cache,target=/c,sharing=locked for i in 1 2 3 4 5; do \
             echo {name} >> /c/log; sleep 0.05; done; touch /{name}\n"
        )
    };
    let names = ["x", "y", "z"];
    let copies: String = names.map(|name| format!("COPY --from={name} /{name} /\n")).concat();
    let dockerfile = format!(
        "{}FROM bb\n{copies}RUN --mount=type=cache,target=/c uniq /c/log > /order\n",
        names.map(stage).concat()
    );
    world.build(&["-t", "app"], &dockerfile).ok();
    let order = &files(&world, "app")["/order"].content;
    let mut turns: Vec<&str> = order.lines().collect();
    turns.sort_unstable();
    assert_eq!(turns, names, "each had one turn without the others between: {order}");
}

#[test]
fn two_builds_share_a_locked_cache_without_waiting_for_ever() {
    let Some(world) = World::with_busybox() else { return };
    // The same two caches, named in opposite order.
    let mounts = |first: &str, second: &str| {
        format!(
            "RUN --mount=type=cache,id={first},target=/1,sharing=locked \
             --mount=type=cache,id={second},target=/2,sharing=locked sleep 0.2 && touch /{first}\n"
        )
    };
    let dockerfile = format!(
        "FROM bb AS x\n{}FROM bb AS y\n{}FROM bb\nCOPY --from=x /a /\nCOPY --from=y /b /\n",
        mounts("a", "b"),
        mounts("b", "a")
    );
    world.build(&[], &dockerfile).ok();
}

#[test]
fn memory_runs_programs_and_has_a_size() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = r#"
FROM bb
RUN --mount=type=tmpfs,target=/t,size=4m \
    cp /bin/busybox /t/sh && /t/sh true; \
    echo '#!/bin/sh' > /t/x && chmod +x /t/x && /t/x && \
    ! dd if=/dev/zero of=/t/big bs=1024 count=8192 2>/dev/null
RUN test ! -e /t
"#;
    world.build(&["-t", "app"], dockerfile).ok();
    assert!(!files(&world, "app").contains_key("/t"));
}

#[test]
fn a_step_gets_the_socket_of_an_agent() {
    let Some(world) = World::with_busybox() else { return };
    let socket = world.path("agent.sock");
    let _agent = UnixListener::bind(&socket).unwrap();
    let given = format!("default={}", socket.display());
    // busybox has no client for sockets of files: what goes through it is a test of the proxy's own.
    let dockerfile = "FROM bb\nRUN --mount=type=ssh,uid=0,mode=0600 test -S $SSH_AUTH_SOCK && \
                      test $SSH_AUTH_SOCK = /run/buildkit/ssh_agent.0 && test $(stat -c %a $SSH_AUTH_SOCK) = 600\n";
    world.build(&["--ssh", &given, "-t", "app"], dockerfile).ok();
    assert!(!files(&world, "app").contains_key("/run"));
    let optional = "FROM bb\nRUN --mount=type=ssh test -z \"$SSH_AUTH_SOCK\"\n";
    world.build(&[], optional).ok();
    let required = "FROM bb\nRUN --mount=type=ssh,required true\n";
    world.build(&[], required).ends(4).one_sentence().says(&["Dockerfile:2", "add --ssh default"]);
    let key = world.write("key", "PRIVATE KEY");
    let given = format!("default={}", key.display());
    world.build(&["--ssh", &given], optional).ends(2).says(&["is no socket", "ssh-add"]);
    world.build(&["--ssh", "default"], optional).ends(2).says(&["SSH_AUTH_SOCK is not set"]);
}

#[test]
fn networks_and_hosts() {
    let Some(world) = World::with_busybox() else { return };
    let only_loopback = "test \"$(ls /sys/class/net)\" = lo";
    let text = format!("FROM bb\nRUN {only_loopback}\nRUN --network=host ! {only_loopback} || true\n");
    world.build(&["--network", "none"], &text).ok();
    let hosts = "FROM bb\nRUN grep -q '^10.1.2.3[[:space:]]db$' /etc/hosts && echo v1 > /seen\n";
    world.build(&["--add-host", "db:10.1.2.3", "-t", "app"], hosts).ok();
    assert!(!files(&world, "app").contains_key("/etc/hosts"), "hosts are no part of the image");
    world.build(&["--add-host=db=10.1.2.3"], hosts).ok().says(&["cached"]);
    world.build(&["--add-host", "db:10.1.2.4"], hosts).ends(4);
    let alone = "FROM bb\nRUN --network=none grep -q localhost /etc/hosts && grep -q db /etc/hosts\n";
    world.build(&["--add-host", "db:10.1.2.3"], alone).ok();
    for (word, says) in [
        ("--add-host=db", "names no address"),
        ("--add-host=db:host-gateway", "db:127.0.0.1"),
        ("--network=bridge", "default, none, host"),
    ] {
        world.build(&[word], hosts).ends(2).says(&[says]);
    }
}

#[test]
fn limits_and_shared_memory() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "FROM bb\nRUN test $(ulimit -n) = 100 && test $(df -k /dev/shm | awk 'NR == 2 { print $2 }') = 2048 && \
                      touch /f\n";
    world.build(&["--ulimit", "nofile=100:200", "--shm-size", "2m"], dockerfile).ok();
    world.build(&[], dockerfile).ok().says(&["cached"]);
    for (word, says) in [
        ("--ulimit=nofiles=5", "did you mean 'nofile'?"),
        ("--shm-size=much", "64m"),
        ("--memory=1g", "control groups"),
        ("--cgroup-parent=x", "control groups"),
        ("--allow=security.insecure", "plimsoll run"),
    ] {
        world.build(&[word], dockerfile).ends(2).says(&[says]);
    }
    for (flag, says) in
        [("--security=insecure", "without any confinement"), ("--device=gpu", "a build has none")]
    {
        world.build(&[], &format!("FROM bb\nRUN {flag} true\n")).ends(4).says(&["Dockerfile:2", says]);
    }
    if ids() == Ids::Single {
        return;
    }
    world.build(&["--allow", "network.host"], "FROM bb\nRUN --network=host true\n").ok();
}
