//! The way of a path through the links of an image, as the kernel walks it.

use std::os::fd::AsFd as _;

use plimsoll_sys::root_dir::{Metadata, NodeKind, RootDir};
use rustix::fs::OFlags;

/// How many links the kernel follows on one way (Linux, `MAXSYMLINKS`).
const LINKS: usize = 40;

/// How many names are looked at on one way: forty links could ask for tens of thousands.
const NAMES: usize = 1000;

/// `PROC_SUPER_MAGIC` (linux/magic.h).
const PROC_SUPER_MAGIC: i64 = 0x9fa0;

/// Where a path leads.
#[derive(Debug, Default)]
pub(super) struct Way {
    /// Directories that are entered, in order, by their names without links.
    pub(super) directories: Vec<String>,
    /// Links that are followed, in order.
    pub(super) links: Vec<Link>,
    /// What was reached, by its name without links; if nothing was, the name at which the way ends.
    pub(super) at: String,
    /// How it ends.
    pub(super) ending: Ending,
}

/// A symbolic link.
#[derive(Debug)]
pub(super) struct Link {
    /// Where it stands.
    pub(super) path: String,
    /// What it says.
    pub(super) target: String,
    /// It stands for the whole path, not for a directory on the way.
    pub(super) is_last: bool,
}

/// How a way ends.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Something is there.
    Found(Metadata),
    /// Nothing is there.
    Missing,
    /// The path goes on below something that is no directory.
    NotDirectory,
    /// More links than the kernel follows.
    TooManyLinks,
    /// A link of procfs, which leads where its text does not say.
    OfKernel,
    /// It cannot be known.
    #[default]
    Unknown,
}

impl Way {
    /// Walk an absolute path inside a root.
    pub(super) fn walk(root: &RootDir, path: &str) -> Way {
        let mut way = Way::default();
        let mut names = names_of(path);
        for _ in 0..NAMES {
            let Some(name) = names.pop() else { break };
            if let Some(ending) = way.step(root, &name, &mut names) {
                way.ending = ending;
                break;
            }
        }
        way
    }

    /// Whether nothing is there.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self.ending, Ending::Missing | Ending::NotDirectory)
    }

    /// Go on by one name; how the way ends, if it does.
    fn step(&mut self, root: &RootDir, name: &str, names: &mut Vec<String>) -> Option<Ending> {
        if name == ".." {
            self.at.truncate(self.at.rfind('/').unwrap_or_default());
            return None;
        }
        let path = format!("{}/{name}", self.at);
        let found = root.metadata(&path);
        let is_last = names.is_empty();
        match found {
            Ok(entry) if entry.kind == NodeKind::Symlink => {
                if self.links.len() == LINKS {
                    return Some(Ending::TooManyLinks);
                }
                let Some(target) = text_of_link(root, &path) else { return Some(Ending::OfKernel) };
                if target.starts_with('/') {
                    self.at.clear();
                }
                names.extend(names_of(&target));
                self.links.push(Link { path, target, is_last });
                None
            }
            Ok(entry) => {
                self.at = path;
                match entry.kind {
                    _ if is_last => Some(Ending::Found(entry)),
                    NodeKind::Directory => {
                        self.directories.push(self.at.clone());
                        None
                    }
                    _ => Some(Ending::NotDirectory),
                }
            }
            Err(error) => {
                self.at = path;
                let missing = error.kind() == std::io::ErrorKind::NotFound;
                Some(if missing { Ending::Missing } else { Ending::Unknown })
            }
        }
    }

    /// The links that are followed in a circle, each once, the one that was met first in front.
    fn circle(&self) -> Vec<&str> {
        let Some((last, before)) = self.links.split_last() else { return Vec::new() };
        let Some(start) = before.iter().rposition(|link| link.path == last.path) else { return Vec::new() };
        let round = &before[start..];
        let is_in = |link: &&Link| round.iter().any(|other| other.path == link.path);
        let met = self.links.iter().filter(is_in).map(|link| link.path.as_str());
        met.take(round.len()).collect()
    }

    /// Why a path cannot be walked to its end by the kernel, either.
    pub(super) fn why_endless(&self) -> Option<String> {
        match (self.ending, self.circle().as_slice()) {
            (Ending::TooManyLinks, []) => {
                Some(format!("more than {LINKS} links lead from one to the next; link to the file itself"))
            }
            (Ending::TooManyLinks, [link]) => {
                Some(format!("the link {link} leads to itself; let it lead to the program"))
            }
            (Ending::TooManyLinks, circle) => Some(format!(
                "the links {} lead in a circle; let one of them lead to the program",
                super::listed(circle)
            )),
            _ => None,
        }
    }
}

/// The text of a link; `None` for one of procfs that is none to the kernel.
fn text_of_link(root: &RootDir, path: &str) -> Option<String> {
    let link = root.open_with(path, OFlags::PATH | OFlags::NOFOLLOW, 0).ok()?;
    if rustix::fs::fstatfs(link.as_fd()).ok()?.f_type as i64 == PROC_SUPER_MAGIC {
        return None;
    }
    let target = rustix::fs::readlinkat(link, c"", Vec::new()).ok()?;
    target.into_string().ok()
}

/// The names of a path, the first one last.
fn names_of(path: &str) -> Vec<String> {
    let names = path.split('/').filter(|name| !matches!(*name, "" | "."));
    names.rev().map(str::to_string).collect()
}
