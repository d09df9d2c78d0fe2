//! A process that cannot start: one sentence with cause and fix, and docker's exit code.

use std::os::unix::fs::symlink;

use crate::daemon::Docker;
use crate::harness::{Ids, World, chmod, finish, ids};

/// What is started, how it ends, and what is said.
struct Case {
    /// Flags, the image, the program.
    words: &'static [&'static str],
    code: i32,
    says: &'static [&'static str],
}

const fn case(words: &'static [&'static str], code: i32, says: &'static [&'static str]) -> Case {
    Case { words, code, says }
}

/// A program for another machine, and one that asks for a loader the image does not have.
const FOREIGN: u16 = if cfg!(target_arch = "aarch64") { 62 } else { 183 };
const OWN: u16 = if cfg!(target_arch = "aarch64") { 183 } else { 62 };
const GLIBC: &str =
    if cfg!(target_arch = "aarch64") { "/lib/ld-linux-aarch64.so.1" } else { "/lib64/ld-linux-x86-64.so.2" };
const MUSL: &str =
    if cfg!(target_arch = "aarch64") { "lib/ld-musl-aarch64.so.1" } else { "lib/ld-musl-x86_64.so.1" };

/// An ELF file with nothing but a loader (ELF gABI: header of 64 bytes, one program header of 56).
fn program(machine: u16, loader: &str) -> Vec<u8> {
    let mut bytes = vec![0; 120];
    bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    bytes[16..18].copy_from_slice(&2u16.to_le_bytes());
    bytes[18..20].copy_from_slice(&machine.to_le_bytes());
    bytes[32..40].copy_from_slice(&64u64.to_le_bytes());
    bytes[54..56].copy_from_slice(&56u16.to_le_bytes());
    bytes[56..58].copy_from_slice(&1u16.to_le_bytes());
    bytes[64..68].copy_from_slice(&3u32.to_le_bytes());
    bytes[72..80].copy_from_slice(&120u64.to_le_bytes());
    bytes[96..104].copy_from_slice(&(loader.len() as u64 + 1).to_le_bytes());
    bytes.extend(loader.as_bytes());
    bytes.push(0);
    bytes
}

/// The image `odd`, on busybox: every program of `/opt` is wrong in its own way. `none` has no account files.
fn world() -> Option<World> {
    let world = World::with_busybox()?;
    let put =
        |name: &str, bytes: &[u8], mode: u32| chmod(&world.write(&format!("p/opt/{name}"), bytes), mode);
    put("foreign", &program(FOREIGN, ""), 0o755);
    put("glibc", &program(OWN, GLIBC), 0o755);
    put("other-libc", &program(OWN, "/nix/store/x/lib/ld.so"), 0o755);
    put("wants-bash", b"#!/bin/bash -e\necho\n", 0o755);
    put("wants-python", b"#!/usr/bin/python3\n", 0o755);
    put("wants-env", b"#!/usr/local/bin/env sh\n", 0o755);
    put("windows", b"#!/bin/sh\r\necho\r\n", 0o755);
    put("plain", b"echo hi\n", 0o755);
    put("marked", b"\xef\xbb\xbf#!/bin/sh\n", 0o755);
    put("empty", b"", 0o755);
    put("closed", b"#!/bin/sh\n", 0o644);
    put("first", b"#!/opt/second\n", 0o755);
    put("second", b"#!/opt/python\n", 0o755);
    put("to-foreign", b"#!/opt/foreign\n", 0o755);
    put("to-closed", b"#!/opt/closed\n", 0o755);
    put("own-interpreter", b"#!/opt/own-interpreter\n", 0o755);
    put("hostile", b"#!/no\x1b[2J\x07such\n", 0o755);
    put("server", b"#!/bin/sh\n", 0o755);
    put("private/tool", b"#!/bin/sh\n", 0o755);
    put("owner-only", b"#!/bin/sh\n", 0o744);
    chmod(&world.path("p/opt/private"), 0o600);
    for (target, link) in
        [("/gone", "dangling"), ("loop-b", "loop-a"), ("loop-a", "loop-b"), ("self", "self")]
    {
        symlink(target, world.path("p/opt").join(link)).expect("a link can be made");
    }
    world.write(&format!("p/{MUSL}"), "");
    world.write("p/env", format!("LONG={}\n", "x".repeat(200_000)));
    world.write("p/mine/readme", "");
    world.write(
        "p/no-exec.json",
        r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["execve"],"action":"SCMP_ACT_ERRNO"}]}"#,
    );
    world.build(&["-q", "-t", "odd"], "FROM bb\nCOPY opt /opt\nCOPY lib /lib\n").ok();
    world
        .build(
            &["-q", "-t", "none"],
            "FROM scratch\nCOPY --from=bb /bin/busybox /bin/\nCOPY opt/wants-bash /\n",
        )
        .ok();
    Some(world)
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    case(&["odd", "/opt/glibc"], 126, &["linked for glibc", GLIBC, "the image has musl", MUSL, "statically"]),
    case(&["none", "/bin/busybox2"], 127, &["no such file", "did you mean /bin/busybox?"]),
    case(&["odd", "/opt/other-libc"], 126, &["needs the loader /nix/store/x/lib/ld.so", "statically"]),
    case(&["odd", "/opt/wants-bash"], 126, &["asks for /bin/bash", "'#!/bin/bash -e'", "/bin/sh and /bin/ash", "install bash"]),
    case(&["none", "/wants-bash"], 126, &["asks for /bin/bash", "no other shell"]),
    case(&["odd", "/opt/wants-python"], 126, &["asks for /usr/bin/python3", "install python3", "'#!/usr/bin/python3'"]),
    case(&["odd", "/opt/wants-env"], 126, &["asks for /usr/local/bin/env", "it has /bin/env", "'#!/usr/local/bin/env sh'"]),
    case(&["odd", "/opt/windows"], 126, &["end as on Windows", "sed -i"]),
    case(&["odd", "/opt/plain"], 126, &["without '#!'", "#!/bin/sh"]),
    case(&["odd", "/opt/marked"], 126, &["before '#!'", "byte order mark"]),
    case(&["odd", "/opt/empty"], 126, &["/opt/empty is empty"]),
    case(&["odd", "/opt/closed"], 126, &["not executable (mode 0644)", "COPY --chmod=0755"]),
    case(&["odd", "/opt/first"], 126, &["the script /opt/second, the interpreter of /opt/first,", "asks for /opt/python"]),
    case(&["odd", "/opt/to-closed"], 126, &["/opt/closed, the interpreter of /opt/to-closed,", "mode 0644"]),
    case(&["odd", "/opt/own-interpreter"], 126, &["more than 5 scripts", "/opt/own-interpreter"]),
    case(&["odd", "/opt/hostile"], 126, &["asks for /no\u{fffd}[2J\u{fffd}such"]),
    case(&["odd", "/opt"], 126, &["/opt is a directory"]),
    case(&["odd", "/dev/null"], 126, &["no regular file"]),
    case(&["odd", "node server.js"], 127, &["as one word", r#"write ["node", "server.js"]"#]),
    case(&["odd", "echo \"$HOME\" && ls"], 127, &["as one word", r#"write ["sh", "-c", "echo \"$HOME\" && ls"]"#]),
    case(&["odd", "/opt/dangling"], 127, &["a link to /gone", "does not exist"]),
    case(&["-e", "PATH=/bin:/opt", "odd", "dangling"], 127, &["/opt/dangling is a link to /gone"]),
    case(&["odd", "/opt/loop-a"], 126, &["/opt/loop-a and /opt/loop-b", "in a circle"]),
    case(&["odd", "/opt/self"], 126, &["the link /opt/self leads to itself"]),
    case(&["odd", "bysybox"], 127, &["in no directory of PATH (/", "did you mean 'busybox'?"]),
    case(&["-w", "/opt", "odd", "server"], 127, &["PATH", "there is /opt/server", "'./server'"]),
    case(&["odd", "/opt/srever"], 127, &["did you mean /opt/server?"]),
    case(&["odd", "/app/bin/server"], 127, &["no directory /app in the container"]),
    case(&["odd", "/etc/passwd/x"], 127, &["/etc/passwd is a file and no directory"]),
    case(&["-v", "./p/mine:/opt", "odd", "/opt/server"], 127, &["mounted on /opt", "hides"]),
    case(&["-u", "7:7", "odd", "/opt/private/tool"], 126, &["user 7 cannot enter /opt/private (mode 0600)", "chmod o+x"]),
    case(&["--env-file", "p/env", "odd", "true"], 126, &["variable LONG has 200005 bytes", "131071"]),
    case(&["--security-opt", "seccomp=p/no-exec.json", "odd", "true"], 126, &["the seccomp profile may refuse"]),
    case(&["-u", "nobody2", "odd", "true"], 125, &["no user 'nobody2'", "did you mean 'nobody'?"]),
    case(&["-u", "postgres", "odd", "true"], 125, &["no user 'postgres'", "it has root, app, nobody"]),
    case(&["-u", "nobody", "none", "/bin/busybox"], 125, &["no user 'nobody'", "the image has no /etc/passwd", "number"]),
    case(&["-u", "0:stuff", "odd", "true"], 125, &["no group 'stuff'", "did you mean 'staff'?"]),
    case(&["-u", "0:staff", "none", "/bin/busybox"], 125, &["no group 'staff'", "the image has no /etc/group"]),
    case(&["-w", "/etc/passwd", "odd", "true"], 125, &["working directory /etc/passwd", "a file, not a directory"]),
];

#[test]
fn the_reason_is_said_in_one_sentence() {
    let Some(world) = world() else { return };
    for case in CASES {
        check(&world, &[&["run", "--rm", "--network", "none"], case.words].concat(), case);
    }
    world.assert_nothing_left();
}

/// The same sentence in one line, however the process is started.
#[track_caller]
fn check(world: &World, words: &[&str], case: &Case) {
    let failed = world.run(words);
    failed.ends(case.code).says(case.says).one_sentence();
    assert_eq!(failed.stderr.trim_end().lines().count(), 1, "one line was expected: {failed}");
    assert!(!failed.stderr.contains(['\u{1b}', '\u{7}']), "the image steers the terminal: {failed}");
}

#[test]
fn another_machines_program_is_named() {
    let Some(world) = world() else { return };
    if plimsoll_runtime::binfmt::architectures().iter().any(|name| matches!(name.as_str(), "arm64" | "amd64"))
    {
        return crate::harness::not_applicable("an emulator runs the other machine's programs here");
    }
    let (own, other) = if OWN == 62 { ("amd64", "arm64") } else { ("arm64", "amd64") };
    let said = format!("is built for {other}, and this machine is {own}");
    for program in ["/opt/foreign", "/opt/to-foreign"] {
        let failed = world.run(&["run", "--rm", "--network", "none", "odd", program]);
        failed.ends(126).one_sentence().says(&[&said, "--platform", &format!("linux/{own}"), "binfmt_misc"]);
    }
}

/// Who owns a file counts where there is more than one id.
#[test]
fn a_file_for_its_owner_alone() {
    let Some(world) = world() else { return };
    let words = ["run", "--rm", "--network", "none", "-u", "7:7", "odd", "/opt/owner-only"];
    match ids() {
        Ids::Single => drop(world.run(&words).ok()),
        _ => drop(
            world
                .run(&words)
                .ends(126)
                .one_sentence()
                .says(&["/opt/owner-only is not executable by user 7 (mode 0744)", "COPY --chmod=0755"]),
        ),
    }
}

#[test]
fn start_and_exec_say_the_same() {
    let Some(world) = world() else { return };
    let up = ["run", "-d", "--name", "up", "--network", "none", "--tmpfs", "/t", "odd", "sleep", "1000"];
    world.run(&up).ok();
    for case in CASES.iter().filter(|case| case.words.first() == Some(&"odd")) {
        let program = case.words.get(1).copied().unwrap_or_default();
        check(&world, &["exec", "up", program], case);
        world.run(&["create", "--name", "late", "--network", "none", "odd", program]).ok();
        let failed = world.run(&["start", "-a", "late"]);
        failed.says(case.says).one_sentence();
        world.run(&["rm", "late"]).ok();
    }
    world.run(&["exec", "up", "cp", "/bin/busybox", "/t/true"]).ok();
    world.run(&["exec", "up", "/t/true"]).ends(126).one_sentence().says(&[
        "lies on /t",
        "noexec",
        "--tmpfs /t:exec",
    ]);
    world.run(&["exec", "-u", "7:7", "up", "/opt/private/tool"]).ends(126).one_sentence();
    world.run(&["rm", "-f", "up"]).ok();
    world.assert_nothing_left();
}

/// The kernel says no more than that it is not permitted.
#[test]
fn file_capabilities_the_container_cannot_have() {
    // Only root can give a file capabilities that count outside a namespace of its own.
    if ids() != Ids::Root {
        return;
    }
    let Some(world) = world() else { return };
    let path = world.path("p/capable");
    std::fs::copy("/bin/busybox", &path).expect("busybox can be copied");
    // struct vfs_cap_data, revision 2, effective: SYS_ADMIN (21) is permitted.
    let words = [0x0200_0001u32, 1 << 21, 0, 0, 0];
    let data: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    rustix::fs::setxattr(&path, "security.capability", &data, rustix::fs::XattrFlags::empty())
        .expect("an attribute can be set");
    let run = |more: &[&str]| {
        let words = ["run", "--rm", "--network", "none", "-v", "./p/capable:/bin/true:ro"];
        world.run(&[&words, more, &["bb", "true"]].concat())
    };
    run(&[]).ends(126).one_sentence().says(&["/bin/true has file capabilities", "(SYS_ADMIN)", "--cap-add"]);
    run(&["--cap-add", "SYS_ADMIN"]).ok();
}

/// Codes only: what docker says is what this is about.
#[test]
fn docker_ends_with_the_same_codes() {
    // Only root can run dockerd; the program is the same for all.
    if ids() != Ids::Root {
        return;
    }
    let Some(world) = world() else { return };
    let Some(docker) = Docker::start(&world.path("docker")) else { return };
    finish(docker.command(&["load", "-q"]), world.run(&["save", "odd"]).ok().bytes.clone()).ok();
    for (words, code) in [
        (&["odd", "/opt/closed"][..], 126),
        (&["odd", "/opt"], 126),
        (&["-u", "7:7", "odd", "/opt/private/tool"], 126),
        (&["-u", "7:7", "odd", "/opt/owner-only"], 126),
        (&["odd", "/opt/dangling"], 127),
        (&["odd", "bysybox"], 127),
        (&["odd", "node server.js"], 127),
        (&["odd", "/app/bin/server"], 127),
        (&["-u", "nobody2", "odd", "true"], 125),
        (&["-u", "0:stuff", "odd", "true"], 125),
    ] {
        let words = [&["run", "--rm", "--network", "none"], words].concat();
        finish(docker.command(&words), Vec::new()).ends(code);
        world.run(&words).ends(code);
    }
}
