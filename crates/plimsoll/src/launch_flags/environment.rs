//! The variables a process starts with.

use std::path::PathBuf;

use clap::Args;

use super::key_values::{self, Line};

/// Variables.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Process")]
pub struct EnvironmentFlags {
    /// Set a variable; without a value it is taken from this environment, or out of the image's.
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// Read variables from a file, one NAME=VALUE a line.
    #[arg(long, value_name = "FILE")]
    env_file: Vec<PathBuf>,
}

/// A variable of the caller's environment.
pub type Outside<'a> = &'a dyn Fn(&str) -> Option<String>;

impl EnvironmentFlags {
    /// The whole environment: see [`merge`].
    pub fn variables(
        &self,
        engine: Vec<(String, String)>,
        image: &[(String, String)],
        outside: Outside<'_>,
    ) -> Result<Vec<(String, String)>, String> {
        Ok(merge(engine, self.given(outside)?, image))
    }

    /// What the flags say alone, files first; no value: out of the image's.
    pub fn given(&self, outside: Outside<'_>) -> Result<Vec<Line>, String> {
        let mut asked = Vec::new();
        for path in &self.env_file {
            let lines = key_values::read(path)?.into_iter();
            // A name without a value that is not set here is passed over (docker's cli, pkg/kvfile).
            asked.extend(lines.map(|line| filled(line, outside)).filter(|(_, value)| value.is_some()));
        }
        for word in &self.env {
            asked.push(filled(assignment(word)?, outside));
        }
        Ok(asked)
    }
}

/// `NAME=VALUE` or `NAME`. As in docker every name is good but an empty one.
pub fn assignment(word: &str) -> Result<Line, String> {
    let (name, value) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value.to_string())),
        None => (word, None),
    };
    match name {
        "" => Err(format!("'{word}' does not name a variable")),
        name => Ok((name.to_string(), value)),
    }
}

/// A line with the caller's value where it has none.
pub fn filled((name, value): Line, outside: Outside<'_>) -> Line {
    let value = value.or_else(|| outside(&name));
    (name, value)
}

/// docker's order (moby, daemon merge and ReplaceOrAppendEnvValues): what the engine sets, then what is
/// asked for, then what of the image it does not name. The last of two values counts, in the place of the
/// first; a name without a value takes the variable away.
fn merge(
    engine: Vec<(String, String)>,
    asked: Vec<Line>,
    image: &[(String, String)],
) -> Vec<(String, String)> {
    let named = |name: &str| asked.iter().any(|(known, _)| known == name);
    let kept: Vec<Line> = image
        .iter()
        .filter(|(name, _)| !named(name))
        .map(|(name, value)| (name.clone(), Some(value.clone())))
        .collect();
    let mut env = engine;
    for (name, value) in asked.into_iter().chain(kept) {
        match (value, env.iter_mut().find(|(known, _)| *known == name)) {
            (Some(value), Some((_, old))) => *old = value,
            (Some(value), None) => env.push((name, value)),
            (None, _) => env.retain(|(known, _)| *known != name),
        }
    }
    env
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string())).collect()
    }

    /// Order and values are those of docker 20.10 for the same flags.
    #[test]
    fn dockers_order() {
        let image = pairs(&[("A", "image"), ("B", "image"), ("D", "image")]);
        let env = ["C=1", "A=2", "C=3", "B", "E"].map(str::to_string).to_vec();
        let flags = EnvironmentFlags { env, env_file: Vec::new() };
        let outside = |name: &str| (name == "E").then(|| "outside".to_string());
        let variables = flags.variables(pairs(&[("PATH", "/bin")]), &image, &outside);
        let expected = [("PATH", "/bin"), ("C", "3"), ("A", "2"), ("E", "outside"), ("D", "image")];
        assert_eq!(variables.unwrap(), pairs(&expected));
    }

    #[test]
    fn what_the_engine_sets_can_be_replaced_and_taken_away() {
        let flags = |env: &[&str]| EnvironmentFlags {
            env: env.iter().map(|word| (*word).to_string()).collect(),
            env_file: Vec::new(),
        };
        let engine = || pairs(&[("PATH", "/bin"), ("HOSTNAME", "h")]);
        let variables = flags(&["HOSTNAME", "A B=c=d", "PATH="]).variables(engine(), &[], &|_| None).unwrap();
        assert_eq!(variables, pairs(&[("PATH", ""), ("A B", "c=d")]));
        let image = pairs(&[("PATH", "/image")]);
        assert_eq!(flags(&[]).variables(engine(), &image, &|_| None).unwrap()[0].1, "/image");
        for bad in ["=x", ""] {
            assert!(flags(&[bad]).variables(engine(), &[], &|_| None).is_err(), "{bad}");
        }
    }
}
