//! The configuration of an image made of a container: the image's own, and over it what flags asked for.

use std::time::Duration;

use plimsoll_model::file_tree::clean_path;
use plimsoll_model::launch::StopRule;
use plimsoll_model::{Healthcheck, HealthcheckTest, ImageConfig, LaunchSpec, Signal};
use plimsoll_runtime::container::{HealthCheck, Record};

/// What a container of the new image starts with, nothing else being said: what this one was started with.
pub fn of(record: &Record, image: &ImageConfig) -> ImageConfig {
    let (spec, asked) = (&record.spec, &record.asked);
    ImageConfig {
        entrypoint: asked.entrypoint.clone().unwrap_or_default(),
        cmd: asked.cmd.clone(),
        env: environment(spec, image),
        user: asked.user.clone(),
        working_dir: working_dir(spec, image),
        exposed_ports: sorted(&asked.exposed),
        volumes: sorted(&asked.volumes),
        labels: asked.labels.clone(),
        stop_signal: stop_signal(spec, image),
        healthcheck: healthcheck(record.upkeep.health.as_ref(), image),
        // As in docker: triggers are for what is built on the image, not for what has run.
        on_build: Vec::new(),
        ..image.clone()
    }
}

fn sorted(texts: &[String]) -> Vec<String> {
    let mut texts = texts.to_vec();
    texts.sort();
    texts.dedup();
    texts
}

/// Without what every start sets anew: the name of this container, and the kind of its terminal.
fn environment(spec: &LaunchSpec, image: &ImageConfig) -> Vec<(String, String)> {
    let of_start = |name: &str, value: &str| {
        let set = (name == "HOSTNAME" && value == spec.hostname)
            || (name == "TERM" && value == "xterm" && spec.terminal);
        set && image.env_value(name).is_none()
    };
    spec.env.iter().filter(|(name, value)| !of_start(name, value)).cloned().collect()
}

/// In the image's own words if they mean the same.
fn working_dir(spec: &LaunchSpec, image: &ImageConfig) -> String {
    match clean_path("/", &image.working_dir) == spec.workdir {
        true => image.working_dir.clone(),
        false => spec.workdir.clone(),
    }
}

fn stop_signal(spec: &LaunchSpec, image: &ImageConfig) -> Option<String> {
    let of_image = image.stop_signal.as_deref().and_then(Signal::parse);
    match of_image.unwrap_or(StopRule::default().signal) == spec.stop.signal {
        true => image.stop_signal.clone(),
        false => Some(spec.stop.signal.to_string()),
    }
}

fn healthcheck(check: Option<&HealthCheck>, image: &ImageConfig) -> Option<Healthcheck> {
    let Some(check) = check else {
        // --no-healthcheck: the next container must not fall back on the image below.
        let none = Healthcheck { test: HealthcheckTest::None, ..Healthcheck::default() };
        return image.healthcheck.as_ref().map(|_| none);
    };
    let (text, shell) = check.argv.split_last()?;
    let test = match shell == image.shell_or_default() {
        true => HealthcheckTest::Shell(text.clone()),
        false => HealthcheckTest::Exec(check.argv.clone()),
    };
    let unless = |time: Duration, default: u64| (time != Duration::from_secs(default)).then_some(time);
    Some(Healthcheck {
        test,
        // What docker has when nothing is said is not said.
        interval: unless(check.interval, 30),
        timeout: unless(check.timeout, 30),
        start_period: unless(check.start_period, 0),
        start_interval: unless(check.start_interval, 5),
        retries: (check.retries != 3).then_some(check.retries),
    })
}
