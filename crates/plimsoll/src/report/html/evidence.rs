//! The appendix: every claim with its verdict, and the evidence itself.

use plimsoll_contract::evidence::Verdict;
use plimsoll_contract::judge::Proof;
use serde_json::{Value, json};

use super::Shown;
use super::limits::Limits;
use crate::report::columns::is_hostile;
use crate::report::json;
use crate::report::redaction::Redaction;

/// A claim.
pub struct ClaimRow {
    /// `proven`, `refuted`, `open`.
    pub word: &'static str,
    pub statement: String,
    pub why: String,
    pub experiment: String,
    pub required: bool,
}

/// JSON that lies in the page, as a data block that no browser runs.
pub struct Embedded {
    json: String,
    /// What is not in it, if it would have been too large.
    pub omitted: Option<String>,
}

impl Embedded {
    /// The text: nothing in it can end the element it stands in.
    pub fn markup(&self) -> Markup<'_> {
        Markup(&self.json)
    }
}

/// Text that is safe inside of a script element, made by [`for_script`] only.
pub struct Markup<'a>(&'a str);

impl std::fmt::Display for Markup<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl askama::filters::HtmlSafe for Markup<'_> {}

/// Claims, those that do not stand first.
pub fn claims(proof: Option<&Proof>, limits: Limits) -> Shown<ClaimRow> {
    let mut claims: Vec<_> = proof.iter().flat_map(|proof| &proof.claims).collect();
    claims.sort_by_key(|claim| match (&claim.verdict, claim.required) {
        (Verdict::Refuted(_), true) => 0,
        (Verdict::Refuted(_), false) => 1,
        (Verdict::Unproven(_), _) => 2,
        (Verdict::Proven, _) => 3,
    });
    limits.shown(claims, |claim| {
        let (word, why) = match &claim.verdict {
            Verdict::Proven => ("proven", ""),
            Verdict::Refuted(why) => ("refuted", why.as_str()),
            Verdict::Unproven(why) => ("open", why.as_str()),
        };
        ClaimRow {
            word,
            statement: limits.text(&claim.statement),
            why: limits.text(why),
            experiment: limits.name(claim.experiment.as_deref().unwrap_or("")),
            required: claim.required,
        }
    })
}

/// Claims and evidence as JSON, if they are not too large.
pub fn embedded(proof: Option<&Proof>, redaction: &Redaction, limits: Limits) -> Embedded {
    let Some(proof) = proof else { return Embedded { json: "null".to_string(), omitted: None } };
    let mut value = redaction.json(json::proof(proof));
    // The text for people is on the page already.
    if let Value::Object(fields) = &mut value {
        fields.remove("rendered");
    }
    let json = for_script(&value.to_string());
    if json.len() <= limits.embedded {
        return Embedded { json, omitted: None };
    }
    let why = format!(
        "the evidence takes {} kB; plimsoll prove IMAGE --evidence FILE writes it",
        json.len() / 1000
    );
    Embedded { json: for_script(&json!({ "omitted": why }).to_string()), omitted: Some(why) }
}

/// JSON whose strings cannot end a script element or begin a comment, and have no steering characters.
/// Such characters stand in strings only, where JSON knows an escape for them.
fn for_script(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, '<' | '>' | '&') || is_hostile(c) {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| safe.push_str(&format!("\\u{unit:04x}")));
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_json_and_inside_of_its_element() {
        let value = json!({ "a</script>": "<!--<script>\u{202e}\u{9b}&\n" });
        let safe = for_script(&value.to_string());
        assert!(!safe.contains(['<', '>', '&']) && !safe.contains(is_hostile), "{safe}");
        assert_eq!(serde_json::from_str::<Value>(&safe).unwrap(), value);
    }
}
