//! The images of the cases, made by plimsoll.

use crate::harness::World;

/// `bb` of the harness, and what is built on it: a name and a Dockerfile.
const VARIANTS: [(&str, &str); 10] = [
    ("entry", "FROM bb\nENTRYPOINT [\"echo\", \"entry\"]\nCMD [\"cmd\"]\n"),
    ("shell", "FROM bb\nENTRYPOINT echo shell\nCMD [\"lost\"]\n"),
    ("cmd", "FROM bb\nCMD echo $((1 + 1))\n"),
    ("nothing", "FROM bb\nCMD []\n"),
    // It stops when asked to, with 7, once it has said that it is up.
    ("obey", "FROM bb\nCMD [\"sh\", \"-c\", \"trap 'exit 7' TERM; echo up; sleep 1000 & wait\"]\n"),
    // Asked by SIGINT, with 11.
    (
        "int",
        "FROM bb\nSTOPSIGNAL SIGINT\nCMD [\"sh\", \"-c\", \"trap 'exit 11' INT; echo up; sleep 1000 & wait\"]\n",
    ),
    ("set", "FROM bb\nENV A=image B=image C=image\nLABEL a=image b=image\nUSER app\nWORKDIR /home/app/w\n"),
    ("ports", "FROM bb\nEXPOSE 8080 9090/udp\nCMD [\"sleep\", \"1000\"]\n"),
    (
        "data",
        "FROM bb\nRUN mkdir -p /data/d && echo seed > /data/seed && ln -s seed /data/link && chown -R 1000:50 /data && chmod 750 /data\nVOLUME /data\n",
    ),
    // Well until somebody makes it sick.
    (
        "health",
        "FROM bb\nHEALTHCHECK --interval=1s --retries=1 CMD test ! -e /tmp/sick\nCMD [\"sleep\", \"1000\"]\n",
    ),
];

/// A world with all images; `None`, said aloud, without busybox.
pub fn world() -> Option<World> {
    let world = World::with_busybox()?;
    for (name, dockerfile) in VARIANTS {
        world.build(&["-q", "-t", name], dockerfile).ok();
    }
    Some(world)
}

/// An archive with all images.
pub fn archive(world: &World) -> Vec<u8> {
    let mut words = vec!["save", "bb"];
    words.extend(VARIANTS.iter().map(|(name, _)| *name));
    world.run(&words).ok().bytes.clone()
}
