//! Secrets of the image's environment kept out of the report: a page is made to be passed on.

use plimsoll_contract::judge::Proof;
use plimsoll_scan::SecretPlace;
use serde_json::Value;

use super::Report;

/// Shorter values are left: taking them out of every word that contains them would make the report
/// unreadable, and tell the value all the same.
const SHORTEST: usize = 6;

/// Values with what is shown instead.
pub struct Redaction(Vec<(String, String)>);

impl Redaction {
    /// The values of the environment variables in which a secret was seen.
    pub fn of(report: &Report) -> Self {
        let variables = report.proof.iter().flat_map(|proof| &proof.contract.env);
        let shown = |name: &str| {
            let mut secrets = report.scan.secrets.iter();
            secrets
                .find(|secret| secret.place == SecretPlace::Environment { name: name.to_string() })
                .map(|secret| &secret.shown)
        };
        let pairs = variables.filter_map(|variable| {
            let (name, value) = &variable.value;
            Some((value.clone(), shown(name)?.clone()))
        });
        // What the experiments were given the scan of the image has not seen.
        let given = report.proof.iter().flat_map(|proof| &proof.evidence.given.env);
        let given = given.filter_map(|(name, value)| {
            let value = value.as_ref()?;
            Some((value.clone(), plimsoll_scan::secret_in_variable(name, value)?))
        });
        let long = |(value, _): &(String, String)| value.chars().count() >= SHORTEST;
        Redaction(pairs.chain(given).filter(long).collect())
    }

    /// The values of the environment variables of a proof that are secrets.
    pub fn of_proof(proof: &Proof) -> Self {
        let pairs = proof.contract.env.iter().filter_map(|variable| {
            let (name, value) = &variable.value;
            Some((value.clone(), plimsoll_scan::secret_in_variable(name, value)?))
        });
        Redaction(pairs.filter(|(value, _)| value.chars().count() >= SHORTEST).collect())
    }

    /// A text without the values, nor the form that `escape` gives them.
    pub fn text(&self, text: String, escape: impl Fn(&str) -> String) -> String {
        self.0.iter().fold(text, |text, (value, shown)| {
            text.replace(value, &escape(shown)).replace(&escape(value), &escape(shown))
        })
    }

    /// A document without the values.
    pub fn json(&self, document: Value) -> Value {
        match document {
            Value::String(text) => Value::String(self.text(text, str::to_string)),
            Value::Array(items) => items.into_iter().map(|item| self.json(item)).collect(),
            Value::Object(fields) => {
                Value::Object(fields.into_iter().map(|(key, value)| (key, self.json(value))).collect())
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::report::{demo, html, json, terminal};

    #[test]
    fn no_form_of_the_report_tells_a_secret() {
        let report = demo::shell_form();
        let secret = "hunter2-hunter2";
        assert!(report.dockerfile.text().contains(secret));
        let page = html::prove_page(report.proof.as_ref().unwrap());
        for text in
            [page, html::render(&report), json::report(&report).to_string(), terminal::render(&report)]
        {
            assert!(!text.contains(secret));
        }
        assert!(json::report(&report).to_string().contains("hu…r2"));
    }
}
