//! What a container may ask of the kernel, tried from inside: this test binary, which is static, is the
//! container's program.

use rustix::io::Errno;
use rustix::mount::{FsOpenFlags, OpenTreeFlags};
use rustix::net::{AddressFamily, Protocol, SocketFlags, SocketType, socket_with};

use crate::launch_support::{Who, copy_program, finish, for_each};

const EPERM: i32 = 1;
const EINVAL: i32 = 22;

const ENTRY: &str = "launch_kernel::inside_entry";

/// Not a test of its own: prints how the kernel answers, inside a container.
#[test]
#[allow(clippy::print_stdout, reason = "this is how the program inside answers")]
fn inside_entry() {
    if std::env::var_os("INSIDE").is_some() {
        // The harness leaves its first line open.
        println!();
        for (name, attempt) in attempts() {
            println!("{name}: {}", attempt.err().map_or(0, Errno::raw_os_error));
        }
    }
}

fn attempts() -> Vec<(&'static str, Result<(), Errno>)> {
    let socket = |family, protocol: u32| {
        let protocol = std::num::NonZeroU32::new(protocol).map(Protocol::from_raw);
        let (family, kind) = (AddressFamily::from_raw(family), SocketType::DGRAM);
        socket_with(family, kind, SocketFlags::CLOEXEC, protocol).map(drop)
    };
    let cwd = rustix::fs::CWD;
    vec![
        ("inet socket", socket(2, 0)),
        ("unix socket", socket(1, 0)),
        ("route socket", socket(16, 0)),
        ("audit socket", socket(16, 9)),
        ("vsock", socket(40, 0)),
        ("crypto socket", socket(38, 0)),
        ("packet socket", socket(17, 0)),
        ("fsopen", rustix::mount::fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC).map(drop)),
        ("open_tree", rustix::mount::open_tree(cwd, "/", OpenTreeFlags::OPEN_TREE_CLONE).map(drop)),
        ("sethostname", rustix::system::sethostname(b"x")),
        ("memfd", rustix::fs::memfd_create("x", rustix::fs::MemfdFlags::CLOEXEC).map(drop)),
    ]
}

#[test]
fn the_filter_answers_as_promised() {
    for_each(|bed| {
        let binary = bed.path("probe");
        copy_program(&std::env::current_exe().unwrap(), &binary);
        let bind = format!("{}:/probe", binary.display());
        let arguments = ["/probe", "--exact", ENTRY, "--nocapture", "--test-threads=1"];
        let run = |options: &[&str]| {
            let options = [&["--bind-ro", &bind, "--env", "INSIDE=1"], options, &arguments].concat();
            finish(bed.container(&options)).out
        };
        let out = run(&[]);
        let answer = |out: &str, name: &str| {
            let prefix = format!("{name}: ");
            let line = out.lines().find_map(|line| line.strip_prefix(&prefix).map(str::to_string));
            let number = line.and_then(|line| line.parse::<i32>().ok());
            number.unwrap_or_else(|| panic!("no answer to {name} in {out}"))
        };
        for name in ["inet socket", "unix socket", "route socket", "memfd"] {
            assert_eq!(answer(&out, name), 0, "{name}");
        }
        for name in ["vsock", "crypto socket", "packet socket", "fsopen", "open_tree", "sethostname"] {
            assert_eq!(answer(&out, name), EPERM, "{name}");
        }
        assert_eq!(answer(&out, "audit socket"), EINVAL);
        // SYS_ADMIN opens what it is for, and nothing else.
        let out = run(&["--cap", "SYS_ADMIN"]);
        assert_eq!(answer(&out, "sethostname"), 0);
        assert_eq!(answer(&out, "vsock"), EPERM);
        if bed.who == Who::Root {
            assert_eq!(answer(&out, "fsopen"), 0);
        }
    });
}
