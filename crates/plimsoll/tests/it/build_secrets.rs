//! `build --secret`: seen by the step that asks, found nowhere afterwards.

use std::path::Path;

use crate::harness::{World, finish};
use crate::saved::files;

const VALUE: &str = "correct-horse-battery-staple-4242";

/// Every file below a directory that holds the value.
fn found_in(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut pending = vec![directory.to_path_buf()];
    while let Some(path) = pending.pop() {
        if path.is_dir() && !path.is_symlink() {
            pending
                .extend(std::fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        } else if let Ok(bytes) = std::fs::read(&path)
            && bytes.windows(VALUE.len()).any(|window| window == VALUE.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn a_secret_is_seen_by_its_step_only() {
    let Some(world) = World::with_busybox() else { return };
    world.write("token", VALUE);
    let dockerfile = format!(
        r#"
FROM bb
RUN --mount=type=secret,id=token \
    test "$(cat /run/secrets/token | md5sum)" = "$(printf %s {part1}{part2} | md5sum)" && test "$(stat -c %a /run/secrets/token)" = 400
RUN --mount=type=secret,id=token,env=TOKEN test ${{#TOKEN}} = {length} && test ! -e /run/secrets/token
RUN --mount=type=secret,id=token,env=TOKEN,target=/etc/both,mode=0444 test "$TOKEN" = "$(cat /etc/both)"
RUN test ! -e /run/secrets -a -z "$TOKEN" -a ! -e /etc/both
USER 1000
RUN --mount=type=secret,id=token,uid=1000 test $(wc -c < /run/secrets/token) = {length} && ! echo x > /run/secrets/token
"#,
        part1 = "correct-horse-battery-",
        part2 = "\"\"staple-4242",
        length = VALUE.len(),
    );
    let built = world.build(&["--secret", "id=token,src=token", "-t", "app"], &dockerfile);
    built.ok();
    assert!(!built.stderr.contains(VALUE) && !built.stdout.contains(VALUE));
    let files = files(&world, "app");
    for stub in ["/run", "/run/secrets", "/etc/both"] {
        assert!(!files.contains_key(stub), "{stub} is left behind");
    }
    assert_eq!(found_in(&world.path("store")), [""; 0]);
    world.assert_nothing_left();
}

#[test]
fn a_failed_step_keeps_the_secret() {
    let Some(world) = World::with_busybox() else { return };
    world.write("token", VALUE);
    let dockerfile =
        "FROM bb\nRUN --mount=type=secret,id=token --mount=type=secret,id=token,env=TOKEN exit 3\n";
    let failed = world.build(&["--secret", "id=token,src=token"], dockerfile);
    failed.ends(4).says(&["exit code 3"]);
    assert!(!failed.stderr.contains(VALUE) && !failed.stdout.contains(VALUE), "{failed}");
    let dockerfile = "FROM bb\nRUN --mount=type=secret,id=token,env=TOKEN [\"/no/such/program\"]\n";
    let failed = world.build(&["--secret", "id=token,src=token"], dockerfile);
    failed.ends(4);
    assert!(!failed.stderr.contains(VALUE), "{failed}");
    assert_eq!(found_in(&world.path("store")), [""; 0]);
    world.assert_nothing_left();
}

#[test]
fn the_value_is_no_reason_to_build_again() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "FROM bb\nRUN --mount=type=secret,id=token wc -c < /run/secrets/token > /size\n";
    world.write("token", "one");
    world.build(&["--secret", "id=token,src=token"], dockerfile).ok();
    world.write("token", "three");
    world.build(&["--secret", "id=token,src=token"], dockerfile).ok().says(&["cached"]);
}

#[test]
fn where_a_secret_comes_from() {
    let Some(world) = World::with_busybox() else { return };
    world.write("plain", VALUE);
    let dockerfile = |id: &str| {
        let length = VALUE.len();
        format!(
            "FROM bb\nRUN --mount=type=secret,id={id},required test $(wc -c < /run/secrets/{id}) = {length}\n"
        )
    };
    for (id, given) in [
        ("a", "id=a,env=VARIABLE"),
        ("a", "type=env,id=a,src=VARIABLE"),
        ("VARIABLE", "id=VARIABLE"),
        ("plain", "id=plain"),
        ("a", "id=a,type=file,source=plain"),
    ] {
        world.write("p/Dockerfile", dockerfile(id));
        let mut command = world.command(&["build", "--no-cache", "--secret", given, "p"]);
        command.env("VARIABLE", VALUE);
        finish(command, Vec::new()).ok();
    }
    let missing = world.build(&["--no-cache"], &dockerfile("a"));
    missing.ends(4).one_sentence().says(&[
        "Dockerfile:2",
        "the secret 'a' is required",
        "--secret id=a,src=",
    ]);
    let optional = "FROM bb\nRUN --mount=type=secret,id=a test ! -e /run/secrets\n";
    world.build(&[], optional).ok();
    for (given, says) in [
        ("id=a,src=nowhere", "cannot read nowhere"),
        ("id=a,env=NOT_SET", "no variable NOT_SET"),
        ("id=a,scr=x", "'scr' means nothing for a secret: id, src, env"),
        ("src=plain", "id=NAME"),
    ] {
        world.build(&["--secret", given], optional).ends(2).says(&[says]);
    }
    world.write("large", vec![b'x'; (500 << 10) + 1]);
    world.build(&["--secret", "id=a,src=large"], optional).ends(2).says(&["larger than"]);
    world.write("binary", [0xff, 0xfe]);
    let as_variable = "FROM bb\nRUN --mount=type=secret,id=a,env=A true\n";
    world.build(&["--secret", "id=a,src=binary"], as_variable).ends(4).says(&["is no text"]);
}
