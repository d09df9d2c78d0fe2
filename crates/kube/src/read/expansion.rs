//! `$(NAME)` as the kubelet expands it (k8s: third_party/forked/golang/expansion/expand.go): one pass, `$$` is
//! `$`, what names nothing stays, and no shell syntax means anything.

/// A text after expansion.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expanded {
    /// The text.
    pub text: String,
    /// Names that nobody knows; their `$(NAME)` stays in the text.
    pub unknown: Vec<String>,
}

/// Expand a text. `value` knows the variables; a known name with an unknown value, from a ConfigMap for one,
/// gives `Some` of what shall stand for it.
pub fn expand(text: &str, value: impl Fn(&str) -> Option<String>) -> Expanded {
    let mut expanded = Expanded::default();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let name = rest.strip_prefix('(').and_then(|name| name.split_once(')'));
        if let Some(after) = rest.strip_prefix('$') {
            expanded.text.push('$');
            rest = after;
        } else if let Some((name, after)) = name {
            match value(name) {
                Some(value) => expanded.text.push_str(&value),
                None => {
                    expanded.text.push_str(&format!("$({name})"));
                    expanded.unknown.push(name.to_string());
                }
            }
            rest = after;
        } else {
            expanded.text.push('$');
        }
    }
    expanded.text.push_str(rest);
    expanded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cases of the upstream's own test, expansion/expand_test.go, in their kinds.
    #[test]
    fn as_the_kubelet_does() {
        let value = |name: &str| match name {
            "A" => Some("a".to_string()),
            "REF" => Some("$(A)".to_string()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        for (text, expected) in [
            ("$(A)", "a"),
            ("x$(A)y$(A)", "xaya"),
            ("$$(A)", "$(A)"),
            ("$$$(A)", "$a"),
            ("$$$$(A)", "$$(A)"),
            ("$(REF)", "$(A)"),
            ("$(EMPTY)", ""),
            ("$(NONE)", "$(NONE)"),
            ("$A ${A} $", "$A ${A} $"),
            ("$(A", "$(A"),
            ("$(A$(A)", "$(A$(A)"),
            ("echo $$", "echo $"),
            ("$()", "$()"),
        ] {
            assert_eq!(expand(text, value).text, expected, "{text}");
        }
        assert_eq!(expand("$(NONE) $(A) $$(B)", value).unknown, ["NONE"]);
    }
}
