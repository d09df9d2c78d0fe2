//! `inspect` of containers, and `port`.

use crate::conformance::case::{Case, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    let mut cases = state();
    cases.extend(config());
    cases.extend(ports());
    cases
}

fn state() -> Vec<Case> {
    vec![
        case("inspect-running", "docker inspect: State of what runs")
            .run("run -d --name {c} obey")
            .run("inspect -f '{{.State.Status}} {{.State.Running}} {{.State.Paused}} {{.State.Restarting}} {{.State.OOMKilled}} {{.State.Dead}} {{.State.ExitCode}}' {c}")
            .is("running true false false false false 0")
            .run("inspect -f '{{gt .State.Pid 1}} {{.State.Error}}' {c}")
            .is("true"),
        case("inspect-ended", "docker inspect: State of what has ended")
            .run("run --name {c} bb sh -c 'exit 3'")
            .ends(3)
            .run("inspect -f '{{.State.Status}} {{.State.Running}} {{.State.Pid}} {{.State.ExitCode}}' {c}")
            .is("exited false 0 3")
            .run("inspect -f '{{json .State.StartedAt}} {{json .State.FinishedAt}}' {c}")
            .like("\"20*T*\" \"20*T*\""),
        case("inspect-created", "docker inspect: times that have not come are those of year 1")
            .run("create --name {c} bb")
            .hex(64)
            .run("inspect -f '{{json .State.StartedAt}} {{json .State.FinishedAt}}' {c}")
            .is("\"0001-01-01T00:00:00Z\" \"0001-01-01T00:00:00Z\"")
            .run("inspect -f '{{json .Created}}' {c}")
            .like("\"20*T*\""),
        case("inspect-identity", "docker inspect: Id, Name and Image")
            .run("create --name {c} bb")
            .hex(64)
            .keep("id")
            .run("inspect -f '{{.Id}}' {c}")
            .is("{id}")
            .run("inspect -f '{{.Name}}' {c}")
            .is("/{c}")
            .run("inspect --type image -f '{{.Id}}' bb")
            .keep("image")
            .run("inspect -f '{{.Image}}' {c}")
            .is("{image}"),
        case("inspect-json", "docker inspect reference: a JSON array if no format is given")
            .run("create --name {c} bb")
            .hex(64)
            .keep("id")
            .run("inspect {c}")
            .like("[*\"Id\": \"{id}\"*]"),
        case("inspect-several", "docker inspect reference: a line each; what does not exist is an error, after the others")
            .run("create --name {c} bb")
            .hex(64)
            .run("create --name {b} bb")
            .hex(64)
            .run("inspect --type container -f '{{.State.Status}}' {c} no-such {b}")
            .fails()
            .is("created\ncreated")
            .says("no-such"),
        case("inspect-type", "docker inspect reference, --type: only containers, or only images")
            .run("create --name {c} bb")
            .hex(64)
            .run("inspect --type container -f '{{.State.Status}}' {c}")
            .is("created")
            .run("inspect --type image {c}")
            .fails()
            .run("inspect --type container bb")
            .fails(),
        case("inspect-format-functions", "docker inspect reference, -f: Go templates and docker's functions")
            .run("create --name {c} -e A=1 --label x=y bb echo one two")
            .hex(64)
            .run("inspect -f '{{join .Config.Cmd \",\"}} {{len .Config.Cmd}} {{index .Config.Cmd 1}} {{upper .State.Status}}' {c}")
            .is("echo,one,two 3 one CREATED")
            .run("inspect -f '{{range $k, $v := .Config.Labels}}{{$k}}={{$v}}{{end}}' {c}")
            .is("x=y"),
        case("inspect-format-invalid", "docker inspect reference, -f: a template, of known fields")
            .run("create --name {c} bb")
            .hex(64)
            .run("inspect -f '{{.Nope}}' {c}")
            .fails()
            .says("Nope")
            .run("inspect -f '{{.Id' {c}")
            .fails(),
    ]
}

fn config() -> Vec<Case> {
    vec![
        case("inspect-config", "docker inspect: Config is what the image and the flags say")
            .run("create --name {c} -e D=flag --hostname box -it --stop-signal INT set echo x")
            .hex(64)
            .run("inspect -f '{{json .Config.Cmd}} {{.Config.User}} {{.Config.WorkingDir}} {{.Config.Hostname}}' {c}")
            .is("[\"echo\",\"x\"] app /home/app/w box")
            .run("inspect -f '{{.Config.Tty}} {{.Config.OpenStdin}}' {c}")
            .is("true true")
            .run("inspect -f '{{.Config.Image}}' {c}")
            .is("set")
            .run("inspect -f '{{json .Config.Env}}' {c}")
            .has("\"A=image\"")
            .has("\"D=flag\"")
            .run("inspect -f '{{.Config.StopSignal}}' {c}")
            .is("INT"),
        case("inspect-command", "docker inspect: Path and Args are the process, Entrypoint and Cmd what they come from")
            .run("create --name {c} entry a b")
            .hex(64)
            .run("inspect -f '{{.Path}} {{json .Args}}' {c}")
            .is("echo [\"entry\",\"a\",\"b\"]")
            .run("inspect -f '{{json .Config.Cmd}}' {c}")
            .is("[\"a\",\"b\"]")
            .run("inspect -f '{{json .Config.Entrypoint}}' {c}")
            .is("[\"echo\",\"entry\"]"),
        case("inspect-host-config", "docker inspect: HostConfig is what the flags ask of the host")
            .file("host/f", "")
            .run("create --name {c} --privileged --read-only --rm --init -v {d}/host:/m:ro --add-host a:10.0.0.1 --dns 10.9.8.7 --shm-size 1m bb")
            .hex(64)
            .run("inspect -f '{{.HostConfig.Privileged}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.AutoRemove}} {{.HostConfig.Init}}' {c}")
            .is("true true true true")
            .run("inspect -f '{{json .HostConfig.Binds}}' {c}")
            .is("[\"{d}/host:/m:ro\"]")
            .run("inspect -f '{{.HostConfig.ExtraHosts}} {{.HostConfig.Dns}} {{.HostConfig.ShmSize}}' {c}")
            .is("[a:10.0.0.1] [10.9.8.7] 1048576"),
        case("inspect-rights", "docker inspect: CapAdd, CapDrop and SecurityOpt")
            .run("create --name {c} --cap-add NET_ADMIN --cap-drop CHOWN --security-opt no-new-privileges bb")
            .hex(64)
            .run("inspect -f '{{.HostConfig.CapAdd}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}}' {c}")
            .like("[*NET_ADMIN] [*CHOWN] [no-new-privileges*]"),
        case("inspect-network", "docker inspect: HostConfig.NetworkMode")
            .run("create --name {c} --network none bb")
            .hex(64)
            .run("create --name {b} --network host bb")
            .hex(64)
            .run("inspect -f '{{.HostConfig.NetworkMode}}' {c} {b}")
            .is("none\nhost"),
        case("inspect-driver", "docker inspect: LogConfig.Type")
            .run("create --name {c} --log-driver none bb")
            .hex(64)
            .run("inspect -f '{{.HostConfig.LogConfig.Type}}' {c}")
            .is("none"),
    ]
}

fn ports() -> Vec<Case> {
    vec![
        case("port", "docker port reference: all ports, or one, with the address they are reached at")
            .run("run -d --name {c} -p 127.0.0.1::8080 -p 127.0.0.1::9090/udp ports")
            .run("port {c} 8080")
            .like("127.0.0.1:*")
            .keep("address")
            .run("port {c} 8080/tcp")
            .is("{address}")
            .run("port {c}")
            .has("8080/tcp -> {address}")
            .has("9090/udp -> 127.0.0.1:")
            .run("port {c} 1234")
            .fails()
            .says("1234"),
        case("port-in-ps", "docker ps reference: .Ports")
            .run("run -d --name {c} -p 127.0.0.1::8080 ports")
            .run("ps --filter name={c} --format '{{.Ports}}'")
            .has("127.0.0.1:")
            .has("->8080/tcp"),
        case("port-in-inspect", "docker inspect: NetworkSettings.Ports and HostConfig.PortBindings")
            .run("run -d --name {c} -p 127.0.0.1::8080 ports")
            .run("inspect -f '{{(index (index .NetworkSettings.Ports \"8080/tcp\") 0).HostIp}}' {c}")
            .is("127.0.0.1")
            .run("inspect -f '{{range $port, $to := .HostConfig.PortBindings}}{{$port}}{{end}}' {c}")
            .is("8080/tcp")
            .run("inspect -f '{{json .Config.ExposedPorts}}' {c}")
            .has("\"8080/tcp\":{}")
            .has("\"9090/udp\":{}"),
        case("port-range", "docker run reference, -p: ranges of the same length")
            .run("run --rm -p 8000-8001:8000 bb true")
            .run("run --rm -p 8000-8001:8000-8002 bb true")
            .ends(125),
        case("port-all", "docker run reference, -P: every exposed port, those of --expose too")
            .run("run -d --name {c} -P --expose 7070 ports")
            .run("port {c}")
            .has("8080/tcp -> ")
            .has("9090/udp -> ")
            .has("7070/tcp -> "),
        case("port-expose", "docker run reference, --expose: known, but not published")
            .run("run -d --name {c} --expose 7070 --expose 7000-7001/udp bb sleep 1000")
            .run("inspect -f '{{json .Config.ExposedPorts}}' {c}")
            .has("\"7070/tcp\":{}")
            .has("\"7000/udp\":{}")
            .has("\"7001/udp\":{}")
            .run("port {c}")
            .is(""),
        case("port-invalid", "docker run reference, -p: [[IP:][HOST]:]PORT[/PROTOCOL]")
            .run("run --rm -p 99999 bb true")
            .ends(125)
            .says("99999")
            .run("run --rm -p 80/nope bb true")
            .ends(125)
            .says("nope")
            .run("run --rm -p 300.0.0.1:80:80 bb true")
            .ends(125)
            .run("run --rm --expose x bb true")
            .ends(125),
        case("port-unknown", "docker port reference: a container that does not exist is an error")
            .run("port no-such")
            .fails()
            .says("no-such"),
    ]
}
