//! The contract of a Dockerfile or an image, with what is wrong in it.

use std::collections::BTreeMap;
use std::rc::Rc;

use plimsoll_build::provenance::Provenance;
use plimsoll_contract::contract::Contract;
use plimsoll_contract::from_dockerfile::{BaseImage, Question, from_dockerfile};
use plimsoll_contract::from_image::from_image;
use plimsoll_dockerfile::stages::resolve_target;
use plimsoll_image::layer::LayeredTree;
use plimsoll_image::{Image, Store};
use plimsoll_lint::{Rule, Subject, findings, sort};
use plimsoll_model::{Because, Diagnostic, FileTree, Platform, Reference, Severity, Source};

use super::building::build_args;
use super::project::Project;
use crate::command_error::{CommandError, ErrorKind};

/// A contract explained.
pub struct Explained {
    /// The promise.
    pub contract: Contract,
    /// What is wrong, worst first.
    pub findings: Vec<Diagnostic>,
    /// How messages call what was explained.
    pub subject: String,
}

/// Where the files are that a Dockerfile's contract is explained with.
struct Files<'a> {
    /// The finished image, if it was built.
    tree: Option<&'a LayeredTree>,
    /// The build context.
    context: plimsoll_contract::origin::Context<'a>,
    /// Base images.
    store: Option<&'a Store>,
}

/// Explain a Dockerfile without building it. Base images count as far as the store has them.
pub fn explain_project(
    store: Option<&Store>,
    project: &Project,
    target: Option<&str>,
    args: &[String],
) -> Result<Explained, CommandError> {
    let context = |path: &str| project.context_entry(path);
    let files = Files { tree: None, context: &context, store };
    explain(&project.dockerfile, target, build_args(args)?, &files)
}

/// Explain an image by the Dockerfile that built it and the files it really has.
pub fn explain_built(
    store: &Store,
    built: &Provenance,
    tree: &LayeredTree,
    context: plimsoll_contract::origin::Context<'_>,
) -> Result<Explained, CommandError> {
    let files = Files { tree: Some(tree), context, store: Some(store) };
    let target = built.target.to_string();
    explain(&built.dockerfile, Some(&target), built.build_args.clone(), &files)
}

/// Explain an image. If it was built here, the findings point into its Dockerfile.
pub fn explain_image(store: &Store, image: &Image, tree: &LayeredTree) -> Result<Explained, CommandError> {
    let name = image.reference.as_ref().map_or_else(|| image.config_digest.short(), Reference::to_string);
    let no_context = |_: &str| None;
    let mut explained = match Provenance::load(store, &image.manifest_digest) {
        Some(built) => explain_built(store, &built, tree, &no_context)?,
        None => {
            let contract = from_image(&image.config, Some(tree), Because::ImageConfig);
            let subject =
                Subject { contract: &contract, written: None, tree: Some(tree), context: &no_context };
            let found = findings(&subject, Rule::is_about_launching);
            Explained { contract, findings: found, subject: String::new() }
        }
    };
    explained.subject = format!("image {name}");
    Ok(explained)
}

fn explain(
    source: &Source,
    target: Option<&str>,
    build_args: BTreeMap<String, String>,
    files: &Files<'_>,
) -> Result<Explained, CommandError> {
    let parsed = plimsoll_dockerfile::parse(source.clone());
    if let (Some(_), Err(found)) = (target, resolve_target(&parsed.dockerfile, target)) {
        return Err(CommandError::with_diagnostics(ErrorKind::Usage, vec![found]));
    }
    let base = |reference: &Reference| base_image(files.store?, reference);
    let question = Question { target, build_args, ..Question::new(Platform::host(), &base, files.context) };
    let mut found = parsed.diagnostics;
    let mut prediction = match from_dockerfile(&parsed.dockerfile, &question) {
        Ok(prediction) => prediction,
        Err(fatal) => {
            found.extend(fatal);
            return Err(CommandError::with_diagnostics(ErrorKind::Parse, found));
        }
    };
    found.extend(prediction.diagnostics.iter().cloned());
    let broken = found.iter().any(|found| found.severity == Severity::Error);
    if let Some(tree) = files.tree {
        // The files are at hand now: what was predicted of them is replaced by what is.
        prediction.confirm(tree);
    }
    let subject = Subject {
        contract: &prediction.contract,
        written: Some((&parsed.dockerfile, &prediction)),
        tree: files.tree.map(|tree| tree as &dyn FileTree),
        context: files.context,
    };
    // Also behind errors of the text: a rule often knows the cause, and the edit.
    if broken {
        sort(&mut found);
        found.extend(findings(&subject, Rule::is_about_launching));
        return Err(CommandError::with_diagnostics(ErrorKind::Parse, found));
    }
    found.extend(findings(&subject, Rule::is_about_launching));
    sort(&mut found);
    let stage = &parsed.dockerfile.stages[prediction.target];
    let subject = format!("stage \"{}\"", plimsoll_build::plan::stage_name(stage, prediction.target));
    Ok(Explained { contract: prediction.contract, findings: found, subject })
}

/// A base image at hand, with its files if they are unpacked.
pub(super) fn base_image(store: &Store, reference: &Reference) -> Option<BaseImage<'static>> {
    if crate::lab::base::is_lab(reference) {
        // It is made here, so it is always at hand.
        crate::lab::base::ensure(store, reference).ok()?;
    }
    let image = store.find_image(&reference.canonical()).ok()?;
    let tree = store.unpack_image(&image).ok().and_then(|_| LayeredTree::of_image(store, &image).ok());
    let tree: Option<Rc<dyn FileTree>> = tree.map(|tree| Rc::new(tree) as Rc<_>);
    Some(BaseImage { config: image.config, tree })
}
