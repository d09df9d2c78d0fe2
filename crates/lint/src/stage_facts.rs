//! What is known of the stages of a file, evaluated or not.

use plimsoll_contract::from_dockerfile::{Base, Step};
use plimsoll_contract::stage::{CopyWork, Work};
use plimsoll_dockerfile::stages;
use plimsoll_dockerfile::syntax::{Flag, Instruction, Statement};
use plimsoll_model::Reference;
use plimsoll_model::file_tree::clean_path;

use crate::file::File;

impl<'a> File<'a> {
    /// The instructions of all stages with the number of their stage.
    pub(crate) fn staged(&self) -> impl Iterator<Item = (usize, &'a Statement)> + use<'a> {
        let stages = self.dockerfile.stages.iter().enumerate();
        stages.flat_map(|(index, stage)| stage.statements.iter().map(move |statement| (index, statement)))
    }

    /// The stages whose layers are in the image: the target and what it is built on.
    pub(crate) fn shipped(&self) -> Vec<usize> {
        if let Some(prediction) = self.prediction {
            return prediction.chain();
        }
        let Some(last) = self.dockerfile.stages.len().checked_sub(1) else { return Vec::new() };
        let mut chain = vec![last];
        let parent = |index: usize| {
            stages::find_stage(self.dockerfile, &self.dockerfile.stages[index].from.image.text, index)
        };
        while let Some(before) = parent(chain[chain.len() - 1]) {
            chain.push(before);
        }
        chain
    }

    /// What an instruction did, if its stage was evaluated.
    pub(crate) fn step(&self, stage: usize, statement: &Statement) -> Option<&'a Step> {
        let steps = &self.prediction?.stage(stage)?.steps;
        let source = &self.dockerfile.source;
        steps.iter().find(|step| step.span == statement.span && step.source == *source)
    }

    /// A COPY or ADD, expanded.
    pub(crate) fn copy(&self, stage: usize, statement: &Statement) -> Option<&'a CopyWork> {
        match &self.step(stage, statement)?.applied.work {
            Work::Copy(copy) => Some(copy),
            _ => None,
        }
    }

    /// The absolute path a COPY or ADD copies to; a final slash is gone.
    pub(crate) fn destination(&self, stage: usize, statement: &Statement) -> Option<String> {
        let copy = self.copy(stage, statement)?;
        Some(clean_path(&self.step(stage, statement)?.workdir, &copy.destination))
    }

    /// The image a stage is built on; `None` for `scratch`, an earlier stage, or a name that cannot be
    /// known.
    pub(crate) fn image(&self, stage: usize) -> Option<Reference> {
        if let Some(evaluated) = self.prediction.and_then(|prediction| prediction.stage(stage)) {
            return match &evaluated.base {
                Base::Image { reference, .. } => Some(reference.clone()),
                _ => None,
            };
        }
        let written = &self.dockerfile.stages.get(stage)?.from.image.text;
        let is_number = written.bytes().all(|byte| byte.is_ascii_digit());
        let is_stage = !is_number && stages::find_stage(self.dockerfile, written, stage).is_some();
        let is_known = !written.contains('$') && written != "scratch" && !is_stage;
        is_known.then(|| written.parse().ok()).flatten()
    }

    /// The USER in force before each instruction of a stage, as written; `None` for what the base has.
    pub(crate) fn with_users(&self, stage: usize) -> Vec<(&'a Statement, Option<&'a str>)> {
        let mut user = None;
        let statements = self.dockerfile.stages.get(stage).map_or(&[][..], |stage| &stage.statements);
        let with_user = statements.iter().map(|statement| {
            let before = user;
            if let Instruction::User(text) = &statement.instruction {
                user = Some(text.text.trim());
            }
            (statement, before)
        });
        with_user.collect()
    }
}

/// Whether a USER as written is surely not root.
pub(crate) fn is_ordinary(user: &str) -> bool {
    let name = user.split(':').next().unwrap_or("");
    !name.is_empty() && !name.contains('$') && name != "root" && name.parse::<u32>() != Ok(0)
}

/// The value of the first flag of a name.
pub(crate) fn flag_value<'f>(flags: &'f [Flag], name: &str) -> Option<&'f str> {
    let flag = flags.iter().find(|flag| flag.name == name)?;
    flag.value.as_ref().map(|value| value.text.as_str())
}
