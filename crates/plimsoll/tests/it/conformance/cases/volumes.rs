//! Volumes of containers: named, anonymous, of the image, of other containers.

use crate::conformance::case::{Case, Needs, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    let mut cases = own();
    cases.extend(of_image());
    cases.extend(of_others());
    cases
}

fn own() -> Vec<Case> {
    vec![
        case("volume-outlives", "docker run reference, -v: a named volume keeps what is written")
            .run("run --rm -v {v}:/m bb sh -c 'echo kept > /m/f'")
            .run("run --rm -v {v}:/elsewhere bb cat /elsewhere/f")
            .is("kept"),
        case("volume-is-shared", "docker run reference, -v: several containers may have it")
            .run("run -d --name {c} -v {v}:/m obey")
            .run("run --rm -v {v}:/m bb sh -c 'echo shared > /m/f'")
            .run("exec {c} cat /m/f")
            .is("shared"),
        case("volume-read-only", "docker run reference, -v: ro")
            .run("run --rm -v {v}:/m:ro bb touch /m/f")
            .ends(1)
            .says("Read-only file system"),
        case("volume-name-invalid", "docker run reference, -v: names are [a-zA-Z0-9][a-zA-Z0-9_.-]*")
            .run("run --rm -v 'bad name:/m' bb true")
            .ends(125)
            .says("bad name")
            .run("run --rm -v _x:/m bb true")
            .ends(125),
        case(
            "volume-anonymous",
            "docker run reference, -v: without a source a volume is made for this container",
        )
        .run("run --name {c} -v /m bb touch /m/f")
        .run("inspect -f '{{range .Mounts}}{{.Type}} {{.Destination}} {{len .Name}} {{.RW}}{{end}}' {c}")
        .is("volume /m 64 true"),
        case(
            "volume-anonymous-goes-with-rm",
            "docker run reference, --rm: anonymous volumes go, named ones stay",
        )
        .run("run -d --rm --name {c} -v /m -v {v}:/n obey")
        .run("inspect -f '{{range .Mounts}}{{if eq .Destination \"/m\"}}{{.Name}}{{end}}{{end}}' {c}")
        .keep("anonymous")
        .run("volume inspect -f x {anonymous}")
        .is("x")
        .run("kill {c}")
        .run("volume inspect -f x {anonymous}")
        .fails()
        .eventually()
        .run("volume inspect -f x {v}")
        .is("x"),
        case("rm-keeps-volumes", "docker rm reference, -v: without it anonymous volumes stay")
            .run("run --name {c} -v /m bb true")
            .run("inspect -f '{{range .Mounts}}{{.Name}}{{end}}' {c}")
            .keep("anonymous")
            .run("rm {c}")
            .run("volume inspect -f x {anonymous}")
            .is("x")
            .run("volume rm {anonymous}")
            .is("{anonymous}"),
        case("rm-takes-volumes", "docker rm reference, -v: anonymous volumes go, named ones stay")
            .run("run --name {c} -v /m -v {v}:/n bb true")
            .run("inspect -f '{{range .Mounts}}{{if eq .Destination \"/m\"}}{{.Name}}{{end}}{{end}}' {c}")
            .keep("anonymous")
            .run("rm -v {c}")
            .run("volume inspect -f x {anonymous}")
            .fails()
            .run("volume inspect -f x {v}")
            .is("x"),
    ]
}

fn of_image() -> Vec<Case> {
    vec![
        case("copy-up", "docker run reference, VOLUME: a new volume begins with what the image has there")
            .needs(Needs::Ids)
            .run("run --rm -v {v}:/data data sh -c 'cat /data/link; stat -c %u:%g:%a /data /data/seed'")
            .is("seed\n1000:50:750\n1000:50:644"),
        case("copy-up-only-once", "docker run reference, VOLUME: a volume with files stays as it is")
            .run("run --rm -v {v}:/data data rm /data/seed")
            .run("run --rm -v {v}:/data data ls /data")
            .is("d\nlink"),
        case("copy-up-anywhere", "docker run reference, -v: also where the image has no VOLUME")
            .run("run --rm -v {v}:/home bb ls /home")
            .is("app"),
        case("copy-up-not", "docker run reference, -v: nocopy")
            .run("run --rm -v {v}:/data:nocopy data ls -A /data")
            .is(""),
        case(
            "volume-of-image",
            "docker run reference, VOLUME: each VOLUME of the image is an anonymous volume",
        )
        .run("run --name {c} data touch /data/new")
        .run("inspect -f '{{range .Mounts}}{{.Type}} {{.Destination}} {{len .Name}}{{end}}' {c}")
        .is("volume /data 64")
        .run("run --rm data ls /data")
        .is("d\nlink\nseed"),
        case(
            "volume-of-image-replaced",
            "docker run reference, VOLUME: -v with the same place stands in for it",
        )
        .run("run --name {c} -v {v}:/data data true")
        .run("inspect -f '{{range .Mounts}}{{.Name}} {{.Destination}}{{end}}' {c}")
        .is("{v} /data"),
        case("volume-of-image-goes-with-rm", "docker run reference, --rm: volumes of the image go")
            .run("run -d --rm --name {c} data sleep 1000")
            .run("inspect -f '{{range .Mounts}}{{.Name}}{{end}}' {c}")
            .keep("anonymous")
            .run("kill {c}")
            .run("volume inspect -f x {anonymous}")
            .fails()
            .eventually(),
        case("volume-survives-restart", "docker start reference: volumes are those of the first start")
            .run("run --name {c} -v /m bb sh -c 'echo again >> /m/f; cat /m/f'")
            .is("again")
            .run("start -a {c}")
            .is("again\nagain"),
    ]
}

fn of_others() -> Vec<Case> {
    vec![
        case(
            "volumes-from",
            "docker run reference, --volumes-from: the volumes of another container, in place",
        )
        .run("run --name {c} -v {v}:/m -v /n data sh -c 'echo m > /m/f; echo n > /n/f'")
        .run("run --rm --volumes-from {c} bb sh -c 'cat /m/f /n/f /data/seed'")
        .is("m\nn\nseed"),
        case("volumes-from-read-only", "docker run reference, --volumes-from: ro and rw after the name")
            .run("run --name {c} -v {v}:/m bb touch /m/f")
            .run("run --rm --volumes-from {c}:ro bb touch /m/new")
            .ends(1)
            .says("Read-only file system")
            .run("run --rm --volumes-from {c}:rw bb touch /m/new"),
        case(
            "volumes-from-keeps-mode",
            "docker run reference, --volumes-from: else they are mounted as there",
        )
        .run("run --name {c} -v {v}:/m:ro bb true")
        .run("run --rm --volumes-from {c} bb touch /m/new")
        .ends(1)
        .says("Read-only file system"),
        case("volumes-from-binds", "docker run reference, --volumes-from: directories of the host, too")
            .file("host/file", "outside")
            .run("create --name {c} -v {d}/host:/m bb")
            .hex(64)
            .run("run --rm --volumes-from {c} bb cat /m/file")
            .is("outside"),
        case("volumes-from-unknown", "docker run reference, --volumes-from: the container has to exist")
            .run("run --rm --volumes-from no-such bb true")
            .ends(125)
            .says("no-such"),
        case("volumes-from-and-own", "docker run reference, -v: an own mount of the same place wins")
            .file("host/file", "outside")
            .run("create --name {c} -v {v}:/m bb")
            .hex(64)
            .run("run --rm --volumes-from {c} -v {d}/host:/m bb ls /m")
            .is("file"),
    ]
}
