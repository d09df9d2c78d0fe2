//! Flags of `docker build` that are not carried out here: known by name and refused with the reason,
//! so that nobody believes in a limit that is not set. Those that ask for what is always so are taken.

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};

const NO_GROUPS: &str = "a build is not limited by control groups here, and without root it cannot be; start it \
                         below a limit: `systemd-run --user --scope -p MemoryMax=2G plimsoll build ...`";

/// Name, whether a value follows, and why not.
const REFUSED: &[(&str, bool, &str)] = &[
    ("builder", true, "there are no builders to choose from: plimsoll builds by itself"),
    ("call", true, "plimsoll explain checks a Dockerfile, and build --plan outlines what would be built"),
    ("cgroup-parent", true, NO_GROUPS),
    ("check", false, "plimsoll explain checks a Dockerfile"),
    ("compress", false, "the context is read where it lies, so there is nothing to compress"),
    ("cpu-period", true, NO_GROUPS),
    ("cpu-quota", true, NO_GROUPS),
    ("cpu-shares", true, NO_GROUPS),
    ("cpuset-cpus", true, "RUN steps are not limited; limit plimsoll as a whole, as with taskset"),
    ("cpuset-mems", true, "RUN steps are not limited; limit plimsoll as a whole, as with numactl"),
    ("disable-content-trust", false, "signatures of base images are not looked at; pin them by digest"),
    ("isolation", true, "it is for Windows"),
    ("memory", true, NO_GROUPS),
    ("memory-swap", true, NO_GROUPS),
    ("security-opt", true, "the confinement of RUN steps is fixed"),
    (
        "squash",
        false,
        "layers are what later builds and pulls reuse; COPY --from into a fresh stage makes one",
    ),
];

/// docker's short names of some of them.
const SHORT: [(&str, char); 2] = [("cpu-shares", 'c'), ("memory", 'm')];

/// What docker does only when asked and plimsoll always: nothing of a step is left behind.
const ALWAYS: &[&str] = &["rm", "force-rm"];

/// The flags that are refused.
#[derive(Clone, Default)]
pub struct RefusedFlags;

impl Args for RefusedFlags {
    fn augment_args(command: Command) -> Command {
        let refused = REFUSED.iter().map(|(name, with_value, _)| {
            let action = if *with_value { ArgAction::Append } else { ArgAction::SetTrue };
            let arg = Arg::new(*name).long(*name).hide(true).action(action);
            match SHORT.iter().find(|(long, _)| long == name) {
                Some((_, short)) => arg.short(*short),
                None => arg,
            }
        });
        let always = ALWAYS.iter().map(|name| {
            let value = Arg::new(*name).long(*name).hide(true).num_args(0..=1).require_equals(true);
            value.default_missing_value("true").value_parser(clap::value_parser!(bool))
        });
        command.args(refused.chain(always))
    }

    fn augment_args_for_update(command: Command) -> Command {
        RefusedFlags::augment_args(command)
    }
}

impl FromArgMatches for RefusedFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = |name: &str| matches.value_source(name) == Some(clap::parser::ValueSource::CommandLine);
        match REFUSED.iter().find(|(name, ..)| given(name)) {
            None => Ok(RefusedFlags),
            Some((name, _, why)) => {
                Err(Error::raw(ErrorKind::UnknownArgument, format!("--{name} is not carried out: {why}\n")))
            }
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        RefusedFlags::from_arg_matches(matches).map(drop)
    }
}
