//! What is executed at the end of a plan.

use plimsoll_model::LaunchSpec;

use super::PlanError;

/// A program, where to look for it, and what it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Argument vector.
    pub argv: Vec<String>,
    /// Environment as `NAME=value`.
    pub env: Vec<String>,
    /// Paths to try in order.
    pub candidates: Vec<String>,
    /// Start the built-in init as PID 1, and the program below it.
    pub init: bool,
}

/// Where programs are looked for when the environment has no PATH (runc's and docker's list).
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Command {
    pub(super) fn new(spec: &LaunchSpec) -> Result<Self, PlanError> {
        let program = spec.argv.first().ok_or(PlanError::NoCommand)?;
        if spec.argv.iter().any(|word| word.contains('\0')) {
            return Err(PlanError::ZeroByte { what: "the command".to_string() });
        }
        let mut env: Vec<String> = spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !spec.env.iter().any(|(name, _)| name == "HOME") {
            env.push(format!("HOME={}", spec.user.home));
        }
        if let Some(bad) = env.iter().find(|entry| entry.contains('\0')) {
            let name = bad.split(['=', '\0']).next().unwrap_or("");
            return Err(PlanError::ZeroByte { what: format!("the environment variable '{name}'") });
        }
        if spec.workdir.contains('\0') {
            return Err(PlanError::ZeroByte { what: "the working directory".to_string() });
        }
        let path = spec.env.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_str());
        let candidates = candidates(program, path.unwrap_or(DEFAULT_PATH));
        Ok(Command { argv: spec.argv.clone(), env, candidates, init: spec.init })
    }

    /// The command as one line, for people: words with blanks in quotes.
    pub(super) fn words(&self) -> String {
        let quote = |word: &String| match word.is_empty() || word.contains(|c: char| c.is_whitespace()) {
            true => format!("'{word}'"),
            false => word.clone(),
        };
        self.argv.iter().map(quote).collect::<Vec<_>>().join(" ")
    }
}

/// A program with a slash is taken as it is; an empty part of PATH means the current directory (POSIX).
fn candidates(program: &str, path: &str) -> Vec<String> {
    if program.is_empty() {
        return Vec::new();
    }
    if program.contains('/') {
        return vec![program.to_string()];
    }
    let join = |dir: &str| match dir {
        "" => format!("./{program}"),
        dir => format!("{}/{program}", dir.trim_end_matches('/')),
    };
    path.split(':').map(join).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search() {
        assert_eq!(candidates("sh", "/usr/bin:/bin/"), ["/usr/bin/sh", "/bin/sh"]);
        assert_eq!(candidates("./sh", "/bin"), ["./sh"]);
        assert_eq!(candidates("sh", ""), ["./sh"]);
        assert!(candidates("", "/bin").is_empty());
    }
}
