//! Where the sources of a COPY or ADD come from: here, a file's address, a repository.

use plimsoll_contract::stage::CopyWork;
use plimsoll_image::SourceTree;
use plimsoll_image::git::{self, Git, GitAddress, GitError, GitTree, Resolved};
use plimsoll_image::registry::Event as Connection;
use plimsoll_image::remote_file::{Content, FetchedFile, FileAddress, RemoteFile, RemoteFileError};
use plimsoll_model::Digest;

use super::StageBuild;
use crate::copy::{self, Selected, Word};
use crate::error::BuildError;
use crate::event::Event;
use crate::key::KeyHasher;
use crate::place::Place;
use crate::request::Reach;

/// Sources that are next to each other and come from the same place.
pub(super) struct Origin {
    pub(super) words: Vec<Word>,
    pub(super) kind: OriginKind,
}

pub(super) enum OriginKind {
    /// The context, a stage or an image.
    Here,
    /// A file behind an address. Its bytes are not here yet if its checksum is all that was asked for.
    File { address: FileAddress, checksum: Option<Digest>, content: Content },
    /// A commit of a repository.
    Git { address: GitAddress, resolved: Resolved, keep: bool },
}

/// Something fetched: what it is copied from, and the entry of it that is meant.
pub(super) type Fetched = (Box<dyn SourceTree>, Selected);

impl StageBuild<'_, '_> {
    /// Look at every source; of addresses, ask what stands there now.
    pub(super) fn origins(&self, place: &Place<'_>, work: &CopyWork) -> Result<Vec<Origin>, BuildError> {
        self.check_checksum(place, work)?;
        let mut origins: Vec<Origin> = Vec::new();
        let mut reach = None;
        for (text, span) in work.sources.iter().zip(&work.source_spans) {
            let word = Word { text: text.clone(), span: *span };
            let Some(address) = Address::read(text) else {
                match origins.last_mut() {
                    Some(Origin { words, kind: OriginKind::Here }) => words.push(word),
                    _ => origins.push(Origin { words: vec![word], kind: OriginKind::Here }),
                }
                continue;
            };
            let address = address.map_err(|why| place.refuse_at(word.span, why))?;
            if !work.is_add {
                let message = format!("COPY fetches nothing, and '{text}' is an address: ADD does");
                return Err(place.refuse_at(word.span, message));
            }
            let reach = match &reach {
                Some(reach) => reach,
                None => reach
                    .insert((self.build.request.outside)().map_err(|why| place.refuse_at(word.span, why))?),
            };
            let kind = match address {
                Address::File(address) => self.look_at_file(place, work, &word, address, reach)?,
                Address::Git(address) => self.look_at_repository(place, work, &word, address, reach)?,
            };
            origins.push(Origin { words: vec![word], kind });
        }
        if origins.is_empty() {
            origins.push(Origin { words: Vec::new(), kind: OriginKind::Here });
        }
        Ok(origins)
    }

    /// As BuildKit: one source, and one that is fetched.
    fn check_checksum(&self, place: &Place<'_>, work: &CopyWork) -> Result<(), BuildError> {
        if work.checksum.is_none() {
            return Ok(());
        }
        let [source] = work.sources.as_slice() else {
            return Err(place.refuse_flag("checksum", "--checksum is for one source: give each its own ADD"));
        };
        match Address::read(source) {
            Some(_) => Ok(()),
            None => Err(place.refuse_flag(
                "checksum",
                format!("--checksum is for what is fetched, and '{source}' is a file of the build context"),
            )),
        }
    }

    fn look_at_file(
        &self,
        place: &Place<'_>,
        work: &CopyWork,
        word: &Word,
        address: FileAddress,
        reach: &Reach,
    ) -> Result<OriginKind, BuildError> {
        let nameless = address.name.is_none() && work.unpack != Some(true);
        if nameless && copy::says_directory(&work.destination) {
            return Err(place.refuse_at(word.span, format!("'{}' {}", word.text, copy::NAMELESS)));
        }
        let checksum = work.checksum.as_deref().map(|text| {
            text.parse::<Digest>().map_err(|_| {
                let message = format!(
                    "'{text}' is no checksum of a file: 'sha256:' and 64 hexadecimal digits were expected"
                );
                place.refuse_flag("checksum", message)
            })
        });
        let checksum = checksum.transpose()?;
        let content = match checksum {
            // The key needs no more than the digest; archives are recognised by their bytes.
            Some(digest) if work.unpack != Some(true) => {
                let known = self.remote(&address, reach, |file| Ok(file.known(digest)));
                known.ok().flatten().unwrap_or(Content { digest, size: 0, modified: None })
            }
            _ => self.fetch_file(place, word, &address, checksum, reach)?,
        };
        Ok(OriginKind::File { address, checksum, content })
    }

    fn fetch_file(
        &self,
        place: &Place<'_>,
        word: &Word,
        address: &FileAddress,
        checksum: Option<Digest>,
        reach: &Reach,
    ) -> Result<Content, BuildError> {
        let fetch = |file: &RemoteFile<'_>| match checksum {
            Some(digest) => file.pinned(digest),
            None => file.current(),
        };
        self.remote(address, reach, fetch).map_err(|error| match error {
            RemoteFileError::Store(error) => BuildError::Store(error),
            RemoteFileError::WrongChecksum { .. } => place.refuse_flag("checksum", error),
            error => place.refuse_at(word.span, error),
        })
    }

    fn remote<T>(
        &self,
        address: &FileAddress,
        reach: &Reach,
        ask: impl FnOnce(&RemoteFile<'_>) -> Result<T, RemoteFileError>,
    ) -> Result<T, RemoteFileError> {
        let events = |event: Connection| {
            if let Connection::Retry { why, wait } = event {
                let bytes = format!("{why}: once more in {} s\n", wait.as_secs_f32()).into_bytes();
                self.tell(Event::Output { step: self.id(), bytes });
            }
        };
        let store = self.build.request.store;
        let stop = || self.build.cancel.is_given_up();
        ask(&RemoteFile { address, access: &reach.access, store, events: &events, stop: &stop })
    }

    fn look_at_repository(
        &self,
        place: &Place<'_>,
        work: &CopyWork,
        word: &Word,
        mut address: GitAddress,
        reach: &Reach,
    ) -> Result<OriginKind, BuildError> {
        let conflict =
            |flag: &str| place.refuse_flag(flag, format!("--{flag} and the address say two things"));
        if let Some(checksum) = &work.checksum {
            if !GitAddress::is_checksum(checksum) {
                let message = format!("'{checksum}' is no commit: 7 to 64 hexadecimal digits were expected");
                return Err(place.refuse_flag("checksum", message));
            }
            if address.checksum.as_ref().is_some_and(|other| other != checksum) {
                return Err(conflict("checksum"));
            }
            address.checksum = Some(checksum.clone());
        }
        let keep = match (work.keep_git_dir, address.keep_git_dir) {
            (Some(one), Some(other)) if one != other => return Err(conflict("keep-git-dir")),
            (one, other) => one.or(other).unwrap_or(false),
        };
        let stop = || self.build.cancel.is_given_up();
        let resolved = git::resolve(&Git { program: &reach.git, stop: &stop }, &address);
        let resolved = resolved.map_err(|error| git_failed(place, word, error))?;
        Ok(OriginKind::Git { address, resolved, keep })
    }

    /// What an origin that is not here is copied from; what is not fetched yet is fetched now.
    pub(super) fn fetch(&self, place: &Place<'_>, origin: &Origin) -> Result<Option<Fetched>, BuildError> {
        let store = self.build.request.store;
        let reach = || (self.build.request.outside)().map_err(|why| place.refuse(why));
        match (&origin.kind, origin.words.first()) {
            (OriginKind::File { address, checksum: Some(digest), content }, Some(word))
                if !store.has_blob(&content.digest) =>
            {
                let content = self.fetch_file(place, word, address, Some(*digest), &reach()?)?;
                Ok(Some(fetched(FetchedFile::new(store, content), address, false)))
            }
            (OriginKind::Git { address, resolved, keep }, Some(word)) => {
                let stop = || self.build.cancel.is_given_up();
                let git = Git { program: &reach()?.git, stop: &stop };
                let tree = git::checkout(&git, address, resolved, *keep, store);
                let tree = tree.map_err(|error| git_failed(place, word, error))?;
                let top = subdirectory(place, word, &tree, address)?;
                Ok(Some((Box::new(tree), top)))
            }
            _ => Ok(None),
        }
    }
}

impl Origin {
    /// Whether its sources are looked for in the context, a stage or an image.
    pub(super) fn is_here(&self) -> bool {
        matches!(self.kind, OriginKind::Here)
    }

    /// A fetched file as something to copy from, as far as it is known.
    pub(super) fn file(&self, store: &plimsoll_image::Store, unpack: bool) -> Option<Fetched> {
        let OriginKind::File { address, content, .. } = &self.kind else { return None };
        let tree = FetchedFile::new(store, *content);
        let unpack = unpack && tree.open(FetchedFile::PATH).is_ok_and(plimsoll_image::layer::is_archive);
        Some(fetched(tree, address, unpack))
    }

    /// Add to a key what decides the files of a repository: the commit does.
    pub(super) fn hash(&self, key: &mut KeyHasher) {
        if let OriginKind::Git { address, resolved, keep } = &self.kind {
            let subdir = address.subdir.as_deref().unwrap_or_default();
            let submodules = address.submodules != Some(false);
            key.texts("the commit", "", [resolved.commit.as_str(), subdir]);
            let rules = [u8::from(*keep), u8::from(submodules)];
            key.fact("what is kept of the repository", b"", [rules.as_slice()]);
        }
    }
}

fn fetched(tree: FetchedFile, address: &FileAddress, unpack: bool) -> Fetched {
    let top = Selected {
        path: FetchedFile::PATH.to_vec(),
        name: address.name.clone().unwrap_or_default(),
        entry: tree.file(),
        unpack,
        above: Vec::new(),
    };
    (Box::new(tree), top)
}

/// The directory of a repository that was asked for.
fn subdirectory(
    place: &Place<'_>,
    word: &Word,
    tree: &GitTree,
    address: &GitAddress,
) -> Result<Selected, BuildError> {
    let subdir = address.subdir.as_deref().unwrap_or_default();
    match tree.subdirectory(subdir)? {
        Some((path, entry)) => {
            Ok(Selected { path, name: Vec::new(), entry, unpack: false, above: Vec::new() })
        }
        None => {
            let message = format!("{} has no directory '{subdir}'", address.shown());
            Err(place.refuse_at(word.span, message))
        }
    }
}

fn git_failed(place: &Place<'_>, word: &Word, error: GitError) -> BuildError {
    match error {
        GitError::Store(error) => BuildError::Store(error),
        error @ GitError::WrongCommit { .. } => {
            // The checksum may stand in the address.
            let flag = place.flag("checksum");
            let span = if flag == place.statement.span { word.span } else { flag };
            place.refuse_at(span, error)
        }
        error => place.refuse_at(word.span, error),
    }
}

/// A source that is not here.
enum Address {
    File(FileAddress),
    Git(GitAddress),
}

impl Address {
    fn read(text: &str) -> Option<Result<Self, String>> {
        if let Some(repository) = GitAddress::parse(text) {
            let wrong = |why| format!("'{text}' cannot be fetched: {why}");
            return Some(repository.map(Address::Git).map_err(wrong));
        }
        let (scheme, _) = text.split_once("://")?;
        let is_scheme = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let file = || FileAddress::parse(text).map(Address::File).map_err(|error| error.to_string());
        is_scheme.then(file)
    }
}
