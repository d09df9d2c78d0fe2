//! `run` and `create`: every flag docker and podman know is carried out or refused by name, and a
//! mistaken value is named before anything is made.

use std::collections::BTreeSet;

use crate::harness::World;

/// What `docker run --help` (28.2) and `podman run --help` (4.3) list: engine, short name, long name,
/// kind of value.
const RECORDED: &str = include_str!("recorded/run_flags.txt");

/// Flags that are carried out, with a value of each.
const CARRIED_OUT: &[(&str, &str)] = &[
    ("add-host", "db:192.0.2.1"),
    ("attach", "stdout"),
    ("blkio-weight", "500"),
    ("cap-add", "NET_ADMIN"),
    ("cap-drop", "ALL"),
    ("cgroupns", "private"),
    ("cidfile", "new-file"),
    ("cpu-period", "50000"),
    ("cpu-quota", "-1"),
    ("cpu-shares", "512"),
    ("cpus", "0.5"),
    ("cpuset-cpus", "0"),
    ("cpuset-mems", "0"),
    ("detach", ""),
    ("detach-keys", "ctrl-a"),
    ("device", "/dev/null:/dev/x:r"),
    ("device-read-bps", "/dev/sda:1mb"),
    ("device-read-iops", "/dev/sda:100"),
    ("device-write-bps", "/dev/sda:1mb"),
    ("device-write-iops", "/dev/sda:100"),
    ("disable-content-trust", ""),
    ("dns", "192.0.2.1"),
    ("dns-option", "ndots:2"),
    ("dns-search", "."),
    ("domainname", "example"),
    ("entrypoint", ""),
    ("env", "A=b"),
    ("env-file", "file"),
    ("expose", "80-82/udp"),
    ("group-add", "7"),
    ("health-cmd", "true"),
    ("health-interval", "1m30s"),
    ("health-retries", "2"),
    ("health-start-interval", "1s"),
    ("health-start-period", "1s"),
    ("health-timeout", "1s"),
    ("hostname", "box"),
    ("init", ""),
    ("interactive", ""),
    ("ipc", "shareable"),
    ("isolation", "default"),
    ("kernel-memory", "10m"),
    ("label", "a=b"),
    ("label-file", "file"),
    ("log-driver", "json-file"),
    ("log-opt", "max-size=1m"),
    ("memory", "64M"),
    ("memory-reservation", "32m"),
    ("memory-swap", "-1"),
    ("memory-swappiness", "-1"),
    ("mount", "type=tmpfs,target=/x"),
    ("name", "box"),
    ("network", "none"),
    ("network-alias", "other"),
    ("no-healthcheck", ""),
    ("oom-kill-disable", ""),
    ("oom-score-adj", "-500"),
    ("pid", "host"),
    ("pids-limit", "-1"),
    ("platform", "linux/amd64"),
    ("privileged", ""),
    ("publish", "127.0.0.1::80"),
    ("publish-all", ""),
    ("pull", "never"),
    ("quiet", ""),
    ("read-only", ""),
    ("restart", "on-failure:5"),
    ("rm", ""),
    ("security-opt", "no-new-privileges"),
    ("shm-size", "1m"),
    ("sig-proxy", ""),
    ("stop-signal", "SIGQUIT"),
    ("stop-timeout", "-1"),
    ("sysctl", "net.core.somaxconn=1024"),
    ("tmpfs", "/x"),
    ("tty", ""),
    ("ulimit", "nofile=64:128"),
    ("user", "1000:1000"),
    ("userns", "host"),
    ("uts", "host"),
    ("volume", "data:/data"),
    ("volume-driver", "local"),
    ("volumes-from", "other"),
    ("workdir", "/srv"),
];

/// Flags of `run` that `create` has not, in docker either.
const RUN_ONLY: [&str; 3] = ["detach", "detach-keys", "sig-proxy"];

struct Known {
    short: Option<&'static str>,
    long: &'static str,
    is_boolean: bool,
}

fn recorded() -> Vec<Known> {
    let mut seen = BTreeSet::new();
    let mut known = Vec::new();
    for line in RECORDED.lines() {
        let [_, short, long, kind] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        if seen.insert(long) {
            known.push(Known {
                short: Some(short).filter(|short| *short != "."),
                long,
                is_boolean: kind == "bool",
            });
        }
    }
    known
}

#[test]
fn every_flag_of_docker_and_podman_is_carried_out_or_refused_by_name() {
    let world = World::new();
    world.write("file", "A=b\n");
    let all = recorded();
    assert!(all.len() > 140, "{}", all.len());
    for (name, _) in CARRIED_OUT {
        assert!(all.iter().any(|flag| flag.long == *name), "{name} is no flag of docker's or podman's");
    }
    for flag in all.iter().filter(|flag| flag.long != "help") {
        let long = format!("--{}", flag.long);
        let value = CARRIED_OUT.iter().find(|(name, _)| *name == flag.long).map(|(_, value)| *value);
        for verb in ["run", "create"] {
            let mut words = vec![verb, long.as_str()];
            if !flag.is_boolean {
                words.push(value.unwrap_or("x"));
            }
            words.extend(["--pull", "never", "no-such-image"]);
            let output = world.run(&words);
            output.ends(125).one_sentence();
            match value {
                Some(_) if verb == "run" || !RUN_ONLY.contains(&flag.long) => {
                    output.says(&["no image 'no-such-image'"])
                }
                Some(_) => output.says(&["unexpected argument", &long]),
                None => output.says(&[&format!("{long} is not carried out: ")]),
            };
        }
    }
    assert!(!world.path("new-file").exists(), "nothing was made");
}

#[test]
fn short_names_are_dockers() {
    let world = World::new();
    for flag in recorded().iter().filter(|flag| flag.short.is_some()) {
        let short = format!("-{}", flag.short.unwrap_or_default());
        let value = CARRIED_OUT.iter().find(|(name, _)| *name == flag.long).map_or("", |(_, value)| *value);
        let mut words = vec!["run", short.as_str()];
        if !flag.is_boolean {
            words.push(value);
        }
        words.extend(["--pull", "never", "no-such-image"]);
        world.run(&words).ends(125).one_sentence().says(&["no image 'no-such-image'"]);
    }
}

#[test]
fn mistaken_values_are_named() {
    let Some(world) = World::with_busybox() else { return };
    world.write("spaces", "A B=1\n");
    world.write("profile", "{");
    let cases: &[(&[&str], &[&str])] = &[
        (&["-m", "5x"], &["'5x'", "--memory", "64m"]),
        (&["-m", "5m"], &["--memory", "6MB"]),
        (&["-m", "10m", "--memory-swap", "9m"], &["--memory-swap", "smaller"]),
        (&["--memory-swap", "10m"], &["needs --memory"]),
        (&["--memory-swappiness", "101"], &["101", "0 to 100"]),
        (&["--cpus", "4096"], &["range of CPUs is from 0.01 to"]),
        (&["--cpus", "0.001"], &["range of CPUs is from 0.01 to"]),
        (&["--cpus", "0.1234567891"], &["--cpus", "9 digits"]),
        (&["--cpus", "1", "--cpu-quota", "1000"], &["--cpus", "--cpu-quota"]),
        (&["--cpu-period", "5"], &["--cpu-period", "1000"]),
        (&["--cpuset-cpus", "1-0"], &["'1-0'", "--cpuset-cpus"]),
        (&["--oom-score-adj", "1001"], &["1001", "--oom-score-adj"]),
        (&["--ulimit", "nofile=5:3"], &["'nofile=5:3'", "above"]),
        (&["--blkio-weight", "5"], &["5", "10 to 1000"]),
        (&["--device-read-bps", "sda:1"], &["'sda:1'", "/dev"]),
        (&["--device", "/dev/no-such"], &["/dev/no-such", "does not exist"]),
        (&["--device", "/dev/null:/x:rr"], &["'rr'", "rwm"]),
        (&["--add-host", "a:b"], &["'a:b'", "'b' is no address"]),
        (&["--dns", "x"], &["'x'", "--dns"]),
        (&["--sysctl", "vm.swappiness=1"], &["'vm.swappiness=1'", "net."]),
        (&["--sysctl", "net.core.somaxconn=1", "--network", "host"], &["net.core.somaxconn", "host"]),
        (&["--env-file", "spaces"], &["spaces: line 1", "'A B'"]),
        (&["--label-file", "spaces"], &["spaces: line 1", "'A B'"]),
        (&["-l", "=x"], &["'=x'", "--label", "key"]),
        (&["--restart", "bogus"], &["'bogus'", "unless-stopped"]),
        (&["--restart", "always"], &["cannot specify both --restart and --rm"]),
        (&["--no-healthcheck", "--health-cmd", "x"], &["--no-healthcheck conflicts with --health-*"]),
        (&["--health-interval", "5"], &["'5'", "1m30s"]),
        (&["--log-driver", "journald"], &["journald", "json-file"]),
        (&["--log-opt", "tag=x"], &["tag=x", "max-size"]),
        (&["--security-opt", "seccomp=profile"], &["profile", "no JSON"]),
        (&["--security-opt", "seccomp=absent"], &["absent", "does not exist"]),
        (&["--security-opt", "apparmor=x"], &["apparmor=x", "apparmor=unconfined"]),
        (&["--pid", "bogus"], &["'bogus'", "--pid", "container:NAME"]),
        (&["--pid", "container:absent"], &["'absent'", "no container"]),
        (&["--network", "container:absent"], &["'absent'", "no container"]),
        (&["--network", "bridge", "--network", "none"], &["bridge", "no other network"]),
        (&["--network-alias", "x"], &["--network-alias", "--network"]),
        (&["--uts", "host", "--hostname", "x"], &["--hostname", "--uts"]),
        (&["--group-add", "stuff"], &["no group 'stuff'", "did you mean 'staff'"]),
        (&["--user", "2147483648"], &["'2147483648'", "2147483647"]),
        (&["-a", "foo"], &["'foo'", "stdin, stdout or stderr"]),
        (&["-d", "-a", "stdout"], &["--attach and --detach"]),
        (&["--detach-keys", "ctrl-A"], &["--detach-keys", "'ctrl-A'"]),
        (&["--platform", "linux"], &["'linux'", "linux/arm64"]),
        (&["--pull", "sometimes"], &["'sometimes'", "missing"]),
        (&["-p", "80:80", "-p", "127.0.0.1:80:81"], &["80/tcp", "more than once"]),
        (&["-p", "80/sctp"], &["80/sctp", "SCTP"]),
        (&["--expose", "x"], &["--expose 'x'", "PORT"]),
        (&["--rm=perhaps"], &["'perhaps'", "--rm", "true or false"]),
        (&["--disable-content-trust=false"], &["--disable-content-trust", "digest"]),
    ];
    for (flags, words) in cases {
        let mut all = vec!["run", "--rm"];
        all.extend(*flags);
        all.extend(["bb", "true"]);
        world.run(&all).ends(125).one_sentence().says(words);
    }
    world.assert_nothing_left();
}

#[test]
fn words_are_read_as_docker_reads_them() {
    let Some(world) = World::with_busybox() else { return };
    let echo = |flags: &[&str]| {
        let mut all = vec!["run"];
        all.extend(flags);
        all.extend(["bb", "sh", "-c", "echo $A $(hostname)"]);
        world.run(&all).ok().stdout.trim().to_string()
    };
    assert_eq!(echo(&["--rm", "-eA=1", "-h", "box"]), "1 box");
    assert_eq!(echo(&["-it=false", "--rm=T", "-e", "A=-x", "-hone", "--hostname", "two"]), "-x two");
    assert_eq!(echo(&["--rm=false", "--rm", "--name=", "--name", "n", "-ih=box"]), "box");
    assert_eq!(echo(&["--rm", "--user", "", "-e", "A", "--workdir=", "--restart", "", "-hbox"]), "box");
    let left_running = world.run(&["run", "-itd", "--name", "box", "bb", "sleep", "1000"]);
    assert_eq!(left_running.ok().stdout.trim().len(), 64, "{left_running}");
    world.run(&["rm", "-f", "box"]).ok();
    world.run(&["run", "--rm=0", "bb", "true"]).ok();
    let left = world.run(&["ps", "-aq"]);
    assert_eq!(left.ok().stdout.lines().count(), 1, "{left}");
    world.run(&["rm", left.stdout.trim()]).ok();
    world.assert_nothing_left();
}
