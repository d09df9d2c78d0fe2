//! `plimsoll kube`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use plimsoll_contract::judge::judge;
use plimsoll_contract::wire;
use plimsoll_kube::{BadName, KubeVersion, ObjectName, Options, generate};
use plimsoll_model::Reference;

use crate::command_error::{CommandError, CommandResult};
use crate::launch_flags::experiment::ExperimentFlags;
use crate::session::Session;
use crate::terminal::{self, Progress};
use crate::work::explaining::explain_image;
use crate::work::proving::prove_image;

/// Write Kubernetes manifests from what was proven.
#[derive(Args)]
pub struct Kube {
    #[command(subcommand)]
    verb: KubeVerb,
}

#[derive(Subcommand)]
enum KubeVerb {
    /// Deployment and Service for an image; every value carries its reason.
    Generate(Generate),
}

#[derive(Args)]
struct Generate {
    /// Name, id or digest of the image.
    image: String,
    #[command(flatten)]
    flags: KubeFlags,
    /// Use this recorded evidence instead of running the experiments now.
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
    /// Write to a file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Wishes for the generated objects.
#[derive(Args, Clone, Default)]
pub struct KubeFlags {
    /// Name of the objects; the image's if not given.
    #[arg(long = "name", value_name = "NAME", value_parser = object_name)]
    pub object_name: Option<ObjectName>,
    /// Namespace to write into the objects.
    #[arg(long, value_name = "NAME", value_parser = object_name)]
    pub namespace: Option<ObjectName>,
    /// Number of pods.
    #[arg(long)]
    pub replicas: Option<u32>,
    /// Where the cluster pulls the image from, if it was pushed.
    #[arg(long, value_name = "IMAGE")]
    pub pulled_from: Option<Reference>,
    /// The Kubernetes version the manifests are for.
    #[arg(long, value_name = "1.MINOR", default_value_t = KubeVersion::default())]
    pub kubernetes: KubeVersion,
}

fn object_name(text: &str) -> Result<ObjectName, BadName> {
    text.parse()
}

impl KubeFlags {
    /// As the generator takes them.
    pub fn options(&self) -> Options {
        Options {
            name: self.object_name.clone(),
            namespace: self.namespace.clone(),
            replicas: self.replicas,
            pulled_from: self.pulled_from.clone(),
            kubernetes: self.kubernetes,
            ..Options::default()
        }
    }
}

impl Kube {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        match self.verb {
            KubeVerb::Generate(generate) => generate.execute(),
        }
    }
}

impl Generate {
    fn execute(self) -> CommandResult {
        let session = Session::open_to_launch()?;
        let (image, tree) = session.unpacked(&self.image)?;
        let contract = explain_image(&session.store, &image, &tree)?.contract;
        let proof = match &self.evidence {
            None => {
                let progress = Progress::new(false);
                let proof = prove_image(
                    &session,
                    &image,
                    &tree,
                    &contract,
                    (&ExperimentFlags::default(), &[]),
                    false,
                    &progress,
                )?;
                progress.finish();
                proof
            }
            Some(path) => {
                let failed = |why: String| CommandError::usage(format!("{}: {why}", path.display()));
                let bytes =
                    std::fs::read(path).map_err(|error| failed(plimsoll_image::error::reason(&error)))?;
                let document = serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))?;
                let evidence = wire::from_json(&document).map_err(|error| failed(error.to_string()))?;
                if evidence.digest != image.manifest_digest.to_string() {
                    return Err(failed(format!(
                        "this is evidence of {}, the image is {}",
                        evidence.digest, image.manifest_digest
                    )));
                }
                judge(contract, evidence)
            }
        };
        let yaml = generate(&proof, &self.flags.options()).to_yaml();
        match &self.output {
            None => terminal::print(&yaml),
            Some(path) => {
                std::fs::write(path, yaml).map_err(|error| CommandError::file("write", path, &error))?
            }
        }
        Ok(0)
    }
}
