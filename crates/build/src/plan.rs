//! What has to be built: the stages the target needs, in an order in which each comes after what it
//! needs. Pure and printable.

use std::collections::BTreeSet;
use std::fmt;

use plimsoll_contract::stage::Scope;
use plimsoll_dockerfile::mount_fields;
use plimsoll_dockerfile::stages::find_stage;
use plimsoll_dockerfile::syntax::{Dockerfile, Instruction, Stage, Statement};
use plimsoll_model::{Diagnostic, Platform, Reference, Severity};

use crate::named_context::{NamedContext, NamedContexts};

/// The stages to build, in order; the last one is the target.
#[derive(Debug, Clone)]
pub struct BuildPlan {
    /// The needed stages.
    pub stages: Vec<PlannedStage>,
}

/// A needed stage.
#[derive(Debug, Clone)]
pub struct PlannedStage {
    /// Its index in the Dockerfile.
    pub index: usize,
    /// Its name as written, else its number.
    pub name: String,
    /// What it builds on.
    pub base: Base,
    /// What it is built for, if `FROM --platform` says so.
    pub platform: Option<Platform>,
    /// `--build-context` gives what its name means: its instructions are not carried out.
    pub replaced: bool,
    /// Indices of the earlier stages it needs.
    pub needs: BTreeSet<usize>,
    /// Its instructions as written, first lines, with one-based line numbers.
    pub steps: Vec<(usize, String)>,
}

/// What a stage builds on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// Nothing.
    Scratch,
    /// An earlier stage, by index.
    Stage(usize),
    /// An image.
    Image(Reference),
    /// A directory or stored image of `--build-context`, by its name.
    Context(String),
}

/// Decide what `target` needs.
pub fn plan(
    dockerfile: &Dockerfile,
    target: usize,
    scope: &Scope,
    contexts: &NamedContexts,
) -> Result<BuildPlan, Vec<Diagnostic>> {
    let mut needed = BTreeSet::new();
    let mut waiting = vec![target];
    while let Some(index) = waiting.pop() {
        if !needed.insert(index) {
            continue;
        }
        waiting.extend(needs_of(dockerfile, index, scope, contexts)?);
    }
    // A stage only ever needs earlier ones, so the file's order is an order of building.
    let stages = needed
        .into_iter()
        .map(|index| planned(dockerfile, index, scope, contexts))
        .collect::<Result<_, _>>()?;
    Ok(BuildPlan { stages })
}

fn needs_of(
    dockerfile: &Dockerfile,
    index: usize,
    scope: &Scope,
    contexts: &NamedContexts,
) -> Result<BTreeSet<usize>, Vec<Diagnostic>> {
    if replacement(dockerfile, index, contexts).is_some() {
        return Ok(BTreeSet::new());
    }
    let mut needs: BTreeSet<usize> = copied_from(dockerfile, index).into_iter().collect();
    if let Base::Stage(base) = base_of(dockerfile, index, scope, contexts)? {
        needs.insert(base);
    }
    Ok(needs)
}

pub(crate) fn planned(
    dockerfile: &Dockerfile,
    index: usize,
    scope: &Scope,
    contexts: &NamedContexts,
) -> Result<PlannedStage, Vec<Diagnostic>> {
    let stage = &dockerfile.stages[index];
    let step = |statement: &Statement| {
        (dockerfile.source.line(statement.span.start), first_line(dockerfile.source.slice(statement.span)))
    };
    let replaced = replacement(dockerfile, index, contexts).is_some();
    let statements = if replaced { &[][..] } else { &stage.statements };
    Ok(PlannedStage {
        index,
        name: stage_name(stage, index),
        base: base_of(dockerfile, index, scope, contexts)?,
        platform: platform_of(dockerfile, index, scope)?,
        replaced,
        needs: needs_of(dockerfile, index, scope, contexts)?,
        steps: statements.iter().map(step).collect(),
    })
}

/// The name a person would use for a stage.
pub fn stage_name(stage: &Stage, index: usize) -> String {
    stage.from.name.as_ref().map_or_else(|| format!("stage-{index}"), |name| name.text.clone())
}

/// The context that stands for a stage of its name.
fn replacement<'a>(
    dockerfile: &Dockerfile,
    index: usize,
    contexts: &'a NamedContexts,
) -> Option<(String, &'a NamedContext)> {
    let name = &dockerfile.stages[index].from.name.as_ref()?.text;
    Some((name.clone(), contexts.get(name)?))
}

fn context_base(name: String, context: &NamedContext) -> Base {
    match context {
        NamedContext::Image(reference) => Base::Image(reference.clone()),
        NamedContext::Directory { .. } | NamedContext::Stored(_) => Base::Context(name),
    }
}

/// What a stage begins with: what stands for its name, or what its FROM means, variables expanded.
pub fn base_of(
    dockerfile: &Dockerfile,
    index: usize,
    scope: &Scope,
    contexts: &NamedContexts,
) -> Result<Base, Vec<Diagnostic>> {
    if let Some((name, context)) = replacement(dockerfile, index, contexts) {
        return Ok(context_base(name, context));
    }
    let text = &dockerfile.stages[index].from.image;
    let refuse = |message: String, label: &str| {
        let found = Diagnostic::new("PL023", "bad-base", Severity::Error, message);
        vec![found.at(&dockerfile.source, text.span, label)]
    };
    let name = scope.expand(text).map_err(|error| refuse(error.message, "in this name"))?;
    if name.is_empty() {
        let message = format!("FROM {} names no image: its variables are empty", text.text);
        return Err(refuse(message, "give the ARG before the first FROM a default, or pass --build-arg"));
    }
    if name.eq_ignore_ascii_case("scratch") {
        return Ok(Base::Scratch);
    }
    if let Some(earlier) = named_stage(dockerfile, &name, index) {
        return Ok(Base::Stage(earlier));
    }
    if let Some(context) = contexts.get(&name) {
        return Ok(context_base(name, context));
    }
    name.parse()
        .map(Base::Image)
        .map_err(|error: plimsoll_model::reference::BadReference| refuse(error.to_string(), ""))
}

/// `FROM --platform`, its variables expanded; empty means none.
fn platform_of(
    dockerfile: &Dockerfile,
    index: usize,
    scope: &Scope,
) -> Result<Option<Platform>, Vec<Diagnostic>> {
    let Some(text) = &dockerfile.stages[index].from.platform else { return Ok(None) };
    let refuse = |message: String| {
        let found = Diagnostic::new("PL023", "bad-base", Severity::Error, message);
        vec![found.at(&dockerfile.source, text.span, "")]
    };
    let name = scope.expand(text).map_err(|error| refuse(error.message))?;
    if name.is_empty() {
        return Ok(None);
    }
    let platform = Platform::parse(&name);
    platform.map(Some).ok_or_else(|| refuse(format!("'{name}' is no platform; linux/arm64 is one")))
}

/// FROM knows earlier stages by name only, not by number.
fn named_stage(dockerfile: &Dockerfile, name: &str, before: usize) -> Option<usize> {
    let numeric = name.bytes().all(|byte| byte.is_ascii_digit());
    (!numeric).then(|| find_stage(dockerfile, name, before)).flatten()
}

/// Earlier stages that `COPY --from` and `RUN --mount=from=` of a stage name.
fn copied_from(dockerfile: &Dockerfile, index: usize) -> Vec<usize> {
    let statements = &dockerfile.stages[index].statements;
    let names = statements.iter().flat_map(|statement| from_names(&statement.instruction));
    names.filter_map(|name| find_stage(dockerfile, &name, index)).collect()
}

fn from_names(instruction: &Instruction) -> Vec<String> {
    match instruction {
        Instruction::Copy { flags, .. } => {
            let from = flags.iter().filter(|flag| flag.name == "from");
            from.filter_map(|flag| flag.value.as_ref()).map(|value| value.text.clone()).collect()
        }
        Instruction::Run { flags, .. } => {
            let mounts =
                flags.iter().filter(|flag| flag.name == "mount").filter_map(|flag| flag.value.as_ref());
            let fields = mounts.flat_map(|value| mount_fields(&value.text));
            fields.filter(|(key, _)| key == "from").filter_map(|(_, value)| value).collect()
        }
        Instruction::Onbuild { trigger, .. } => from_names(&trigger.instruction),
        _ => Vec::new(),
    }
}

/// The first line of an instruction, for progress and messages.
pub fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or("").trim_end();
    line.strip_suffix('\\').map_or(line, str::trim_end).to_string()
}

impl BuildPlan {
    /// For each planned stage the positions in this plan of those it needs.
    pub fn needs(&self) -> Vec<Vec<usize>> {
        let position = |index: &usize| self.stages.iter().position(|stage| stage.index == *index);
        self.stages.iter().map(|stage| stage.needs.iter().filter_map(position).collect()).collect()
    }
}

impl fmt::Display for BuildPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for stage in &self.stages {
            match &stage.base {
                Base::Scratch => writeln!(f, "stage {} from scratch", stage.name)?,
                Base::Stage(index) => writeln!(f, "stage {} from stage {index}", stage.name)?,
                Base::Image(reference) => writeln!(f, "stage {} from image {reference}", stage.name)?,
                Base::Context(name) => writeln!(f, "stage {} from the context {name}", stage.name)?,
            }
            for (line, text) in &stage.steps {
                writeln!(f, "  {line:>4}  {text}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_contract::stage::Platforms;
    use plimsoll_model::Source;

    fn plan_of(text: &str, target: usize) -> Result<Vec<usize>, Vec<Diagnostic>> {
        let parsed = plimsoll_dockerfile::parse(Source::new("Dockerfile", text));
        let platforms = Platforms { build: Platform::host(), target: Platform::host() };
        let scope = Scope::new(&parsed.dockerfile, "", platforms, Default::default())?;
        let plan = plan(&parsed.dockerfile, target, &scope, &NamedContexts::default())?;
        Ok(plan.stages.iter().map(|stage| stage.index).collect())
    }

    #[test]
    fn only_what_the_target_needs_is_built() {
        let text = "FROM scratch AS a\nFROM scratch AS unused\nFROM scratch AS c\nCOPY --from=A x /\nFROM c\nRUN --mount=type=bind,from=2,target=/m true\n";
        assert_eq!(plan_of(text, 3), Ok(vec![0, 2, 3]));
        assert_eq!(plan_of(text, 1), Ok(vec![1]));
    }

    #[test]
    fn platforms_are_expanded_and_refused_with_their_place() {
        let text = "FROM --platform=$BUILDPLATFORM scratch AS a\nFROM --platform=linux/arm64/v8 scratch\n";
        let parsed = plimsoll_dockerfile::parse(Source::new("Dockerfile", text));
        let platforms = Platforms { build: Platform::host(), target: Platform::host() };
        let scope = Scope::new(&parsed.dockerfile, "", platforms, Default::default()).unwrap();
        let platform = |index| platform_of(&parsed.dockerfile, index, &scope).unwrap();
        assert_eq!((platform(0), platform(1)), (Some(Platform::host()), Platform::parse("linux/arm64/v8")));
        let found = plan_of("FROM --platform=a/b/c/d scratch\n", 0).unwrap_err();
        assert!(found[0].message.contains("'a/b/c/d' is no platform"), "{found:?}");
    }

    #[test]
    fn an_empty_or_bad_base_is_pointed_at() {
        let found = plan_of("ARG B\nFROM ${B}\n", 0).unwrap_err();
        assert!(found[0].message.contains("names no image"), "{found:?}");
        let found = plan_of("FROM Debian\n", 0).unwrap_err();
        assert!(found[0].message.contains("lower case"), "{found:?}");
    }
}
