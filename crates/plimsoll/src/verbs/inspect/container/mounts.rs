//! docker's `Mounts`.

use plimsoll_model::launch::{Mount, MountSource};
use plimsoll_runtime::container::Record;
use plimsoll_template::{Field, Value};

/// What is mounted beside the root file system; docker lists no tmpfs of `--tmpfs` here.
pub fn mounts(record: &Record) -> Value {
    Value::List(Some(record.spec.mounts.iter().map(mount).collect()))
}

fn mount(mount: &Mount) -> Value {
    let (kind, name, source) = match &mount.source {
        MountSource::Bind(path) => ("bind", "", path.display().to_string()),
        MountSource::Volume { name, directory, .. } => {
            ("volume", name.as_str(), directory.display().to_string())
        }
        MountSource::Tmpfs(_) => ("tmpfs", "", String::new()),
    };
    let driver = if kind == "volume" { "local" } else { "" };
    let propagation = if kind == "bind" { mount.propagation.word() } else { "" };
    Value::Record(vec![
        Field::new("Type", kind),
        Field::if_any("Name", name),
        Field::new("Source", source),
        Field::new("Destination", mount.target.as_str()),
        Field::if_any("Driver", driver),
        Field::new("Mode", if mount.read_only { "ro" } else { "" }),
        Field::new("RW", !mount.read_only),
        Field::new("Propagation", propagation),
    ])
}
