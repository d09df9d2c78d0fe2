//! COPY and ADD: files of the context, of a stage, of an image, of the Dockerfile itself, and of addresses.

use plimsoll_contract::stage::CopyWork;
use plimsoll_dockerfile::ignore::Ignore;
use plimsoll_image::SourceTree;
use plimsoll_image::layer::{LayeredTree, Owner};
use plimsoll_model::user::{UserError, UserSpec, Who};

use super::origin::Origin;
use super::{Outcome, StageBuild};
use crate::copy::{self, CopyJob, ModeChange, Selected};
use crate::error::BuildError;
use crate::event::Event;
use crate::files_from::FilesFrom;
use crate::key::KeyHasher;
use crate::place::Place;

/// What a COPY does to everything it copies, whatever it comes from.
struct Manner<'a> {
    work: &'a CopyWork,
    /// The files of `--from`, else of the build context.
    files: FilesFrom<'a>,
    elsewhere: &'a dyn Fn(&str) -> Option<String>,
    exclude: Ignore,
    owner: Option<Owner>,
    mode: Option<ModeChange>,
}

/// Sources of one origin, and what was selected of them.
struct Part {
    origin: Origin,
    /// What is not here: the tree it is copied from, once that is known.
    tree: Option<Box<dyn SourceTree>>,
    selected: Vec<Selected>,
}

impl<'b> StageBuild<'b, '_> {
    pub(super) fn copy(&self, place: &Place<'_>, work: &CopyWork) -> Outcome {
        let origins = self.origins(place, work)?;
        let elsewhere = |wanted: &str| self.elsewhere(work, wanted);
        let manner = self.manner(place, work, &elsewhere)?;
        let mut key = self.copy_key(work);
        let parts = origins.into_iter().map(|origin| self.part(place, &manner, origin, &mut key));
        let mut parts = parts.collect::<Result<Vec<Part>, BuildError>>()?;
        // Now, so that a build that fails later has not hashed in vain, and the memory is free.
        self.build.request.context.remember();
        self.known_or(place, key, || {
            for part in &mut parts {
                if let Some((tree, top)) = self.fetch(place, &part.origin)? {
                    (part.tree, part.selected) = (Some(tree), vec![top]);
                }
            }
            let jobs: Vec<CopyJob<'_>> = parts.iter().map(|part| self.job(&manner, part)).collect();
            let selections = parts.iter().map(|part| part.selected.as_slice());
            self.place_parts(place, &jobs.iter().zip(selections).collect::<Vec<_>>())
        })
    }

    /// Select what an origin gives, and add it to the key.
    fn part(
        &self,
        place: &Place<'_>,
        manner: &Manner<'_>,
        origin: Origin,
        key: &mut KeyHasher,
    ) -> Result<Part, BuildError> {
        let file = origin.file(self.build.request.store, manner.work.unpack == Some(true));
        let (tree, selected) = file.map_or((None, Vec::new()), |(tree, top)| (Some(tree), vec![top]));
        let mut part = Part { origin, tree, selected };
        if part.origin.is_here() {
            part.selected = self.select(place, &self.job(manner, &part))?;
        }
        part.origin.hash(key);
        let hashed = self.job(manner, &part).hash(&part.selected, key);
        hashed.map_err(|error| place.copy_failed(error))?;
        Ok(part)
    }

    /// The entries of the sources that are here; what matches nothing is told.
    fn select(&self, place: &Place<'_>, job: &CopyJob<'_>) -> Result<Vec<Selected>, BuildError> {
        let (selected, unmatched) = job.select().map_err(|error| place.copy_failed(error))?;
        for word in unmatched {
            self.tell(Event::Warning(format!(
                "{}:{}: nothing matches '{}', so nothing is copied for it",
                place.source.name(),
                place.line(),
                word.text
            )));
        }
        Ok(selected)
    }

    /// Into a layer, on those below or with `--link` on nothing.
    fn place_parts(
        &self,
        place: &Place<'_>,
        parts: &[(&CopyJob<'_>, &[Selected])],
    ) -> Result<crate::step_cache::StepResult, BuildError> {
        let request = self.build.request;
        let linked = parts.first().filter(|(job, _)| job.work.link);
        if let Some((job, _)) = linked {
            self.tell_replaced(place, job)?;
        }
        let lower = if linked.is_some() { &LayeredTree::empty() } else { self.tree()? };
        copy::execute(parts, request.store, lower, request.epoch).map_err(|error| place.copy_failed(error))
    }

    /// What a linked copy changes in the image that nobody would read out of the instruction.
    fn tell_replaced(&self, place: &Place<'_>, job: &CopyJob<'_>) -> Result<(), BuildError> {
        let owner = job.owner.unwrap_or_default();
        let replaced = copy::replaced_by_link(self.tree()?, &job.target(), owner);
        if !replaced.is_empty() {
            self.tell(Event::Warning(format!(
                "{}:{}: --link looks at nothing below: {}",
                place.source.name(),
                place.line(),
                replaced.join("; ")
            )));
        }
        Ok(())
    }

    /// With `--link` the layers below have no part in the key.
    fn copy_key(&self, work: &CopyWork) -> KeyHasher {
        let mut key = KeyHasher::new(if work.link { "copy --link" } else { "copy" });
        if work.link {
            self.epoch(&mut key);
        } else {
            self.below(&mut key);
        }
        key
    }

    fn manner<'a>(
        &self,
        place: &Place<'_>,
        work: &'a CopyWork,
        elsewhere: &'a dyn Fn(&str) -> Option<String>,
    ) -> Result<Manner<'a>, BuildError>
    where
        'b: 'a,
    {
        let mode = work.chmod.as_deref().map(ModeChange::parse).transpose();
        let exclude = Ignore::from_patterns(work.exclude.iter().map(String::as_str));
        Ok(Manner {
            work,
            elsewhere,
            exclude: exclude.map_err(|why| place.refuse_flag("exclude", why))?,
            owner: work.chown.as_deref().map(|text| self.owner(place, text)).transpose()?,
            mode: mode.map_err(|error| place.refuse_flag("chmod", error))?,
            files: self.files_from(place, work.from.as_deref())?,
        })
    }

    fn job<'a>(&'a self, manner: &'a Manner<'a>, part: &'a Part) -> CopyJob<'a> {
        let words = &part.origin.words;
        let files = &manner.files;
        let (tree, origin, ignore): (&dyn SourceTree, String, _) = match &part.tree {
            Some(tree) => {
                (tree.as_ref(), words.first().map_or_else(String::new, |word| word.text.clone()), None)
            }
            None => (files.tree(), files.origin().to_string(), files.ignore()),
        };
        CopyJob {
            work: manner.work,
            sources: words.clone(),
            tree,
            origin,
            ignore,
            elsewhere: manner.elsewhere,
            unpack: manner.work.is_add && manner.work.unpack != Some(false),
            exclude: manner.exclude.clone(),
            owner: manner.owner,
            mode: manner.mode.clone(),
            workdir: self.state.workdir().to_string(),
        }
    }

    /// Where a source that is missing may have been meant to be, as a clause with the remedy.
    fn elsewhere(&self, work: &CopyWork, wanted: &str) -> Option<String> {
        let clean = plimsoll_image::path::clean(wanted.as_bytes());
        let holds =
            |tree: &dyn SourceTree| !clean.is_empty() && tree.resolve(&clean).is_ok_and(|it| it.is_some());
        let context = self.build.request.context;
        if work.from.is_some() {
            return holds(context).then(|| {
                "it exists in the build context: leave --from out to copy it from there".to_string()
            });
        }
        if let Some(outside) = copy::outside_context(context.path(), wanted) {
            let outside = outside.display();
            return Some(format!(
                "{outside} exists outside of the build context: build with a directory above both as context"
            ));
        }
        let stages = &self.build.dockerfile.stages;
        let mut done = (0..self.index).rev().filter_map(|index| Some((index, self.build.done(index)?)));
        let (index, _) =
            done.find(|(_, stage)| self.build.merged(&stage.layers).is_ok_and(|tree| holds(&tree)))?;
        let name =
            stages[index].from.name.as_ref().map_or_else(|| index.to_string(), |name| name.text.clone());
        Some(format!("it exists in stage '{name}': did you mean --from={name}?"))
    }

    /// `--chown`: names are looked up in the image; a number alone means the group as well.
    fn owner(&self, place: &Place<'_>, text: &str) -> Result<Owner, BuildError> {
        // BuildKit gives the group to root (buildkit#3555), chown(1) to the user's own: who means
        // either can write it.
        if let Some(user) = text.strip_suffix(':') {
            return Err(place.refuse_flag(
                "chown",
                format!(
                    "'{text}' names no group: write '{user}' for the user's own group, or '{user}:GROUP'"
                ),
            ));
        }
        let spec = UserSpec::parse(text).map_err(|error| place.refuse_flag("chown", error))?;
        if let (Who::Id(uid), None) = (&spec.user, &spec.group) {
            return Ok(Owner { uid: *uid, gid: *uid });
        }
        if let (Who::Id(uid), Some(Who::Id(gid))) = (&spec.user, &spec.group) {
            return Ok(Owner { uid: *uid, gid: *gid });
        }
        let user = spec.resolve(self.tree()?);
        let user = user.map_err(|error: UserError| place.refuse_flag("chown", error))?;
        Ok(Owner { uid: user.uid, gid: user.gid })
    }
}
