//! `--ulimit`: resource limits of the process.

use clap::Args;
use plimsoll_model::launch::Ulimit;
use plimsoll_runtime::plan::resource;

/// Resource limits.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Limits")]
pub struct UlimitFlags {
    /// A resource limit of the process, as nofile=1024:4096; -1: no limit.
    #[arg(long, value_name = "NAME=SOFT[:HARD]", value_parser = parse)]
    ulimit: Vec<Ulimit>,
}

impl UlimitFlags {
    /// One limit a resource; of several the last one counts.
    pub fn list(&self) -> Vec<Ulimit> {
        let mut list: Vec<Ulimit> = Vec::new();
        for limit in &self.ulimit {
            list.retain(|known| known.name != limit.name);
            list.push(limit.clone());
        }
        list
    }
}

/// `name=soft[:hard]` (docker/go-units, ParseUlimit); a hard limit that is not written is the soft one.
fn parse(text: &str) -> Result<Ulimit, String> {
    let form = "NAME=SOFT[:HARD] was expected, as nofile=1024:4096";
    let (name, values) = text.split_once('=').ok_or(form)?;
    resource(name).map_err(|names| format!("there is no resource '{name}': {}", names.join(", ")))?;
    let (soft, hard) = values.split_once(':').unwrap_or((values, values));
    let (soft, hard) = (number(soft)?, number(hard)?);
    if hard.is_some_and(|hard| soft.is_none_or(|soft| soft > hard)) {
        return Err("the soft limit is above the hard one".into());
    }
    Ok(Ulimit { name: name.to_string(), soft, hard })
}

fn number(text: &str) -> Result<Option<u64>, String> {
    match text {
        "-1" => Ok(None),
        // docker's numbers are signed.
        text if text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<i64>().is_ok() => {
            Ok(text.parse().ok())
        }
        text => Err(format!("'{text}' is no limit: a number, or -1 for none")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limit(name: &str, soft: Option<u64>, hard: Option<u64>) -> Ulimit {
        Ulimit { name: name.to_string(), soft, hard }
    }

    #[test]
    fn forms() {
        assert_eq!(parse("nofile=5"), Ok(limit("nofile", Some(5), Some(5))));
        assert_eq!(parse("core=0:-1"), Ok(limit("core", Some(0), None)));
        assert_eq!(parse("nproc=-1"), Ok(limit("nproc", None, None)));
        for (bad, why) in [
            ("nofile", "NAME=SOFT"),
            ("=5", "resource ''"),
            ("as=5", "nofile"),
            ("NOFILE=5", "'NOFILE'"),
            ("nofile=", "''"),
            ("nofile=5:", "''"),
            ("nofile=1:2:3", "'2:3'"),
            ("nofile=-2", "'-2'"),
            ("nofile=9223372036854775808", "no limit"),
            ("nofile=5:3", "above"),
            ("nofile=-1:3", "above"),
        ] {
            let said = parse(bad).unwrap_err();
            assert!(said.contains(why), "{bad}: {said}");
        }
    }

    #[test]
    fn the_last_of_a_name_counts() {
        let ulimit = ["nofile=5", "core=0", "nofile=6"].map(|text| parse(text).unwrap()).to_vec();
        let list = UlimitFlags { ulimit }.list();
        assert_eq!(list, [limit("core", Some(0), Some(0)), limit("nofile", Some(6), Some(6))]);
    }

    proptest! {
        #[test]
        fn what_is_accepted_prints_back(text in "(nofile|core|rss|x)=-?[0-9]{0,3}(:-?[0-9]{0,3})?", any in ".{0,16}") {
            let shown = |limit: Option<u64>| limit.map_or("-1".to_string(), |limit| limit.to_string());
            if let Ok(limit) = parse(&text) {
                let again = format!("{}={}:{}", limit.name, shown(limit.soft), shown(limit.hard));
                prop_assert_eq!(parse(&again), Ok(limit));
            }
            let _ = parse(&any);
        }
    }
}
