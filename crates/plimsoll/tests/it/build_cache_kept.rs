//! `cache save` and `cache load`, and what `prune` keeps of a cache.

use std::fs::{File, FileTimes};
use std::time::{Duration, SystemTime};

use plimsoll_testkit::TestRegistry;

use crate::harness::World;
use crate::saved::digest;

const DOCKERFILE: &str = "FROM bb AS tool\nRUN echo tool > /tool; echo more > /more\nFROM bb\nRUN true\nCOPY src /src\nCOPY --from=tool /tool /\n";

fn built() -> Option<World> {
    let world = World::with_busybox()?;
    world.write("p/src/a.txt", "one");
    world.build(&["-t", "app"], DOCKERFILE).ok();
    Some(world)
}

/// Steps that needed no work, of those there are.
#[track_caller]
fn cached(world: &World) -> String {
    let again = world.build(&["-t", "app"], DOCKERFILE);
    let line = again.ok().stdout.clone();
    line.split_whitespace().skip_while(|word| *word != "steps").nth(1).unwrap_or("(0").to_string()
}

#[test]
fn a_cache_goes_to_another_machine_in_a_file() {
    let (Some(one), Some(two)) = (built(), World::with_busybox()) else { return };
    let file = one.word("steps.tar");
    one.run(&["cache", "save", &file]).ok();
    two.write("p/src/a.txt", "one");
    two.run(&["cache", "load", &file]).ok().prints(&["steps"]);
    assert_eq!(cached(&two), "(4", "all steps come from the file");
    assert_eq!(digest(&two, "app"), digest(&one, "app"));
    let images = two.run(&["images"]);
    assert!(!images.ok().stdout.contains("<none>"), "a cache is no image: {images}");
    two.assert_store_valid();
    two.assert_nothing_left();
}

#[test]
fn what_is_no_cache_is_refused() {
    let Some(world) = built() else { return };
    world.run(&["save", "--format", "oci-archive", "-o", &world.word("image.tar"), "app"]).ok();
    world.run(&["cache", "load", "image.tar"]).ends(1).says(&["it is no build cache"]).one_sentence();
    world.write("text", "no archive");
    world.run(&["cache", "load", "text"]).ends(1).one_sentence();
    world.run(&["cache", "load", "gone.tar"]).ends(1).says(&["gone.tar"]).one_sentence();
    world.assert_store_valid();
}

#[test]
fn prune_keeps_what_was_used_last() {
    let Some(world) = built() else { return };
    let steps = world.in_store("steps").len();
    world.run(&["prune", "--keep-storage", "1GB"]).ok();
    assert_eq!(world.in_store("steps").len(), steps, "all of it is smaller");
    world.run(&["prune", "--filter", "until=1h"]).ok();
    assert_eq!(world.in_store("steps").len(), steps, "all of it was used just now");

    let old = SystemTime::now() - Duration::from_secs(7200);
    for name in world.in_store("steps") {
        let record = File::options().write(true).open(world.path("store/steps").join(name)).unwrap();
        record.set_times(FileTimes::new().set_modified(old)).unwrap();
    }
    assert_eq!(cached(&world), "(4");
    world.run(&["prune", "--filter", "until=1h"]).ok();
    assert_eq!(cached(&world), "(4", "what a build used is not old");
    world.run(&["prune", "--keep-storage", "0"]).ok();
    assert!(world.in_store("steps").is_empty());
    world.run(&["prune", "--filter", "label=x"]).ends(2).says(&["until=24h"]);
    world.run(&["prune", "--keep-storage", "much"]).ends(2).says(&["10GB"]);
    world.assert_store_valid();
}

#[test]
fn a_build_hands_its_cache_on_in_a_directory() {
    let (Some(one), Some(two)) = (built(), World::with_busybox()) else { return };
    let place = one.word("kept");
    one.build(&["--cache-to", &format!("type=local,dest={place},mode=max")], DOCKERFILE).ok();
    let before = names(&one);
    one.build(&["--cache-to", &format!("type=local,dest={place},mode=max")], DOCKERFILE).ok();
    assert_eq!(names(&one), before, "written again, the same");

    two.write("p/src/a.txt", "one");
    let from = format!("type=local,src={place}");
    two.build(&["-t", "app", "--cache-from", &from], DOCKERFILE).ok().prints(&["(4 cached)"]);
    assert_eq!(digest(&two, "app"), digest(&one, "app"));

    // Without the steps of other stages that the image does not need.
    one.build(&["--cache-to", &format!("type=local,dest={place}")], DOCKERFILE).ok();
    assert!(names(&one).len() < before.len(), "what nobody refers to is gone");
    let three = World::with_busybox().unwrap();
    three.write("p/src/a.txt", "one");
    three.build(&["--cache-from", &from], DOCKERFILE).ok().prints(&["(3 cached)"]);
}

fn names(world: &World) -> Vec<String> {
    let entries = std::fs::read_dir(world.path("kept/blobs/sha256")).unwrap().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_cache_that_cannot_be_had_is_told_and_no_more() {
    let Some(world) = built() else { return };
    let told = world.build(&["--cache-from", "type=local,src=nowhere"], DOCKERFILE);
    told.ok().says(&["warning: the cache nowhere is not used"]);
    world.write("taken/file", "precious");
    let refused = world.build(&["--cache-to", "type=local,dest=taken"], DOCKERFILE);
    refused.ends(1).says(&["taken", "it holds other files"]);
    assert!(world.path("taken/file").exists());
    for (words, says) in [
        ("type=gha", "'gha' is no type of cache here"),
        ("type=local,dset=x", "did you mean 'dest'?"),
        ("type=local,dest=x,mode=most", "min and max"),
        ("type=registry", "needs ref=NAME"),
    ] {
        world.build(&["--cache-to", words], DOCKERFILE).ends(2).says(&[says]);
    }
}

#[test]
fn a_cache_goes_through_a_registry() {
    let (Some(one), Some(two)) = (built(), World::with_busybox()) else { return };
    let registry = TestRegistry::start();
    let name = registry.reference("team/cache:main").to_string();
    one.build(&["--cache-to", &format!("type=registry,ref={name},mode=max")], DOCKERFILE).ok();
    two.write("p/src/a.txt", "one");
    two.build(&["-t", "app", "--cache-from", &name], DOCKERFILE).ok().prints(&["(4 cached)"]);
    assert_eq!(digest(&two, "app"), digest(&one, "app"));
    two.run(&["inspect", &name]).ends(1);
    two.assert_store_valid();
}

/// A cache mount that counts how often it was used.
const COUNTED: &str = "FROM bb\nARG N\nRUN --mount=type=cache,target=/c,mode=0750 echo $N >> /c/n; \
                       touch -d @1000000000 /c/old; cat /c/n > /n; stat -c '%a %Y' /c /c/old > /s\n";

fn counted(world: &World, number: &str) -> String {
    world.build(&["-t", "n", "--build-arg", number], COUNTED).ok();
    let look = world.run(&["run", "--rm", "n", "/bin/sh", "-c", "cat /n; cut -d' ' -f1 /s; tail -n1 /s"]);
    look.ok().stdout.clone()
}

#[test]
fn cache_mounts_travel_with_the_steps_and_go_with_them() {
    let (Some(one), Some(two)) = (World::with_busybox(), World::with_busybox()) else { return };
    assert_eq!(counted(&one, "N=1"), "1\n750\n644\n644 1000000000\n");
    let file = one.word("steps.tar");
    one.run(&["cache", "save", &file]).ok();
    two.run(&["cache", "load", &file]).ok().prints(&["1 cache mounts"]);
    let moved = counted(&two, "N=2");
    assert_eq!(moved, "1\n2\n750\n644\n644 1000000000\n", "files, modes and times came along");
    two.run(&["cache", "load", &file]).ok().prints(&["0 cache mounts"]);
    assert_eq!(counted(&two, "N=3"), "1\n2\n3\n750\n644\n644 1000000000\n", "what is newer stays");

    let place = format!("type=local,dest={}", two.word("kept"));
    two.build(&["--build-arg", "N=3", "--cache-to", &place], COUNTED).ok();
    let three = World::with_busybox().unwrap();
    let from = format!("type=local,src={}", two.word("kept"));
    let again = three.build(&["--build-arg", "N=3", "--cache-from", &from], COUNTED);
    again.ok().prints(&["(2 cached)"]);
    assert_eq!(counted(&three, "N=4"), "1\n2\n3\n4\n750\n644\n644 1000000000\n");

    three.run(&["prune"]).ok();
    assert_eq!(counted(&three, "N=5"), "5\n750\n644\n644 1000000000\n", "prune forgets it");
    three.assert_store_valid();
}
