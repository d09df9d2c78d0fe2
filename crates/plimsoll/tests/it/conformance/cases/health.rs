//! Health checks.

use crate::conformance::case::{Case, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        case("health-of-image", "Dockerfile reference, HEALTHCHECK: starting, healthy after a success, unhealthy after failures")
            .run("run -d --name {c} health")
            .run("inspect -f '{{.State.Health.Status}} {{.State.Health.FailingStreak}}' {c}")
            .is("healthy 0")
            .eventually()
            .run("ps --filter name={c} --format '{{.Status}}'")
            .like("Up *(healthy)")
            .run("exec {c} touch /tmp/sick")
            .run("inspect -f '{{.State.Health.Status}}' {c}")
            .is("unhealthy")
            .eventually()
            .run("ps --filter name={c} --filter health=unhealthy --format '{{.Names}}'")
            .is("{c}"),
        case("health-cmd", "docker run reference, --health-cmd: run in a shell, its output is kept")
            .run("run -d --name {c} --health-cmd 'echo checked; exit 0' --health-interval 1s obey")
            .run("inspect -f '{{.State.Health.Status}}' {c}")
            .is("healthy")
            .eventually()
            .run("inspect -f '{{(index .State.Health.Log 0).ExitCode}} {{(index .State.Health.Log 0).Output}}' {c}")
            .is("0 checked"),
        case("health-starting", "Dockerfile reference, HEALTHCHECK: starting until the first result")
            .run("run -d --name {c} --health-cmd true --health-interval 1h obey")
            .run("inspect -f '{{.State.Health.Status}}' {c}")
            .is("starting")
            .run("ps --filter name={c} --format '{{.Status}}'")
            .like("Up *(health: starting)"),
        case("health-retries", "docker run reference, --health-retries: so many failures in a row")
            .run("run -d --name {c} --health-cmd 'echo x >> /tmp/n; exit 1' --health-interval 1s --health-retries 2 obey")
            .run("inspect -f '{{.State.Health.Status}}' {c}")
            .is("unhealthy")
            .eventually()
            .run("exec {c} sh -c 'test $(wc -l < /tmp/n) -ge 2'"),
        case("health-timeout", "docker run reference, --health-timeout: a check that takes longer has failed")
            .run("run -d --name {c} --health-cmd 'sleep 1000' --health-interval 1s --health-timeout 1s --health-retries 1 obey")
            .run("inspect -f '{{.State.Health.Status}}' {c}")
            .is("unhealthy")
            .eventually(),
        case("health-start-period", "docker run reference, --health-start-period: failures within do not count")
            .run("run -d --name {c} --health-cmd false --health-interval 1s --health-retries 1 --health-start-period 1h obey")
            .run("inspect -f '{{len .State.Health.Log}}' {c}")
            .is("2")
            .eventually()
            .run("inspect -f '{{.State.Health.Status}}' {c}")
            .is("starting"),
        case("health-none", "docker run reference, --no-healthcheck: that of the image is off")
            .run("run -d --name {c} --no-healthcheck health")
            .run("inspect -f '{{if .State.Health}}{{.State.Health.Status}}{{end}}' {c}")
            .is("")
            .run("ps --filter name={c} --format '{{.Status}}'")
            .lacks("health"),
        case("health-in-config", "docker inspect: Config.Healthcheck has the check, flags over those of the image")
            .run("create --name {c} --health-retries 5 health")
            .hex(64)
            .run("inspect -f '{{json .Config.Healthcheck.Test}} {{.Config.Healthcheck.Retries}} {{.Config.Healthcheck.Interval}}' {c}")
            .like("[\"CMD-SHELL\",\"test ! -e /tmp/sick\"] 5 1*s"),
        case("health-invalid", "docker run reference, --health-interval: a duration; --no-healthcheck stands alone")
            .run("run --rm --health-cmd true --health-interval often bb true")
            .ends(125)
            .says("often")
            .run("run --rm --no-healthcheck --health-cmd true bb true")
            .ends(125),
    ]
}
