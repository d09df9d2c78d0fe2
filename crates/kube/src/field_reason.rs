//! The reasons of an object as a list: for `kube explain` and the report's map from contract to
//! Kubernetes.

use plimsoll_model::Because;

use crate::object::{Field, Node, Value};

/// One reasoned value of an object. What has no entry of its own follows from the entry of the nearest
/// parent: `periodSeconds` of a probe from the probe's.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldReason {
    /// Kind and name of the object, `Deployment/app`.
    pub object: String,
    /// Where in the object, `spec.template.spec.containers[0].image`; empty for the object itself.
    pub path: String,
    /// The value on one line; `(not set)` for a field left out on purpose.
    pub value: String,
    /// Why it is what it is.
    pub because: Because,
}

impl FieldReason {
    /// The reason in one phrase.
    pub fn phrase(&self) -> String {
        self.because.phrase()
    }
}

/// Every value of the objects that carries a reason, in the order of the YAML.
pub fn field_reasons(documents: &[Node]) -> Vec<FieldReason> {
    let mut found = Vec::new();
    for document in documents {
        let part = |path: &[&str]| document.at(path).and_then(Node::as_text).unwrap_or("?");
        let object = format!("{}/{}", part(&["kind"]), part(&["metadata", "name"]));
        collect(&object, "", document, &mut found);
    }
    found
}

fn collect(object: &str, path: &str, node: &Node, found: &mut Vec<FieldReason>) {
    if let Some(because) = &node.because {
        let value = if path.is_empty() { object.to_string() } else { node.one_line() };
        let (object, path) = (object.to_string(), path.to_string());
        found.push(FieldReason { object, path, value, because: because.clone() });
    }
    match &node.value {
        Value::Map(fields) => {
            for Field { key, node } in fields {
                collect(object, &below(path, key), node, found);
            }
        }
        Value::List(items) => {
            for (at, item) in items.iter().enumerate() {
                collect(object, &format!("{path}[{at}]"), item, found);
            }
        }
        _ => {}
    }
}

/// A field's path as kubectl's jsonpath writes it: keys that contain a dot go into brackets.
fn below(path: &str, key: &str) -> String {
    match (path.is_empty(), key.contains('.')) {
        (_, true) => format!("{path}['{key}']"),
        (true, false) => key.to_string(),
        (false, false) => format!("{path}.{key}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_the_values() {
        let why = || Because::Assumed("x".into());
        let document = Node::map([
            ("kind", Node::text("Pod")),
            (
                "metadata",
                Node::map([
                    ("name", Node::text("a")),
                    ("labels", Node::map([("b.c/d", Node::text("e").why(why()))])),
                ]),
            ),
            ("spec", Node::map([("list", Node::list([Node::map([("n", Node::int(1).why(why()))])]))])),
            ("gone", Node::unset(why())),
        ]);
        let found: Vec<_> = field_reasons(&[document.why(why())])
            .into_iter()
            .map(|field| format!("{} {} {}", field.object, field.path, field.value))
            .collect();
        let expected = [
            "Pod/a  Pod/a",
            "Pod/a metadata.labels['b.c/d'] e",
            "Pod/a spec.list[0].n 1",
            "Pod/a gone (not set)",
        ];
        assert_eq!(found, expected);
    }
}
