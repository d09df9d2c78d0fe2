//! `volume create`, `ls`, `inspect`, `rm`, `prune`, and which volumes go with a container. The texts are those of
//! docker 20.10 (its daemon) and 28.2 (its command line).

use crate::harness::{Ids, World, eventually, ids};

/// An image whose `/data` has files.
fn app(world: &World) {
    world.write("p/seed", "seed");
    world.build(&["-t", "app"], "FROM bb\nCOPY seed /data/seed\nVOLUME /data\n").ok();
}

#[test]
fn made_listed_looked_at_and_removed() {
    let world = World::new();
    let run = |words: &[&str]| world.run(&[&["volume"], words].concat());
    run(&["create", "web"]).ok().is("web");
    run(&["create", "web"]).ok().is("web");
    run(&["create", "--label", "a=b", "--label", "c", "lab"]).ok().is("lab");
    let made = run(&["create"]).ok().stdout.trim().to_string();
    assert!(made.len() == 64 && made.bytes().all(|byte| byte.is_ascii_hexdigit()), "{made}");
    let mut names = [made.as_str(), "web", "lab"];
    names.sort();
    run(&["ls"]).ok().is(&format!("DRIVER    VOLUME NAME\nlocal     {}", names.join("\nlocal     ")));
    run(&["list", "-q"]).ok().is(&names.join("\n"));

    let document = run(&["inspect", "lab"]).ok().json();
    let lab = &document[0];
    assert_eq!(lab["Labels"], serde_json::json!({ "a": "b", "c": "" }));
    assert_eq!((&lab["Driver"], &lab["Scope"]), (&"local".into(), &"local".into()));
    assert_eq!(lab["Mountpoint"], world.word("store/volumes/lab/_data"));
    assert_eq!((&lab["Name"], &lab["Options"]), (&"lab".into(), &serde_json::Value::Null));
    assert!(lab["CreatedAt"].as_str().unwrap().ends_with('Z'), "{lab}");
    run(&["inspect", "-f", "{{.Mountpoint}} {{.Labels.a}}", "lab"])
        .ok()
        .is(&format!("{} b", world.word("store/volumes/lab/_data")));
    run(&["inspect", "web", "nope"])
        .ends(1)
        .prints(&["\"Name\": \"web\""])
        .says(&["get nope: no such volume"]);
    run(&["ls", "--format", "{{.Name}} {{.Labels}}", "-f", "label"]).ends(2);
    run(&["ls", "--format", "{{.Name}} {{.Labels}}", "-f", "label=c"]).ok().is("lab a=b,c=");
    let json = run(&["ls", "--format", "json", "-f", "name=web"]).ok().json();
    assert_eq!((&json["Name"], &json["Size"], &json["Labels"]), (&"web".into(), &"N/A".into(), &"".into()));

    run(&["rm", "web", "nope", "lab"]).ends(1).is("web\nlab").says(&["get nope: no such volume"]);
    run(&["rm", "-f", "nope"]).ok().is("nope");
    run(&["remove", &made]).ok();
    run(&["ls", "-q"]).ok().is("");
}

#[test]
fn what_is_no_volume_is_told_as_docker_tells_it() {
    let world = World::new();
    let run = |words: &[&str]| world.run(&[&["volume", "create"], words].concat());
    run(&["x/y"]).ends(1).one_sentence().says(&[
        "create x/y: \"x/y\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" \
         are allowed. If you intended to pass a host directory, use absolute path",
    ]);
    run(&["a"])
        .ends(1)
        .says(&["create a: volume name is too short, names should be at least two alphanumeric"]);
    run(&["-d", "nope", "vv"])
        .ends(1)
        .says(&["create vv: error looking up volume plugin nope: plugin \"nope\" not found"]);
    run(&["--opt", "bogus=1", "tt"]).ends(1).says(&["create tt: invalid option: \"bogus\""]);
    run(&["--opt", "type=tmpfs", "tt"]).ends(1).says(&["create tt: missing required option: \"device\""]);
    let nfs = ["-o", "type=nfs", "-o", "device=:/x", "-o", "o=addr=10.0.0.1", "tt"];
    run(&nfs).ends(1).one_sentence().says(&["'nfs' are not supported"]);
    world.run(&["volume", "ls", "-q"]).ok().is("");
}

#[test]
fn a_volume_is_kept_while_a_container_has_it() {
    let Some(world) = World::with_busybox() else { return };
    let run = |words: &[&str]| world.run(&[&["volume"], words].concat());
    world.run(&["run", "--name", "user", "-v", "db:/data", "bb", "touch", "/data/x"]).ok();
    run(&["create", "idle"]).ok();
    let id = world.run(&["ps", "-aq", "--no-trunc"]).ok().stdout.trim().to_string();
    run(&["rm", "db"]).ends(1).says(&[&format!("remove db: volume is in use - [{id}]")]);
    run(&["rm", "-f", "db"]).ends(1);
    run(&["ls", "-q", "-f", "dangling=true"]).ok().is("idle");
    run(&["ls", "-q", "-f", "dangling=false"]).ok().is("db");
    run(&["prune", "-a", "-f"]).ok().is("Deleted Volumes:\nidle\n\nTotal reclaimed space: 0B");
    // Removed with its container it is not: it has a name.
    world.run(&["rm", "-v", "user"]).ok();
    run(&["ls", "-q"]).ok().is("db");
    run(&["rm", "db"]).ok();
    assert_eq!(world.in_store("trash"), Vec::<String>::new());
}

#[test]
fn pruning_asks_and_takes_what_nobody_named() {
    let Some(world) = World::with_busybox() else { return };
    let run = |words: &[&str]| world.run(&[&["volume"], words].concat());
    run(&["create", "--label", "keep=1", "named"]).ok();
    run(&["create", "other"]).ok();
    let nameless = run(&["create"]).ok().stdout.trim().to_string();
    world.run(&["run", "--rm", "-v", "other:/d", "bb", "sh", "-c", "printf 12345 > /d/f"]).ok();
    for answer in ["", "n\n", "yes\n"] {
        world.run_with_input(&["volume", "prune"], answer.into()).ok().prints(&["WARNING!", "[y/N]"]);
    }
    let asked = world.run_with_input(&["volume", "prune"], "y\n".into());
    asked.ok().prints(&["Deleted Volumes:", &nameless, "Total reclaimed space: 0B"]);
    run(&["prune", "-f"]).ok().is("Total reclaimed space: 0B");
    run(&["prune", "-af", "--filter", "label!=keep"])
        .ok()
        .is("Deleted Volumes:\nother\n\nTotal reclaimed space: 5B");
    run(&["ls", "-q"]).ok().is("named");
    run(&["prune", "-f", "--filter", "name=x"]).ends(2);
}

#[test]
fn volumes_without_a_name_go_with_their_container() {
    let Some(world) = World::with_busybox() else { return };
    app(&world);
    let volumes = || world.run(&["volume", "ls", "-q"]).ok().stdout.lines().count();
    // Of the image and of the command line; with the image's files.
    world.run(&["run", "--rm", "-v", "/more", "app", "cat", "/data/seed"]).ok().is("seed");
    assert_eq!(volumes(), 0);
    world.run(&["run", "-d", "--rm", "app", "true"]).ok();
    eventually("its monitor removes them", || volumes() == 0);

    world.run(&["run", "--name", "first", "-v", "/more", "-v", "db:/db", "app", "touch", "/data/mine"]).ok();
    assert_eq!(volumes(), 3);
    // A second container that has them, too, keeps them.
    let second = ["run", "--name", "second", "--volumes-from", "first", "bb", "ls", "/data"];
    world.run(&second).ok().is("mine\nseed");
    world.run(&["rm", "-v", "first"]).ok();
    assert_eq!(volumes(), 3);
    world.run(&["rm", "--volumes", "second"]).ok();
    world.run(&["volume", "ls", "-q"]).ok().is("db");
    // Without -v they stay.
    world.run(&["run", "--name", "third", "app", "true"]).ok();
    world.run(&["rm", "third"]).ok();
    assert_eq!(volumes(), 2);
    world.assert_nothing_left();
}

#[test]
fn a_volume_named_again_by_its_made_up_name_stays() {
    let Some(world) = World::with_busybox() else { return };
    app(&world);
    world.run(&["run", "--name", "first", "app", "touch", "/data/mine"]).ok();
    let name = world.run(&["volume", "ls", "-q"]).ok().stdout.trim().to_string();
    world.run(&["rm", "first"]).ok();
    world.run(&["run", "--rm", "-v", &format!("{name}:/d"), "bb", "ls", "/d"]).ok().is("mine\nseed");
    world.run(&["volume", "ls", "-q"]).ok().is(&name);
}

#[test]
fn a_volume_in_a_directory_of_the_host() {
    let Some(world) = World::with_busybox() else { return };
    app(&world);
    world.write("host/.keep", "");
    std::fs::remove_file(world.path("host/.keep")).unwrap();
    let device = format!("device={}", world.word("host"));
    world.run(&["volume", "create", "-o", "type=none", "-o", "o=bind", "-o", &device, "bound"]).ok();
    let options = world.run(&["volume", "inspect", "-f", "{{json .Options}}", "bound"]);
    assert_eq!(options.ok().json()["o"], "bind");
    world.run(&["run", "--rm", "-v", "bound:/data", "app", "cat", "/data/seed"]).ok().is("seed");
    assert_eq!(std::fs::read_to_string(world.path("host/seed")).unwrap(), "seed");
    world.run(&["run", "--rm", "-v", "bound:/x:ro", "bb", "touch", "/x/y"]).ends(1).says(&["Read-only"]);
    world.run(&["volume", "rm", "bound"]).ok();
    assert!(world.path("host/seed").exists());
    let gone = format!("device={}", world.word("gone"));
    world.run(&["volume", "create", "-o", "type=none", "-o", "o=bind", "-o", &gone, "lost"]).ok();
    world.run(&["run", "--rm", "-v", "lost:/data", "bb", "true"]).ends(125).one_sentence().says(&["gone"]);
}

#[test]
fn a_volume_in_memory_belongs_to_one_container_at_a_time() {
    let Some(world) = World::with_busybox() else { return };
    let options = ["-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "o=size=1m,mode=750"];
    world.run(&[&["volume", "create"], &options[..], &["mem"]].concat()).ok();
    let run = |script: &str| world.run(&["run", "--rm", "-v", "mem:/m", "bb", "sh", "-c", script]);
    run("stat -c %a /m; mount | grep -c ' /m type tmpfs'; touch /m/x").ok().is("750\n1");
    run("ls /m").ok().is("");
    run("dd if=/dev/zero of=/m/f bs=64k count=32").ends(1).says(&["No space left"]);
    world.run(&["run", "-d", "--name", "owner", "-v", "mem:/m", "bb", "sleep", "1000"]).ok();
    run("true").ends(125).one_sentence().says(&["mem", "owner", "only one at a time"]);
    world.run(&["rm", "-f", "owner"]).ok();
    run("true").ok();
}

#[test]
fn a_part_of_a_volume() {
    let Some(world) = World::with_busybox() else { return };
    let setup = "mkdir -p /v/a/b && echo in > /v/a/b/f && ln -s a/b /v/link && ln -s /nowhere /v/lost && ln -s /../../../a /v/up";
    world.run(&["run", "--rm", "-v", "db:/v", "bb", "sh", "-c", setup]).ok();
    let part = |path: &str, script: &str| {
        let mount = format!("type=volume,source=db,target=/p,volume-subpath={path}");
        world.run(&["run", "--rm", "--mount", &mount, "bb", "sh", "-c", script])
    };
    part("a/b", "cat /p/f; ls /p").ok().is("in\nf");
    part("link", "cat /p/f").ok().is("in");
    // Links lead nowhere but in the volume.
    part("up", "ls /p").ok().is("b");
    part("lost", "ls /p").ends(125).one_sentence().says(&["no such file"]);
    part("nothing", "true").ends(125).one_sentence().says(&["nothing"]);
    part("a/b/f", "cat /p").ok().is("in");
}

#[test]
fn owners_and_modes_of_the_images_directory() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "FROM bb\nRUN mkdir -p /empty /full && chmod 2750 /empty && touch /full/f\nRUN chown app:50 /empty /full /full/f && chmod 4710 /full/f\n";
    world.build(&["-t", "own"], dockerfile).ok();
    let stat = |volume: &str, path: &str| {
        world.run(&["run", "--rm", "-v", volume, "own", "stat", "-c", "%a %u:%g", path])
    };
    let owner = if ids() == Ids::Single { "0:0" } else { "1000:50" };
    stat("full:/full", "/full/f").ok().is(&format!("4710 {owner}"));
    stat("empty:/empty", "/empty").ok().is(&format!("2750 {owner}"));
}
