//! From built images to what is given away: one manifest, or an index of several with what is stated
//! about them, in the form an output asks for.

use std::collections::BTreeMap;

use plimsoll_build::Built;
use plimsoll_build::attestation::{self, BuildFacts, SLSA_PROVENANCE, SPDX_DOCUMENT, Subject};
use plimsoll_image::attestation::Statement;
use plimsoll_image::history::history;
use plimsoll_image::image_index::platform_wire;
use plimsoll_image::layer::LayeredTree;
use plimsoll_image::variant::MediaTypes;
use plimsoll_image::{Image, Store};
use plimsoll_model::manifest::Descriptor;
use plimsoll_model::{Digest, Platform, Reference, Source};
use plimsoll_scan::spdx;

use super::annotation::{Annotation, Level};
use super::attest_spec::AttestSpec;
use super::output_spec::Form;
use super::scanning::{bill_subject, scan_image};
use crate::command_error::CommandError;

/// An image built for a platform.
pub struct PlatformBuilt {
    /// The platform asked for.
    pub platform: Platform,
    /// The image.
    pub built: Built,
}

/// What all outputs of a build are made from.
pub struct Assembly<'a> {
    /// Where the images are.
    pub store: &'a Store,
    /// One image a platform.
    pub builts: &'a [PlatformBuilt],
    /// What is stated.
    pub attest: &'a AttestSpec,
    /// The Dockerfile.
    pub dockerfile: &'a Source,
    /// `--target`.
    pub target: Option<&'a str>,
    /// `--build-arg` values.
    pub build_args: &'a BTreeMap<String, String>,
    /// `--label` values.
    pub labels: &'a BTreeMap<String, String>,
    /// The time SOURCE_DATE_EPOCH gives, if it is set: statements carry no other.
    pub time: Option<&'a str>,
}

/// What an output gives away.
#[derive(Debug, Clone)]
pub struct Assembled {
    /// The manifest, or the index of several.
    pub listed: Digest,
    /// Annotations of its entry in a layout.
    pub entry_annotations: BTreeMap<String, String>,
    /// The manifests of the images, in the order of the platforms.
    pub manifests: Vec<Digest>,
}

impl Assembly<'_> {
    /// Write manifests in this form, and an index where there are several or statements. What does not
    /// go together was refused with the flags ([`super::build_output_flags::OutputFlags::wanted`]).
    pub fn assemble(&self, form: &Form, names: &[Reference]) -> Result<Assembled, CommandError> {
        let several = self.builts.len() > 1 || self.attest.is_asked();
        let mut manifests = Vec::new();
        for one in self.builts {
            manifests.push(self.manifest(one, form)?);
        }
        if !several {
            let platform = &self.builts[0].platform;
            let entry_annotations = annotations(form, Level::ManifestDescriptor, Some(platform));
            return Ok(Assembled { listed: manifests[0], entry_annotations, manifests });
        }
        let mut entries = Vec::new();
        for (one, digest) in self.builts.iter().zip(&manifests) {
            entries.push(self.entry(one, digest, form)?);
        }
        if self.attest.is_asked() {
            for (one, digest) in self.builts.iter().zip(&manifests) {
                let statements: Vec<Statement> = self
                    .statements(one, digest, names)?
                    .into_iter()
                    .map(|(_, statement)| statement)
                    .collect();
                entries
                    .push(self.store.create_attestation(digest, &statements).map_err(CommandError::failure)?);
            }
        }
        let own = annotations(form, Level::Index, None);
        let listed = self.store.create_index(form.media_types.index(), entries, own);
        let entry_annotations = annotations(form, Level::IndexDescriptor, None);
        Ok(Assembled { listed: listed.map_err(CommandError::failure)?, entry_annotations, manifests })
    }

    /// The manifest of one image: its own one where the form changes nothing.
    fn manifest(&self, one: &PlatformBuilt, form: &Form) -> Result<Digest, CommandError> {
        let image = &one.built.image;
        let own = annotations(form, Level::Manifest, Some(&one.platform));
        let mut layers = image.committed_layers();
        if let Some(packing) = form.packing {
            let from = if form.force { 0 } else { base_layers(&one.built) };
            for layer in layers.iter_mut().skip(from) {
                *layer = self.store.recompress(layer, packing).map_err(CommandError::failure)?;
            }
        }
        if own.is_empty() && form.media_types == MediaTypes::Oci && layers == image.committed_layers() {
            return Ok(image.manifest_digest);
        }
        let digest = self.store.create_variant(image, &layers, form.media_types, own);
        let digest = digest.map_err(CommandError::failure)?;
        one.built.provenance.save(self.store, &digest).map_err(CommandError::failure)?;
        Ok(digest)
    }

    fn entry(&self, one: &PlatformBuilt, digest: &Digest, form: &Form) -> Result<Descriptor, CommandError> {
        let image = self.store.image(digest).map_err(CommandError::failure)?;
        let media_type = image.manifest.media_type.as_deref().unwrap_or_default();
        let platform = image.config.platform.as_ref().unwrap_or(&one.platform);
        Ok(Descriptor {
            platform: Some(platform_wire(platform)),
            annotations: annotations(form, Level::ManifestDescriptor, Some(&one.platform)),
            ..Descriptor::new(media_type, *digest, image.manifest_bytes.len() as u64)
        })
    }

    /// What is stated about an image, with the names of the files that carry it beside plain files.
    pub fn statements(
        &self,
        one: &PlatformBuilt,
        digest: &Digest,
        names: &[Reference],
    ) -> Result<Vec<(&'static str, Statement)>, CommandError> {
        let subject = Subject { digest: *digest, platform: &one.platform, names };
        let statement = |kind: &str, predicate| Statement {
            predicate_type: kind.to_string(),
            bytes: attestation::statement(&subject, kind, predicate),
        };
        let mut statements = Vec::new();
        if self.attest.sbom {
            let document = self.packages(&one.built.image, digest, names)?;
            statements.push(("sbom.spdx.json", statement(SPDX_DOCUMENT, document)));
        }
        if let Some(predicate) = self.provenance(one) {
            statements.push(("provenance.json", statement(SLSA_PROVENANCE, predicate)));
        }
        Ok(statements)
    }

    /// The SLSA predicate, if it is asked for.
    pub fn provenance(&self, one: &PlatformBuilt) -> Option<serde_json::Value> {
        let detail = self.attest.provenance?;
        let builder = format!("pkg:generic/plimsoll@{}", env!("CARGO_PKG_VERSION"));
        let facts = BuildFacts {
            dockerfile: self.dockerfile,
            target: self.target,
            platform: &one.platform,
            built_on: &Platform::host(),
            build_args: self.build_args,
            labels: self.labels,
            images: &one.built.images,
            time: self.time,
            builder: self.attest.builder.as_deref().unwrap_or(&builder),
            version: env!("CARGO_PKG_VERSION"),
        };
        Some(attestation::provenance(&facts, detail))
    }

    fn packages(
        &self,
        image: &Image,
        digest: &Digest,
        names: &[Reference],
    ) -> Result<serde_json::Value, CommandError> {
        let tree = LayeredTree::of_image(self.store, image).map_err(CommandError::failure)?;
        let report = scan_image(self.store, image, &tree, None)?;
        Ok(spdx::document(&report, &bill_subject(image, digest, names.first())))
    }
}

/// How many of an image's layers, from the lowest, came with its base.
fn base_layers(built: &Built) -> usize {
    let steps = history(&built.image).into_iter().zip(&built.provenance.places);
    steps.filter(|(step, place)| step.layer.is_some() && place.is_none()).count()
}

fn annotations(form: &Form, level: Level, platform: Option<&Platform>) -> BTreeMap<String, String> {
    let meant = |annotation: &&Annotation| {
        annotation.level == level
            && (annotation.platform.is_none() || annotation.platform.as_ref() == platform)
    };
    form.annotations
        .iter()
        .filter(meant)
        .map(|annotation| (annotation.key.clone(), annotation.value.clone()))
        .collect()
}
