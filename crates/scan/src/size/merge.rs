//! Lays layers over each other and follows every body of bytes to its end.
//!
//! Rules of the OCI image-spec (`layer.md`): a whiteout and an opaque marker hide entries of lower
//! layers only, wherever they stand in their own layer; anything but a directory over a directory
//! takes the place of the whole directory.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::{Loss, parent};
use crate::layer::{LayerEntry, LayerEntryKind, LayerListing};

/// The bytes of one regular file in one layer, under however many names.
#[derive(Debug)]
pub(crate) struct Body<'a> {
    /// One of its names: a living one as long as there is one.
    pub(crate) path: &'a str,
    pub(crate) size: u64,
    pub(crate) layer: usize,
    pub(crate) loss: Option<Lost<'a>>,
    digest: Option<plimsoll_model::Digest>,
    names: usize,
}

/// How and where a body lost its last name.
#[derive(Debug, Clone)]
pub(crate) struct Lost<'a> {
    pub(crate) layer: usize,
    pub(crate) loss: Loss,
    /// The path whose removal did it.
    pub(crate) through: &'a str,
}

/// The finished image's names and all bodies that ever were.
#[derive(Debug, Default)]
pub(crate) struct Merged<'a> {
    pub(crate) bodies: Vec<Body<'a>>,
    names: BTreeMap<&'a str, Node>,
}

#[derive(Debug, Clone, Copy)]
enum Node {
    Directory,
    Body(usize),
    Other,
}

impl<'a> Merged<'a> {
    /// The finished image's regular files: path and body, sorted by path.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&'a str, &Body<'a>)> {
        self.names.iter().filter_map(|(path, node)| match node {
            Node::Body(body) => Some((*path, &self.bodies[*body])),
            _ => None,
        })
    }

    fn apply(&mut self, number: usize, layer: &'a LayerListing) {
        for entry in &layer.entries {
            match entry.kind {
                LayerEntryKind::Whiteout => self.white_out(number, &entry.path),
                LayerEntryKind::Opaque => {
                    self.remove_below(&Lost::new(number, Loss::DirectoryDeleted, &entry.path))
                }
                _ => {}
            }
        }
        let mut early_links = Vec::new();
        let mut made_way_in = "";
        for entry in &layer.entries {
            if matches!(entry.kind, LayerEntryKind::Whiteout | LayerEntryKind::Opaque) {
                continue;
            }
            if parent(&entry.path) != made_way_in {
                made_way_in = parent(&entry.path);
                self.make_way(number, made_way_in);
            }
            if !self.add(number, entry) {
                early_links.push(entry);
            }
        }
        // A link that stands before its file, or to nothing at all, which then has no bytes.
        for entry in early_links {
            if !self.add(number, entry) {
                self.take_place(number, &entry.path, None);
                self.names.insert(&entry.path, Node::Other);
            }
        }
    }

    /// Enter one entry; `false` for a hard link whose file is not there (yet).
    fn add(&mut self, number: usize, entry: &'a LayerEntry) -> bool {
        let path = entry.path.as_str();
        match &entry.kind {
            LayerEntryKind::Directory => {
                // One that was only implied so far keeps what is in it.
                if matches!(self.names.get(path), Some(Node::Body(_))) {
                    self.take_place(number, path, None);
                }
                self.names.insert(path, Node::Directory);
            }
            LayerEntryKind::File => {
                self.take_place(number, path, entry.digest);
                let (size, digest) = (entry.size, entry.digest);
                self.names.insert(path, Node::Body(self.bodies.len()));
                self.bodies.push(Body { path, size, layer: number, loss: None, digest, names: 1 });
            }
            LayerEntryKind::HardLink(target) => {
                let Some(&Node::Body(body)) = self.names.get(target.as_str()) else { return false };
                if target != path {
                    self.bodies[body].names += 1;
                    self.take_place(number, path, None);
                    self.names.insert(path, Node::Body(body));
                }
            }
            _ => {
                self.take_place(number, path, None);
                self.names.insert(path, Node::Other);
            }
        }
        true
    }

    /// A file above the new entry gives way to a directory, even where the layer lists none.
    fn make_way(&mut self, number: usize, directory: &'a str) {
        let mut above = directory;
        while above != "/" && !above.is_empty() {
            match self.names.get(above) {
                Some(Node::Directory) => return,
                Some(_) => return self.take_place(number, above, None),
                None => above = parent(above),
            }
        }
    }

    fn white_out(&mut self, number: usize, path: &'a str) {
        match self.names.remove(path) {
            Some(Node::Body(body)) => self.lose_name(body, path, Lost::new(number, Loss::Deleted, path)),
            // A directory, listed or only implied by what is below it.
            _ => self.remove_below(&Lost::new(number, Loss::DirectoryDeleted, path)),
        }
    }

    /// Remove what stands at a path since something new comes there.
    fn take_place(&mut self, number: usize, path: &'a str, digest: Option<plimsoll_model::Digest>) {
        match self.names.remove(path) {
            Some(Node::Body(body)) => {
                let same = digest.is_some() && self.bodies[body].digest == digest;
                let loss = if same { Loss::CopiedUnchanged } else { Loss::Overwritten };
                self.lose_name(body, path, Lost::new(number, loss, path));
            }
            Some(Node::Other) => {}
            Some(Node::Directory) | None => {
                self.remove_below(&Lost::new(number, Loss::DirectoryDeleted, path))
            }
        }
    }

    fn remove_below(&mut self, lost: &Lost<'a>) {
        let start = format!("{}/", lost.through.trim_end_matches('/'));
        // '0' is the byte after '/'.
        let end = format!("{}0", lost.through.trim_end_matches('/'));
        let range = (Bound::Excluded(start.as_str()), Bound::Excluded(end.as_str()));
        let below: Vec<(&'a str, Node)> =
            self.names.range::<str, _>(range).map(|(path, node)| (*path, *node)).collect();
        for (path, node) in below {
            self.names.remove(path);
            if let Node::Body(body) = node {
                self.lose_name(body, path, lost.clone());
            }
        }
    }

    fn lose_name(&mut self, body: usize, path: &'a str, lost: Lost<'a>) {
        let body = &mut self.bodies[body];
        body.names = body.names.saturating_sub(1);
        if body.names == 0 {
            body.path = path;
            body.loss = Some(lost);
        }
    }

    /// A body whose first name is gone is shown under one that is left.
    fn name_bodies_by_what_is_left(&mut self) {
        for (path, node) in self.names.iter().rev() {
            if let Node::Body(body) = node {
                self.bodies[*body].path = path;
            }
        }
    }
}

impl<'a> Lost<'a> {
    fn new(layer: usize, loss: Loss, through: &'a str) -> Self {
        Lost { layer, loss, through }
    }
}

/// Lay layers over each other, lowest first.
pub(crate) fn merge(layers: &[LayerListing]) -> Merged<'_> {
    let mut merged = Merged::default();
    for (number, layer) in layers.iter().enumerate() {
        merged.apply(number, layer);
    }
    merged.name_bodies_by_what_is_left();
    merged
}
