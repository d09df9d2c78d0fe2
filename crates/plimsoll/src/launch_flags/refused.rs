//! Flags of docker's and podman's `run` that are not carried out here: known by name and refused with
//! what to do instead, so that nobody believes in what does not happen.

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};

const NO_ADDRESS: &str =
    "addresses are given out by plimsoll; containers of one network find each other by name";
const WINDOWS: &str = "it is for Windows";
const NO_IDS: &str = "which ids there are is decided by who runs plimsoll and by /etc/subuid and /etc/subgid";
const NO_GROUP: &str = "control groups are made below the one plimsoll is in; start it below another one: \
                        systemd-run --user --scope --slice=NAME plimsoll run ...";
const NO_REAL_TIME: &str = "the kernel's real-time groups are version 1 only and off in most kernels; --cpus and \
                            --cpu-shares say how much processor time there is";
const NO_ACCOUNTS: &str =
    "the image's account files are used as they are; --user takes numbers they do not know";
const NO_POD: &str =
    "there are no pods; --network container:NAME, --ipc and --pid share with another container";
const NO_DAEMON: &str = "there is no daemon and so no socket of one";
const MONITOR: &str = "the monitor is plimsoll itself, and plimsoll inspect tells its process";
const NO_HEALTH_ACTION: &str =
    "health is told by plimsoll ps and plimsoll inspect, and nothing is done about it";
const PLATFORM: &str = "--platform OS/ARCH[/VARIANT] says it all";
const UNSET: &str = "-e NAME, for a name that is not set here, takes one variable of the image away";

/// Flags that take a value: name, and what to do instead.
const WITH_VALUE: &[(&str, &str)] = &[
    (
        "annotation",
        "there is no OCI runtime to hand annotations to; --label keeps what is to be known of a container",
    ),
    ("arch", PLATFORM),
    ("authfile", "REGISTRY_AUTH_FILE in the environment names the file"),
    ("blkio-weight-device", "--blkio-weight is for all devices, --device-read-bps and its like are for one"),
    ("cgroup-conf", "the limits that are known have flags: --memory, --cpus, --pids-limit"),
    ("cgroup-parent", NO_GROUP),
    ("cgroups", NO_GROUP),
    ("chrootdirs", "-v puts files where they are wanted"),
    ("conmon-pidfile", MONITOR),
    ("cpu-count", WINDOWS),
    ("cpu-percent", WINDOWS),
    ("cpu-rt-period", NO_REAL_TIME),
    ("cpu-rt-runtime", NO_REAL_TIME),
    ("device-cgroup-rule", "--device shows single devices or a directory of them"),
    ("env-merge", "-e NAME=VALUE with the whole value replaces the image's"),
    ("gidmap", NO_IDS),
    ("gpus", "drivers of GPUs are not looked for; --device shows their nodes and -v their libraries"),
    ("group-entry", NO_ACCOUNTS),
    ("health-log-destination", "the last results are told by plimsoll inspect"),
    ("health-max-log-count", "the last results are told by plimsoll inspect"),
    ("health-max-log-size", "the last results are told by plimsoll inspect"),
    ("health-on-failure", NO_HEALTH_ACTION),
    ("health-startup-cmd", "--health-start-period gives time to start"),
    ("health-startup-interval", "--health-start-interval is the same for the one check there is"),
    ("health-startup-retries", "--health-start-period gives time to start"),
    ("health-startup-success", "--health-start-period gives time to start"),
    ("health-startup-timeout", "--health-timeout is for every check"),
    ("hooks-dir", "nothing of the host is started for a container"),
    ("hostuser", NO_ACCOUNTS),
    ("image-volume", "a VOLUME of the image is a volume; --tmpfs at its path makes it one in memory"),
    ("init-ctr", NO_POD),
    ("init-path", "--init starts plimsoll's own init"),
    ("intel-rdt-closid", "cache allocation is not set up; --cpuset-cpus chooses processors"),
    ("io-maxbandwidth", WINDOWS),
    ("io-maxiops", WINDOWS),
    ("ip", NO_ADDRESS),
    ("ip6", NO_ADDRESS),
    ("link", "links are docker's before it had networks; containers of one network find each other by name"),
    ("link-local-ip", NO_ADDRESS),
    ("mac-address", NO_ADDRESS),
    ("os", PLATFORM),
    ("passwd-entry", NO_ACCOUNTS),
    ("personality", "setarch inside the container changes it"),
    ("pidfile", "plimsoll inspect tells the process"),
    ("pod", NO_POD),
    ("pod-id-file", NO_POD),
    ("preserve-fd", "a container gets no descriptors but its streams; -v shows files"),
    ("preserve-fds", "a container gets no descriptors but its streams; -v shows files"),
    ("rdt-class", "cache allocation is not set up; --cpuset-cpus chooses processors"),
    ("requires", "plimsoll start starts the others before"),
    ("retry", "plimsoll pull in a loop of the shell fetches the image before"),
    ("retry-delay", "plimsoll pull in a loop of the shell fetches the image before"),
    ("runtime", "plimsoll starts containers itself, by no other runtime"),
    ("sdnotify", "nothing tells systemd; --health-cmd tells when a container is ready"),
    ("seccomp-policy", "--security-opt seccomp=FILE names a profile"),
    ("secret", "there is no store of secrets; -v FILE:/run/secrets/NAME:ro shows a file"),
    ("shm-size-systemd", "--shm-size is the size of /dev/shm"),
    ("storage-opt", "what a container writes has no quota of its own; --read-only with --tmpfs bounds it"),
    ("subgidname", NO_IDS),
    ("subuidname", NO_IDS),
    (
        "systemd",
        "nothing is set up for systemd as PID 1; --tmpfs /run and --stop-signal RTMIN+3 are most of it",
    ),
    ("timeout", "timeout SECONDS before the program ends it; --stop-timeout is for plimsoll stop"),
    ("tz", "-e TZ=ZONE sets it for programs that know zones; -v /etc/localtime:/etc/localtime:ro for others"),
    ("uidmap", NO_IDS),
    ("umask", "a process starts with 0022; the program, or umask in a shell before it, changes it"),
    ("unsetenv", UNSET),
    ("variant", PLATFORM),
];

/// Flags that are said or not: name, and what to do instead.
const WITHOUT_VALUE: &[(&str, &str)] = &[
    ("env-host", "-e NAME takes single variables from this environment, --env-file many"),
    ("http-proxy", "no proxy of this environment is passed on; -e http_proxy does for one that is wanted"),
    ("no-hostname", "-v FILE:/etc/hostname shows another one"),
    ("no-hosts", "-v FILE:/etc/hosts shows another one"),
    ("passwd", NO_ACCOUNTS),
    ("read-only-tmpfs", "--tmpfs /tmp --tmpfs /run --tmpfs /var/tmp beside --read-only say which"),
    ("replace", "plimsoll rm -f NAME before removes the other one"),
    ("rmi", "plimsoll rmi IMAGE removes the image afterwards"),
    ("rootfs", "a directory becomes an image by plimsoll build with FROM scratch and COPY"),
    ("tls-verify", "plimsoll pull --insecure fetches the image before"),
    ("unsetenv-all", UNSET),
    ("use-api-socket", NO_DAEMON),
];

/// The flags that are refused.
#[derive(Clone, Default)]
pub struct RefusedFlags;

impl Args for RefusedFlags {
    fn augment_args(command: Command) -> Command {
        let hidden = |name: &'static str| Arg::new(name).long(name).hide(true);
        let with = WITH_VALUE.iter().map(|(name, _)| hidden(name).action(ArgAction::Append));
        let without = WITHOUT_VALUE.iter().map(|(name, _)| hidden(name).action(ArgAction::SetTrue));
        command.args(with.chain(without))
    }

    fn augment_args_for_update(command: Command) -> Command {
        RefusedFlags::augment_args(command)
    }
}

impl FromArgMatches for RefusedFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = |name: &str| matches.value_source(name) == Some(clap::parser::ValueSource::CommandLine);
        match WITH_VALUE.iter().chain(WITHOUT_VALUE).find(|(name, _)| given(name)) {
            None => Ok(RefusedFlags),
            Some((name, instead)) => {
                let message = format!("--{name} is not carried out: {instead}");
                Err(Error::raw(ErrorKind::UnknownArgument, message))
            }
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        RefusedFlags::from_arg_matches(matches).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        _refused: RefusedFlags,
    }

    #[test]
    fn each_is_refused_by_name_with_what_to_do() {
        for (name, instead) in WITH_VALUE.iter().chain(WITHOUT_VALUE) {
            let flag = format!("--{name}");
            let value = WITH_VALUE.iter().any(|(known, _)| known == name).then_some("x");
            let words = ["x", flag.as_str()].into_iter().chain(value);
            let error = Line::try_parse_from(words).err().map(|error| error.to_string()).unwrap_or_default();
            let said = error.lines().next().unwrap_or_default();
            assert_eq!(said, format!("error: {flag} is not carried out: {instead}"));
        }
        assert!(Line::try_parse_from(["x"]).is_ok());
    }
}
