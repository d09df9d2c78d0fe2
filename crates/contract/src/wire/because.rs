//! Reasons as JSON. A place points into a text by its number in the table of texts.

use plimsoll_model::{Because, Source, Span};
use serde::{Deserialize, Serialize};

/// The texts that places point into.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Sources(Vec<SourceWire>);

#[derive(PartialEq, Serialize, Deserialize)]
struct SourceWire {
    name: String,
    text: String,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum BecauseWire {
    Written { source: usize, start: usize, end: usize },
    BaseImage { reference: String },
    ImageConfig,
    RuntimeDefault { rule: String },
    Asked { flag: String },
    Observed { experiment: String, fact: String },
    Derived { from: String },
    Assumed { why: String },
}

/// The rules that contracts name: [`Because::RuntimeDefault`] holds no other text.
const RULES: [&str; 8] =
    ["no ENTRYPOINT", "no CMD", "root", "/", "SIGTERM", "scratch", "PATH of every build", "the container"];

impl Sources {
    /// The number of a text, which joins the table if it is not in it.
    pub(super) fn place(&mut self, source: &Source) -> usize {
        let known = self.0.iter().position(|wire| wire.name == source.name() && wire.text == source.text());
        known.unwrap_or_else(|| {
            self.0.push(SourceWire { name: source.name().to_string(), text: source.text().to_string() });
            self.0.len() - 1
        })
    }

    pub(super) fn get(&self, number: usize) -> Result<Source, String> {
        let wire = self.0.get(number).ok_or_else(|| format!("there is no text number {number}"))?;
        Ok(Source::new(wire.name.clone(), wire.text.clone()))
    }
}

impl BecauseWire {
    pub(super) fn of(because: &Because, sources: &mut Sources) -> Self {
        match because.clone() {
            Because::Written { source, span } => {
                BecauseWire::Written { source: sources.place(&source), start: span.start, end: span.end }
            }
            Because::BaseImage { reference } => BecauseWire::BaseImage { reference: reference.to_string() },
            Because::ImageConfig => BecauseWire::ImageConfig,
            Because::RuntimeDefault(rule) => BecauseWire::RuntimeDefault { rule: rule.to_string() },
            Because::Asked(flag) => BecauseWire::Asked { flag },
            Because::Observed { experiment, fact } => BecauseWire::Observed { experiment, fact },
            Because::Derived(from) => BecauseWire::Derived { from },
            Because::Assumed(why) => BecauseWire::Assumed { why },
        }
    }

    pub(super) fn read(self, sources: &Sources) -> Result<Because, String> {
        Ok(match self {
            BecauseWire::Written { source, start, end } => {
                let source = sources.get(source)?;
                if start > end || source.text().get(start..end).is_none() {
                    return Err(format!("{start} to {end} is no place in the text '{}'", source.name()));
                }
                Because::Written { source, span: Span::new(start, end) }
            }
            BecauseWire::BaseImage { reference } => {
                let bad = |_| format!("'{reference}' is no name of an image");
                Because::BaseImage { reference: reference.parse().map_err(bad)? }
            }
            BecauseWire::ImageConfig => Because::ImageConfig,
            BecauseWire::RuntimeDefault { rule } => match RULES.iter().find(|known| **known == rule) {
                Some(known) => Because::RuntimeDefault(known),
                // A rule of another version.
                None => Because::Derived(rule),
            },
            BecauseWire::Asked { flag } => Because::Asked(flag),
            BecauseWire::Observed { experiment, fact } => Because::Observed { experiment, fact },
            BecauseWire::Derived { from } => Because::Derived(from),
            BecauseWire::Assumed { why } => Because::Assumed(why),
        })
    }
}
