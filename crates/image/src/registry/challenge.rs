//! The `WWW-Authenticate` header: what a registry wants before it answers (RFC 9110 section 11.6.1).

/// A scheme and its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password with every request.
    Basic,
    /// A token, to be fetched from `realm`.
    Bearer {
        /// Where tokens are given out.
        realm: String,
        /// For which service.
        service: Option<String>,
        /// For what, as the registry sees the request.
        scope: Option<String>,
    },
}

/// The first challenge we can meet, Bearer before Basic, in all header values of an answer.
pub(super) fn parse<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Challenge> {
    let all: Vec<(String, Vec<(String, String)>)> = headers.flat_map(split).collect();
    let bearer = all.iter().find(|(scheme, _)| scheme == "bearer").and_then(|(_, parameters)| {
        let get = |name: &str| {
            let found = parameters.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
        };
        Some(Challenge::Bearer { realm: get("realm")?, service: get("service"), scope: get("scope") })
    });
    bearer.or_else(|| all.iter().any(|(scheme, _)| scheme == "basic").then_some(Challenge::Basic))
}

/// One header value into schemes with their parameters: `Basic realm="a", Bearer realm="b",scope="c"`.
fn split(value: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut challenges: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.is_empty() && after.is_empty() {
            return challenges;
        }
        let after = after.trim_start_matches([' ', '\t']);
        rest = match after.strip_prefix('=') {
            Some(after) => {
                let (value, after) = parameter_value(after.trim_start_matches([' ', '\t']));
                if let Some((_, parameters)) = challenges.last_mut() {
                    parameters.push((word.to_ascii_lowercase(), value));
                }
                after
            }
            None => {
                challenges.push((word.to_ascii_lowercase(), Vec::new()));
                after
            }
        };
    }
}

/// A token or a quoted string, and what follows it.
fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return (text[..end].to_string(), &text[end..]);
    };
    let mut value = String::new();
    let mut escaped = false;
    for (at, char) in quoted.char_indices() {
        match char {
            _ if escaped => {
                value.push(char);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (value, &quoted[at + 1..]),
            _ => value.push(char),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Option<Challenge> {
        let own = |text: Option<&str>| text.map(str::to_string);
        Some(Challenge::Bearer { realm: realm.to_string(), service: own(service), scope: own(scope) })
    }

    #[test]
    fn docker_hub() {
        let header = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/debian:pull,push""#;
        assert_eq!(
            parse([header].into_iter()),
            bearer(
                "https://auth.docker.io/token",
                Some("registry.docker.io"),
                Some("repository:library/debian:pull,push")
            )
        );
    }

    #[test]
    fn bearer_is_preferred_and_case_does_not_matter() {
        let one = r#"BASIC realm="a, b=c", bearer Realm=http://t/x , Service = "s\"q""#;
        assert_eq!(parse([one].into_iter()), bearer("http://t/x", Some("s\"q"), None));
        assert_eq!(parse([r#"Basic realm="x""#, "Negotiate"].into_iter()), Some(Challenge::Basic));
        assert_eq!(parse(["Negotiate"].into_iter()), None);
    }

    #[test]
    fn broken_headers_end() {
        for header in [
            "",
            ",",
            "=",
            "==",
            "Bearer",
            "Bearer realm",
            "Bearer realm=",
            "Bearer realm=\"",
            "\"",
            "a=b=c,=",
        ] {
            assert_eq!(parse([header].into_iter()), None, "{header}");
        }
    }
}
