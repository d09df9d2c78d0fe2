//! `--cap-add` and `--cap-drop`: which capabilities are left.

use plimsoll_model::launch::{ALL_CAPABILITIES, DEFAULT_CAPABILITIES};

/// docker's resolution (moby, oci/caps TweakCapabilities): adding ALL gives all but those dropped by
/// name; else dropping ALL leaves those added; else the default ones lose some and get some.
pub fn resolve(add: &[String], drop: &[String]) -> Result<Vec<String>, String> {
    let add = add.iter().map(known).collect::<Result<Vec<_>, _>>()?;
    let drop = drop.iter().map(known).collect::<Result<Vec<_>, _>>()?;
    let has_all = |names: &[String]| names.iter().any(|name| name == "ALL");
    let without_dropped = |names: &[&str]| -> Vec<String> {
        names
            .iter()
            .filter(|name| !drop.iter().any(|dropped| dropped == *name))
            .map(|name| (*name).to_string())
            .collect()
    };
    let mut left = match () {
        () if has_all(&add) => return Ok(without_dropped(&ALL_CAPABILITIES)),
        () if has_all(&drop) => Vec::new(),
        () => without_dropped(&DEFAULT_CAPABILITIES),
    };
    for name in add {
        if !left.contains(&name) {
            left.push(name);
        }
    }
    Ok(left)
}

/// A name in upper case without `CAP_`.
fn known(name: &String) -> Result<String, String> {
    let upper = name.to_ascii_uppercase();
    let bare = upper.strip_prefix("CAP_").unwrap_or(&upper);
    let is_known = bare == "ALL" || ALL_CAPABILITIES.contains(&bare);
    is_known.then(|| bare.to_string()).ok_or_else(|| format!("'{name}' is no capability"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(add: &[&str], drop: &[&str]) -> Result<Vec<String>, String> {
        let own = |list: &[&str]| list.iter().map(|name| (*name).to_string()).collect::<Vec<_>>();
        resolve(&own(add), &own(drop))
    }

    #[test]
    fn dockers_resolution() {
        assert_eq!(left(&[], &[]).unwrap(), DEFAULT_CAPABILITIES);
        assert_eq!(
            left(&["net_bind_service", "cap_chown"], &["ALL"]).unwrap(),
            ["NET_BIND_SERVICE", "CHOWN"]
        );
        assert!(!left(&[], &["CAP_CHOWN"]).unwrap().contains(&"CHOWN".to_string()));
        // Added by name it stays, dropped or not.
        assert!(left(&["CHOWN"], &["CHOWN"]).unwrap().contains(&"CHOWN".to_string()));
        assert_eq!(left(&["all"], &[]).unwrap().len(), 41);
        assert_eq!(left(&["ALL", "CHOWN"], &["CHOWN"]).unwrap().len(), 40);
        assert_eq!(left(&["ALL"], &["ALL"]).unwrap().len(), 41);
        for bad in ["NOPE", "", "CAP_"] {
            assert!(left(&[bad], &[]).is_err() && left(&[], &[bad]).is_err(), "{bad}");
        }
    }
}
