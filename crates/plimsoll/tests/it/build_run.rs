//! `build`: RUN in its forms, stages, and what a failure leaves.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::harness::{Ids, World, eventually, ids};
use crate::saved::files;

#[test]
fn a_run_sees_what_the_lines_before_it_say() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = r##"
FROM bb
ARG WHO=nobody
ENV E=env
WORKDIR /w
RUN echo "$WHO $E $(pwd) $(id -u)" > out
RUN ["/bin/sh", "-c", "echo exec > exec"]
RUN echo one && \
    # a comment inside
    echo two > continued
SHELL ["/bin/sh", "-eu", "-c"]
RUN <<EOF
echo first > first
echo "$WHO" >> first
EOF
RUN <<EOF
#!/bin/awk -f
BEGIN { print "script" > "awk" }
EOF
RUN cat > handed <<EOF
to the shell
EOF
RUN rm out.gone 2>/dev/null || true; rm -r /home; mkdir /tmp/made && chmod 750 /tmp/made
"##;
    world.build(&["-t", "app", "--build-arg", "WHO=you"], dockerfile).ok();
    let files = files(&world, "app");
    let text = |path: &str| {
        files.get(path).unwrap_or_else(|| panic!("no {path}: {:?}", files.keys())).content.clone()
    };
    assert_eq!(text("/w/out"), "you env /w 0\n");
    assert_eq!(text("/w/exec"), "exec\n");
    assert_eq!(text("/w/continued"), "two\n");
    assert_eq!(text("/w/first"), "first\nyou\n");
    assert_eq!(text("/w/awk"), "script\n");
    assert_eq!(text("/w/handed"), "to the shell\n");
    assert!(!files.contains_key("/home") && !files.contains_key("/home/app"), "what RUN removes is gone");
    assert_eq!(files["/tmp/made"].mode, 0o750);
}

#[test]
fn users_of_run_and_the_owners_of_their_files() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = r#"
FROM bb
USER app
RUN id -u > /tmp/uid; id -G > /tmp/groups; touch /tmp/mine
USER 1234:5678
WORKDIR /tmp
RUN id -u > numeric; id -g >> numeric
"#;
    world.build(&["-t", "app"], dockerfile).ok();
    let files = files(&world, "app");
    assert_eq!(files["/tmp/uid"].content, "1000\n");
    assert_eq!(files["/tmp/numeric"].content, "1234\n5678\n");
    assert_eq!(files["/tmp/mine"].owner, (1000, 1000));
    assert_eq!(files["/tmp/numeric"].owner, (1234, 5678));
    // With one mapped id the kernel lets nobody take more groups.
    let groups = if ids() == Ids::Single { "1000\n" } else { "1000 50\n" };
    assert_eq!(files["/tmp/groups"].content, groups);
}

#[test]
fn chown_in_a_run() {
    let Some(world) = World::with_busybox() else { return };
    world.build(&["-t", "app"], "FROM bb\nRUN touch /f && chown 1000:50 /f\n").ok();
    assert_eq!(files(&world, "app")["/f"].owner, (1000, 50));
}

#[test]
fn only_what_the_target_needs_is_built() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = r#"
FROM localhost:1/never/fetched AS unneeded
RUN false
FROM bb AS build
RUN mkdir /out && echo built > /out/app
FROM scratch AS final
COPY --from=build /out/app /app
COPY --from=1 /out/ /by-number/
COPY --from=bb /etc/passwd /passwd
FROM final
RUN false
"#;
    world.build(&["-t", "app", "--target", "final"], dockerfile).ok();
    let files = files(&world, "app");
    assert_eq!(files["/app"].content, "built\n");
    assert_eq!(files["/by-number/app"].content, "built\n");
    assert!(files["/passwd"].content.contains("app:x:1000"));
    assert!(!files.contains_key("/bin/busybox"), "nothing but what was copied");
}

#[test]
fn a_run_is_isolated() {
    let Some(world) = World::with_busybox() else { return };
    let secret = world.write("secret", "outside");
    let dockerfile = format!(
        "FROM bb\nENV S={}\n{}",
        secret.display(),
        "RUN test ! -e $S && test $(ls /proc | grep -c '^[0-9]') -lt 6 && grep -q 'Seccomp:.*2' /proc/self/status\n\
         RUN --network=none test \"$(ls /sys/class/net)\" = lo\n",
    );
    world.build(&[], &dockerfile).ok();
}

#[test]
fn a_failed_run_shows_line_output_and_code_and_leaves_no_image() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "FROM bb\nRUN true\nRUN echo to stdout && \\\n    echo to stderr >&2 && exit 7\n";
    let failed = world.build(&["-t", "broken"], dockerfile);
    failed.ends(4).one_sentence().says(&["p/Dockerfile:3", "exit code 7", "to stdout", "to stderr"]);
    assert!(!world.run(&["images"]).stdout.contains("broken"), "a failed build leaves no image");
    world.run(&["inspect", "broken"]).ends(1);
    let killed = world.build(&[], "FROM bb\nRUN sh -c 'kill -9 $$'; exit $?\n");
    killed.ends(4).says(&["137"]);
    let absent = world.build(&[], "FROM bb\nRUN [\"no-such-program\"]\n");
    absent.ends(4).one_sentence().says(&["p/Dockerfile:2", "no-such-program", "PATH"]);
    world.assert_nothing_left();
}

#[test]
fn what_a_failed_run_left_can_be_looked_at() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "FROM bb\nARG A=1\nENV E=2\nWORKDIR /w\nUSER app\nRUN echo half > /tmp/made; exit 3\n";
    world.build(&[], dockerfile).ends(4).says(&["plimsoll run --rm -it build:FAILED"]);
    let look = |script: &str| world.run(&["run", "--rm", "build:FAILED", "/bin/sh", "-c", script]);
    look("cat /tmp/made; echo $A $E; pwd; id -un").ok().is("half\n1 2\n/w\napp");
    world.build(&[], "FROM bb\nRUN rm /etc/passwd; false\n").ends(4);
    look("ls /etc/passwd").ends(1);
    world.assert_store_valid();
    world.assert_nothing_left();
}

#[test]
fn a_killed_build_leaves_a_valid_store_and_no_process() {
    let Some(world) = World::with_busybox() else { return };
    world.write("p/Dockerfile", "FROM bb\nRUN echo kept > /kept\nRUN echo at work; exec sleep 4242.4242\n");
    let mut command = world.command(&["build", "-t", "app", "p"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("| at work")));
    child.kill().unwrap();
    child.wait().unwrap();
    let asleep = || {
        let running = std::fs::read_dir("/proc").unwrap().flatten();
        let command =
            |entry: std::fs::DirEntry| std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        running.map(command).any(|words| words.ends_with(b"4242.4242\0"))
    };
    eventually("the RUN dies with the build", || !asleep());
    world.run(&["inspect", "app"]).ends(1);
    world.assert_store_valid();
    let again = world.build(&["-t", "app"], "FROM bb\nRUN echo kept > /kept\nRUN echo done > /done\n");
    again.ok().says(&["RUN echo kept > /kept  cached"]);
    assert_eq!(files(&world, "app")["/done"].content, "done\n");
    // The next removal of an image sweeps what the killed build left.
    world.run(&["rmi", "app"]).ok();
    world.assert_nothing_left();
    world.assert_store_valid();
}

#[test]
fn the_first_failure_ends_what_other_stages_do() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "FROM bb AS slow\nRUN sleep 86400\nFROM bb AS wrong\nRUN echo no && exit 7\nFROM bb\n\
                      COPY --from=slow /etc /a\nCOPY --from=wrong /etc /b\n";
    let failed = world.build(&[], dockerfile);
    failed.ends(4).says(&["exit code 7", "Dockerfile:4"]);
    world.assert_nothing_left();
}

#[test]
fn only_the_named_stages_are_built_anew() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "FROM bb AS a\nRUN echo a > /a\nFROM bb AS b\nRUN echo b > /b\nFROM bb\n\
                      COPY --from=a /a /\nCOPY --from=b /b /\n";
    world.build(&[], dockerfile).ok();
    let again = world.build(&["--no-cache-filter", "B"], dockerfile);
    again.ok();
    let worked: Vec<&str> =
        again.stderr.lines().filter(|line| line.starts_with(" [") && !line.ends_with("cached")).collect();
    assert_eq!(worked.len(), 1, "{again}");
    assert!(worked[0].contains("RUN echo b"), "{again}");
}

#[test]
fn a_trigger_may_copy_from_a_stage_nothing_else_needs() {
    let Some(world) = World::with_busybox() else { return };
    world.build(&["-t", "parent"], "FROM bb\nONBUILD COPY --from=tool /t /\n").ok();
    world.build(&["-t", "child"], "FROM bb AS tool\nRUN echo t > /t\nFROM parent\n").ok();
    assert_eq!(files(&world, "child")["/t"].content, "t\n");
}
