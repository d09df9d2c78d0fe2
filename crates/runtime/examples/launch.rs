//! Start one program in a sandbox made of directories, without images, records or a monitor: the
//! launcher by itself, for experiments and for this crate's tests.
//!
//! `launch [OPTIONS] --scratch DIR --layer DIR... PROGRAM [ARG...]`, see `Options::parse`.
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "a program, not a library")]

use std::ffi::CString;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::exit;

use plimsoll_model::launch::{Mount, MountSource, Network, Seccomp, Security, StopRule};
use plimsoll_model::{LaunchSpec, ProcessUser};
use plimsoll_runtime::host::{ContainerIds, HostFacts};
use plimsoll_runtime::launch::{LaunchOptions, Running, Stdio, enter_running, launch};
use plimsoll_runtime::rootfs::RootFs;
use plimsoll_runtime::{init, plan};
use plimsoll_sys::child::WatchfulAllocator;
use plimsoll_sys::own_program;

/// Whatever is launched is also a test that nothing allocates between clone and exec.
#[global_allocator]
static ALLOCATOR: WatchfulAllocator = WatchfulAllocator;

/// What the command line asks for.
struct Options {
    spec: LaunchSpec,
    rootfs: RootFs,
    show_plan: bool,
    again: bool,
    kernel: Option<String>,
    into: Option<u32>,
}

fn main() {
    let args: Vec<_> = std::env::args_os().collect();
    if args.first().is_some_and(|name| name == init::INIT_ARGV0) {
        init::init_main(args);
    }
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(word) => fail(2, &format!("launch: '{word}' is not understood")),
    };
    let running = match options.into {
        Some(pid) => enter(&options, pid),
        None => start(&options),
    };
    if let Some(terminal) = &running.terminal {
        copy_terminal(terminal);
    }
    match running.wait(None) {
        Ok(Some(how)) => exit(how.code()),
        Ok(None) => fail(125, "launch: the process does not end"),
        Err(error) => fail(125, &format!("launch: {error}")),
    }
}

fn fail(code: i32, message: &str) -> ! {
    eprintln!("{message}");
    exit(code)
}

fn start(options: &Options) -> Running {
    let ids = plimsoll_sys::userns::enter().unwrap_or_else(|error| fail(125, &error.to_string()));
    if options.again {
        execute_again();
    }
    let mut host = HostFacts::gather(ids);
    host.kernel = options.kernel.clone().unwrap_or(host.kernel);
    let plan = plan::plan(&options.spec, &host, &options.rootfs);
    let plan = plan.unwrap_or_else(|error| fail(125, &error.to_string()));
    if options.show_plan {
        print!("{plan}");
        exit(0);
    }
    launch(&plan, stdio(), &LaunchOptions { die_with_parent: true })
        .unwrap_or_else(|error| fail(error.exit_code(), &error.to_string()))
}

/// Run from a mount of our file that nothing can write through, as a real program should.
fn execute_again() {
    use std::os::unix::ffi::OsStringExt as _;
    let text = |bytes: Vec<u8>| CString::new(bytes).unwrap_or_else(|error| fail(125, &error.to_string()));
    let argv: Vec<CString> = std::env::args_os().map(|word| text(word.into_vec())).collect();
    let env: Vec<CString> = std::env::vars_os()
        .map(|(name, value)| text([name.into_vec(), value.into_vec()].join(&b'=')))
        .collect();
    own_program::run_read_only(&argv, &env).unwrap_or_else(|error| fail(125, &error.to_string()));
    eprintln!("read-only: {}", own_program::is_read_only());
}

fn enter(options: &Options, pid: u32) -> Running {
    let pidfd = rustix::process::Pid::from_raw(pid as i32)
        .ok_or(rustix::io::Errno::SRCH)
        .and_then(|pid| rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()))
        .unwrap_or_else(|error| fail(125, &error.to_string()));
    let ids = ContainerIds::of_process(pid).unwrap_or_else(|error| fail(125, &error.to_string()));
    let plan = plan::plan_exec(&options.spec, &ids);
    let plan = plan.unwrap_or_else(|error| fail(125, &error.to_string()));
    enter_running(pid, pidfd.as_fd(), &plan, stdio(), &LaunchOptions { die_with_parent: true })
        .unwrap_or_else(|error| fail(error.exit_code(), &error.to_string()))
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

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Options {
            spec: spec(),
            rootfs: RootFs { lowers: Vec::new(), scratch: "/".into() },
            show_plan: false,
            again: false,
            kernel: None,
            into: None,
        };
        let spec = &mut options.spec;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| word.clone());
            match word.as_str() {
                "--plan" => options.show_plan = true,
                "--again" => options.again = true,
                "--kernel" => options.kernel = Some(value()?),
                "--into" => options.into = Some(number(&value()?)?),
                "--scratch" => options.rootfs.scratch = value()?.into(),
                "--layer" => options.rootfs.lowers.push(value()?.into()),
                "--user" => {
                    let ids = value()?;
                    let mut ids = ids.split([':', ',']).map(number);
                    spec.user.uid = ids.next().unwrap_or(Err(word))?;
                    spec.user.gid = ids.next().unwrap_or(Ok(spec.user.uid))?;
                    spec.user.extra_groups = ids.collect::<Result<_, _>>()?;
                }
                "--env" => {
                    let entry = value()?;
                    let (name, value) = entry.split_once('=').ok_or(word)?;
                    spec.env.push((name.to_string(), value.to_string()));
                }
                "--workdir" => spec.workdir = value()?,
                "--hostname" => spec.hostname = value()?,
                "--bind" => spec.mounts.push(bind(&value()?, false).ok_or(word)?),
                "--bind-ro" => spec.mounts.push(bind(&value()?, true).ok_or(word)?),
                "--tmpfs" => spec.mounts.push(Mount {
                    source: MountSource::Tmpfs { size: Some(1 << 20), mode: 0o1777 },
                    target: value()?,
                    read_only: false,
                }),
                "--host-network" => spec.network = Network::Host,
                "--read-only" => spec.security.read_only_root = true,
                "--no-new-privileges" => spec.security.no_new_privileges = true,
                "--unconfined" => spec.security.seccomp = Seccomp::Unconfined,
                "--drop-all" => spec.security.capabilities.clear(),
                "--cap" => spec.security.capabilities.push(value()?),
                "--init" => spec.init = true,
                "--terminal" => spec.terminal = true,
                word if word.starts_with("--") => return Err(word.to_string()),
                _ => {
                    spec.argv = [word].into_iter().chain(words).collect();
                    break;
                }
            }
        }
        Ok(options)
    }
}

fn spec() -> LaunchSpec {
    LaunchSpec {
        argv: Vec::new(),
        env: vec![("PATH".to_string(), "/usr/bin:/bin".to_string())],
        user: ProcessUser::root(),
        workdir: "/".to_string(),
        hostname: "box".to_string(),
        stop: StopRule::default(),
        terminal: false,
        init: false,
        mounts: Vec::new(),
        network: Network::None,
        publish: Vec::new(),
        security: Security::default(),
    }
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| text.to_string())
}

fn bind(text: &str, read_only: bool) -> Option<Mount> {
    let (source, target) = text.rsplit_once(':')?;
    Some(Mount { source: MountSource::Bind(source.into()), target: target.to_string(), read_only })
}
