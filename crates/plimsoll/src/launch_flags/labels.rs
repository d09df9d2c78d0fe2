//! Labels of a container: the image's, then files, then flags.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::key_values;

/// Labels.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Container")]
pub struct LabelFlags {
    /// Add a label.
    #[arg(short, long, value_name = "KEY[=VALUE]", value_parser = parse)]
    label: Vec<(String, String)>,
    /// Read labels from a file, one KEY=VALUE a line.
    #[arg(long, value_name = "FILE")]
    label_file: Vec<PathBuf>,
}

impl LabelFlags {
    /// All labels, sorted; the last of two with one key counts.
    pub fn labels(&self, image: &[(String, String)]) -> Result<Vec<(String, String)>, String> {
        let mut labels: BTreeMap<String, String> = image.iter().cloned().collect();
        for path in &self.label_file {
            let lines = key_values::read(path)?;
            labels.extend(lines.into_iter().map(|(key, value)| (key, value.unwrap_or_default())));
        }
        labels.extend(self.label.iter().cloned());
        Ok(labels.into_iter().collect())
    }
}

/// `KEY=VALUE`, or `KEY` with an empty value.
fn parse(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    let key = key.trim_start_matches([' ', '\t']);
    match key {
        "" => Err("it has no key".into()),
        key if key.contains([' ', '\t']) => Err(format!("the key '{key}' contains blanks")),
        key => Ok((key.to_string(), value.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_string(), value.to_string())
    }

    #[test]
    fn forms() {
        assert_eq!(parse("a"), Ok(pair("a", "")));
        assert_eq!(parse("b=c=d \" e"), Ok(pair("b", "c=d \" e")));
        for bad in ["", "=x", "c =1", "a b"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_image_then_files_then_flags() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "# c\nb=file\nc=file\nd\n").unwrap();
        let flags = LabelFlags { label: vec![pair("c", "flag")], label_file: vec![file.path().into()] };
        let image = [pair("a", "image"), pair("b", "image")];
        let expected = [pair("a", "image"), pair("b", "file"), pair("c", "flag"), pair("d", "")];
        assert_eq!(flags.labels(&image).unwrap(), expected);
    }
}
