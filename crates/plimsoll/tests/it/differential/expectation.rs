//! What a case says about the image, a line each: `PATH KIND [MODE [UID:GID [CONTENT]]]`, where CONTENT is a
//! JSON string; `PATH absent`; `config.KEY JSON`.

use plimsoll_model::Digest;
use serde_json::Value;

use super::image::Image;

/// What of the lines does not hold.
pub fn violations(lines: &[String], image: &Image) -> Vec<String> {
    lines.iter().filter(|line| !line.is_empty()).filter_map(|line| violation(line, image)).collect()
}

fn violation(line: &str, image: &Image) -> Option<String> {
    let (place, rest) = line.split_once(' ').expect("a line has a place and what stands there");
    let (found, expected) = match place.strip_prefix("config.") {
        Some(key) => {
            let expected: Value = serde_json::from_str(rest).expect("JSON");
            (image.config["config"][key].to_string(), expected.to_string())
        }
        None => {
            let words: Vec<&str> = rest.splitn(4, ' ').collect();
            let content = words.get(3).map(|text| -> String {
                let text: String = serde_json::from_str(text).expect("a JSON string");
                Digest::of(text.as_bytes()).to_string()
            });
            let words: Vec<String> = words.iter().take(3).map(ToString::to_string).chain(content).collect();
            (describe(image, place, words.len()), words.join(" "))
        }
    };
    (found != expected).then(|| format!("{place}: {found}, expected {expected}"))
}

/// So many words about a path.
fn describe(image: &Image, path: &str, words: usize) -> String {
    let Some(node) = image.node(path) else { return "absent".to_string() };
    let (uid, gid) = node.owner;
    let all =
        [node.kind.to_string(), format!("{:04o}", node.mode), format!("{uid}:{gid}"), node.content.clone()];
    all[..words.min(all.len())].join(" ")
}
