//! The packages an image has, read from the data bases their managers left.

use std::collections::HashSet;

use plimsoll_model::FileTree;

use crate::layer::LayerFiles;
use crate::note::Note;
use crate::size::Merged;
use crate::version::Scheme;

mod apk;
mod dpkg;
mod node;
mod os_release;
mod purl;
mod python;
mod stanza;

pub use os_release::{OsRelease, UnknownRelease};
pub(crate) use python::normalized as normalized_name;

/// Data bases and metadata files beyond this are not read.
const READ_LIMIT: u64 = 64 << 20;

/// Whose package it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PackageKind {
    /// Debian's format, by dpkg.
    Deb,
    /// Alpine's format, by apk.
    Apk,
    /// A Python distribution.
    Python,
    /// A package of a `node_modules` tree.
    Npm,
}

impl PackageKind {
    /// The order its versions stand in.
    pub fn scheme(self) -> Scheme {
        match self {
            PackageKind::Deb => Scheme::Debian,
            PackageKind::Apk => Scheme::Alpine,
            PackageKind::Python => Scheme::Python,
            PackageKind::Npm => Scheme::Semantic,
        }
    }
}

/// One installed package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// Whose.
    pub kind: PackageKind,
    /// Name as its manager knows it.
    pub name: String,
    /// Version as written.
    pub version: String,
    /// Debian's or Alpine's word for the architecture.
    pub architecture: Option<String>,
    /// The source package where it has another name or version: advisories speak of that one.
    pub source: Option<SourcePackage>,
    /// Licence as written.
    pub licence: Option<String>,
    /// Bytes it takes, as its manager says.
    pub installed_bytes: Option<u64>,
    /// The file that says it is there.
    pub path: String,
    /// The lowest layer whose data base holds this name and version.
    pub layer: Option<usize>,
}

/// The source a package was built from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourcePackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Package {
    fn new(kind: PackageKind, name: String, version: String, path: &str) -> Self {
        let path = path.to_string();
        Package {
            kind,
            name,
            version,
            path,
            architecture: None,
            source: None,
            licence: None,
            installed_bytes: None,
            layer: None,
        }
    }

    /// The name advisories use.
    pub fn advisory_name(&self) -> &str {
        self.source.as_ref().map_or(&self.name, |source| &source.name)
    }

    /// The version advisories compare with.
    pub fn advisory_version(&self) -> &str {
        self.source.as_ref().map_or(&self.version, |source| &source.version)
    }

    /// The package URL, with the distribution where one is known.
    pub fn purl(&self, os: Option<&OsRelease>) -> Option<String> {
        purl::of(self, os)
    }

    /// Whether it carries kernel headers only: a container never runs this package's kernel.
    pub fn is_kernel_headers(&self) -> bool {
        match self.kind {
            PackageKind::Deb => {
                self.advisory_name().starts_with("linux")
                    && ["linux-libc-dev", "linux-headers-", "linux-kbuild-", "linux-compiler-"]
                        .iter()
                        .any(|prefix| self.name.starts_with(prefix))
            }
            PackageKind::Apk => self.name == "linux-headers",
            _ => false,
        }
    }
}

/// What an image has installed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inventory {
    /// The distribution, if the image says which.
    pub os: Option<OsRelease>,
    /// Sorted by kind, name, version.
    pub packages: Vec<Package>,
    /// What could not be read or told.
    pub notes: Vec<Note>,
}

/// What the catalogue readers look at.
pub(crate) struct Place<'a> {
    pub(crate) tree: &'a dyn FileTree,
    pub(crate) files: &'a dyn LayerFiles,
    pub(crate) merged: &'a Merged<'a>,
    pub(crate) layers: usize,
}

impl Place<'_> {
    fn read(&self, path: &str, notes: &mut Vec<Note>) -> Option<Vec<u8>> {
        match self.tree.read(path, READ_LIMIT) {
            Ok(bytes) => Some(bytes),
            Err(why) => {
                notes.push(Note::Unreadable { path: path.to_string(), why: why.to_string() });
                None
            }
        }
    }

    fn is_file(&self, path: &str) -> bool {
        self.tree.resolve(path).is_ok_and(|(_, entry)| entry.kind == plimsoll_model::EntryKind::File)
    }

    /// Give each package the lowest layer whose copy of `path` lists it.
    fn find_layers(
        &self,
        path: &str,
        packages: &mut [Package],
        list: impl Fn(&[u8]) -> Vec<(String, String)>,
    ) {
        let real = self.tree.resolve(path).map_or_else(|_| path.to_string(), |(real, _)| real);
        for layer in 0..self.layers {
            if packages.iter().all(|package| package.layer.is_some()) {
                return;
            }
            let read = |path: &str| self.files.read_in_layer(layer, path, READ_LIMIT);
            let Some(bytes) = read(&real).or_else(|| read(path).filter(|_| real != path)) else { continue };
            let listed: HashSet<(String, String)> = list(&bytes).into_iter().collect();
            for package in packages.iter_mut().filter(|package| package.layer.is_none()) {
                if listed.contains(&(package.name.clone(), package.version.clone())) {
                    package.layer = Some(layer);
                }
            }
        }
    }
}

/// Read everything an image has installed.
pub(crate) fn take_inventory(place: &Place) -> Inventory {
    let mut notes = Vec::new();
    let os = os_release::read(place, &mut notes);
    let mut packages = dpkg::read(place, &mut notes);
    packages.extend(apk::read(place, &mut notes));
    let owned = apk::owned_files(place);
    packages.extend(languages(place, &owned));
    packages.sort();
    packages.dedup();
    let rpm = ["/var/lib/rpm", "/usr/lib/sysimage/rpm", "/usr/share/rpm"];
    if let Some(path) = rpm.iter().find(|path| !place.tree.children(path).is_empty()) {
        notes.push(Note::RpmNotRead { path: path.to_string() });
    }
    Inventory { os, packages, notes }
}

/// Packages of languages, without those a distribution's package brought: that one is listed, and
/// its fixes do not show in the language's version. Debian keeps a folder to itself for them.
fn languages(place: &Place, owned: &HashSet<String>) -> Vec<Package> {
    let packages = python::read(place).into_iter().chain(node::read(place));
    let is_own = |package: &Package| {
        !owned.contains(&package.path) && !package.path.starts_with("/usr/lib/python3/dist-packages/")
    };
    packages.filter(is_own).collect()
}

fn pairs(packages: Vec<Package>) -> Vec<(String, String)> {
    packages.into_iter().map(|package| (package.name, package.version)).collect()
}
