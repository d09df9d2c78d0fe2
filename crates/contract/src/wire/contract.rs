//! The contract as JSON: every value with its reason. Texts that reasons point into are written once.

use plimsoll_model::{Healthcheck, HealthcheckTest, PortSpec, Reasoned, Signal};
use serde::{Deserialize, Serialize};

use super::because::{BecauseWire, Sources};
use super::{duration, micros, read_signal};
use crate::contract::{Contract, EntryScript, ShellKind};

#[derive(Serialize, Deserialize)]
pub(super) struct ContractWire {
    sources: Sources,
    entrypoint: ReasonedWire<Vec<String>>,
    cmd: ReasonedWire<Vec<String>>,
    user: ReasonedWire<String>,
    workdir: ReasonedWire<String>,
    env: Vec<ReasonedWire<(String, String)>>,
    ports: Vec<ReasonedWire<String>>,
    volumes: Vec<ReasonedWire<String>>,
    stop_signal: ReasonedWire<String>,
    healthcheck: Option<ReasonedWire<HealthWire>>,
    shell: String,
    script: Option<ScriptWire>,
}

#[derive(Serialize, Deserialize)]
struct ReasonedWire<T> {
    value: T,
    because: BecauseWire,
}

#[derive(Serialize, Deserialize)]
struct ScriptWire {
    word: String,
    source: usize,
}

#[derive(Serialize, Deserialize)]
struct HealthWire {
    test: TestWire,
    interval_us: Option<u64>,
    timeout_us: Option<u64>,
    start_period_us: Option<u64>,
    start_interval_us: Option<u64>,
    retries: Option<u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum TestWire {
    Inherit,
    None,
    Exec { words: Vec<String> },
    Shell { text: String },
}

const SHELLS: [ShellKind; 6] = [
    ShellKind::Dash,
    ShellKind::Bash,
    ShellKind::Busybox,
    ShellKind::Mksh,
    ShellKind::Missing,
    ShellKind::Unknown,
];

impl From<&Contract> for ContractWire {
    fn from(contract: &Contract) -> Self {
        let mut sources = Sources::default();
        ContractWire {
            entrypoint: reasoned(&contract.entrypoint, &mut sources, Clone::clone),
            cmd: reasoned(&contract.cmd, &mut sources, Clone::clone),
            user: reasoned(&contract.user, &mut sources, Clone::clone),
            workdir: reasoned(&contract.workdir, &mut sources, Clone::clone),
            env: contract.env.iter().map(|pair| reasoned(pair, &mut sources, Clone::clone)).collect(),
            ports: contract
                .ports
                .iter()
                .map(|port| reasoned(port, &mut sources, PortSpec::to_string))
                .collect(),
            volumes: contract.volumes.iter().map(|path| reasoned(path, &mut sources, Clone::clone)).collect(),
            stop_signal: reasoned(&contract.stop_signal, &mut sources, Signal::to_string),
            healthcheck: contract
                .healthcheck
                .as_ref()
                .map(|health| reasoned(health, &mut sources, HealthWire::of)),
            shell: contract.shell.word().to_string(),
            script: contract.script.as_ref().map(|script| ScriptWire {
                word: script.word.clone(),
                source: sources.place(&script.source),
            }),
            sources,
        }
    }
}

fn reasoned<T, W>(value: &Reasoned<T>, sources: &mut Sources, write: impl Fn(&T) -> W) -> ReasonedWire<W> {
    ReasonedWire { value: write(&value.value), because: BecauseWire::of(&value.because, sources) }
}

impl<W> ReasonedWire<W> {
    fn read<T>(
        self,
        sources: &Sources,
        read: impl Fn(W) -> Result<T, String>,
    ) -> Result<Reasoned<T>, String> {
        Ok(Reasoned::new(read(self.value)?, self.because.read(sources)?))
    }
}

impl ContractWire {
    pub(super) fn read(self) -> Result<Contract, String> {
        let sources = &self.sources;
        let port = |text: String| PortSpec::parse(&text).ok_or_else(|| format!("'{text}' is no port"));
        let shell = SHELLS.into_iter().find(|shell| shell.word() == self.shell);
        let script = |wire: ScriptWire| {
            Ok::<_, String>(EntryScript { word: wire.word, source: sources.get(wire.source)? })
        };
        Ok(Contract {
            entrypoint: self.entrypoint.read(sources, Ok)?,
            cmd: self.cmd.read(sources, Ok)?,
            user: self.user.read(sources, Ok)?,
            workdir: self.workdir.read(sources, Ok)?,
            env: self.env.into_iter().map(|pair| pair.read(sources, Ok)).collect::<Result<_, _>>()?,
            ports: self.ports.into_iter().map(|wire| wire.read(sources, port)).collect::<Result<_, _>>()?,
            volumes: self.volumes.into_iter().map(|path| path.read(sources, Ok)).collect::<Result<_, _>>()?,
            stop_signal: self.stop_signal.read(sources, |text| read_signal(&text))?,
            healthcheck: self.healthcheck.map(|health| health.read(sources, HealthWire::read)).transpose()?,
            shell: shell.ok_or_else(|| format!("'{}' is no shell", self.shell))?,
            script: self.script.map(script).transpose()?,
        })
    }
}

impl HealthWire {
    fn of(health: &Healthcheck) -> Self {
        HealthWire {
            test: match health.test.clone() {
                HealthcheckTest::Inherit => TestWire::Inherit,
                HealthcheckTest::None => TestWire::None,
                HealthcheckTest::Exec(words) => TestWire::Exec { words },
                HealthcheckTest::Shell(text) => TestWire::Shell { text },
            },
            interval_us: health.interval.map(micros),
            timeout_us: health.timeout.map(micros),
            start_period_us: health.start_period.map(micros),
            start_interval_us: health.start_interval.map(micros),
            retries: health.retries,
        }
    }

    fn read(self) -> Result<Healthcheck, String> {
        Ok(Healthcheck {
            test: match self.test {
                TestWire::Inherit => HealthcheckTest::Inherit,
                TestWire::None => HealthcheckTest::None,
                TestWire::Exec { words } => HealthcheckTest::Exec(words),
                TestWire::Shell { text } => HealthcheckTest::Shell(text),
            },
            interval: self.interval_us.map(duration),
            timeout: self.timeout_us.map(duration),
            start_period: self.start_period_us.map(duration),
            start_interval: self.start_interval_us.map(duration),
            retries: self.retries,
        })
    }
}
