//! The contract as experiments use it: with the flags that were given to `prove`.

use plimsoll_model::file_tree::clean_path;
use plimsoll_model::{Because, Reasoned};

use crate::contract::Contract;
use crate::evidence::Given;

/// The contract with what was given in place of what the image says, by docker's rules: arguments replace
/// CMD, the last value of a variable counts, a name without a value takes the variable away.
pub fn with_given(contract: &Contract, given: &Given) -> Contract {
    let asked = |flag: &str| Because::Asked(flag.to_string());
    let mut contract = contract.clone();
    if !given.args.is_empty() {
        contract.cmd = Reasoned { value: given.args.clone(), because: asked("arguments after the image") };
    }
    for (name, value) in &given.env {
        let known = contract.env.iter_mut().find(|pair| pair.value.0 == *name);
        match (value, known) {
            (Some(value), Some(pair)) => {
                *pair = Reasoned { value: (name.clone(), value.clone()), because: asked("-e") };
            }
            (Some(value), None) => {
                contract.env.push(Reasoned { value: (name.clone(), value.clone()), because: asked("-e") });
            }
            (None, _) => contract.env.retain(|pair| pair.value.0 != *name),
        }
    }
    if let Some(user) = &given.user {
        contract.user = Reasoned { value: user.clone(), because: asked("--user") };
    }
    if let Some(workdir) = &given.workdir {
        contract.workdir = Reasoned { value: clean_path("/", workdir), because: asked("--workdir") };
    }
    contract
}

/// The whole environment of PID 1: what engines set by themselves, then what the contract says.
pub fn environment(contract: &Contract, hostname: &str, home: &str) -> Vec<(String, String)> {
    let pair = |name: &str, value: &str| (name.to_string(), value.to_string());
    let mut env = vec![pair("PATH", crate::stage::DEFAULT_PATH), pair("HOSTNAME", hostname)];
    for variable in &contract.env {
        let (name, value) = &variable.value;
        match env.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => old.clone_from(value),
            None => env.push((name.clone(), value.clone())),
        }
    }
    if !env.iter().any(|(name, _)| name == "HOME") {
        env.push(pair("HOME", home));
    }
    env
}

#[cfg(test)]
mod tests {
    use plimsoll_model::ImageConfig;

    use super::*;

    fn contract() -> Contract {
        let config = ImageConfig {
            cmd: vec!["serve".into()],
            env: vec![("A".into(), "image".into()), ("B".into(), "image".into())],
            user: "app".into(),
            ..ImageConfig::default()
        };
        crate::from_image(&config, None, Because::ImageConfig)
    }

    #[test]
    fn what_is_given_replaces_what_the_image_says() {
        let given = Given {
            args: vec!["job".into(), "x".into()],
            env: vec![("A".into(), Some("1".into())), ("B".into(), None), ("C".into(), Some(String::new()))],
            user: Some("33".into()),
            workdir: Some("/srv/../tmp/".into()),
            ..Given::default()
        };
        let with = with_given(&contract(), &given);
        assert_eq!(with.cmd.value, ["job", "x"]);
        let env: Vec<_> =
            with.env.iter().map(|pair| (pair.value.0.as_str(), pair.value.1.as_str())).collect();
        assert_eq!(env, [("A", "1"), ("C", "")]);
        assert_eq!((with.user.value.as_str(), with.workdir.value.as_str()), ("33", "/tmp"));
        assert_eq!(with.env[0].because.phrase(), "asked: -e");
        assert_eq!(with_given(&contract(), &Given::default()), contract());
    }

    #[test]
    fn engines_set_three_variables_that_the_image_can_replace() {
        let env = environment(&contract(), "box", "/home/app");
        assert_eq!(env[1], ("HOSTNAME".into(), "box".into()));
        assert_eq!(env.last(), Some(&("HOME".into(), "/home/app".into())));
        let mut own = contract();
        own.env[0].value = ("HOME".into(), "/".into());
        let env = environment(&own, "box", "/home/app");
        assert_eq!(env.iter().filter(|(name, _)| name == "HOME").count(), 1);
    }
}
