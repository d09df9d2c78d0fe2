//! Proofs kept in the store: `proofs/HEX/MOMENT.json`, the record of one proof of the image whose manifest has
//! the digest HEX; `MOMENT.rollout.json`, that of a rehearsed rollout to it. A file is made under `tmp` and
//! renamed; the newest few of each kind stay.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use plimsoll_contract::judge::Proof;
use plimsoll_contract::wire;
use plimsoll_image::{Store, private_directory};
use plimsoll_model::Digest;

/// So many of a kind are kept of one image: enough to see that a verdict wavers, few enough to forget about.
const KEPT: usize = 8;

/// The directory of the store.
const DIRECTORY: &str = "proofs";

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The image by itself.
    Proof,
    /// A rollout to the image.
    Rollout,
}

impl Kind {
    /// The kind of a proof.
    pub fn of(proof: &Proof) -> Self {
        if proof.evidence.rollout.is_some() { Kind::Rollout } else { Kind::Proof }
    }

    /// How the name of such a record ends.
    fn ending(self) -> &'static str {
        match self {
            Kind::Proof => ".json",
            Kind::Rollout => ".rollout.json",
        }
    }
}

/// A record that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The image's manifest.
    pub manifest: Digest,
    /// What it is about.
    pub kind: Kind,
    /// When it was proven, as the file's name says it.
    pub moment: String,
    /// The file.
    pub path: PathBuf,
}

/// Keep the record of a proof made at a moment (such as `20261129T012345.678901Z`: later ones sort behind).
pub fn keep(store: &Store, manifest: &Digest, moment: &str, proof: &Proof) -> std::io::Result<PathBuf> {
    let directory = store.root().join(DIRECTORY).join(manifest.hex());
    let kind = Kind::of(proof);
    let path = directory.join(format!("{moment}{}", kind.ending()));
    let bytes = wire::record_to_json(proof).to_string();
    let mut file = tempfile::NamedTempFile::new_in(store.root().join("tmp"))?;
    file.write_all(bytes.as_bytes())?;
    private_directory(&directory)?;
    file.persist(&path).map_err(|error| error.error)?;
    let mut alike = of_image(store, manifest);
    alike.retain(|kept| kept.kind == kind);
    let surplus = alike.len().saturating_sub(KEPT);
    // Another process may have removed one already.
    alike[..surplus].iter().for_each(|old| drop(fs::remove_file(&old.path)));
    Ok(path)
}

/// The records of an image, oldest first.
pub fn of_image(store: &Store, manifest: &Digest) -> Vec<Kept> {
    let directory = store.root().join(DIRECTORY).join(manifest.hex());
    let mut found: Vec<Kept> = names(&directory)
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?;
            // The longer ending first: it ends with the other one.
            let of_kind = |kind: Kind| Some((kind, name.strip_suffix(kind.ending())?.to_string()));
            let (kind, moment) = [Kind::Rollout, Kind::Proof].into_iter().find_map(of_kind)?;
            Some(Kept { manifest: *manifest, kind, moment, path })
        })
        .collect();
    found.sort_by(|one, other| one.moment.cmp(&other.moment));
    found
}

/// All records, by image.
pub fn all(store: &Store) -> Vec<Kept> {
    let mut images: Vec<Digest> = images(store).map(|(digest, _)| digest).collect();
    images.sort();
    images.iter().flat_map(|digest| of_image(store, digest)).collect()
}

/// Forget the records of images that are gone.
pub fn forget_orphans(store: &Store) -> std::io::Result<()> {
    images(store).filter(|(digest, _)| !store.has_blob(digest)).try_for_each(|(_, path)| {
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    })
}

fn images(store: &Store) -> impl Iterator<Item = (Digest, PathBuf)> {
    names(&store.root().join(DIRECTORY)).filter_map(|path| {
        let digest = format!("sha256:{}", path.file_name()?.to_str()?).parse().ok()?;
        Some((digest, path))
    })
}

/// What lies in a directory; one that is not there is empty.
fn names(directory: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use plimsoll_contract::{Evidence, from_image, judge};
    use plimsoll_model::{Because, ImageConfig};

    use super::*;

    fn proof(image: &str) -> Proof {
        let contract = from_image(&ImageConfig::default(), None, Because::ImageConfig);
        judge(contract, Evidence { image: image.into(), ..Evidence::default() })
    }

    #[test]
    fn the_newest_few_are_kept_and_orphans_go() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let here = store.put_bytes(b"a manifest").unwrap();
        let gone = Digest::of(b"gone");
        assert_eq!(all(&store), []);
        for number in 0..KEPT + 3 {
            keep(&store, &here, &format!("20261129T0000{number:02}Z"), &proof("app")).unwrap();
        }
        keep(&store, &gone, "20261129T000000Z", &proof("gone")).unwrap();
        let kept = of_image(&store, &here);
        assert_eq!((kept.len(), kept[0].moment.as_str()), (KEPT, "20261129T000003Z"));
        let rollout = plimsoll_contract::evidence::RolloutRecord {
            id: "rollout".into(),
            old: "app:1".into(),
            new: "app".into(),
            replicas: 3,
            max_surge: 1,
            max_unavailable: 0,
            probe: "TCP".into(),
            asks: false,
            lag: std::time::Duration::ZERO,
            every: std::time::Duration::ZERO,
            passes: Vec::new(),
        };
        let mut rehearsed = proof("app");
        rehearsed.evidence.rollout = Some(rollout);
        keep(&store, &here, "20261129T000100Z", &rehearsed).unwrap();
        let (kept, rollouts): (Vec<Kept>, Vec<Kept>) =
            of_image(&store, &here).into_iter().partition(|kept| kept.kind == Kind::Proof);
        assert_eq!((kept.len(), rollouts.len()), (KEPT, 1), "one kind pushes out nothing of the other");
        assert_eq!((rollouts[0].kind, rollouts[0].moment.as_str()), (Kind::Rollout, "20261129T000100Z"));
        let text = fs::read(&kept[0].path).unwrap();
        let (_, evidence) = wire::record_from_json(&serde_json::from_slice(&text).unwrap()).unwrap();
        assert_eq!(evidence.image, "app");
        assert_eq!(all(&store).len(), KEPT + 2);
        forget_orphans(&store).unwrap();
        assert_eq!(all(&store), [kept, rollouts].concat());
    }
}
