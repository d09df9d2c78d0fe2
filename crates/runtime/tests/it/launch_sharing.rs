//! Namespaces that are the host's or another container's.

use std::fs;
use std::process::Child;

use crate::launch_support::{Bed, Done, Who, finish, for_each};

const KINDS: [&str; 5] = ["pid", "ipc", "uts", "net", "cgroup"];

fn link(pid: &str, kind: &str) -> String {
    fs::read_link(format!("/proc/{pid}/ns/{kind}")).unwrap().to_str().unwrap().to_string()
}

/// A container that runs, ended at the end of the test.
struct Other {
    launcher: Child,
    id: String,
}

impl Other {
    fn start(bed: &Bed, options: &[&str]) -> Self {
        let (launcher, first) = bed.start(options);
        Other { launcher, id: first.to_string() }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.launcher.kill();
        let _ = self.launcher.wait();
    }
}

fn good(done: Done) -> String {
    assert_eq!((done.code, done.err.as_str()), (0, ""), "{}", done.out);
    done.out
}

#[test]
fn what_is_the_hosts_is_the_hosts() {
    for_each(|bed| {
        for (option, kind) in [("--pid", "pid"), ("--ipc", "ipc"), ("--uts", "uts"), ("--cgroupns", "cgroup")]
        {
            for user in ["0:0", "7:8"] {
                let options = [option, "host", "--user", user];
                let run = |line: &str| good(bed.sh(&options, line));
                let inside = run("for kind in pid ipc uts net cgroup; do readlink /proc/self/ns/$kind; done");
                for (known, inside) in KINDS.iter().zip(inside.lines()) {
                    assert_eq!(link("self", known) == inside, *known == kind, "{option}: {known}");
                }
            }
        }
        let ours = rustix::system::uname().nodename().to_str().unwrap().to_string();
        assert_eq!(good(bed.run(&["--uts", "host", "--hostname", "other", "hostname"])).trim(), ours);
    });
}

#[test]
fn the_hosts_processes_are_shown_and_the_rest_of_proc_hidden() {
    for_each(|bed| {
        let run = |line: &str| good(bed.sh(&["--pid", "host"], line));
        let me = std::process::id();
        assert_eq!(run(&format!("test -d /proc/{me} && echo seen")), "seen\n");
        assert_eq!(run("test $$ -ne 1 && echo not the first"), "not the first\n");
        let kcore = "test -e /proc/kcore && dd if=/proc/kcore bs=1 count=1 2>/dev/null | wc -c || echo 0";
        assert_eq!(run(kcore), "0\n");
        let line = "echo x 2>/dev/null >/proc/sys/kernel/core_pattern || echo refused";
        assert_eq!(run(line), "refused\n");
        assert_eq!(run("cat /proc/sys/net/ipv4/ip_unprivileged_port_start"), "0\n");
    });
}

#[test]
fn shared_memory_of_the_host() {
    for_each(|bed| {
        let name = format!("plimsoll-test-{}-{:?}", std::process::id(), bed.who);
        let file = std::path::Path::new("/dev/shm").join(&name);
        fs::write(&file, "of the host\n").unwrap();
        let done = bed.run(&["--ipc", "host", "cat", &format!("/dev/shm/{name}")]);
        fs::remove_file(&file).unwrap();
        assert_eq!(good(done), "of the host\n");
    });
}

#[test]
fn user_ids_of_the_host_are_roots() {
    for_each(|bed| {
        let done = bed.run(&["--user-ids", "host", "true"]);
        match bed.who {
            Who::Root => assert_eq!(done.code, 0, "{}", done.err),
            Who::User => {
                assert_eq!(done.code, 125);
                assert!(
                    done.err.contains("an ordinary user has no right to the host's user ids"),
                    "{}",
                    done.err
                );
            }
        }
    });
}

#[test]
fn each_namespace_of_another_container() {
    for_each(|bed| {
        for user in ["0:0", "33:34"] {
            let other = Other::start(bed, &["--user", user, "--hostname", "ship"]);
            let id = other.id.as_str();
            for joined in KINDS {
                let option = match joined {
                    "net" => "--network".to_string(),
                    "cgroup" => "--cgroupns".to_string(),
                    kind => format!("--{kind}"),
                };
                for options in [&[][..], &["--user", "7:8"], &["--init"]] {
                    let options = [&[option.as_str(), id], options].concat();
                    let line = "for kind in pid ipc uts net cgroup; do readlink /proc/self/ns/$kind; done";
                    let inside = good(bed.sh(&options, line));
                    for (kind, inside) in KINDS.iter().zip(inside.lines()) {
                        assert_eq!(link(id, kind) == inside, *kind == joined, "{options:?}: {kind}");
                        assert_ne!(link("self", kind), inside, "{options:?}: {kind}");
                    }
                }
            }
        }
    });
}

#[test]
fn processes_of_another_container() {
    for_each(|bed| {
        let other = Other::start(bed, &[]);
        let run =
            |options: &[&str], line: &str| good(bed.sh(&[&["--pid", &other.id], options].concat(), line));
        assert_eq!(run(&[], "ps -o args | grep -c '^sleep 1000'"), "1\n");
        assert_eq!(run(&[], "test $$ -gt 1 && test -d /proc/$$ && echo fine"), "fine\n");
        assert_eq!(run(&["--user", "7:8"], "id; readlink /proc/self/exe"), "uid=7 gid=8\n/bin/busybox\n");
        // Its own masks, its own root, nothing of the launcher.
        assert_eq!(run(&[], "grep -c ' /proc/sys proc ro,' /proc/mounts"), "1\n");
        assert_eq!(run(&[], "ls /proc/self/fd | wc -l"), "4\n");
        assert_eq!(run(&["--read-only"], "touch /x 2>/dev/null || echo refused"), "refused\n");
        let rights = "grep -E '^(Cap|Seccomp:|NoNewPrivs)' /proc/self/status";
        for options in [&[][..], &["--user", "7:8"], &["--no-new-privileges"], &["--drop-all"]] {
            assert_eq!(run(options, rights), good(bed.sh(options, rights)), "{options:?}");
        }
        let session = "busybox cut -d ' ' -f 5,6,7 /proc/$$/stat; echo $$ $$ 0";
        let lines = run(&[], session);
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(lines[0], lines[1], "it leads a session of its own");
    });
}

#[test]
fn a_terminal_among_the_processes_of_another_container() {
    for_each(|bed| {
        let other = Other::start(bed, &[]);
        let line = "tty; test -t 0 && echo to the terminal >/dev/tty; echo console >/dev/console; stat -c %u /dev/pts/0";
        for (user, id) in [("0:0", 0), ("7:8", 7)] {
            let done = bed.sh(&["--pid", &other.id, "--terminal", "--user", user], line);
            let console = if id == 0 { "console\r\n" } else { "" };
            assert!(done.out.starts_with("/dev/pts/0\r\nto the terminal\r\n"), "{done:?}");
            assert!(done.out.contains(console) && done.out.ends_with(&format!("{id}\r\n")), "{done:?}");
        }
    });
}

#[test]
fn shared_memory_of_another_container() {
    for_each(|bed| {
        let other = Other::start(bed, &["--shm", "1048576"]);
        let into = |line: &str| good(finish(bed.command(&["--into", &other.id, "sh", "-c", line])));
        into("echo of the other >/dev/shm/file");
        let line = "cat /dev/shm/file; stat -f -c %b /dev/shm; echo mine >/dev/shm/new; \
                    grep -c ' /dev/shm tmpfs rw,nosuid,nodev,noexec' /proc/mounts";
        assert_eq!(good(bed.sh(&["--ipc", &other.id], line)), "of the other\n256\n1\n");
        assert_eq!(into("cat /dev/shm/new"), "mine\n");
        assert_eq!(good(bed.sh(&["--ipc", &other.id, "--user", "7:8"], "cat /dev/shm/new")), "mine\n");
        // The same queues: a mount shows those of the namespace.
        assert_eq!(good(bed.sh(&["--ipc", &other.id], "touch /dev/mqueue/q && ls /dev/mqueue")), "q\n");
        assert_eq!(into("ls /dev/mqueue"), "q\n");
    });
}

#[test]
fn network_and_host_name_of_another_container() {
    for_each(|bed| {
        let other =
            Other::start(bed, &["--hostname", "ship", "--sysctl", "net.ipv4.ip_unprivileged_port_start=77"]);
        let options = ["--network", &other.id, "--uts", &other.id, "--hostname", "not-this"];
        let line = "hostname; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; ls /sys/class/net";
        assert_eq!(good(bed.sh(&options, line)), "ship\n77\nlo\n", "what was set is left alone");
        let done = bed.run(&["--uts", &other.id, "--domainname", "sea", "true"]);
        assert!(done.code == 125 && done.err.contains("the domain name cannot be set"), "{}", done.err);
    });
}

#[test]
fn a_container_that_has_ended_shares_nothing() {
    for_each(|bed| {
        let other = Other::start(bed, &[]);
        let signal = |pid: u32, signal| {
            let pid = rustix::process::Pid::from_raw(pid as i32).unwrap();
            rustix::process::kill_process(pid, signal).unwrap();
        };
        // Nobody takes its exit status: its number stays its own.
        signal(other.launcher.id(), rustix::process::Signal::STOP);
        signal(other.id.parse().unwrap(), rustix::process::Signal::KILL);
        let stat = format!("/proc/{}/stat", other.id);
        while !fs::read_to_string(&stat).unwrap().contains(") Z ") {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        for option in ["--pid", "--ipc", "--network"] {
            let done = bed.run(&[option, &other.id, "true"]);
            assert_eq!(done.code, 125, "{}", done.err);
            let why =
                if bed.who == Who::Root { "its first process has ended" } else { "it does not run any more" };
            assert!(done.err.contains(why), "{}", done.err);
        }
    });
}

#[test]
fn a_hostile_container_lends_nothing_of_the_host() {
    for_each(|bed| {
        // A link, and another file system, where its shared memory should be.
        for evil in ["rm -r /dev/shm; busybox ln -s /etc /dev/shm", "mount -t proc x /dev/shm"] {
            let line = format!("umount /dev/shm; {evil}; echo ready; exec sleep 1000");
            let mut command = bed.container(&["--privileged", "sh", "-c", &line]);
            let mut launcher = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
            let mut out = std::io::BufReader::new(launcher.stdout.as_mut().unwrap());
            let mut word = String::new();
            std::io::BufRead::read_line(&mut out, &mut word).unwrap();
            assert_eq!(word, "ready\n");
            let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", launcher.id())).unwrap();
            let other = Other { launcher, id: children.split_whitespace().next().unwrap().to_string() };
            let done = bed.run(&["--ipc", &other.id, "true"]);
            assert_eq!(done.code, 125, "{evil}");
            assert!(done.err.contains("has been taken away or replaced"), "{}", done.err);
        }
    });
}
