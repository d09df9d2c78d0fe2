//! What is done by namespaces alone: joining those of others, naming our own.

use std::sync::Arc;

use plimsoll_sys::child::{Fd, Op, TakenMount};
use rustix::process::{PidfdFlags, getpid, pidfd_open};
use rustix::thread::UnshareFlags;

use super::{Builder, INERT, OWN, PROC, Prepare, SHM, text};
use crate::launch::clone_flag;
use crate::plan::{Namespace, Step};

/// `f_type` of procfs and tmpfs (linux/magic.h).
const PROC_MAGIC: i64 = 0x9fa0;
const TMPFS_MAGIC: i64 = 0x0102_1994;

impl Builder<'_> {
    pub(super) fn namespaces(&mut self, step: &Step) -> Prepare {
        match step {
            Step::Session => self.push(Op::Session),
            Step::Hide => self.push(Op::NotDumpable),
            Step::Join => {
                let pidfd = self.target.ok_or("no container was given")?.clone();
                self.push(Op::Join { pidfd, flags: self.join });
            }
            Step::JoinContainer { id, namespaces } => return self.join_container(id, namespaces),
            Step::EnterProcesses => self.push(Op::Fork),
            Step::OwnCgroups => self.push(Op::Unshare(UnshareFlags::NEWCGROUP.bits())),
            Step::Hostname(name) => self.push(Op::Hostname(name.clone().into_bytes())),
            Step::Networks(_) => {
                let own = pidfd_open(getpid(), PidfdFlags::empty()).map_err(|error| error.to_string())?;
                self.push(Op::AwaitWord { parent: Arc::new(own) });
            }
            Step::DomainName(name) => self.push(Op::DomainName(name.clone().into_bytes())),
            _ => self.push(Op::Loopback),
        }
        Ok(())
    }

    /// Its shared memory lies in its own mounts only. Its /proc is taken, too: a new one would show the
    /// processes of the namespace we are in, and we enter theirs last of all.
    fn join_container(&mut self, id: &str, namespaces: &[Namespace]) -> Prepare {
        let pidfd = self.options.others.get(id).ok_or("its first process was not given")?.clone();
        for namespace in namespaces {
            let (path, file_system, into) = match namespace {
                Namespace::Pid => (c"proc", PROC_MAGIC, PROC),
                Namespace::Ipc => (c"dev/shm", TMPFS_MAGIC, SHM),
                _ => continue,
            };
            let (from, path, attributes) = (Arc::clone(&pidfd), path.to_owned(), INERT.bits());
            self.push(Op::TakeMount(TakenMount { from, path, file_system, attributes, into }));
        }
        let flags = namespaces.iter().map(|namespace| clone_flag(*namespace)).fold(0, |all, flag| all | flag);
        self.push(Op::Join { pidfd, flags });
        Ok(())
    }

    /// Without privileges over the parent namespace a process may map only itself, and groups only
    /// after giving up setgroups (user_namespaces(7)).
    pub(super) fn map_user(&mut self, uid: u32, gid: u32) -> Prepare {
        self.push(Op::Unshare(UnshareFlags::NEWUSER.bits()));
        for (file, line, optional) in [
            // Refused where it is denied already, which is what we want.
            ("setgroups", "deny".to_string(), true),
            ("gid_map", format!("{gid} 0 1"), false),
            ("uid_map", format!("{uid} 0 1"), false),
        ] {
            let (dir, path, bytes) = (Fd::Slot(OWN), text(file)?, line.into_bytes());
            self.push(Op::Write { dir, path, bytes, optional });
        }
        Ok(())
    }
}
