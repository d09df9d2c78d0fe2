//! `images --filter`: docker's conditions on images.

use std::str::FromStr;

use plimsoll_dockerfile::ignore::Ignore;

use super::Line;
use crate::command_error::CommandError;
use crate::render::time;
use crate::session::Session;
use crate::verbs::filter_kind;

/// One condition. Several of different kinds must all hold; of `reference` one is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// Whether it has no name.
    Dangling(bool),
    /// A label, with this value if one is given.
    Label(String, Option<String>),
    /// A pattern for the name, with or without tag.
    Reference(String),
    /// Made before this image.
    Before(String),
    /// Made after this image.
    Since(String),
}

const KINDS: [&str; 5] = ["dangling", "label", "reference", "before", "since"];

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, value) = filter_kind::split(text, &KINDS, "dangling=true")?;
        let own = value.to_string();
        match kind {
            "dangling" => {
                let dangling = filter_kind::truth(value).ok_or("dangling is true or false")?;
                Ok(Filter::Dangling(dangling))
            }
            "label" => {
                let (key, value) = filter_kind::label(value);
                Ok(Filter::Label(key, value))
            }
            "reference" => Ok(Filter::Reference(own)),
            "before" => Ok(Filter::Before(own)),
            _ => Ok(Filter::Since(own)),
        }
    }
}

/// The lines of the images that fit.
pub fn apply<'a>(
    session: &Session,
    filters: &[Filter],
    lines: Vec<Line<'a>>,
) -> Result<Vec<Line<'a>>, CommandError> {
    let conditions = filters.iter().map(|filter| Condition::of(session, filter));
    let conditions = conditions.collect::<Result<Vec<_>, _>>()?;
    let (names, conditions): (Vec<_>, Vec<_>) =
        conditions.into_iter().partition(|condition| matches!(condition, Condition::Name(..)));
    let mut kept = Vec::new();
    for line in lines {
        let named = names.is_empty() || names.iter().any(|condition| condition.names(&line));
        let mut others = conditions.iter();
        if named
            && others
                .try_fold(true, |held, next| Ok::<_, CommandError>(held && next.holds(session, &line)?))?
        {
            kept.push(line);
        }
    }
    Ok(kept)
}

/// A filter whose image or pattern is at hand.
enum Condition<'a> {
    Dangling(bool),
    Label(&'a str, Option<&'a str>),
    /// The pattern and how many slashes it has.
    Name(Ignore, usize),
    Before(Option<i64>),
    Since(Option<i64>),
}

impl<'a> Condition<'a> {
    fn of(session: &Session, filter: &'a Filter) -> Result<Self, CommandError> {
        let made = |name: &str| {
            let image = session.image(name)?;
            Ok::<_, CommandError>(image.config.created.as_deref().and_then(time::parse_rfc3339))
        };
        Ok(match filter {
            Filter::Dangling(wanted) => Condition::Dangling(*wanted),
            Filter::Label(key, value) => Condition::Label(key, value.as_deref()),
            Filter::Reference(pattern) => Condition::Name(
                Ignore::from_patterns([pattern.as_str()])
                    .map_err(|why| CommandError::usage(format!("'{pattern}' is no pattern: {why}")))?,
                pattern.matches('/').count(),
            ),
            Filter::Before(name) => Condition::Before(made(name)?),
            Filter::Since(name) => Condition::Since(made(name)?),
        })
    }

    fn holds(&self, session: &Session, line: &Line<'_>) -> Result<bool, CommandError> {
        let created = line.image.created.as_deref().and_then(time::parse_rfc3339);
        match self {
            Condition::Name(..) => Ok(true),
            Condition::Dangling(wanted) => Ok(line.image.references.is_empty() == *wanted),
            Condition::Before(than) => Ok(created < *than),
            Condition::Since(than) => Ok(created > *than),
            Condition::Label(key, value) => {
                let image =
                    session.store.image(&line.image.manifest_digest).map_err(CommandError::failure)?;
                let mut labels = image.config.labels.iter();
                Ok(labels.any(|(known, own)| known == key && value.is_none_or(|value| value == own)))
            }
        }
    }

    /// Go's `path.Match` over the name with its tag or without. The matcher for ignore files lets a
    /// pattern also stand for what lies below it; as many slashes rule that out.
    fn names(&self, line: &Line<'_>) -> bool {
        let Condition::Name(pattern, slashes) = self else { return false };
        let names = [line.repository.clone(), format!("{}:{}", line.repository, line.tag)];
        let named = !line.image.references.is_empty();
        let mut fitting = names.iter().filter(|name| name.matches('/').count() == *slashes);
        named && fitting.any(|name| pattern.excluded(name).is_some())
    }
}
