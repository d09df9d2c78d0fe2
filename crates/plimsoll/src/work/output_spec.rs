//! `--output`: where a build's result goes and in which form, in docker's grammar.

use std::collections::BTreeMap;
use std::path::PathBuf;

use plimsoll_image::recompress::Packing;
use plimsoll_image::variant::MediaTypes;
use plimsoll_model::Reference;
use plimsoll_model::user::nearest;

use super::annotation::{self, Annotation};
use super::csv;

/// One output.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputSpec {
    /// Where to.
    pub place: Place,
    /// Names of the image; those of `--tag` if there are none.
    pub names: Vec<Reference>,
    /// How an image is written.
    pub form: Form,
}

/// Where a result goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Into the store.
    Store {
        /// And to the registries of its names.
        push: bool,
        /// A registry without TLS will do.
        insecure: bool,
    },
    /// An OCI layout as tar.
    Oci(Dest),
    /// An OCI layout as a directory.
    OciDirectory(PathBuf),
    /// Docker's archive.
    Docker(Dest),
    /// The files as tar.
    Tar(Dest),
    /// The files as files.
    Local(PathBuf),
    /// Nowhere: only the step cache is filled.
    CacheOnly,
}

/// Where a stream goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dest {
    /// Standard output.
    Stdout,
    /// A file.
    File(PathBuf),
}

/// How an image is written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Form {
    /// Packing of layers; as they are if not given.
    pub packing: Option<Packing>,
    /// Those of base images too.
    pub force: bool,
    /// In whose words.
    pub media_types: MediaTypes,
    /// Annotations.
    pub annotations: Vec<Annotation>,
}

/// The types, and the keys of each beside `type`.
const TYPES: [(&str, &[&str]); 7] = [
    ("local", &["dest", "platform-split"]),
    ("tar", &["dest"]),
    (
        "oci",
        &["dest", "name", "tar", "compression", "compression-level", "force-compression", "oci-mediatypes"],
    ),
    ("docker", &["dest", "name", "compression", "compression-level", "force-compression", "oci-mediatypes"]),
    ("image", IMAGE_KEYS),
    ("registry", IMAGE_KEYS),
    ("cacheonly", &[]),
];

const IMAGE_KEYS: &[&str] = &[
    "name",
    "push",
    "registry.insecure",
    "compression",
    "compression-level",
    "force-compression",
    "oci-mediatypes",
];

impl OutputSpec {
    /// Into the store, perhaps on to registries.
    pub fn store(push: bool) -> Self {
        let place = Place::Store { push, insecure: false };
        OutputSpec { place, names: Vec::new(), form: Form::default() }
    }

    /// Read one `--output`; the error is one sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fields = csv::fields(text)?;
        if let [only] = fields.as_slice()
            && !only.contains('=')
        {
            let place = match only.as_str() {
                "" => return Err("--output is empty: a directory, '-' or type=TYPE was expected".to_string()),
                "-" => Place::Tar(Dest::Stdout),
                directory => Place::Local(directory.into()),
            };
            return Ok(OutputSpec { place, names: Vec::new(), form: Form::default() });
        }
        let attributes = Attributes::read(&fields).map_err(|why| format!("--output '{text}': {why}"))?;
        attributes.spec().map_err(|why| format!("--output '{text}': {why}"))
    }

    /// Whether an image is made, not only files.
    pub fn makes_image(&self) -> bool {
        !matches!(self.place, Place::Tar(_) | Place::Local(_) | Place::CacheOnly)
    }

    /// Whether it goes to standard output.
    pub fn is_on_stdout(&self) -> bool {
        matches!(
            &self.place,
            Place::Oci(Dest::Stdout) | Place::Docker(Dest::Stdout) | Place::Tar(Dest::Stdout)
        )
    }
}

/// The keys and values of one output.
struct Attributes {
    kind: String,
    values: BTreeMap<String, String>,
    annotations: Vec<Annotation>,
}

impl Attributes {
    fn read(fields: &[String]) -> Result<Self, String> {
        let mut values = BTreeMap::new();
        let mut annotations = Vec::new();
        for field in fields {
            let pair = field.split_once('=');
            let (key, value) = pair.ok_or_else(|| format!("'{field}' is no KEY=VALUE"))?;
            let key = key.trim().to_ascii_lowercase();
            // The key of an annotation keeps its letters.
            if let Some(annotation) =
                annotation::from_attribute(field.split_once('=').map_or("", |pair| pair.0), value)
            {
                annotations.push(annotation?);
            } else if values.insert(key.clone(), value.to_string()).is_some() {
                return Err(format!("'{key}' is given twice"));
            }
        }
        let kind = values.remove("type").ok_or("it has no type=, as type=oci")?;
        let Some((_, keys)) = TYPES.iter().find(|(name, _)| *name == kind) else {
            return Err(unknown(&kind, "type", TYPES.iter().map(|(name, _)| *name)));
        };
        if let Some(key) = values.keys().find(|key| !keys.contains(&key.as_str())) {
            return Err(unknown(key, &format!("key of type={kind}"), keys.iter().copied()));
        }
        Ok(Attributes { kind, values, annotations })
    }

    fn spec(self) -> Result<OutputSpec, String> {
        let names = match self.values.get("name") {
            Some(names) => names.split(',').map(parse_name).collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        let form = self.form()?;
        if !form.annotations.is_empty() && matches!(self.kind.as_str(), "local" | "tar" | "cacheonly") {
            return Err(format!("type={} has no manifest that could carry annotations", self.kind));
        }
        Ok(OutputSpec { place: self.place()?, names, form })
    }

    fn place(&self) -> Result<Place, String> {
        let dest = self.values.get("dest").filter(|dest| !dest.is_empty());
        let stream = || match dest.map(String::as_str) {
            None | Some("-") => Dest::Stdout,
            Some(path) => Dest::File(path.into()),
        };
        let directory = || match dest.map(String::as_str) {
            None | Some("-") => Err("it needs a directory: dest=DIR".to_string()),
            Some(path) => Ok(PathBuf::from(path)),
        };
        let store = |push| {
            let insecure = self.truth("registry.insecure")?.unwrap_or(false);
            Ok(Place::Store { push: self.truth("push")?.unwrap_or(push), insecure })
        };
        match self.kind.as_str() {
            "local" if self.truth("platform-split")? == Some(false) => {
                Err("platform-split=false would lay platforms over each other".to_string())
            }
            "local" => directory().map(Place::Local),
            "tar" => Ok(Place::Tar(stream())),
            "oci" if self.truth("tar")? == Some(false) => directory().map(Place::OciDirectory),
            "oci" => Ok(Place::Oci(stream())),
            // Without a file it means docker's own images: here, the store.
            "docker" if dest.is_none() => store(false),
            "docker" => Ok(Place::Docker(stream())),
            "image" => store(false),
            "registry" => store(true),
            _ => Ok(Place::CacheOnly),
        }
    }

    fn form(&self) -> Result<Form, String> {
        let media_types = match self.truth("oci-mediatypes")? {
            Some(false) => MediaTypes::Docker,
            _ => MediaTypes::Oci,
        };
        let packing = self.packing()?;
        if media_types == MediaTypes::Docker && matches!(packing, Some(Packing::Zstd(_))) {
            return Err(
                "zstd layers have no media type of Docker's; leave oci-mediatypes=false out".to_string()
            );
        }
        if media_types == MediaTypes::Docker && !self.annotations.is_empty() {
            return Err(
                "manifests of Docker's type carry no annotations; leave oci-mediatypes=false out".to_string()
            );
        }
        let force = self.truth("force-compression")?.unwrap_or(false);
        Ok(Form { packing, force, media_types, annotations: self.annotations.clone() })
    }

    fn packing(&self) -> Result<Option<Packing>, String> {
        let level = self.values.get("compression-level").map(|text| level(text)).transpose()?;
        let compression = self.values.get("compression").map(String::as_str);
        let up_to = |most: u32| match level {
            Some(level) if level > most => {
                Err(format!("compression-level={level}: it goes up to {most} here"))
            }
            level => Ok(level),
        };
        Ok(Some(match compression {
            None if level.is_none() => return Ok(None),
            None | Some("gzip") => Packing::Gzip(up_to(9)?),
            // 0 is zstd's word for its usual level.
            Some("zstd") => Packing::Zstd(up_to(22)?.filter(|level| *level > 0).map(|level| level as i32)),
            Some("uncompressed") if level.is_some() => {
                return Err("uncompressed layers have no compression-level".to_string());
            }
            Some("uncompressed") => Packing::Plain,
            Some("estargz") => {
                return Err("estargz is not written here; gzip, zstd and uncompressed are".to_string());
            }
            Some(other) => return Err(unknown(other, "compression", ["gzip", "zstd", "uncompressed"])),
        }))
    }

    /// A truth value in the words Go accepts.
    fn truth(&self, key: &str) -> Result<Option<bool>, String> {
        let Some(text) = self.values.get(key) else { return Ok(None) };
        truth(text).map(Some).map_err(|why| format!("{key}: {why}"))
    }
}

/// `true`, `false` and Go's other words for them.
pub fn truth(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("'{text}' is neither true nor false")),
    }
}

fn level(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("compression-level '{text}' is no number from 0 to 22"))
}

fn parse_name(text: &str) -> Result<Reference, String> {
    text.trim().parse().map_err(|error: plimsoll_model::reference::BadReference| error.to_string())
}

fn unknown<'a>(word: &str, what: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<String> = known.into_iter().map(str::to_string).collect();
    let hint = match nearest(word, known.iter()) {
        Some(near) => format!("did you mean '{near}'?"),
        None if known.is_empty() => "it has none".to_string(),
        None => format!("there are {}", known.join(", ")),
    };
    format!("'{word}' is no {what}; {hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Place {
        OutputSpec::parse(text).unwrap_or_else(|why| panic!("{why}")).place
    }

    #[test]
    fn the_forms_docker_has() {
        assert_eq!(place("out"), Place::Local("out".into()));
        assert_eq!(place("-"), Place::Tar(Dest::Stdout));
        assert_eq!(place("type=tar,dest=x.tar"), Place::Tar(Dest::File("x.tar".into())));
        assert_eq!(place("type=oci,dest=-"), Place::Oci(Dest::Stdout));
        assert_eq!(place("type=oci,tar=false,dest=d"), Place::OciDirectory("d".into()));
        assert_eq!(place("type=docker"), Place::Store { push: false, insecure: false });
        assert_eq!(place("type=registry"), Place::Store { push: true, insecure: false });
        assert_eq!(place("type=image,push=true"), Place::Store { push: true, insecure: false });
        assert_eq!(place(r#""type=local","dest=a,b""#), Place::Local("a,b".into()));
        let spec =
            OutputSpec::parse(r#"type=image,"name=a:1,b:2",compression=zstd,compression-level=9"#).unwrap();
        assert_eq!(spec.names.len(), 2);
        assert_eq!(spec.form.packing, Some(Packing::Zstd(Some(9))));
    }

    #[test]
    fn mistakes_get_the_nearest_word() {
        let cases = [
            ("type=ocl", "did you mean 'oci'?"),
            ("type=oci,desk=x", "did you mean 'dest'?"),
            ("type=oci,compression=zst", "did you mean 'zstd'?"),
            ("type=oci,compression=gzip,compression-level=12", "up to 9"),
            ("type=oci,tar=maybe", "neither true nor false"),
            ("type=local", "dest=DIR"),
            ("dest=x", "no type="),
            ("type=oci,dest", "no KEY=VALUE"),
            ("type=oci,dest=a,dest=b", "given twice"),
            ("type=local,dest=x,annotation.a=b", "no manifest"),
            ("type=oci,oci-mediatypes=false,compression=zstd", "Docker's"),
            ("", "empty"),
        ];
        for (text, words) in cases {
            let why = OutputSpec::parse(text).unwrap_err();
            assert!(why.contains(words), "{text}: {why}");
        }
    }
}
