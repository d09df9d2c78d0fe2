//! How bad an advisory says it is.

use super::wire::{Affected, Record};

/// One scale for all sources, worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rating {
    /// Debian's word for what is no security problem in practice.
    Unimportant,
    /// CVSS 0.1 to 3.9.
    Low,
    /// Nobody rated it.
    Unrated,
    /// CVSS 4.0 to 6.9.
    Medium,
    /// CVSS 7.0 to 8.9.
    High,
    /// CVSS 9.0 and more.
    Critical,
}

impl Rating {
    /// All, worst first.
    pub const ALL: [Rating; 6] =
        [Rating::Critical, Rating::High, Rating::Medium, Rating::Unrated, Rating::Low, Rating::Unimportant];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Rating::Unimportant => "unimportant",
            Rating::Low => "low",
            Rating::Unrated => "unrated",
            Rating::Medium => "medium",
            Rating::High => "high",
            Rating::Critical => "critical",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "unimportant" | "negligible" => Some(Rating::Unimportant),
            "low" => Some(Rating::Low),
            "medium" | "moderate" => Some(Rating::Medium),
            "high" | "important" => Some(Rating::High),
            "critical" => Some(Rating::Critical),
            _ => None,
        }
    }
}

/// The rating and who gave it. The distribution's "unimportant" stands above all, since it knows its
/// own build; then the CVSS vectors' score, then the record's words.
pub(super) fn of(record: &Record, affected: &Affected) -> (Rating, Option<String>) {
    let word = |value: &serde_json::Value, key: &str| value.get(key)?.as_str().and_then(Rating::from_word);
    let urgency = word(&affected.ecosystem_specific, "urgency");
    if urgency == Some(Rating::Unimportant) {
        return (Rating::Unimportant, Some("the distribution".to_string()));
    }
    let vectors = affected.severity.iter().chain(&record.severity);
    let scores =
        vectors.filter_map(|severity| severity.score.parse::<cvss::Cvss>().ok()).map(|cvss| cvss.score());
    if let Some(score) = scores.max_by(f64::total_cmp) {
        return (from_score(score), Some(format!("CVSS {score:.1}")));
    }
    if let Some(rating) = urgency {
        return (rating, Some("the distribution".to_string()));
    }
    let words = [&affected.ecosystem_specific, &affected.database_specific, &record.database_specific];
    match words.into_iter().find_map(|value| word(value, "severity")) {
        Some(rating) => (rating, Some("the advisory".to_string())),
        None => (Rating::Unrated, None),
    }
}

/// The scale of CVSS v3.1, section 5; v4.0 has the same.
fn from_score(score: f64) -> Rating {
    match score {
        score if score >= 9.0 => Rating::Critical,
        score if score >= 7.0 => Rating::High,
        score if score >= 4.0 => Rating::Medium,
        score if score > 0.0 => Rating::Low,
        _ => Rating::Unimportant,
    }
}
