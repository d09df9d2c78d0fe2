//! Start one program in a sandbox made of directories, without images, records or a monitor: the
//! launcher by itself, for experiments and for this crate's tests.
//!
//! `launch [OPTIONS] --scratch DIR --layer DIR... PROGRAM [ARG...]`, see `options.rs`.
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "a program, not a library")]

mod options;

use std::collections::BTreeMap;
use std::ffi::CString;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::process::exit;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_model::LaunchSpec;
use plimsoll_runtime::cgroup::Cgroup;
use plimsoll_runtime::host::{ContainerIds, HostFacts};
use plimsoll_runtime::launch::{
    LaunchError, LaunchOptions, Running, Stdio, enter_running, launch, launch_following, launch_looking,
};
use plimsoll_runtime::observe::StartView;
use plimsoll_runtime::ownership::{OwnersBelow, Recorder};
use plimsoll_runtime::{init, plan};
use plimsoll_sys::child::WatchfulAllocator;
use plimsoll_sys::{own_program, userns};

use options::Options;

/// Whatever is launched is also a test that nothing allocates between clone and exec.
#[global_allocator]
static ALLOCATOR: WatchfulAllocator = WatchfulAllocator;

fn main() {
    let args: Vec<_> = std::env::args_os().collect();
    if args.first().is_some_and(|name| name == init::INIT_ARGV0) {
        init::init_main(args);
    }
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(word) => fail(2, &format!("launch: '{word}' is not understood")),
    };
    let (running, cgroup) = match options.into {
        Some(pid) => (enter(&options, pid), None),
        None => start(&options),
    };
    if let Some(terminal) = &running.terminal {
        copy_terminal(terminal);
    }
    let ended = running.wait(None);
    if let Some(Err(error)) = cgroup.map(|cgroup| cgroup.remove()) {
        fail(125, &error.to_string());
    }
    match ended {
        Ok(Some(how)) => exit(how.code()),
        Ok(None) => fail(125, "launch: the process does not end"),
        Err(error) => fail(125, &format!("launch: {error}")),
    }
}

fn fail(code: i32, message: &str) -> ! {
    eprintln!("{message}");
    exit(code)
}

fn start(options: &Options) -> (Running, Option<Cgroup>) {
    let others: BTreeMap<String, Arc<OwnedFd>> =
        options.others.iter().map(|pid| (pid.to_string(), Arc::new(open_process(*pid)))).collect();
    // Of an ordinary user's containers those that share anything are in one user namespace.
    let ids = match others.values().next() {
        Some(other) => userns::enter_beside(other.as_fd()),
        None => userns::enter(),
    };
    let ids = ids.unwrap_or_else(|error| fail(125, &error.to_string()));
    if options.again || !others.is_empty() {
        execute_again(options.again);
    }
    let mut host = HostFacts::gather(ids);
    host.kernel = options.kernel.clone().unwrap_or(host.kernel);
    let plan = plan::plan_build_step(&options.spec, &host, &options.rootfs, &options.build);
    let plan = plan.unwrap_or_else(|error| fail(125, &error.to_string()));
    if options.show_plan {
        print!("{plan}");
        exit(0);
    }
    let below = Arc::new(AllRoots);
    let recorder = Recorder::new(options.rootfs.upper(), below, options.spec.user.extra_groups.clone());
    // It answers until this program ends.
    std::mem::forget(recorder.clone());
    let cgroup = options.cgroup.as_ref().map(|id| make_cgroup(id, &options.spec));
    let how = LaunchOptions { recorder: Some(recorder), others, cgroup: cgroup.clone(), ..dying() };
    let running = match (options.looks, options.follows) {
        (_, true) => follow(&plan, &how),
        (true, _) => launch_looking(&plan, stdio(), &how, &mut |_| Ok(())).map(|started| {
            show(&started.view.into_iter().collect::<Vec<_>>());
            started.running
        }),
        _ => launch(&plan, stdio(), &how),
    };
    (running.unwrap_or_else(|error| fail(error.exit_code(), &error.to_string())), cgroup)
}

/// Show each program the process becomes, and end as it does.
fn follow(plan: &plan::SandboxPlan, how: &LaunchOptions) -> Result<Running, LaunchError> {
    let life = launch_following(plan, stdio(), how, Duration::from_secs(60))?;
    show(&life.programs);
    let last = life.last.map_or(0, |view| view.processes.len());
    fail(life.exit.code(), &format!("followed to its end among {last}"))
}

fn show(views: &[StartView]) {
    for view in views {
        eprintln!(
            "{:?} {} in {} as {}:{} {:?} env {:?} caps {}/{}/{}",
            view.argv,
            view.exe,
            view.workdir,
            view.uid,
            view.gid,
            view.groups,
            view.env,
            view.effective.len(),
            view.permitted.len(),
            view.bounding.len()
        );
    }
}

fn make_cgroup(id: &str, spec: &LaunchSpec) -> Cgroup {
    let created = Cgroup::create(id, spec).unwrap_or_else(|error| fail(125, &error.to_string()));
    created.warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
    created.cgroup
}

/// Run from a mount of our file that nothing can write through, as a real program should.
fn execute_again(show: bool) {
    use std::os::unix::ffi::OsStringExt as _;
    let text = |bytes: Vec<u8>| CString::new(bytes).unwrap_or_else(|error| fail(125, &error.to_string()));
    let argv: Vec<CString> = std::env::args_os().map(|word| text(word.into_vec())).collect();
    let env: Vec<CString> = std::env::vars_os()
        .map(|(name, value)| text([name.into_vec(), value.into_vec()].join(&b'=')))
        .collect();
    own_program::run_read_only(&argv, &env).unwrap_or_else(|error| fail(125, &error.to_string()));
    if show {
        eprintln!("read-only: {}", own_program::is_read_only());
    }
}

fn enter(options: &Options, pid: u32) -> Running {
    let pidfd = open_process(pid);
    let ids = ContainerIds::of_process(pid).unwrap_or_else(|error| fail(125, &error.to_string()));
    let plan = plan::plan_exec(&options.spec, &ids);
    let plan = plan.unwrap_or_else(|error| fail(125, &error.to_string()));
    enter_running(pid, pidfd.as_fd(), &plan, stdio(), &dying())
        .unwrap_or_else(|error| fail(error.exit_code(), &error.to_string()))
}

fn open_process(pid: u32) -> OwnedFd {
    rustix::process::Pid::from_raw(pid as i32)
        .ok_or(rustix::io::Errno::SRCH)
        .and_then(|pid| rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()))
        .unwrap_or_else(|error| fail(125, &error.to_string()))
}

fn stdio() -> Stdio {
    let copy = |fd: io::Result<OwnedFd>| fd.unwrap_or_else(|error| fail(125, &error.to_string()));
    Stdio {
        stdin: copy(io::stdin().as_fd().try_clone_to_owned()),
        stdout: copy(io::stdout().as_fd().try_clone_to_owned()),
        stderr: copy(io::stderr().as_fd().try_clone_to_owned()),
    }
}

/// Only output: enough to see what a program does on a terminal. It ends with EIO.
fn copy_terminal(terminal: &OwnedFd) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = rustix::io::read(terminal, &mut buffer) {
        let _ = io::stdout().write_all(&buffer[..length]);
    }
}

/// Layers in which everything belongs to root.
#[derive(Debug)]
struct AllRoots;

impl OwnersBelow for AllRoots {
    fn below(&self, _: &[u8]) -> Option<(u32, u32)> {
        None
    }

    fn in_upper(&self, _: BorrowedFd<'_>, _: &[u8]) -> (u32, u32) {
        (0, 0)
    }

    fn has_others(&self) -> bool {
        false
    }
}

fn dying() -> LaunchOptions {
    LaunchOptions { die_with_parent: true, ..LaunchOptions::default() }
}
