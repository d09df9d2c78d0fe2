//! `build`: ADD of git repositories, served from this process: by git's own protocol and as plain files.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use plimsoll_testkit::{FileServer, program};

use crate::harness::World;
use crate::saved::{digest, files};

/// `git daemon`, one process a connection, gone with the connection.
struct Daemon {
    addr: SocketAddr,
    stop: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Daemon {
    fn start(base: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let addr = listener.local_addr().expect("a listener has an address");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                serve(stream, &base);
            }
        });
        Daemon { addr, stop, accepting: Some(accepting) }
    }

    fn url(&self, repository: &str) -> String {
        format!("git://{}/{repository}", self.addr)
    }
}

fn serve(stream: TcpStream, base: &Path) {
    let end = || Stdio::from(OwnedFd::from(stream.try_clone().expect("a socket can be shared")));
    let mut command = git(base);
    command.args(["daemon", "--inetd", "--export-all", "--log-destination=none"]);
    command.arg(format!("--base-path={}", base.display()));
    let served = command.stdin(end()).stdout(end()).stderr(Stdio::null()).status();
    assert!(served.is_ok(), "git is there");
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.addr);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// git that reads no configuration and makes the same commit every time.
fn git(at: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(at).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    for (name, value) in [("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null"), ("LC_ALL", "C")] {
        command.env(name, value);
    }
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "A").env(format!("GIT_{who}_EMAIL"), "a@example");
        command.env(format!("GIT_{who}_DATE"), "1700000000 +0000");
    }
    command
}

#[track_caller]
fn run(at: &Path, words: &[&str]) -> String {
    let output = git(at).args(words).output().expect("git starts");
    assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_string()
}

/// A repository `r.git` with a tag `v1` of its first commit, the branches `main` and `old`, a submodule
/// and things that must not be followed or run.
struct Repository {
    world: World,
    daemon: Daemon,
    first: String,
}

impl Repository {
    fn new() -> Option<Self> {
        program("git")?;
        let world = World::new();
        world.write("git/sub.git/inner", "of the submodule");
        let sub = world.path("git/sub.git");
        run(&sub, &["init", "--quiet", "--initial-branch=main"]);
        commit(&sub, "one");
        let repository = world.path("git/r.git");
        world.write("git/r.git/top.txt", "first");
        world.write("git/r.git/dir/tool", "#!/bin/sh\n");
        crate::harness::chmod(&repository.join("dir/tool"), 0o755);
        std::os::unix::fs::symlink("top.txt", repository.join("link")).expect("a link can be made");
        run(&repository, &["init", "--quiet", "--initial-branch=main"]);
        let first = commit(&repository, "first");
        run(&repository, &["tag", "--annotate", "--message=x", "v1"]);
        run(&repository, &["branch", "old"]);
        let daemon = Daemon::start(world.path("git"));
        let modules = format!(
            "[submodule \"s\"]\n\tpath = sub\n\turl = ../sub.git\n\tupdate = !touch {}\n",
            world.word("ran")
        );
        world.write("git/r.git/.gitmodules", modules);
        world.write("git/r.git/top.txt", "second");
        let head = run(&sub, &["rev-parse", "HEAD"]);
        run(&repository, &["update-index", "--add", "--cacheinfo", &format!("160000,{head},sub")]);
        std::fs::create_dir(repository.join("sub")).expect("a directory can be made");
        commit(&repository, "second");
        Some(Repository { world, daemon, first })
    }

    fn build(&self, words: &str) -> crate::harness::Output {
        self.world.build(&["-t", "app"], &format!("FROM scratch\nADD {words}\n"))
    }
}

fn commit(at: &Path, message: &str) -> String {
    run(at, &["add", "--all", "."]);
    run(at, &["commit", "--quiet", "--message", message]);
    run(at, &["rev-parse", "HEAD"])
}

#[test]
fn refs_commits_and_directories() {
    let Some(repository) = Repository::new() else { return };
    let (world, first) = (&repository.world, &repository.first);
    let url = repository.daemon.url("r.git");
    repository.build(&format!("{url}?submodules=false /src/")).ok();
    let seen = files(world, "app");
    assert_eq!((seen["/src/top.txt"].content.as_str(), seen["/src/top.txt"].mode), ("second", 0o644));
    assert_eq!((seen["/src/dir/tool"].mode, seen["/src/dir"].mode), (0o755, 0o755));
    assert_eq!((seen["/src/link"].kind, seen["/src/link"].content.as_str()), ('l', "top.txt"));
    assert!(!seen.contains_key("/src/.git"), "{:?}", seen.keys());
    for asked in [
        "#v1",
        "#old",
        "#refs/heads/old",
        "?tag=v1",
        "?branch=old",
        &format!("#{first}"),
        &format!("?commit={first}"),
    ] {
        repository.build(&format!("{url}{asked} /src/")).ok();
        assert_eq!(files(world, "app")["/src/top.txt"].content, "first", "{asked}");
    }
    for asked in ["#v1:dir", "?ref=v1&subdir=/dir/"] {
        repository.build(&format!("--chown=3 --chmod=700 --exclude=none {url}{asked} /src")).ok();
        let tool = files(world, "app")["/src/tool"].clone();
        assert_eq!((tool.mode, tool.owner), (0o700, (3, 3)), "{asked}");
    }
    let again = repository.build(&format!("{url}#{first} /src/"));
    again.ok().prints(&["(1 cached)"]);
    world.assert_nothing_left();
}

#[test]
fn submodules_come_along_and_run_nothing() {
    let Some(repository) = Repository::new() else { return };
    let url = repository.daemon.url("r.git");
    let world = &repository.world;
    // By its version git refuses a repository that wants to run something, or passes over the wish.
    repository.build(&format!("{url} /src"));
    assert!(!world.path("ran").exists(), "a repository has run something");

    // Submodules cannot lead to files of this machine.
    let modules = format!("[submodule \"s\"]\n\tpath = sub\n\turl = file://{}\n", world.word("git/sub.git"));
    world.write("git/r.git/.gitmodules", modules);
    commit(&world.path("git/r.git"), "third");
    let refused = repository.build(&format!("{url} /src"));
    refused.ends(4).one_sentence().says(&["p/Dockerfile:2:5", "submodules", "'file' not allowed"]);

    world.write("git/r.git/.gitmodules", "[submodule \"s\"]\n\tpath = sub\n\turl = ../sub.git\n");
    commit(&world.path("git/r.git"), "fourth");
    repository.build(&format!("{url} /src")).ok();
    let seen = files(world, "app");
    assert_eq!(seen["/src/sub/inner"].content, "of the submodule");
    assert!(!seen.contains_key("/src/sub/.git"), "{:?}", seen.keys());
    world.assert_nothing_left();
}

#[test]
fn a_kept_git_directory_is_reproducible_and_whole() {
    let Some(repository) = Repository::new() else { return };
    let world = &repository.world;
    let url = repository.daemon.url("r.git");
    let line = format!("--keep-git-dir=true {url}#v1 /src");
    repository.build(&line).ok();
    let first = digest(world, "app");
    world.build(&["--no-cache", "-t", "app"], &format!("FROM scratch\nADD {line}\n")).ok();
    assert_eq!(digest(world, "app"), first);
    let seen = files(world, "app");
    assert!(
        seen.contains_key("/src/.git/index") && seen["/src/.git/HEAD"].content.starts_with(&repository.first)
    );
    assert!(
        !seen.keys().any(|path| path.contains("/hooks/") || path.contains("/logs/")),
        "{:?}",
        seen.keys()
    );
}

#[test]
fn plain_files_over_http_are_enough() {
    let Some(repository) = Repository::new() else { return };
    let world = &repository.world;
    run(&world.path("git/r.git"), &["clone", "--quiet", "--bare", ".", "../plain.git"]);
    run(&world.path("git/plain.git"), &["update-server-info"]);
    let server = FileServer::of_directory(world.path("git"));
    let url = server.url("/plain.git");
    for asked in ["#v1", &format!("#{}", repository.first)] {
        repository.build(&format!("{url}{asked} /src/")).ok();
        assert_eq!(files(world, "app")["/src/top.txt"].content, "first", "{asked}");
    }
}

#[test]
fn what_a_repository_does_not_have_is_said() {
    let Some(repository) = Repository::new() else { return };
    let url = repository.daemon.url("r.git");
    let first = &repository.first;
    let nobody = "0123456789012345678901234567890123456789";
    for (words, place, said) in [
        (format!("{url}#olld /x"), "2:5", "has no branch and no tag 'olld'; did you mean 'old'?"),
        (format!("{url}#v1:nodir /x"), "2:5", "has no directory 'nodir'"),
        (format!("{url}#v1:top.txt /x"), "2:5", "has no directory 'top.txt'"),
        (format!("{}#v1 /x", repository.daemon.url("none.git")), "2:5", "git cannot ask"),
        (format!("--checksum=0123abc {url}#v1 /x"), "2:16", first),
        (format!("--checksum=zz {url}#v1 /x"), "2:16", "7 to 64 hexadecimal digits"),
        (format!("{url}#{nobody} /x"), "2:5", "has no commit 0123"),
        (format!("{url}?color=red /x"), "2:5", "'color' is nothing that can be asked"),
        (format!("--keep-git-dir=false {url}?keep-git-dir=true /x"), "2:20", "two things"),
    ] {
        let failed = repository.build(&words);
        failed.ends(4).one_sentence().says(&[said, &format!("p/Dockerfile:{place}")]);
    }
    repository.build(&format!("--checksum={} {url}#v1 /x", &first[..9])).ok();

    let world = &repository.world;
    std::fs::create_dir(world.path("bin")).expect("a directory can be made");
    let mut command = world.command(&["build", "p"]);
    command.env("PATH", world.path("bin"));
    let failed = crate::harness::finish(command, Vec::new());
    failed.ends(4).one_sentence().says(&["git is not installed", "p/Dockerfile:2:"]);
    world.assert_nothing_left();
}

#[test]
fn a_repository_is_a_context() {
    let Some(repository) = Repository::new() else { return };
    let world = &repository.world;
    world.write("git/r.git/Dockerfile", "FROM scratch\nCOPY . /src/\n");
    world.write("git/r.git/dir/Other", "FROM scratch\nCOPY tool /\n");
    std::os::unix::fs::symlink("/", world.path("git/r.git/out")).expect("a link can be made");
    std::os::unix::fs::symlink("/etc/passwd", world.path("git/r.git/leak")).expect("a link can be made");
    commit(&world.path("git/r.git"), "with a Dockerfile");
    let url = format!("{}?submodules=false", repository.daemon.url("r.git"));
    world.run(&["build", "-t", "app", &url]).ok();
    let seen = files(world, "app");
    assert_eq!((seen["/src/top.txt"].content.as_str(), seen["/src/top.txt"].mode), ("second", 0o644));
    assert_eq!((seen["/src/dir/tool"].mode, seen["/src/dir"].mode), (0o755, 0o755));
    assert!(!seen.keys().any(|path| path.contains("/.git/")), "{:?}", seen.keys());
    let created = world.run(&["inspect", "-f", "{{.Created}}", "app"]);
    created.ok().prints(&["2023-11-14T22:13:20Z"]);
    world.run(&["build", "-t", "app", &format!("{url}&keep-git-dir=true")]).ok();
    assert!(files(world, "app").contains_key("/src/.git/HEAD"));

    world.run(&["build", "-t", "app", "-f", "Other", &format!("{url}#main:dir")]).ok();
    assert_eq!(files(world, "app")["/tool"].mode, 0o755);
    for (given, says) in [
        (["-f", "Dockerfile", &format!("{url}#main:dir")], "has no file Dockerfile"),
        (["-f", "leak", &url], "has no file leak"),
        (["-f", "Dockerfile", &format!("{url}#main:nowhere")], "has no directory 'nowhere'"),
        (["-f", "-", &url], "cannot come from standard input"),
        (["-f", "Dockerfile", &format!("{url}&what=x")], "'what' is nothing"),
    ] {
        world.run(&[&["build"][..], &given].concat()).ends(2).says(&[says]);
    }
    let none = world.run(&["build", &format!("{url}#nobranch")]);
    none.ends(1).one_sentence().says(&["nobranch"]);
    // `/` is the repository's.
    world.run(&["build", "-t", "app", &format!("{url}#main:out")]).ok();
    assert_eq!(files(world, "app")["/src/top.txt"].content, "second");
    world.assert_nothing_left();
}
