//! `/etc/hosts` and `/etc/resolv.conf` of a step.

use std::net::IpAddr;
use std::path::Path;

use plimsoll_model::Network;
use plimsoll_model::launch::MountSource;
use plimsoll_runtime::plan::{StepMount, StepSource};

use super::{RunError, file_error};

/// What a step is called: always the same, since programs write it into files.
pub(super) const HOSTNAME: &str = "build";

/// Without a network nothing but the step itself has a name.
const LOOPBACK: &str = "127.0.0.1\tlocalhost build\n::1\tlocalhost ip6-localhost ip6-loopback\n";

/// Write the files into a directory of the step and mount them. With the machine's network they are
/// copies of its own: those may be links to where the sandbox cannot reach.
pub(super) fn provide(
    network: Network,
    hosts: &[(String, IpAddr)],
    files: &Path,
) -> Result<Vec<StepMount>, RunError> {
    let read = |name: &str| std::fs::read_to_string(Path::new("/etc").join(name)).ok();
    let (base, resolv_conf) = match network {
        Network::Host => (read("hosts").unwrap_or_default(), read("resolv.conf")),
        _ => (LOOPBACK.to_string(), None),
    };
    let end = if base.is_empty() || base.ends_with('\n') { "" } else { "\n" };
    let added: String = hosts.iter().map(|(name, ip)| format!("{ip}\t{name}\n")).collect();
    let mut mounts = vec![write(files, "hosts", &format!("{base}{end}{added}"))?];
    if let Some(text) = resolv_conf {
        mounts.push(write(files, "resolv.conf", &text)?);
    }
    Ok(mounts)
}

fn write(files: &Path, name: &str, text: &str) -> Result<StepMount, RunError> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = files.join(name);
    std::fs::write(&path, text).map_err(file_error(&path))?;
    let readable = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&path, readable).map_err(file_error(&path))?;
    let source = StepSource::Plain(MountSource::Bind(path));
    Ok(StepMount { source, target: format!("/etc/{name}"), read_only: true })
}
