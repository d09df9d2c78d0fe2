//! # PL311 whole-fs-copied
//!
//! `COPY --from=stage / /` puts the whole file system of a stage into one layer: compilers, caches,
//! secrets that only the stage needed. Layers of the base are no longer shared.
//!
//! Copy what the program needs. To flatten an image on purpose, start `FROM scratch`: there nothing is
//! said.

use plimsoll_contract::from_dockerfile::Base;
use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use crate::file::File;
use crate::rule::Report;
use crate::stage_facts::flag_value;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &file.dockerfile.source;
    let found = file.staged().filter_map(|(stage, statement)| {
        let Instruction::Copy { flags, sources, destination, .. } = &statement.instruction else {
            return None;
        };
        let from = flag_value(flags, "from")?;
        let is_root = |text: &str| matches!(text, "/" | "/." | "/*");
        let all = sources.iter().any(|source| is_root(&source.text)) && is_root(&destination.text);
        let base = file.prediction.and_then(|prediction| prediction.stage(stage)).map(|stage| &stage.base);
        let on_purpose = matches!(base, Some(Base::Scratch));
        let message = format!("all files of {from} are copied, whatever is needed of them");
        (all && !on_purpose)
            .then(|| report.warning(message).at(source, statement.span, "one layer of everything"))
    });
    found.collect()
}
