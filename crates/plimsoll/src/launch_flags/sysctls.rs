//! `--sysctl`: kernel settings of the container's namespaces.

use clap::Args;
use plimsoll_model::Network;
use plimsoll_model::launch::{IPC_SYSCTLS, Share, Sharing};

/// Kernel settings.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Security")]
pub struct SysctlFlags {
    /// Set a kernel setting of its own namespaces, as net.core.somaxconn=1024.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse)]
    sysctl: Vec<(String, String)>,
}

impl SysctlFlags {
    /// One value a name, the last one given; none of them may be the host's.
    pub fn list(&self, network: &Network, sharing: &Sharing) -> Result<Vec<(String, String)>, String> {
        let mut list: Vec<(String, String)> = Vec::new();
        for (name, value) in &self.sysctl {
            let host = match name.starts_with("net.") {
                true => *network == Network::Host,
                false => sharing.ipc == Share::Host,
            };
            if host {
                return Err(format!("--sysctl {name} would change the host, whose namespace is shared"));
            }
            list.retain(|(known, _)| known != name);
            list.push((name.clone(), value.clone()));
        }
        Ok(list)
    }
}

fn parse(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE was expected")?;
    // A setting is a file below /proc/sys: its name must not lead out of there.
    let is_path = name.contains('/') || name.split('.').any(str::is_empty);
    let own = IPC_SYSCTLS.contains(&name) || name.starts_with("net.") || name.starts_with("fs.mqueue.");
    match own && !is_path {
        true => Ok((name.to_string(), value.to_string())),
        false => Err("only settings of net., fs.mqueue. and System V IPC belong to a container".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_belongs_to_a_namespace() {
        let pair = |name: &str, value: &str| Ok((name.to_string(), value.to_string()));
        assert_eq!(parse("net.core.somaxconn=1024"), pair("net.core.somaxconn", "1024"));
        assert_eq!(parse("kernel.sem=1 2=3"), pair("kernel.sem", "1 2=3"));
        assert_eq!(parse("fs.mqueue.msg_max="), pair("fs.mqueue.msg_max", ""));
        for bad in [
            "",
            "net.a",
            "=1",
            "kernel.panic=1",
            "vm.swappiness=0",
            "net..a=1",
            "net./etc/passwd=1",
            "net.=1",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_host_is_not_changed() {
        let sysctl = ["net.a=1", "kernel.sem=2", "net.a=3"].map(|text| parse(text).unwrap()).to_vec();
        let flags = SysctlFlags { sysctl };
        let own = flags.list(&Network::None, &Sharing::default()).unwrap();
        assert_eq!(own, [("kernel.sem".into(), "2".into()), ("net.a".to_string(), "3".to_string())]);
        assert!(flags.list(&Network::Host, &Sharing::default()).unwrap_err().contains("net.a"));
        let shared = Sharing { ipc: Share::Host, ..Sharing::default() };
        assert!(flags.list(&Network::None, &shared).unwrap_err().contains("kernel.sem"));
    }
}
