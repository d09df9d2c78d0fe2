//! The stages and images that instructions take files from.

use plimsoll_dockerfile::mount_fields;
use plimsoll_dockerfile::syntax::{Flag, Instruction, Statement};

/// The value of a `--from`.
pub(super) struct SourceName {
    pub name: String,
    /// Of COPY, not of a mount: only there numbers are stages.
    pub of_copy: bool,
}

impl SourceName {
    pub fn is_number(&self) -> bool {
        self.of_copy && self.name.parse::<i64>().is_ok()
    }
}

/// Where an instruction takes files from, besides the build context.
pub(super) fn sources(statement: &Statement) -> Vec<SourceName> {
    let values = |flags: &[Flag], wanted: &str| -> Vec<String> {
        let flags = flags.iter().filter(|flag| flag.name == wanted);
        flags.filter_map(|flag| flag.value.as_ref().map(|value| value.text.clone())).collect()
    };
    match &statement.instruction {
        Instruction::Copy { flags, .. } => {
            let names = values(flags, "from").into_iter().filter(|name| !name.is_empty());
            names.map(|name| SourceName { name, of_copy: true }).collect()
        }
        Instruction::Run { flags, .. } => {
            let fields = values(flags, "mount").into_iter().flat_map(|value| mount_fields(&value));
            let names = fields.filter(|(key, _)| key == "from").filter_map(|(_, name)| name);
            names.map(|name| SourceName { name, of_copy: false }).collect()
        }
        _ => Vec::new(),
    }
}
