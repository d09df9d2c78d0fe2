//! `plimsoll doctor`.

use clap::Args;
use plimsoll_image::private_directory;
use plimsoll_runtime::user_mode::Programs;
use plimsoll_sys::probe::{self, CgroupVersion};
use serde_json::json;

use super::format::TextOrJson;
use crate::command_error::{CommandError, CommandResult, ErrorKind};
use crate::report::columns::wrap;
use crate::session::store_root;
use crate::terminal;

/// Say what this machine allows, what follows from it, and how to get what is missing.
#[derive(Args)]
pub struct Doctor {
    /// How to print.
    #[arg(long, value_enum, default_value = "text")]
    format: TextOrJson,
}

/// One fact about the machine.
struct Finding {
    name: &'static str,
    state: State,
    fact: String,
    /// What to do where something is missing.
    remedy: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    /// Something is slower or less exact.
    Limited,
    /// Containers cannot be started.
    Missing,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Good => "yes",
            State::Limited => "limited",
            State::Missing => "no",
        }
    }
}

impl Doctor {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let findings = examine();
        let broken = findings.iter().any(|finding| finding.state == State::Missing);
        let text = match self.format {
            TextOrJson::Text => text(&findings),
            TextOrJson::Json => {
                let list: Vec<_> = findings
                    .iter()
                    .map(|f| json!({ "name": f.name, "state": f.state.word(), "fact": f.fact, "remedy": f.remedy }))
                    .collect();
                let document = json!({ "schema": "plimsoll.doctor/1", "findings": list });
                format!("{}\n", serde_json::to_string_pretty(&document).map_err(CommandError::failure)?)
            }
        };
        terminal::print(&text);
        Ok(if broken { ErrorKind::Machine.exit_code() } else { 0 })
    }
}

/// Columns before a fact: the state's word and the name.
const FACT_COLUMN: usize = 27;

fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let remedy = finding.remedy.as_ref().map(|remedy| format!("remedy: {remedy}"));
        let room = terminal::width() - FACT_COLUMN;
        let lines = std::iter::once(&finding.fact).chain(&remedy).flat_map(|part| wrap(part, room));
        for (index, line) in lines.enumerate() {
            let (word, name) = if index == 0 { (finding.state.word(), finding.name) } else { ("", "") };
            text.push_str(&format!(" {word:8} {name:16} {line}\n"));
        }
    }
    let last = if findings.iter().any(|finding| finding.state == State::Missing) {
        "containers cannot be started here; explain, scan of stored images, pull, push, save and load work"
    } else if findings.iter().any(|finding| finding.state == State::Limited) {
        "everything works here, within the limits named"
    } else {
        "everything works here"
    };
    text.push_str(&format!("\n{last}\n"));
    text
}

fn examine() -> Vec<Finding> {
    let root = rustix::process::geteuid().is_root();
    let mut findings = vec![Finding {
        name: "kernel",
        state: State::Good,
        fact: format!("Linux {}", rustix::system::uname().release().to_string_lossy()),
        remedy: None,
    }];
    findings.push(namespaces(root));
    if !root {
        findings.push(sub_ids());
    }
    findings.extend([overlay(), seccomp(), cgroups(root), tun()]);
    findings.extend((!root).then(way_out));
    findings.push(store());
    findings
}

fn namespaces(root: bool) -> Finding {
    let name = "user namespaces";
    let finding =
        |state, fact, remedy: Option<&str>| Finding { name, state, fact, remedy: remedy.map(str::to_string) };
    match probe::user_namespace() {
        Ok(()) => finding(State::Good, "can be made".to_string(), None),
        Err(refusal) if root => {
            finding(State::Good, format!("cannot be made ({refusal}), and root needs none"), None)
        }
        Err(refusal) => finding(State::Missing, refusal.to_string(), refusal.remedy()),
    }
}

fn sub_ids() -> Finding {
    let name = "sub-ids";
    match plimsoll_sys::userns::sub_ids(rustix::process::getuid().as_raw()) {
        Ok(_) => {
            let fact = "newuidmap and a range in /etc/subuid: files keep their owners".to_string();
            Finding { name, state: State::Good, fact, remedy: None }
        }
        Err(missing) => {
            let fact =
                "only one id is mapped: builds record owners, more slowly, but containers cannot change them"
                    .to_string();
            Finding { name, state: State::Limited, fact, remedy: Some(missing.to_string()) }
        }
    }
}

fn simple(name: &'static str, result: Result<String, String>, otherwise: State, remedy: &str) -> Finding {
    match result {
        Ok(fact) => Finding { name, state: State::Good, fact, remedy: None },
        Err(fact) => Finding { name, state: otherwise, fact, remedy: Some(remedy.to_string()) },
    }
}

fn overlay() -> Finding {
    let remedy = "a kernel of 5.11 or later with overlayfs (modprobe overlay), and a store on a file system that carries it: PLIMSOLL_ROOT";
    let mounted = store_root().map_err(|error| error.message).and_then(|root| {
        private_directory(&root).map_err(|error| plimsoll_image::error::reason(&error))?;
        probe::overlay(&root).map_err(|error| plimsoll_image::error::reason(&error))
    });
    simple("overlay", mounted.map(|()| "can be mounted over the store".to_string()), State::Missing, remedy)
}

fn seccomp() -> Finding {
    let fact = match (probe::seccomp_filter(), probe::seccomp_notify()) {
        (true, true) => Ok("system call filters and notifications".to_string()),
        (true, false) => Ok("system call filters".to_string()),
        (false, _) => Err("no system call filters".to_string()),
    };
    simple("seccomp", fact, State::Missing, "a kernel with CONFIG_SECCOMP_FILTER")
}

/// Limits are not offered yet, so nothing depends on it; root can make groups anyway.
fn cgroups(root: bool) -> Finding {
    let found = probe::cgroups();
    let version = match found.version {
        CgroupVersion::None => "not mounted",
        CgroupVersion::V1 => "version 1",
        CgroupVersion::Hybrid => "versions 1 and 2 side by side",
        CgroupVersion::V2 => "version 2",
    };
    let fact = match found.delegated {
        _ if root => Ok(version.to_string()),
        Some((_, controllers)) => Ok(format!("{version}, delegated: {}", controllers.join(" "))),
        None => Err(format!("{version}, not delegated: memory is measured through /proc")),
    };
    let remedy = "cgroup v2 with delegation (systemctl edit user@.service, Delegate=yes)";
    simple("cgroups", fact, State::Limited, remedy)
}

fn tun() -> Finding {
    let remedy = "as root: chmod 0666 /dev/net/tun";
    let fact = probe::tun().map(|()| "can be opened".to_string());
    let missing = |error: std::io::Error| {
        format!(
            "{}: containers of their own network reach no outside, RUN uses the host's",
            plimsoll_image::error::reason(&error)
        )
    };
    simple("/dev/net/tun", fact.map_err(missing), State::Limited, remedy)
}

/// What carries an ordinary user's traffic out of a container's own network.
fn way_out() -> Finding {
    let programs = Programs::search(&std::env::var_os("PATH").unwrap_or_default());
    let fact = programs.usable(None).map(|usable| {
        let named: Vec<String> = usable.map(|(_, path)| path.display().to_string()).collect();
        format!("by {}", named.join(", else by "))
    });
    let missing =
        |error| format!("{error}: a container's own network reaches no outside, published ports work");
    let remedy = "install pasta (Debian: passt) or slirp4netns; both need /dev/net/tun";
    simple("way out", fact.map_err(missing), State::Limited, remedy)
}

fn store() -> Finding {
    let fact = store_root().map_err(|error| error.message).and_then(|root| {
        plimsoll_image::Store::open(&root)
            .map(|_| root.display().to_string())
            .map_err(|error| error.to_string())
    });
    simple("store", fact, State::Missing, "set PLIMSOLL_ROOT to a directory of your own")
}
