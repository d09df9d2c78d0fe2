//! The child between clone and exec. The allocator of this test binary ends a child that allocates.

use std::ffi::CString;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;

use plimsoll_sys::child::{
    self, Channel, Exec, Fd, Op, Program, Report, Slot, TargetKind, TargetPath, WatchfulAllocator,
};
use plimsoll_sys::root_dir::RootDir;
use rustix::process::{WaitId, WaitIdOptions, waitid};

#[global_allocator]
static ALLOCATOR: WatchfulAllocator = WatchfulAllocator;

fn text(text: &str) -> CString {
    CString::new(text).unwrap()
}

fn exec(candidates: &[&str], argv: &[&str]) -> Op {
    let texts = |words: &[&str]| words.iter().map(|word| text(word)).collect();
    Op::Exec(Exec::new(texts(candidates), texts(argv), Vec::new()))
}

/// Start the operations; the reports, and the exit code.
fn run(ops: Vec<Op>) -> (Vec<Report>, Option<i32>) {
    let mut program = Program::default();
    for (step, op) in ops.into_iter().enumerate() {
        program.push(step, op);
    }
    let null = OwnedFd::from(std::fs::File::options().read(true).write(true).open("/dev/null").unwrap());
    let (channel, theirs) = Channel::new().unwrap();
    let stdio = [null.as_fd(); 3];
    let spawned = child::spawn(&program, 0, Some(stdio), &theirs).unwrap();
    drop(theirs);
    let mut reports = Vec::new();
    while let Some(report) = channel.next().unwrap() {
        if matches!(report, Report::Ready) {
            channel.let_go().unwrap();
        }
        let is_last = matches!(report, Report::NotExecuted { .. });
        reports.push(report);
        if is_last {
            break;
        }
    }
    drop(channel);
    let status = waitid(WaitId::PidFd(spawned.pidfd.as_fd()), WaitIdOptions::EXITED).unwrap().unwrap();
    (reports, status.exit_status())
}

#[test]
fn a_program_is_executed() {
    let shell = exec(&["/nowhere/sh", "/bin/sh"], &["sh", "-c", "exit 7"]);
    let (reports, code) = run(vec![Op::Session, Op::CleanProcess, shell]);
    assert!(matches!(reports.as_slice(), [Report::Ready]), "{reports:?}");
    assert_eq!(code, Some(7));
}

fn own_pidfd() -> Arc<OwnedFd> {
    let own = rustix::process::getpid();
    Arc::new(rustix::process::pidfd_open(own, rustix::process::PidfdFlags::empty()).unwrap())
}

#[test]
fn a_child_waits_for_its_parents_word() {
    let mut program = Program::default();
    program.push(0, Op::AwaitWord { parent: own_pidfd() });
    program.push(1, exec(&["/bin/sh"], &["sh", "-c", "exit 7"]));
    let (channel, theirs) = Channel::new().unwrap();
    let spawned = child::spawn(&program, 0, None, &theirs).unwrap();
    drop(theirs);
    std::thread::sleep(std::time::Duration::from_millis(50));
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
    let early = waitid(WaitId::PidFd(spawned.pidfd.as_fd()), options).unwrap();
    assert!(early.is_none(), "it did not wait");
    channel.go_on().unwrap();
    assert!(matches!(channel.next().unwrap(), Some(Report::Ready)));
    channel.let_go().unwrap();
    assert!(channel.next().unwrap().is_none());
    let status = waitid(WaitId::PidFd(spawned.pidfd.as_fd()), WaitIdOptions::EXITED).unwrap().unwrap();
    assert_eq!(status.exit_status(), Some(7));
    // Nobody listens any more, and nobody needs to.
    channel.go_on().unwrap();
}

/// The parent of the waiting process is a process that ends: a word never comes.
#[test]
fn a_child_whose_parent_ends_does_not_wait_for_ever() {
    let mut dead = std::process::Command::new("true").spawn().unwrap();
    let pid = rustix::process::Pid::from_child(&dead);
    let pidfd = Arc::new(rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap());
    dead.wait().unwrap();
    let (reports, code) = run(vec![Op::AwaitWord { parent: pidfd }, exec(&["/bin/sh"], &["sh"])]);
    assert!(reports.is_empty(), "{reports:?}");
    assert_eq!(code, Some(125));
}

#[test]
fn a_failed_operation_names_its_step() {
    let path = text("/nowhere/file");
    let write = Op::Write { dir: Fd::Current, path, bytes: b"x".to_vec(), optional: false };
    let (reports, code) = run(vec![Op::Session, write, exec(&["/bin/sh"], &["sh"])]);
    assert!(matches!(reports.as_slice(), [Report::Failed { step: 1, errno: 2 }]), "{reports:?}");
    assert_eq!(code, Some(125));
}

#[test]
fn a_slot_that_nobody_filled_is_an_error_and_no_crash() {
    for slot in [0, 7, 8, 255] {
        let (reports, _) = run(vec![Op::Enter(Fd::Slot(Slot(slot)))]);
        assert!(matches!(reports.as_slice(), [Report::Failed { step: 0, errno: 9 }]), "{reports:?}");
    }
    let (reports, _) = run(Vec::new());
    assert!(matches!(reports.as_slice(), [Report::Failed { .. }]), "no exec at the end: {reports:?}");
}

#[test]
fn a_failed_exec_hands_out_the_root_and_waits() {
    let (mut reports, code) = run(vec![exec(&["/nowhere/a", "/etc/passwd", "/nowhere/b"], &["a"])]);
    let Some(Report::NotExecuted { candidate: 1, errno: 13, root: Some(root) }) = reports.pop() else {
        panic!("{reports:?}")
    };
    assert!(RootDir::from_fd(root).exists("/etc/passwd").unwrap());
    assert_eq!(code, Some(125));
}

#[test]
fn targets_are_made_inside_the_root_only() {
    let dir = std::env::temp_dir().join(format!("plimsoll-child-test-{}", std::process::id()));
    let (root, outside) = (dir.join("root"), dir.join("outside"));
    for dir in [&root, &outside] {
        std::fs::create_dir_all(dir).unwrap();
    }
    std::os::unix::fs::symlink(&outside, root.join("out")).unwrap();
    std::os::unix::fs::symlink("..", root.join("up")).unwrap();
    std::fs::create_dir(root.join("dir")).unwrap();
    std::os::unix::fs::symlink("/dir", root.join("link")).unwrap();
    let find = |path: &str, follow, kind| {
        let root = Fd::Given(Arc::new(OwnedFd::from(std::fs::File::open(&root).unwrap())));
        let path = TargetPath::new(path, follow).unwrap();
        let target = Op::Target { root, path, kind, mode: 0o755, into: Slot(0) };
        match run(vec![target, exec(&["/bin/true"], &["true"])]).0.as_slice() {
            [Report::Failed { errno, .. }] => Err(*errno),
            _ => Ok(()),
        }
    };
    use TargetKind::{Directory, File};
    assert_eq!(find("/link/new/deep", true, Directory), Ok(()));
    assert!(root.join("dir/new/deep").is_dir());
    assert_eq!(find("/up/up/file", true, File), Ok(()));
    assert!(root.join("file").is_file());
    assert_eq!(find("/out/new", true, Directory), Err(17), "a link that dangles inside the root");
    assert_eq!(find("/link", false, Directory), Err(20));
    assert_eq!(find("/link/x", false, Directory), Err(40));
    assert_eq!(find("/file", true, Directory), Err(20));
    assert_eq!(find("/file/x", true, File), Err(20));
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    std::fs::remove_dir_all(dir).unwrap();
}
