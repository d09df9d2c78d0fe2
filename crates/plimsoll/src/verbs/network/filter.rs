//! `network ls --filter`: docker's conditions on networks.

use std::str::FromStr;

use plimsoll_runtime::network::NamedNetwork;

use crate::verbs::filter_kind;

/// One condition. Of several of one kind one is enough, but labels must all be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filter {
    /// A part of the name.
    Name(String),
    /// A part of the id.
    Id(String),
    /// The driver.
    Driver(String),
    /// Always `local`.
    Scope(String),
    /// Whether it exists by itself.
    Builtin(bool),
    /// A label, with this value if one is given.
    Label(String, Option<String>),
    /// The opposite.
    NoLabel(String, Option<String>),
}

const KINDS: [&str; 7] = ["name", "id", "driver", "scope", "type", "label", "label!"];

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, value) = filter_kind::split(text, &KINDS, "driver=bridge")?;
        let own = value.to_string();
        match kind {
            "name" => Ok(Filter::Name(own)),
            "id" => Ok(Filter::Id(own)),
            "driver" => Ok(Filter::Driver(own)),
            "scope" => Ok(Filter::Scope(own)),
            "type" => match value {
                "builtin" => Ok(Filter::Builtin(true)),
                "custom" => Ok(Filter::Builtin(false)),
                _ => Err("type is builtin or custom".to_string()),
            },
            "label" => Ok(label(value, Filter::Label)),
            _ => Ok(label(value, Filter::NoLabel)),
        }
    }
}

fn label(text: &str, make: fn(String, Option<String>) -> Filter) -> Filter {
    let (key, value) = filter_kind::label(text);
    make(key, value)
}

/// Whether a network fits.
pub(super) fn fits(filters: &[Filter], network: &NamedNetwork) -> bool {
    let alike = |a: &Filter, b: &Filter| std::mem::discriminant(a) == std::mem::discriminant(b);
    filters.iter().all(|filter| match filter {
        Filter::Label(..) | Filter::NoLabel(..) => holds(filter, network),
        filter => filters.iter().filter(|other| alike(filter, other)).any(|other| holds(other, network)),
    })
}

fn holds(filter: &Filter, network: &NamedNetwork) -> bool {
    let has = |key: &str, value: &Option<String>| {
        let mut labels = network.labels.iter();
        labels.any(|(known, own)| known == key && value.as_ref().is_none_or(|value| value == own))
    };
    match filter {
        Filter::Name(part) => network.name.contains(part.as_str()),
        Filter::Id(part) => network.id.contains(part.as_str()),
        Filter::Driver(name) => network.driver_name() == name,
        Filter::Scope(scope) => scope == "local",
        Filter::Builtin(wanted) => network.is_predefined() == *wanted,
        Filter::Label(key, value) => has(key, value),
        Filter::NoLabel(key, value) => !has(key, value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_runtime::network::Driver;

    fn network() -> NamedNetwork {
        NamedNetwork {
            id: "ab".repeat(32),
            name: "back".into(),
            created: "2026-11-22T10:00:00Z".parse().unwrap(),
            driver: Driver::Host,
            labels: vec![("a".into(), "b".into())],
        }
    }

    #[test]
    fn filters_as_dockers() {
        let fits = |texts: &[&str]| {
            let filters: Vec<Filter> = texts.iter().map(|text| text.parse().unwrap()).collect();
            super::fits(&filters, &network())
        };
        for held in [
            &["name=ac"][..],
            &["id=baba", "driver=host"],
            &["name=x", "name=back"],
            &["label=a", "label=a=b", "label!=c", "scope=local", "type=custom"],
            &[],
        ] {
            assert!(fits(held), "{held:?}");
        }
        for not in [&["driver=bridge"][..], &["label=a", "label=c"], &["label!=a"], &["type=builtin"]] {
            assert!(!fits(not), "{not:?}");
        }
        for wrong in ["name", "drivr=x", "type=other"] {
            assert!(wrong.parse::<Filter>().is_err(), "{wrong}");
        }
        assert_eq!(
            "drivr=x".parse::<Filter>().unwrap_err(),
            "there is no filter 'drivr'; did you mean 'driver'?"
        );
    }
}
