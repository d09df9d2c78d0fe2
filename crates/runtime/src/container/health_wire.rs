//! `health.json`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::health::{Health, HealthResult, HealthStatus};
use super::wire;

const SCHEMA: &str = "plimsoll.health/1";

#[derive(Serialize, Deserialize)]
struct HealthWire {
    run: u32,
    status: StatusWire,
    failing_streak: u32,
    log: Vec<ResultWire>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StatusWire {
    Starting,
    Healthy,
    Unhealthy,
}

#[derive(Serialize, Deserialize)]
struct ResultWire {
    start: Timestamp,
    end: Timestamp,
    exit_code: i32,
    output: String,
}

pub(super) fn write(health: &Health) -> Vec<u8> {
    let result = |result: &HealthResult| ResultWire {
        start: result.start,
        end: result.end,
        exit_code: result.exit_code,
        output: result.output.clone(),
    };
    let wire = HealthWire {
        run: health.run,
        status: match health.status {
            HealthStatus::Starting => StatusWire::Starting,
            HealthStatus::Healthy => StatusWire::Healthy,
            HealthStatus::Unhealthy => StatusWire::Unhealthy,
        },
        failing_streak: health.failing_streak,
        log: health.log.iter().map(result).collect(),
    };
    wire::write(SCHEMA, wire).unwrap_or_default()
}

pub(super) fn read(bytes: &[u8]) -> Result<Health, String> {
    let wire: HealthWire = wire::read(SCHEMA, bytes)?;
    let result = |wire: ResultWire| HealthResult {
        start: wire.start,
        end: wire.end,
        exit_code: wire.exit_code,
        output: wire.output,
    };
    Ok(Health {
        run: wire.run,
        status: match wire.status {
            StatusWire::Starting => HealthStatus::Starting,
            StatusWire::Healthy => HealthStatus::Healthy,
            StatusWire::Unhealthy => HealthStatus::Unhealthy,
        },
        failing_streak: wire.failing_streak,
        log: wire.log.into_iter().map(result).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_survives_being_written_down() {
        let at = "2026-11-22T10:00:00Z".parse().unwrap();
        for status in [HealthStatus::Starting, HealthStatus::Healthy, HealthStatus::Unhealthy] {
            let log = vec![HealthResult { start: at, end: at, exit_code: -1, output: "a\nb".into() }];
            let health = Health { run: 3, status, failing_streak: 2, log };
            assert_eq!(read(&write(&health)).unwrap(), health);
        }
        assert!(read(b"{").is_err());
    }
}
