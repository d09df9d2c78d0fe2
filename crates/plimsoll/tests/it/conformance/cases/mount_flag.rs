//! `--mount`.

use crate::conformance::case::{Case, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    let mut cases = bind();
    cases.extend(volume_and_tmpfs());
    cases
}

fn bind() -> Vec<Case> {
    vec![
        case("mount-bind", "docker run reference, --mount: type=bind, with both names of each key")
            .file("host/file", "outside")
            .run("run --rm --mount type=bind,source={d}/host,target=/m bb sh -c 'cat /m/file; touch /m/new'")
            .is("outside")
            .run("run --rm --mount type=bind,src={d}/host,dst=/m bb ls /m")
            .is("file\nnew")
            .run("run --rm --mount type=bind,src={d}/host,destination=/m bb ls /m")
            .is("file\nnew"),
        case("mount-bind-read-only", "docker run reference, --mount: readonly, ro, with or without a value")
            .file("host/file", "outside")
            .run("run --rm --mount type=bind,src={d}/host,dst=/m,readonly bb touch /m/new")
            .ends(1)
            .says("Read-only file system")
            .run("run --rm --mount type=bind,src={d}/host,dst=/m,ro=true bb touch /m/new")
            .ends(1)
            .says("Read-only file system")
            .run("run --rm --mount type=bind,src={d}/host,dst=/m,readonly=false bb touch /m/new"),
        case(
            "mount-bind-source-missing",
            "docker run reference, --mount: unlike -v it makes no source, it is an error",
        )
        .run("run --rm --mount type=bind,src={d}/missing,dst=/m bb true")
        .ends(125)
        .says("missing"),
        case("mount-bind-without-source", "docker-run(1), --mount: src is mandatory for bind")
            .run("run --rm --mount type=bind,dst=/m bb true")
            .ends(125),
        case("mount-bind-propagation", "docker-run(1), --mount: bind-propagation")
            .file("host/file", "outside")
            .run("run --rm --mount type=bind,src={d}/host,dst=/m,bind-propagation=rprivate bb cat /m/file")
            .is("outside")
            .run("run --rm --mount type=bind,src={d}/host,dst=/m,bind-propagation=nope bb true")
            .ends(125)
            .says("nope"),
        case("mount-without-target", "docker-run(1), --mount: there is always a target")
            .file("host/file", "outside")
            .run("run --rm --mount type=bind,src={d}/host bb true")
            .ends(125),
        case("mount-type-unknown", "docker-run(1), --mount: types are bind, volume and tmpfs")
            .run("run --rm --mount type=nope,dst=/m bb true")
            .ends(125)
            .says("nope"),
        case("mount-key-unknown", "docker-run(1), --mount: known keys")
            .run("run --rm --mount type=tmpfs,dst=/m,nope=1 bb true")
            .ends(125)
            .says("nope"),
        case("mount-keys-of-another-type", "docker-run(1), --mount: options specific to a type")
            .run("run --rm --mount type=tmpfs,dst=/m,bind-propagation=rslave bb true")
            .ends(125)
            .run("run --rm --mount type=volume,dst=/m,tmpfs-size=1m bb true")
            .ends(125),
        case("mount-target-relative", "docker-run(1), --mount: the place is an absolute path")
            .run("run --rm --mount type=tmpfs,dst=m bb true")
            .ends(125),
    ]
}

fn volume_and_tmpfs() -> Vec<Case> {
    vec![
        case("mount-volume", "docker run reference, --mount: type=volume, which is the default, makes a named volume")
            .run("run --rm --mount type=volume,src={v},dst=/m bb touch /m/new")
            .run("run --rm --mount src={v},dst=/m bb ls /m")
            .is("new")
            .run("volume inspect -f '{{.Name}}' {v}")
            .is("{v}"),
        case("mount-volume-read-only", "docker run reference, --mount: readonly holds for volumes")
            .run("run --rm --mount type=volume,src={v},dst=/m,readonly bb touch /m/new")
            .ends(1)
            .says("Read-only file system"),
        case("mount-volume-anonymous", "docker run reference, --mount: a volume without source has a name of its own")
            .run("run --name {c} --mount type=volume,dst=/m bb touch /m/new")
            .run("inspect -f '{{range .Mounts}}{{.Type}} {{.Destination}} {{len .Name}}{{end}}' {c}")
            .is("volume /m 64"),
        case("mount-volume-copies", "docker-run(1), --mount: what the image has there is copied into a new volume")
            .run("run --rm --mount type=volume,src={v},dst=/home bb ls /home")
            .is("app"),
        case("mount-volume-nocopy", "docker-run(1), --mount: volume-nocopy leaves it empty")
            .run("run --rm --mount type=volume,src={v},dst=/home,volume-nocopy bb ls /home")
            .is(""),
        case("mount-volume-label", "docker-run(1), --mount: volume-label gives the new volume labels")
            .run("run --rm --mount type=volume,src={v},dst=/m,volume-label=color=red bb true")
            .run("volume inspect -f '{{.Labels.color}}' {v}")
            .is("red"),
        case("mount-tmpfs", "docker run reference, --mount: type=tmpfs, writable, open to all")
            .run("run --rm --mount type=tmpfs,dst=/m bb sh -c 'stat -c %a /m; stat -f -c %T /m; touch /m/new'")
            .is("1777\ntmpfs"),
        case("mount-tmpfs-size-and-mode", "docker-run(1), --mount: tmpfs-size and tmpfs-mode")
            .run("run --rm --mount type=tmpfs,dst=/m,tmpfs-size=1m,tmpfs-mode=700 bb sh -c 'stat -c %a /m; df -k /m | tail -1 | tr -s \" \" | cut -d\" \" -f2'")
            .is("700\n1024")
            .run("run --rm --mount type=tmpfs,dst=/m,tmpfs-size=1048576,tmpfs-mode=0750 bb sh -c 'stat -c %a /m; df -k /m | tail -1 | tr -s \" \" | cut -d\" \" -f2'")
            .is("750\n1024"),
        case("mount-tmpfs-invalid", "docker-run(1), --mount: a size and an octal mode; no source")
            .run("run --rm --mount type=tmpfs,dst=/m,tmpfs-size=big bb true")
            .ends(125)
            .run("run --rm --mount type=tmpfs,dst=/m,tmpfs-mode=999 bb true")
            .ends(125)
            .run("run --rm --mount type=tmpfs,src=x,dst=/m bb true")
            .ends(125),
        case("mount-and-volume-flags", "docker run reference, --mount: both flags together")
            .file("host/file", "outside")
            .run("run --rm --mount type=tmpfs,dst=/m -v {d}/host:/m/sub bb cat /m/sub/file")
            .is("outside")
            .run("run --rm --mount type=tmpfs,dst=/m -v {d}/host:/m bb true")
            .ends(125)
            .says("/m"),
    ]
}
