//! The contract of a container: its image's, with what it was created with in its place.

use plimsoll_contract::from_image::from_image;
use plimsoll_image::layer::LayeredTree;
use plimsoll_image::{Image, Store};
use plimsoll_lint::{Rule, Subject, findings};
use plimsoll_model::{Because, Digest, FileTree, ImageConfig, Reasoned};
use plimsoll_runtime::container::{Container, Record, State};

use super::explaining::Explained;
use crate::command_error::CommandError;
use crate::session::Session;

/// What a container is, beside its contract.
pub struct ContainerFacts {
    /// What was written down when it was created.
    pub record: Record,
    /// What became of it.
    pub state: State,
    /// The words of the process that is PID 1 now, if it runs and may be seen.
    pub now: Option<Vec<String>>,
    /// The name of its image means another one by now, or none.
    pub image_moved: bool,
}

/// Explain a container, running or not: the promise it was created with, and what it is.
pub fn explain_container(
    session: &Session,
    container: &Container,
) -> Result<(Explained, ContainerFacts), CommandError> {
    let record = container.record().clone();
    let state = container.state().map_err(CommandError::failure)?;
    let image = image_of(&session.store, &record);
    let tree = image.as_ref().and_then(|image| files(&session.store, image));
    let named = session.store.find_image(&record.image).ok();
    let digest = |image: &Image| image.manifest_digest.to_string();
    let image_moved = named.as_ref().map(digest) != record.image_digest;
    let now = match &state {
        State::Running { run, .. } => command_line(run.process.pid),
        _ => None,
    };
    let explained = explain(&record, image.as_ref(), tree.as_ref());
    Ok((explained, ContainerFacts { record, state, now, image_moved }))
}

fn image_of(store: &Store, record: &Record) -> Option<Image> {
    let digest: Digest = record.image_digest.as_deref()?.parse().ok()?;
    store.image(&digest).ok()
}

fn files(store: &Store, image: &Image) -> Option<LayeredTree> {
    store.unpack_image(image).ok()?;
    LayeredTree::of_image(store, image).ok()
}

fn explain(record: &Record, image: Option<&Image>, tree: Option<&LayeredTree>) -> Explained {
    let of_image = image.map(|image| image.config.clone()).unwrap_or_default();
    let config = ImageConfig {
        entrypoint: record.asked.entrypoint.clone().unwrap_or_default(),
        cmd: record.asked.cmd.clone(),
        user: record.asked.user.clone(),
        env: record.spec.env.clone(),
        working_dir: record.spec.workdir.clone(),
        stop_signal: Some(record.spec.stop.signal.to_string()),
        exposed_ports: record.asked.exposed.clone(),
        volumes: record.asked.volumes.clone(),
        ..of_image.clone()
    };
    let tree = tree.map(|tree| tree as &dyn FileTree);
    let mut contract = from_image(&config, tree, Because::ImageConfig);
    let original = from_image(&of_image, None, Because::ImageConfig);
    mark(&mut contract.entrypoint, &original.entrypoint);
    mark(&mut contract.cmd, &original.cmd);
    mark(&mut contract.user, &original.user);
    mark(&mut contract.workdir, &original.workdir);
    mark(&mut contract.stop_signal, &original.stop_signal);
    for variable in &mut contract.env {
        if !original.env.iter().any(|own| own.value == variable.value) {
            variable.because = given();
        }
    }
    let context = |_: &str| None;
    let subject = Subject { contract: &contract, written: None, tree, context: &context };
    let found = findings(&subject, Rule::is_about_launching);
    Explained { contract, findings: found, subject: format!("container {}", record.name) }
}

/// A value that is not the image's came with the command that created the container.
fn mark<T: PartialEq>(value: &mut Reasoned<T>, original: &Reasoned<T>) {
    value.because = if value.value == original.value { original.because.clone() } else { given() };
}

fn given() -> Because {
    Because::Asked("run or create".to_string())
}

/// The words a process was started with, or has put in their place.
fn command_line(pid: u32) -> Option<Vec<String>> {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words = bytes.strip_suffix(b"\0").unwrap_or(&bytes).split(|byte| *byte == 0);
    let words: Vec<String> = words.map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    words.first().is_some_and(|first| !first.is_empty()).then_some(words)
}
