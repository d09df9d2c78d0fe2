//! What becomes of a container that has ended: `--rm` and `--restart`.

use clap::Args;
use plimsoll_runtime::container::RestartPolicy;

/// After its end.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Health, restarts, logs")]
pub struct RestartFlags {
    /// Remove the container, and its anonymous volumes, when it has ended.
    #[arg(long, help_heading = "Container")]
    pub rm: bool,
    /// Start it again when it has ended: no, on-failure[:TIMES], always, unless-stopped.
    #[arg(long, value_name = "POLICY", value_parser = parse)]
    restart: Option<RestartPolicy>,
}

impl RestartFlags {
    /// The policy; what is removed cannot be started again.
    pub fn policy(&self) -> Result<RestartPolicy, String> {
        let policy = self.restart.unwrap_or_default();
        match self.rm && policy != RestartPolicy::No {
            true => Err("conflicting options: cannot specify both --restart and --rm".into()),
            false => Ok(policy),
        }
    }
}

fn parse(text: &str) -> Result<RestartPolicy, String> {
    let (word, times) = match text.split_once(':') {
        Some((word, times)) => (word, Some(times)),
        None => (text, None),
    };
    // docker takes an empty number and 0 for none.
    let most = match times {
        None | Some("") => None,
        Some(times) => {
            let number: u32 = times.parse().map_err(|_| format!("'{times}' is no number of times"))?;
            Some(number).filter(|number| *number > 0)
        }
    };
    match (word, most) {
        ("on-failure", most) => Ok(RestartPolicy::OnFailure { most }),
        ("" | "no", None) if times.is_none() || word == "no" => Ok(RestartPolicy::No),
        ("always", None) => Ok(RestartPolicy::Always),
        ("unless-stopped", None) => Ok(RestartPolicy::UnlessStopped),
        ("no" | "always" | "unless-stopped", Some(_)) => {
            Err("only on-failure can be given a number of times".into())
        }
        _ => Err("no, on-failure[:TIMES], always or unless-stopped was expected".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies() {
        for (text, policy) in [
            ("", RestartPolicy::No),
            ("no", RestartPolicy::No),
            ("always", RestartPolicy::Always),
            ("always:0", RestartPolicy::Always),
            ("unless-stopped", RestartPolicy::UnlessStopped),
            ("on-failure", RestartPolicy::OnFailure { most: None }),
            ("on-failure:0", RestartPolicy::OnFailure { most: None }),
            ("on-failure:5", RestartPolicy::OnFailure { most: Some(5) }),
        ] {
            assert_eq!(parse(text), Ok(policy), "{text}");
        }
        for (bad, why) in [
            ("bogus", "expected"),
            (":3", "expected"),
            (":", "expected"),
            ("on-failure:x", "'x'"),
            ("on-failure:-1", "'-1'"),
            ("always:3", "only on-failure"),
        ] {
            let said = parse(bad).unwrap_err();
            assert!(said.contains(why), "{bad}: {said}");
        }
    }

    #[test]
    fn what_is_removed_is_not_started_again() {
        let policy = |restart| RestartFlags { rm: true, restart }.policy();
        assert_eq!(policy(Some(RestartPolicy::No)), Ok(RestartPolicy::No));
        assert!(policy(Some(RestartPolicy::Always)).unwrap_err().contains("--restart and --rm"));
    }
}
