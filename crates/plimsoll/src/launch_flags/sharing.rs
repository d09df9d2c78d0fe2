//! Which namespaces are shared: `--pid`, `--ipc`, `--uts`, `--cgroupns`, `--userns`.

use clap::Args;
use plimsoll_model::launch::{Share, Sharing};

/// Namespaces.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Security")]
pub struct SharingFlags {
    /// Whose processes it sees: host, container:NAME.
    #[arg(long, value_name = "MODE", value_parser = own_or)]
    pid: Option<Whose>,
    /// Whose shared memory it uses: private, shareable, host, container:NAME.
    #[arg(long, value_name = "MODE", value_parser = ipc)]
    ipc: Option<Whose>,
    /// Whose host name it has: host, container:NAME.
    #[arg(long, value_name = "MODE", value_parser = own_or)]
    uts: Option<Whose>,
    /// Whose view of control groups it has: private, host, container:NAME.
    #[arg(long, value_name = "MODE", value_parser = own_or)]
    cgroupns: Option<Whose>,
    /// host: no user namespace, even where one could be made.
    #[arg(long, value_name = "MODE", value_parser = user)]
    userns: Option<Whose>,
}

/// Whose namespace, by the name of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Its own.
    Own,
    /// The host's.
    Host,
    /// That of the container with this name or id.
    Container(String),
}

/// The id of the container with a name; an error if there is none.
pub type Find<'a> = &'a dyn Fn(&str) -> Result<String, String>;

impl SharingFlags {
    /// The containers that are named.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        let all = [&self.pid, &self.ipc, &self.uts, &self.cgroupns, &self.userns];
        all.into_iter().flatten().filter_map(|whose| match whose {
            Whose::Container(name) => Some(name.as_str()),
            Whose::Own | Whose::Host => None,
        })
    }

    /// All of them, containers by id.
    pub fn sharing(&self, find: Find<'_>) -> Result<Sharing, String> {
        let share = |whose: &Option<Whose>| match whose {
            None | Some(Whose::Own) => Ok(Share::Own),
            Some(Whose::Host) => Ok(Share::Host),
            Some(Whose::Container(name)) => find(name).map(Share::Container),
        };
        Ok(Sharing {
            pid: share(&self.pid)?,
            ipc: share(&self.ipc)?,
            uts: share(&self.uts)?,
            cgroup: share(&self.cgroupns)?,
            user: share(&self.userns)?,
        })
    }
}

fn own_or(text: &str) -> Result<Whose, String> {
    match (text, text.strip_prefix("container:")) {
        // podman's word; docker knows it for some of them.
        ("" | "private", _) => Ok(Whose::Own),
        ("host", _) => Ok(Whose::Host),
        (_, Some(name)) if !name.is_empty() => Ok(Whose::Container(name.to_string())),
        _ => Err("host or container:NAME was expected".into()),
    }
}

fn ipc(text: &str) -> Result<Whose, String> {
    match text {
        // Whoever may use the store may join any container of it.
        "shareable" => Ok(Whose::Own),
        "none" => Err("a container always has /dev/shm: private keeps it to itself".into()),
        text => own_or(text),
    }
}

fn user(text: &str) -> Result<Whose, String> {
    match text {
        "" => Ok(Whose::Own),
        "host" => Ok(Whose::Host),
        _ => Err("only host is known; which ids there are is decided by who runs plimsoll".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes() {
        let web = || Ok(Whose::Container("web".to_string()));
        assert_eq!(
            (own_or(""), own_or("private"), own_or("host")),
            (Ok(Whose::Own), Ok(Whose::Own), Ok(Whose::Host))
        );
        assert_eq!((own_or("container:web"), ipc("container:web")), (web(), web()));
        assert_eq!((ipc("shareable"), user("host")), (Ok(Whose::Own), Ok(Whose::Host)));
        for bad in ["nope", "container:", "Host", "shareable", "none"] {
            assert!(own_or(bad).is_err(), "{bad}");
        }
        assert!(ipc("none").is_err() && user("keep-id").is_err() && user("container:web").is_err());
    }

    #[test]
    fn containers_are_looked_up() {
        let flags = SharingFlags { pid: Some(Whose::Container("web".into())), ..SharingFlags::default() };
        let sharing = flags.sharing(&|name| Ok(format!("id of {name}"))).unwrap();
        assert_eq!(sharing, Sharing { pid: Share::Container("id of web".into()), ..Sharing::default() });
        assert!(flags.sharing(&|_| Err("no such".into())).is_err());
    }
}
