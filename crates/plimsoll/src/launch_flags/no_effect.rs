//! Flags of docker that ask for what is so anyway: taken for that, refused for anything else.

use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches};

use super::docker_words::boolean;

/// Flags without effect.
#[derive(Clone, Default)]
pub struct NoEffectFlags;

impl Args for NoEffectFlags {
    fn augment_args(command: Command) -> Command {
        let hidden = |name: &'static str| Arg::new(name).long(name).hide(true);
        let trust = hidden("disable-content-trust").num_args(0..=1).require_equals(true);
        command.args([
            trust.default_missing_value("true").value_parser(no_trust),
            hidden("isolation").value_parser(isolation),
            hidden("volume-driver").value_parser(volume_driver),
        ])
    }

    fn augment_args_for_update(command: Command) -> Command {
        NoEffectFlags::augment_args(command)
    }
}

impl FromArgMatches for NoEffectFlags {
    fn from_arg_matches(_: &ArgMatches) -> Result<Self, Error> {
        Ok(NoEffectFlags)
    }

    fn update_from_arg_matches(&mut self, _: &ArgMatches) -> Result<(), Error> {
        Ok(())
    }
}

fn no_trust(text: &str) -> Result<(), String> {
    match boolean(text)? {
        true => Ok(()),
        false => Err("signatures of images are not looked at; name the image by its digest".into()),
    }
}

fn isolation(text: &str) -> Result<(), String> {
    match text {
        "" | "default" => Ok(()),
        _ => Err("it is for Windows; here containers are always processes in namespaces".into()),
    }
}

fn volume_driver(text: &str) -> Result<(), String> {
    match text {
        "" | "local" => Ok(()),
        _ => Err("volumes are directories of the store: local is the one driver".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_so_anyway_is_taken() {
        assert!(no_trust("true").is_ok() && no_trust("false").is_err() && no_trust("x").is_err());
        assert!(isolation("default").is_ok() && isolation("hyperv").is_err());
        assert!(volume_driver("local").is_ok() && volume_driver("nfs").is_err());
    }
}
