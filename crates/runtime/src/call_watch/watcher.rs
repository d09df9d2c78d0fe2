//! One shown call after the other: what it asks for, whether it will be refused, and on it goes.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd as _, OwnedFd};

use plimsoll_sys::seccomp::{Answer, Listener, Notification};
use rustix::fs::StatVfsMountFlags;
use rustix::io::Errno;

use super::rights::{EXECUTE, MKNOD, NET_BIND_SERVICE, READ, Rights, SETGID, SETPCAP, Thing, WRITE};
use super::seen::{Refusal, Refusals, Seen, Subject};
use crate::ownership::{Caller, PathArgument, WORKING_DIRECTORY, name_of};
use crate::seccomp::{KnownProfile, Watched, native_architecture};

/// What is known of the container.
#[derive(Debug)]
pub(super) struct Circumstances {
    pub profile: KnownProfile,
    pub watched: Watched,
    /// Ports from here on are everybody's.
    pub first_free_port: u16,
    /// The one user and group that exist, in a nested user namespace; we see them as 0.
    pub only_ids: Option<(u32, u32)>,
}

/// The thread's state.
#[derive(Debug)]
pub(super) struct Watcher {
    pub(super) listener: Listener,
    known: Circumstances,
    native: u32,
    /// The program has been executed, or at least tried.
    begun: bool,
    seen: Seen,
    refusals: Refusals,
}

/// A refusal that is to come, without its caller.
struct Coming {
    on: Subject,
    errno: i32,
    writes: bool,
}

/// What a call comes to. An error is one of ours: then nothing is said about the call.
type Judged = io::Result<Option<Coming>>;

/// What a path argument leads to.
enum Target {
    There {
        thing: Thing,
        directory: Option<Thing>,
        path: String,
    },
    New {
        directory: Thing,
        path: String,
    },
    /// A directory on the way to it cannot be searched.
    Unreachable {
        path: String,
    },
}

/// A call and its caller.
struct Call<'a> {
    name: &'static str,
    caller: Caller,
    arguments: &'a [u64; 6],
    rights: Rights,
}

impl Call<'_> {
    fn number(&self, at: usize) -> u32 {
        self.arguments[at] as u32
    }

    fn path(&self, directory: Option<usize>, path: usize) -> io::Result<PathArgument> {
        let directory = directory.map_or(WORKING_DIRECTORY, |at| self.number(at) as i32);
        Ok(PathArgument { directory, path: self.caller.path(self.arguments[path])? })
    }
}

/// A refusal to write at a path.
fn at(path: String, errno: Option<Errno>) -> Option<Coming> {
    errno.map(|errno| Coming { on: Subject::Path(path), errno: errno.raw_os_error(), writes: true })
}

fn denied(on: Subject) -> Coming {
    Coming { on, errno: Errno::PERM.raw_os_error(), writes: false }
}

impl Watcher {
    pub(super) fn new(listener: Listener, known: Circumstances) -> Self {
        Watcher {
            listener,
            begun: false,
            known,
            native: native_architecture(),
            seen: Seen::default(),
            refusals: Refusals::default(),
        }
    }

    pub(super) fn into_seen(self) -> Seen {
        Seen { refused: self.refusals.in_order(), ..self.seen }
    }

    /// Take one call and let it go on. An error: no call can be answered any more.
    pub(super) fn take_next(&mut self) -> io::Result<()> {
        let Some(notification) = self.listener.receive()? else { return Ok(()) };
        let answer = self.look_at(&notification);
        self.listener.answer(notification.id, answer)
    }

    fn look_at(&mut self, call: &Notification) -> Answer {
        let number = u32::try_from(call.number).unwrap_or(u32::MAX);
        let (architecture, arguments) = (call.architecture, &call.arguments);
        let name = self.known.profile.name(architecture, number);
        let filtered = self.known.profile.refuses(architecture, number, arguments);
        if let Some(name) = name {
            self.begun |= matches!(name, "execve" | "execveat");
            self.seen.foreign |= self.begun && architecture != self.native;
            match self.known.watched {
                Watched::All if self.begun => drop(self.seen.calls.insert(name)),
                Watched::All => drop(self.seen.launch.insert(name)),
                Watched::Refusable if self.begun || filtered.is_some() => self.note(call, name, filtered),
                _ => {}
            }
        }
        match filtered {
            Some(errno) => Answer::Error(Errno::from_raw_os_error(i32::from(errno))),
            None => Answer::Continue,
        }
    }

    fn note(&mut self, notification: &Notification, name: &'static str, filtered: Option<u16>) {
        let caller = Caller { thread: notification.thread };
        let Some(rights) = caller.all_status().and_then(|status| Rights::parse(&status)) else { return };
        let call = Call { name, caller, arguments: &notification.arguments, rights };
        let coming = match filtered {
            Some(errno) => Some(Coming { on: Subject::Nothing, errno: errno.into(), writes: false }),
            None => self.judge(&call).unwrap_or(None),
        };
        let Some(Coming { on, errno, writes }) = coming else { return };
        let program = caller.program().unwrap_or_default();
        // While the call waits, the number of its thread is nobody else's.
        if self.listener.is_waiting(notification.id) {
            let (filtered, uid) = (filtered.is_some(), call.rights.users[1]);
            self.refusals.add(Refusal { call: name, on, errno, writes, filtered, uid, program });
        }
    }

    fn judge(&mut self, call: &Call<'_>) -> Judged {
        let arguments = call.arguments;
        match call.name {
            "open" => self.open(call, call.path(None, 0)?, arguments[1]),
            "openat" => self.open(call, call.path(Some(0), 1)?, u64::from(call.number(2))),
            "openat2" => {
                let flags = call.caller.bytes(arguments[2], 8)?;
                let flags = flags.try_into().map(u64::from_ne_bytes).unwrap_or(0);
                self.open(call, call.path(Some(0), 1)?, flags)
            }
            "creat" => self.open(call, call.path(None, 0)?, 0o1101),
            "mkdir" | "mknod" => self.add(call, call.path(None, 0)?),
            "mkdirat" | "mknodat" => self.add(call, call.path(Some(0), 1)?),
            "symlink" | "link" => self.add(call, call.path(None, 1)?),
            "symlinkat" => self.add(call, call.path(Some(1), 2)?),
            "linkat" => self.add(call, call.path(Some(2), 3)?),
            "unlink" | "rmdir" => self.remove(call, call.path(None, 0)?),
            "unlinkat" => self.remove(call, call.path(Some(0), 1)?),
            "rename" => self.rename(call, call.path(None, 0)?, call.path(None, 1)?),
            "renameat" | "renameat2" => self.rename(call, call.path(Some(0), 1)?, call.path(Some(2), 3)?),
            // A program that asks first and then does without has been refused all the same.
            "truncate" | "access" => self.open(call, call.path(None, 0)?, 1),
            "faccessat" | "faccessat2" => self.open(call, call.path(Some(0), 1)?, 1),
            "execve" => self.execute(call, &call.path(None, 0)?),
            "execveat" => self.execute(call, &call.path(Some(0), 1)?),
            "bind" => self.bind(call),
            "connect" => self.send_to(call, arguments[1], arguments[2]),
            "sendto" => self.send_to(call, arguments[4], arguments[5]),
            "kill" => self.signal(call),
            "capset" => self.capabilities(call),
            "prctl" => Ok((!call.rights.has(SETPCAP)).then(|| denied(Subject::Nothing))),
            "setgroups" => Ok((!call.rights.has(SETGID)).then(|| denied(self.groups(call)))),
            name if name.starts_with("set") => Ok(self.set_ids(call)),
            _ => self.change_attributes(call),
        }
    }

    fn open(&self, call: &Call<'_>, path: PathArgument, flags: u64) -> Judged {
        const CREATE: u64 = 0o100;
        const EXCLUSIVE: u64 = 0o200;
        const TRUNCATE: u64 = 0o1000;
        const NO_FOLLOW: u64 = 0o400_000;
        const PATH_ONLY: u64 = 0o10_000_000;
        const TEMPORARY: u64 = 0o20_000_000;
        if flags & PATH_ONLY != 0 {
            return Ok(None);
        }
        let access = match flags & 3 {
            0 => READ,
            1 => WRITE,
            _ => READ | WRITE,
        };
        let wanted = access | if flags & TRUNCATE != 0 { WRITE } else { 0 };
        Ok(match self.find(call, &path, flags & NO_FOLLOW == 0)? {
            Target::Unreachable { path } => Some(Coming {
                on: Subject::Path(path),
                errno: Errno::ACCESS.raw_os_error(),
                writes: wanted & WRITE != 0,
            }),
            Target::New { directory, path } if flags & CREATE != 0 => {
                at(path, call.rights.add_entry(&directory))
            }
            Target::New { .. } => None,
            Target::There { thing, path, .. } if flags & TEMPORARY == TEMPORARY => {
                at(path, call.rights.add_entry(&thing))
            }
            Target::There { .. } if flags & (CREATE | EXCLUSIVE) == CREATE | EXCLUSIVE => None,
            Target::There { thing, path, .. } => {
                let refused = call.rights.open(&thing, wanted);
                at(path, refused).map(|coming| Coming { writes: wanted & WRITE != 0, ..coming })
            }
        })
    }

    /// A new entry; one that is there already fails for another reason.
    fn add(&self, call: &Call<'_>, path: PathArgument) -> Judged {
        let device = matches!(call.name, "mknod" | "mknodat") && {
            let mode = call.number(if call.name == "mknod" { 1 } else { 2 });
            matches!(mode & 0o170_000, 0o020_000 | 0o060_000)
        };
        Ok(match self.find(call, &path, false)? {
            Target::Unreachable { path } => at(path, Some(Errno::ACCESS)),
            Target::There { .. } => None,
            Target::New { path, .. } if device && !call.rights.has(MKNOD) => {
                Some(denied(Subject::Path(path)))
            }
            Target::New { directory, path } => at(path, call.rights.add_entry(&directory)),
        })
    }

    fn remove(&self, call: &Call<'_>, path: PathArgument) -> Judged {
        Ok(match self.find(call, &path, false)? {
            Target::Unreachable { path } => at(path, Some(Errno::ACCESS)),
            Target::There { thing, directory: Some(directory), path } => {
                at(path, call.rights.remove_entry(&directory, &thing))
            }
            // On a read-only file system this is not even looked up (fs/namei.c, do_unlinkat).
            Target::New { directory, path } => at(path, directory.read_only.then_some(Errno::ROFS)),
            Target::There { .. } => None,
        })
    }

    fn rename(&self, call: &Call<'_>, from: PathArgument, to: PathArgument) -> Judged {
        let refused = self.remove(call, from)?;
        if refused.is_some() {
            return Ok(refused);
        }
        Ok(match self.find(call, &to, false)? {
            Target::Unreachable { path } => at(path, Some(Errno::ACCESS)),
            Target::New { directory, path } => at(path, call.rights.add_entry(&directory)),
            Target::There { thing, directory: Some(directory), path } => {
                at(path, call.rights.remove_entry(&directory, &thing))
            }
            Target::There { .. } => None,
        })
    }

    fn execute(&self, call: &Call<'_>, path: &PathArgument) -> Judged {
        Ok(match self.find(call, path, true)? {
            Target::Unreachable { path } => at(path, Some(Errno::ACCESS)),
            Target::There { thing, path, .. } if !thing.is_directory() => {
                let refused = at(path.clone(), call.rights.open(&thing, EXECUTE));
                let nothing = || Coming { on: Subject::Path(path), errno: 0, writes: false };
                refused.or_else(|| call.rights.gains_nothing_by(&thing).then(nothing))
            }
            _ => None,
        }
        .map(|coming| Coming { writes: false, ..coming }))
    }

    /// Owner, mode and times of files, and what is left.
    fn change_attributes(&self, call: &Call<'_>) -> Judged {
        const SYMLINK_NO_FOLLOW: u32 = 0x100;
        let follows = |flags: usize| call.number(flags) & SYMLINK_NO_FOLLOW == 0;
        let target = match call.name {
            "chmod" | "chown" => self.find(call, &call.path(None, 0)?, true)?,
            "lchown" => self.find(call, &call.path(None, 0)?, false)?,
            "fchmod" | "fchown" => self.descriptor(call, call.number(0) as i32)?,
            "fchmodat" => self.find(call, &call.path(Some(0), 1)?, true)?,
            "fchmodat2" => self.find(call, &call.path(Some(0), 1)?, follows(3))?,
            "fchownat" => self.find(call, &call.path(Some(0), 1)?, follows(4))?,
            "utimensat" if call.arguments[1] != 0 => self.find(call, &call.path(Some(0), 1)?, follows(3))?,
            _ => return Ok(None),
        };
        let (thing, path) = match target {
            Target::There { thing, path, .. } => (thing, path),
            Target::Unreachable { path } => return Ok(at(path, Some(Errno::ACCESS))),
            Target::New { .. } => return Ok(None),
        };
        let refused = match call.name {
            "chown" | "lchown" | "fchown" => self.owners(call, &thing, 1),
            "fchownat" => self.owners(call, &thing, 2),
            "utimensat" => thing.read_only.then_some(Errno::ROFS),
            _ => call.rights.change_mode(&thing),
        };
        Ok(at(path, refused))
    }

    fn owners(&self, call: &Call<'_>, thing: &Thing, first: usize) -> Option<Errno> {
        let (uid, gid) = (self.user(call.number(first)), self.group(call.number(first + 1)));
        call.rights.change_owner(thing, uid, gid)
    }

    fn set_ids(&self, call: &Call<'_>) -> Option<Coming> {
        let count = match call.name {
            "setresuid" | "setresgid" => 3,
            "setreuid" | "setregid" => 2,
            _ => 1,
        };
        let users = !call.name.contains("gid");
        let asked: Vec<u32> = (0..count).map(|at| call.number(at)).collect();
        let wanted: Vec<u32> =
            asked.iter().map(|id| if users { self.user(*id) } else { self.group(*id) }).collect();
        call.rights.set_ids(call.name, &wanted)?;
        let named = asked.iter().find(|id| **id != u32::MAX).copied().unwrap_or(0);
        Some(denied(Subject::Id(named.to_string())))
    }

    fn groups(&self, call: &Call<'_>) -> Subject {
        let count = (call.number(0) as usize).min(32);
        let groups = call.caller.numbers(call.arguments[1], count).unwrap_or_default();
        let words: Vec<String> = groups.iter().map(u32::to_string).collect();
        Subject::Id(words.join(","))
    }

    /// An id of the container as we see it.
    fn user(&self, uid: u32) -> u32 {
        if self.known.only_ids.is_some_and(|(only, _)| only == uid) { 0 } else { uid }
    }

    fn group(&self, gid: u32) -> u32 {
        if self.known.only_ids.is_some_and(|(_, only)| only == gid) { 0 } else { gid }
    }

    fn bind(&self, call: &Call<'_>) -> Judged {
        let address = call.caller.bytes(call.arguments[1], (call.number(2) as usize).min(128))?;
        if let Some(path) = unix_path(&address) {
            return self.add(call, PathArgument { directory: WORKING_DIRECTORY, path });
        }
        let Some(address) = inet_address(&address) else { return Ok(None) };
        let low = (1..self.known.first_free_port).contains(&address.port());
        let refused = low && !call.rights.has(NET_BIND_SERVICE);
        Ok(refused.then(|| Coming {
            on: Subject::Port(address.port()),
            errno: Errno::ACCESS.raw_os_error(),
            writes: false,
        }))
    }

    fn send_to(&mut self, call: &Call<'_>, address: u64, length: u64) -> Judged {
        /// Addresses that are kept.
        const MOST: usize = 200;
        let bytes = call.caller.bytes(address, (length as u32 as usize).min(128))?;
        if let Some(address) = inet_address(&bytes)
            && !is_own(address.ip())
            && self.seen.sent_to.len() < MOST
        {
            self.seen.sent_to.insert(address);
        }
        Ok(None)
    }

    /// Of a single process only; in its own procfs it has the number that the caller knows.
    fn signal(&self, call: &Call<'_>) -> Judged {
        let pid = call.number(0) as i32;
        if pid <= 0 {
            return Ok(None);
        }
        const ROOM: u64 = 1 << 14;
        let status = call.caller.root()?.read_file(format!("proc/{pid}/status"), ROOM)?;
        let other = Rights::parse(&String::from_utf8_lossy(&status)).ok_or(Errno::SRCH)?;
        let refused = call.rights.signal(other.users[0], other.users[2]);
        Ok(refused.map(|_| denied(Subject::Process(pid))))
    }

    /// `capset` of more than is permitted. Two structures of three 32-bit words: effective, permitted,
    /// inheritable, the lower halves first (linux/capability.h, version 3).
    fn capabilities(&self, call: &Call<'_>) -> Judged {
        let sets = call.caller.numbers(call.arguments[1], 6)?;
        let wanted = u64::from(sets[0]) | u64::from(sets[3]) << 32;
        let more = wanted & !call.rights.capabilities;
        Ok((more != 0).then(|| denied(Subject::Nothing)))
    }

    /// What a path argument of the caller leads to, as far as the caller gets.
    fn find(&self, call: &Call<'_>, argument: &PathArgument, follow: bool) -> io::Result<Target> {
        let caller = call.caller;
        match caller.resolve(argument, follow) {
            Ok(fd) => {
                let path = text(caller.below_root(&name_of(&fd)?)?);
                if let Some(path) = self.unreachable(call, &path)? {
                    return Ok(Target::Unreachable { path });
                }
                let directory = caller.resolve_parent(argument).ok();
                let directory = directory.and_then(|(fd, _)| thing(&fd).ok());
                Ok(Target::There { thing: thing(&fd)?, directory, path })
            }
            Err(error) if error.raw_os_error() == Some(Errno::NOENT.raw_os_error()) => {
                let (fd, name) = caller.resolve_parent(argument)?;
                let parent = text(caller.below_root(&name_of(&fd)?)?);
                let path = format!("{}/{}", parent.trim_end_matches('/'), text(name));
                match self.unreachable(call, &path)? {
                    Some(path) => Ok(Target::Unreachable { path }),
                    None if follow && is_link_to_descriptor(caller, argument) => Err(error),
                    None => Ok(Target::New { directory: thing(&fd)?, path }),
                }
            }
            Err(error) => Err(error),
        }
    }

    fn descriptor(&self, call: &Call<'_>, number: i32) -> io::Result<Target> {
        let fd = call.caller.descriptor(number)?;
        let path = text(call.caller.below_root(&name_of(&fd)?)?);
        Ok(Target::There { thing: thing(&fd)?, directory: None, path })
    }

    /// The first entry on a path of a directory that the caller cannot search.
    fn unreachable(&self, call: &Call<'_>, path: &str) -> io::Result<Option<String>> {
        if call.rights.reads_everything() {
            return Ok(None);
        }
        let root = call.caller.root()?;
        let ends = path.char_indices().filter(|(_, c)| *c == '/').map(|(at, _)| at);
        for end in ends {
            let directory = thing(&root.open_path(&path[..end.max(1)])?)?;
            if directory.is_directory() && !call.rights.may(&directory, EXECUTE) {
                let next = path[end + 1..].find('/').map_or(path.len(), |next| end + 1 + next);
                return Ok(Some(path[..next].to_string()));
            }
        }
        Ok(None)
    }
}

/// Whether the name itself is a link to `/dev/stdout` and the like: that leads to the caller's own descriptors,
/// which nobody else finds by a path.
fn is_link_to_descriptor(caller: Caller, argument: &PathArgument) -> bool {
    let target =
        caller.resolve(argument, false).and_then(|fd| Ok(rustix::fs::readlinkat(&fd, "", Vec::new())?));
    target.is_ok_and(|target| {
        ["/dev/", "/proc/"].iter().any(|top| target.as_bytes().starts_with(top.as_bytes()))
    })
}

fn thing(fd: &OwnedFd) -> io::Result<Thing> {
    let stat = rustix::fs::fstat(fd)?;
    let read_only = rustix::fs::fstatvfs(fd.as_fd())?.f_flag.contains(StatVfsMountFlags::RDONLY);
    Ok(Thing { uid: stat.st_uid, gid: stat.st_gid, mode: stat.st_mode, read_only })
}

/// A name that a container chose, fit to be shown.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).chars().filter(|c| !c.is_control()).collect()
}

/// `struct sockaddr_in` and `struct sockaddr_in6`.
fn inet_address(bytes: &[u8]) -> Option<SocketAddr> {
    const INET: u16 = 2;
    const INET6: u16 = 10;
    let family = u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?);
    let port = u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?);
    let ip = match family {
        INET => IpAddr::from(<[u8; 4]>::try_from(bytes.get(4..8)?).ok()?),
        INET6 => IpAddr::from(<[u8; 16]>::try_from(bytes.get(8..24)?).ok()?).to_canonical(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// The path of `struct sockaddr_un`, unless the name is an abstract one.
fn unix_path(bytes: &[u8]) -> Option<Vec<u8>> {
    const UNIX: u16 = 1;
    let family = u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?);
    let path = bytes[2..].split(|byte| *byte == 0).next()?;
    (family == UNIX && !path.is_empty()).then(|| path.to_vec())
}

/// Reached without leaving the container. Nobody has the unspecified address: it means this machine.
fn is_own(ip: IpAddr) -> bool {
    ip.is_loopback() || [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)].contains(&ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_the_kernels_form() {
        let mut v4 = 2u16.to_ne_bytes().to_vec();
        v4.extend([0x15, 0x38, 10, 0, 0, 5, 0, 0]);
        assert_eq!(inet_address(&v4), Some("10.0.0.5:5432".parse().unwrap()));
        let mut v6 = 10u16.to_ne_bytes().to_vec();
        v6.extend([0, 80, 0, 0, 0, 0]);
        v6.extend(Ipv4Addr::LOCALHOST.to_ipv6_mapped().octets());
        assert_eq!(inet_address(&v6), Some("127.0.0.1:80".parse().unwrap()));
        assert!(is_own(inet_address(&v6).unwrap().ip()) && !is_own(inet_address(&v4).unwrap().ip()));
        let unix = [&1u16.to_ne_bytes()[..], b"/run/x.sock\0rest"].concat();
        assert_eq!(unix_path(&unix), Some(b"/run/x.sock".to_vec()));
        assert_eq!(unix_path(&[&1u16.to_ne_bytes()[..], b"\0abstract"].concat()), None);
        for short in [&b""[..], b"\x02", b"\x02\0\0", b"\x0a\0\0\0\0\0\0\0\0"] {
            assert_eq!((inet_address(short), unix_path(short)), (None, None));
        }
    }
}
