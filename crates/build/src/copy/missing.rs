//! Why a source is not there: the sentence BuildKit's "failed to compute cache key" should have been.

use plimsoll_image::SourceTree;
use plimsoll_image::path;
use plimsoll_model::user::nearest;

/// What is known about a missing source, as one clause and perhaps a proposal.
pub fn explain(
    tree: &dyn SourceTree,
    wanted: &str,
    ignored_by: Option<(String, usize)>,
    origin: &str,
) -> String {
    if let Some((file, line)) = ignored_by {
        return format!("'{wanted}' is excluded by {file}:{line}");
    }
    let clean = path::clean(wanted.as_bytes());
    let parent = path::parent(&clean).unwrap_or_default().to_vec();
    let siblings: Vec<String> = tree
        .names(&parent)
        .unwrap_or_default()
        .iter()
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect();
    let name = String::from_utf8_lossy(path::name(&clean)).into_owned();
    let place = if path::climbs_out(wanted.as_bytes()) {
        format!(
            "'{wanted}' leaves the build context, which counts as '/{}', and nothing is there",
            path::display(&clean).trim_start_matches('/')
        )
    } else {
        format!("'{wanted}' does not exist in {origin}")
    };
    let same_letters = siblings.iter().find(|sibling| sibling.eq_ignore_ascii_case(&name));
    let similar = same_letters.cloned().or_else(|| nearest(&name, siblings.iter()));
    match similar {
        Some(similar) => {
            let full = path::join(&parent, similar.as_bytes());
            format!("{place}; did you mean '{}'?", path::display(&full).trim_start_matches('/'))
        }
        None => place,
    }
}
