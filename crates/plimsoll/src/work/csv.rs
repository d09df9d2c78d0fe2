//! One line of comma-separated values (RFC 4180), the form docker's flags have: a field with a comma
//! stands in double quotes.

/// The fields of a line.
pub fn fields(text: &str) -> Result<Vec<String>, String> {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)
                .ok_or_else(|| format!("'{text}' has a quote that does not end, or words after its end"))?,
            None => match rest.split_once(',') {
                Some((field, after)) => (field.to_string(), Some(after)),
                None => (rest.to_string(), None),
            },
        };
        fields.push(field);
        match after {
            Some(after) => rest = after,
            None => return Ok(fields),
        }
    }
}

/// The field after its opening quote, and what comes after its comma.
fn quoted_field(text: &str) -> Option<(String, Option<&str>)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"')?;
        field.push_str(part);
        rest = match after.chars().next() {
            None => return Some((field, None)),
            Some(',') => return Some((field, Some(&after[1..]))),
            Some('"') => {
                field.push('"');
                &after[1..]
            }
            Some(_) => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::fields;

    #[test]
    fn quotes_keep_commas_together() {
        assert_eq!(fields("type=oci,dest=x").unwrap(), ["type=oci", "dest=x"]);
        assert_eq!(
            fields(r#"type=image,"name=a,b",push=true"#).unwrap(),
            ["type=image", "name=a,b", "push=true"]
        );
        assert_eq!(fields(r#""a ""b""","#).unwrap(), [r#"a "b""#, ""]);
        assert_eq!(fields("").unwrap(), [""]);
        assert!(fields(r#""a"#).is_err() && fields(r#""a"b"#).is_err());
    }
}
