//! What is kept of a container's output.

use clap::Args;
use plimsoll_model::quantity::parse_decimal_bytes;
use plimsoll_runtime::container::LogRule;

use super::docker_words::asked;

/// Logs.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Health, restarts, logs")]
pub struct LogFlags {
    /// How output is kept: json-file, local, k8s-file (all mean plimsoll's own files), or none.
    #[arg(long, value_name = "DRIVER")]
    log_driver: Option<String>,
    /// max-size=BYTES begins a new file, max-file=NUMBER says how many are kept.
    #[arg(long, value_name = "NAME=VALUE")]
    log_opt: Vec<String>,
}

impl LogFlags {
    /// The rule, by the defaults of docker's drivers.
    pub fn rule(&self) -> Result<LogRule, String> {
        let mut rule = match asked(&self.log_driver) {
            None => LogRule::default(),
            Some(driver @ ("json-file" | "k8s-file")) => {
                LogRule { driver: driver.into(), ..LogRule::default() }
            }
            // moby, daemon/logger/local: five files of 20 MiB.
            Some("local") => {
                LogRule { driver: "local".into(), max_size: Some(20 << 20), max_file: 5, options: Vec::new() }
            }
            Some("none") if !self.log_opt.is_empty() => {
                return Err("--log-driver none keeps nothing: leave --log-opt out".into());
            }
            Some("none") => LogRule { driver: "none".into(), ..LogRule::default() },
            Some(other) => {
                return Err(format!(
                    "--log-driver {other} is not known here: json-file, local and k8s-file keep output for 'plimsoll logs', none keeps nothing"
                ));
            }
        };
        for text in &self.log_opt {
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            set(&mut rule, name, value).map_err(|why| format!("--log-opt {text}: {why}"))?;
            rule.options.retain(|(known, _)| known != name);
            rule.options.push((name.to_string(), value.to_string()));
        }
        Ok(rule)
    }
}

fn set(rule: &mut LogRule, name: &str, value: &str) -> Result<(), String> {
    match name {
        "max-size" => {
            let size = parse_decimal_bytes(value).filter(|size| *size > 0);
            rule.max_size = Some(size.ok_or("a size such as 10m was expected")?);
        }
        "max-file" => {
            let number = value.parse().ok().filter(|number| *number > 0);
            rule.max_file = number.ok_or("a number of files, at least 1, was expected")?;
        }
        _ => return Err("it is not known here: max-size and max-file are".into()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(driver: &str, options: &[&str]) -> Result<LogRule, String> {
        let log_opt = options.iter().map(|option| (*option).to_string()).collect();
        LogFlags { log_driver: Some(driver.to_string()), log_opt }.rule()
    }

    #[test]
    fn drivers() {
        assert_eq!(rule("", &[]), Ok(LogRule::default()));
        assert_eq!(rule("k8s-file", &[]).unwrap().driver, "k8s-file");
        let local = rule("local", &[]).unwrap();
        assert_eq!((local.max_size, local.max_file), (Some(20 << 20), 5));
        assert!(rule("none", &[]).unwrap().is_none());
        for bad in ["journald", "syslog", "fluentd", "passthrough"] {
            assert!(rule(bad, &[]).unwrap_err().contains(bad));
        }
    }

    #[test]
    fn options() {
        let kept = rule("json-file", &["max-size=10m", "max-file=2", "max-file=3"]).unwrap();
        // docker counts the size of logs in powers of 1000.
        assert_eq!((kept.max_size, kept.max_file), (Some(10_000_000), 3));
        let pair = |name: &str, value: &str| (name.to_string(), value.to_string());
        assert_eq!(kept.options, [pair("max-size", "10m"), pair("max-file", "3")]);
        for bad in [
            "max-size=0",
            "max-size=-1",
            "max-size",
            "max-file=0",
            "max-file=x",
            "compress=true",
            "tag=x",
            "",
        ] {
            assert!(rule("json-file", &[bad]).unwrap_err().contains("--log-opt"), "{bad}");
        }
        assert!(rule("none", &["max-size=1m"]).unwrap_err().contains("none"));
    }
}
