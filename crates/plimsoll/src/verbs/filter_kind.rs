//! The kinds of a `--filter KIND=VALUE`, and what is said of one that there is not.

use plimsoll_model::user::nearest;

/// Split a filter into its kind and value. `example` is shown where there is no `=`.
pub fn split<'a>(
    text: &'a str,
    kinds: &[&'static str],
    example: &str,
) -> Result<(&'static str, &'a str), String> {
    let (kind, value) =
        text.split_once('=').ok_or_else(|| format!("it is KIND=VALUE, for instance {example}"))?;
    let known = kinds.iter().find(|known| **known == kind).ok_or_else(|| unknown(kind, kinds))?;
    Ok((known, value))
}

fn unknown(kind: &str, kinds: &[&str]) -> String {
    match nearest(kind, kinds.iter()) {
        Some(right) => format!("there is no filter '{kind}'; did you mean '{right}'?"),
        None => format!("there is no filter '{kind}': it is one of {}", kinds.join(", ")),
    }
}

/// A label as a filter names it: `KEY` or `KEY=VALUE`.
pub fn label(text: &str) -> (String, Option<String>) {
    match text.split_once('=') {
        Some((key, value)) => (key.to_string(), Some(value.to_string())),
        None => (text.to_string(), None),
    }
}

/// A truth value as docker reads it.
pub fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistaken_kind_is_named() {
        let kinds = ["driver", "label"];
        assert_eq!(split("label=a=b", &kinds, "label=x"), Ok(("label", "a=b")));
        let refused = |text| split(text, &kinds, "label=x").unwrap_err();
        assert_eq!(refused("label"), "it is KIND=VALUE, for instance label=x");
        assert_eq!(refused("drivr=x"), "there is no filter 'drivr'; did you mean 'driver'?");
        assert_eq!(refused("colour=x"), "there is no filter 'colour': it is one of driver, label");
    }
}
