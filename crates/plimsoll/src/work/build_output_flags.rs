//! The flags of `build` that say what becomes of the result, and what is told meanwhile.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use plimsoll_image::variant::MediaTypes;
use plimsoll_model::{Platform, Reference};

use super::annotation::{self, Annotation, Level};
use super::attest_spec::AttestSpec;
use super::output_spec::{Form, OutputSpec, Place};
use crate::command_error::CommandError;

/// What becomes of the result, with docker's names.
#[derive(Args, Clone, Default)]
pub struct OutputFlags {
    /// Where the result goes, instead of the store: DIR, - or type=oci|docker|tar|local|image|registry,dest=PATH...
    #[arg(short, long, value_name = "DIR|SPEC")]
    output: Vec<String>,
    /// Send the image to the registries of its names.
    #[arg(long)]
    push: bool,
    /// Put the image into the store, beside other outputs.
    #[arg(long)]
    load: bool,
    /// Build for these platforms; several make one index.
    #[arg(long, value_name = "OS/ARCH", value_delimiter = ',')]
    platform: Vec<String>,
    /// Add a label to the image.
    #[arg(long, value_name = "KEY=VALUE")]
    label: Vec<String>,
    /// Add an annotation: [manifest|index|manifest-descriptor|index-descriptor[PLATFORM]:]KEY=VALUE.
    #[arg(long, value_name = "KEY=VALUE")]
    annotation: Vec<String>,
    /// State how the image was made (SLSA provenance): true, false, mode=min, mode=max.
    #[arg(long, value_name = "SPEC", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    provenance: Option<String>,
    /// State which packages are in the image (SPDX): true, false.
    #[arg(long, value_name = "SPEC", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    sbom: Option<String>,
    /// Both in one form: type=provenance,mode=max or type=sbom.
    #[arg(long, value_name = "SPEC")]
    attest: Vec<String>,
    /// Write the image id to a file.
    #[arg(long, value_name = "FILE")]
    pub iidfile: Option<PathBuf>,
    /// Write digests, names and provenance to a file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub metadata_file: Option<PathBuf>,
    /// Print the image id only.
    #[arg(short, long)]
    pub quiet: bool,
    /// What is told while building.
    #[arg(long, value_enum, default_value = "auto")]
    pub progress: ProgressForm,
}

/// What is told while building.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ProgressForm {
    /// A living region on a terminal, else lines.
    #[default]
    Auto,
    /// Numbered lines, each with its step, for logs.
    Plain,
    /// A living region; standard error must be a terminal.
    Tty,
    /// One JSON object a line, on standard error.
    Json,
    /// Nothing.
    Quiet,
    /// BuildKit's own stream.
    #[value(hide = true)]
    Rawjson,
}

/// The flags, read and checked against each other before any work.
pub struct Wanted {
    /// The outputs; at least one.
    pub outputs: Vec<OutputSpec>,
    /// The platforms, each once, in the order given.
    pub platforms: Vec<Platform>,
    /// Labels to add.
    pub labels: BTreeMap<String, String>,
    /// What is stated about the image.
    pub attest: AttestSpec,
}

impl OutputFlags {
    /// Read all that has a grammar of its own.
    pub fn wanted(&self, tags: &[Reference]) -> Result<Wanted, CommandError> {
        let attest = AttestSpec::read(&self.attest, self.provenance.as_deref(), self.sbom.as_deref())
            .map_err(CommandError::usage)?;
        let wanted = Wanted {
            outputs: self.outputs()?,
            platforms: self.platforms()?,
            labels: labels(&self.label)?,
            attest,
        };
        self.check(&wanted, tags)?;
        Ok(wanted)
    }

    fn outputs(&self) -> Result<Vec<OutputSpec>, CommandError> {
        let mut outputs: Vec<OutputSpec> = self
            .output
            .iter()
            .map(|text| OutputSpec::parse(text))
            .collect::<Result<_, _>>()
            .map_err(CommandError::usage)?;
        let mut is_stored = false;
        for output in &mut outputs {
            if let Place::Store { push, .. } = &mut output.place {
                *push |= self.push;
                is_stored = true;
            }
        }
        if !is_stored && (outputs.is_empty() || self.push || self.load) {
            outputs.push(OutputSpec::store(self.push));
        }
        let read = |text: &String| annotation::from_flag(text);
        let annotations = self.annotation.iter().map(read).collect::<Result<Vec<_>, _>>();
        let annotations: Vec<_> = annotations.map_err(CommandError::usage)?.into_iter().flatten().collect();
        for output in &mut outputs {
            output.form.annotations.extend(annotations.iter().cloned());
        }
        Ok(outputs)
    }

    fn platforms(&self) -> Result<Vec<Platform>, CommandError> {
        let mut platforms = Vec::new();
        for text in &self.platform {
            let read = match text.as_str() {
                "local" => Some(Platform::host()),
                text => Platform::parse_normalised(text),
            };
            let platform = read.ok_or_else(|| {
                CommandError::usage(format!("--platform '{text}' is no platform; linux/arm64 is one"))
            })?;
            if !platforms.contains(&platform) {
                platforms.push(platform);
            }
        }
        if platforms.is_empty() {
            platforms.push(Platform::host());
        }
        Ok(platforms)
    }

    /// What does not go together.
    fn check(&self, wanted: &Wanted, tags: &[Reference]) -> Result<(), CommandError> {
        let usage = |message: &str| Err(CommandError::usage(message));
        let on_stdout = wanted.outputs.iter().filter(|output| output.is_on_stdout()).count();
        if on_stdout > 1 {
            return usage("two outputs cannot both go to standard output; give one a dest=FILE");
        }
        if on_stdout == 1 && std::io::stdout().is_terminal() {
            return Err(CommandError::usage("an archive is not for a terminal")
                .hint("name a file with dest=FILE, or redirect the output"));
        }
        if on_stdout == 1 && self.quiet {
            return usage("-q prints the id to standard output, where the archive goes; use --iidfile");
        }
        for output in &wanted.outputs {
            let unnamed = output.names.is_empty() && tags.is_empty();
            if unnamed && matches!(output.place, Place::Store { push: true, .. }) {
                return usage("an image without a name can go to no registry; name it with -t");
            }
            if wanted.makes_index() && matches!(output.place, Place::Docker(_)) {
                return usage(
                    "docker's archive holds one image without attestations; type=oci holds several with them",
                );
            }
            if wanted.attest.is_asked() && output.form.media_types == MediaTypes::Docker {
                return usage(
                    "manifests of Docker's type carry no attestations; leave oci-mediatypes=false out",
                );
            }
            wanted.check_annotations(&output.form).map_err(CommandError::usage)?;
        }
        if self.progress == ProgressForm::Tty && !std::io::stderr().is_terminal() {
            return usage("--progress=tty needs a terminal on standard error; plain is for logs");
        }
        if self.progress == ProgressForm::Rawjson {
            return usage("rawjson is BuildKit's own stream and not written here; json is one event a line");
        }
        Ok(())
    }
}

impl Wanted {
    /// Whether the result is an index: of several images, or of one with what is stated about it.
    fn makes_index(&self) -> bool {
        self.platforms.len() > 1 || self.attest.is_asked()
    }

    fn check_annotations(&self, form: &Form) -> Result<(), String> {
        for Annotation { level, platform, key, .. } in &form.annotations {
            if matches!(level, Level::Index | Level::IndexDescriptor) && !self.makes_index() {
                return Err(format!(
                    "'{key}' is for an index, and one image without attestations has none; annotate the manifest"
                ));
            }
            if let Some(platform) = platform.as_ref().filter(|platform| !self.platforms.contains(platform)) {
                return Err(format!("'{key}' is for {platform}, for which nothing is built"));
            }
        }
        Ok(())
    }
}

fn labels(words: &[String]) -> Result<BTreeMap<String, String>, CommandError> {
    let pair = |word: &String| {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        match key.is_empty() {
            true => Err(CommandError::usage(format!("--label '{word}' names no label"))),
            false => Ok((key.to_string(), value.to_string())),
        }
    };
    words.iter().map(pair).collect()
}
