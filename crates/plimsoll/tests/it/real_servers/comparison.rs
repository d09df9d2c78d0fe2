//! All differences between what was reported and what is, not only the first.

use std::collections::BTreeSet;

use serde_json::Value;

/// The differences of one server.
pub struct Comparison {
    server: &'static str,
    /// One line each.
    pub differences: Vec<String>,
}

impl Comparison {
    /// None yet.
    pub fn new(server: &'static str) -> Self {
        Comparison { server, differences: Vec::new() }
    }

    /// Note a difference.
    pub fn differs(&mut self, what: &str, reported: &str, truth: &str) {
        self.differences.push(format!("{}: {what}: reported {reported}, truth {truth}", self.server));
    }

    /// The same value.
    pub fn equal(&mut self, what: &str, reported: &Value, truth: &Value) {
        if reported != truth {
            self.differs(what, &reported.to_string(), &truth.to_string());
        }
    }

    /// The same values in any order, however often.
    pub fn same_set(&mut self, what: &str, reported: &[Value], truth: &Value) {
        let (reported, truth) = (set(reported), set(list(truth)));
        if reported != truth {
            self.differs(what, &format!("{reported:?}"), &format!("{truth:?}"));
        }
    }

    /// Every true path is reported, or something below it; nothing else is, but for what may be.
    pub fn same_places(&mut self, what: &str, reported: &[&str], truth: &Value, also: &Value) {
        let all: Value = list(truth).iter().chain(list(also)).cloned().collect();
        self.within(what, reported, &all);
        for place in texts(truth) {
            if !reported.iter().any(|path| is_within(path, place)) {
                self.differs(what, &format!("{reported:?}"), &format!("{place} too"));
            }
        }
    }

    /// Every reported path lies in one of these places.
    pub fn within(&mut self, what: &str, reported: &[&str], places: &Value) {
        for path in reported {
            if !texts(places).any(|place| is_within(path, place)) {
                self.differs(what, path, &format!("only {places}"));
            }
        }
    }
}

/// The elements of a JSON list; none of anything else.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The texts in a JSON list.
pub fn texts(value: &Value) -> impl Iterator<Item = &str> {
    list(value).iter().filter_map(Value::as_str)
}

fn set(values: &[Value]) -> BTreeSet<String> {
    values.iter().map(Value::to_string).collect()
}

fn is_within(path: &str, place: &str) -> bool {
    path == place || path.starts_with(&format!("{place}/"))
}
