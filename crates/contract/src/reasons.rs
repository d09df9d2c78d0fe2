//! Where each value of an image configuration comes from, kept beside the configuration while a
//! stage changes it.

use std::collections::BTreeMap;

use plimsoll_model::{Because, ImageConfig, PortSpec, Reasoned, Signal};

use crate::contract::{Contract, EntryScript, ShellKind};

/// The reason of every part of a configuration. What is not listed has the reason of the base.
#[derive(Debug, Clone, PartialEq)]
pub struct Reasons {
    base: Because,
    fields: BTreeMap<Field, Because>,
    keyed: BTreeMap<(Keyed, String), Because>,
}

/// A part that has one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// ENTRYPOINT.
    Entrypoint,
    /// CMD; an ENTRYPOINT that emptied it is its reason too.
    Cmd,
    /// USER.
    User,
    /// WORKDIR.
    Workdir,
    /// SHELL.
    Shell,
    /// STOPSIGNAL.
    StopSignal,
    /// HEALTHCHECK.
    Healthcheck,
}

/// A part that has a value a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keyed {
    /// ENV.
    Env,
    /// EXPOSE.
    Port,
    /// VOLUME.
    Volume,
}

impl Reasons {
    /// Everything comes from `base`.
    pub fn all(base: Because) -> Self {
        Reasons { base, fields: BTreeMap::new(), keyed: BTreeMap::new() }
    }

    /// A part was set for this reason.
    pub fn set(&mut self, field: Field, because: Because) {
        self.fields.insert(field, because);
    }

    /// A named part was set for this reason.
    pub fn set_keyed(&mut self, kind: Keyed, name: &str, because: Because) {
        self.keyed.insert((kind, name.to_string()), because);
    }

    /// The reason of a part.
    pub fn of(&self, field: Field) -> Because {
        self.fields.get(&field).unwrap_or(&self.base).clone()
    }

    /// The reason of a named part.
    pub fn of_keyed(&self, kind: Keyed, name: &str) -> Because {
        self.keyed.get(&(kind, name.to_string())).unwrap_or(&self.base).clone()
    }

    /// The reason of a part, or the runtime's default when it has no value.
    fn or_default(&self, field: Field, unset: bool, rule: &'static str) -> Because {
        match self.fields.get(&field) {
            Some(because) => because.clone(),
            None if unset => Because::RuntimeDefault(rule),
            None => self.base.clone(),
        }
    }
}

/// The contract that a configuration makes, with the reasons of its values.
pub fn contract(
    config: &ImageConfig,
    reasons: &Reasons,
    shell: ShellKind,
    script: Option<EntryScript>,
) -> Contract {
    let keyed = |kind, name: &String| reasons.of_keyed(kind, name);
    let workdir = plimsoll_model::file_tree::clean_path("/", &config.working_dir);
    let env = config.env.iter().map(|pair| Reasoned::new(pair.clone(), keyed(Keyed::Env, &pair.0)));
    let ports = config
        .exposed_ports
        .iter()
        .filter_map(|text| PortSpec::parse(text).map(|port| Reasoned::new(port, keyed(Keyed::Port, text))));
    let volumes = config.volumes.iter().map(|path| Reasoned::new(path.clone(), keyed(Keyed::Volume, path)));
    let signal = config.stop_signal.as_deref().and_then(Signal::parse);
    let health = config.healthcheck.clone().filter(|health| {
        !matches!(
            health.test,
            plimsoll_model::HealthcheckTest::None | plimsoll_model::HealthcheckTest::Inherit
        )
    });
    Contract {
        entrypoint: Reasoned::new(
            config.entrypoint.clone(),
            reasons.or_default(Field::Entrypoint, config.entrypoint.is_empty(), "no ENTRYPOINT"),
        ),
        cmd: Reasoned::new(
            config.cmd.clone(),
            reasons.or_default(Field::Cmd, config.cmd.is_empty(), "no CMD"),
        ),
        user: Reasoned::new(
            config.user.clone(),
            reasons.or_default(Field::User, config.user.is_empty(), "root"),
        ),
        workdir: Reasoned::new(
            workdir,
            reasons.or_default(Field::Workdir, config.working_dir.is_empty(), "/"),
        ),
        env: env.collect(),
        ports: ports.collect(),
        volumes: volumes.collect(),
        stop_signal: Reasoned::new(
            signal.unwrap_or(Signal::TERM),
            reasons.or_default(Field::StopSignal, signal.is_none(), "SIGTERM"),
        ),
        healthcheck: health.map(|health| Reasoned::new(health, reasons.of(Field::Healthcheck))),
        shell,
        script,
    }
}
