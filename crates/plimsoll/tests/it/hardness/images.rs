//! What an image says about itself decides about its process, and about nothing on the host.

use plimsoll_image::Store;
use plimsoll_model::{Digest, Reference};
use serde_json::{Value, json};

use super::Victim;
use crate::harness::{World, chmod};

/// Give `bb` another configuration, with fields of every engine's that mean more than a process.
fn image_with_config(world: &World, name: &str, change: impl FnOnce(&mut Value)) {
    let store = Store::open(&world.path("store")).unwrap();
    let blob = |digest: &str| {
        std::fs::read(store.root().join("blobs/sha256").join(&digest["sha256:".len()..])).unwrap()
    };
    let digest = world.run(&["inspect", "bb"]).json()[0]["Digest"].as_str().unwrap().to_string();
    let mut manifest: Value = serde_json::from_slice(&blob(&digest)).unwrap();
    let mut config: Value =
        serde_json::from_slice(&blob(manifest["config"]["digest"].as_str().unwrap())).unwrap();
    change(&mut config);
    let config = serde_json::to_vec(&config).unwrap();
    manifest["config"]["size"] = config.len().into();
    manifest["config"]["digest"] = store.put_bytes(&config).unwrap().to_string().into();
    manifest["annotations"] = annotations("binary:///bin/sh");
    let manifest: Digest = store.put_bytes(&serde_json::to_vec(&manifest).unwrap()).unwrap();
    store.tag(&manifest, &name.parse::<Reference>().unwrap()).unwrap();
}

/// Words by which other engines are told to do more, leading to a program.
fn annotations(program: &str) -> Value {
    json!({
        "io.containerd.runc.v2.group": program, "io.kubernetes.cri.container-log": program,
        "io.podman.annotations.privileged": "TRUE", "io.podman.annotations.seccomp": "unconfined",
        "run.oci.hooks.stdout": program, "run.oci.handler": "wasm", "run.oci.keep_original_groups": "1",
        "com.nvidia.volumes.needed": "nvidia_driver", "cdi.k8s.io/x": "vendor.com/class=device",
        "com.docker.log-driver": format!("binary://{program}"), "org.criu.config": program,
    })
}

/// CVE-2026-53488: a label of an image chose what logged its output, a command of the host as root.
/// CVE-2026-53492, CVE-2024-0132, CVE-2025-23266: hooks and devices were taken from the image.
#[test]
fn nothing_an_image_says_selects_what_happens_on_the_host() {
    let Some(world) = World::with_busybox() else { return };
    let victim = Victim::new(&world);
    let program = world.write("program", format!("#!/bin/sh\ntouch {0}/made /made\n", victim.word()));
    chmod(&program, 0o755);
    let program = program.display().to_string();
    image_with_config(&world, "plain", |_| {});
    image_with_config(&world, "evil", |config| {
        let hook = json!([{ "path": program, "args": [program], "timeout": 5 }]);
        let host = json!({
            "Privileged": true, "Binds": ["/:/host"], "CapAdd": ["ALL"], "NetworkMode": "host", "PidMode": "host",
            "UsernsMode": "host", "IpcMode": "host", "SecurityOpt": ["seccomp=unconfined"], "ReadonlyRootfs": false,
            "Devices": [{ "PathOnHost": "/dev/mem", "PathInContainer": "/dev/mem", "CgroupPermissions": "rwm" }],
            "LogConfig": { "Type": format!("binary://{program}"), "Config": {} }, "Runtime": program, "Init": true,
        });
        config["hooks"] =
            json!({ "prestart": hook, "createRuntime": hook, "poststop": hook, "startContainer": hook });
        config["HostConfig"] = host.clone();
        config["mounts"] =
            json!([{ "destination": "/host", "type": "bind", "source": "/", "options": ["rbind", "rw"] }]);
        config["config"]["HostConfig"] = host;
        config["config"]["Labels"] = annotations(&program);
        config["config"]["Healthcheck"] = json!({ "Test": ["CMD-SHELL", program], "Interval": 1_000_000 });
        config["config"]["OnBuild"] = json!([]);
        config["config"]["ExposedPorts"] = json!({ "22/tcp": {}, "1-65535/tcp": {} });
        let env = [
            "NVIDIA_VISIBLE_DEVICES=all",
            "NVIDIA_DRIVER_CAPABILITIES=all",
            "NVIDIA_REQUIRE_CUDA=",
            "NOTIFY_SOCKET=/x",
            "LD_PRELOAD=/lib/evil.so",
            "PLIMSOLL_ROOT=/",
            "_LIBCONTAINER_INITPIPE=3",
            "LISTEN_FDS=3",
            "TMPDIR=/",
        ];
        config["config"]["Env"] = json!(env.map(str::to_string).to_vec());
    });
    image_with_config(&world, "binds", |config| {
        config["config"]["Volumes"] =
            json!({ "/:/host": {}, "/host": {}, format!("{}:/v", victim.word()): {} });
    });
    let plan =
        |image: &str| world.run(&["run", "--plan", "--hostname", "h", image, "true"]).ok().stdout.clone();
    assert_eq!(plan("evil"), plan("plain"));
    let binds = plan("binds");
    assert_eq!(
        (binds.matches("show the volume").count(), binds.matches("show the host").count()),
        (3, 0),
        "{binds}"
    );
    let look =
        "ls / /dev; mount; cat /proc/self/status | grep -E 'Cap|Seccomp|NoNewPrivs'; ls /sys/class/net";
    let seen = |image: &str| {
        world.run(&["run", "--rm", "--hostname", "h", image, "sh", "-c", look]).ok().stdout.clone()
    };
    assert_eq!(seen("evil"), seen("plain"));
    world.run(&["run", "-d", "--name", "it", "evil", "sleep", "1000"]).ok();
    for words in [
        &["exec", "it", "true"][..],
        &["logs", "it"],
        &["inspect", "evil"],
        &["explain", "evil"],
        &["stop", "-t", "0", "it"],
        &["rm", "it"],
    ] {
        world.run(words).ok();
    }
    world.build(&[], "FROM evil\nRUN true\nCOPY Dockerfile /\n").ok();
    victim.assert_untouched();
    world.assert_nothing_left();
}

/// The same with files that other engines look for where they find them first: in the image.
#[test]
fn no_hook_or_device_of_an_images_files_is_used() {
    let Some(world) = World::with_busybox() else { return };
    let victim = Victim::new(&world);
    let program = world.write("program", format!("#!/bin/sh\ntouch {}/made\n", victim.word()));
    chmod(&program, 0o755);
    let program = program.display();
    let hook = format!(
        "{{\"version\":\"1.0.0\",\"hook\":{{\"path\":\"{program}\"}},\"when\":{{\"always\":true}},\"stages\":[\"prestart\"]}}"
    );
    let devices = format!(
        "cdiVersion: \"0.6.0\"\nkind: vendor.com/class\ndevices: [{{name: device, containerEdits: {{hooks: \
         [{{hookName: createRuntime, path: {program}}}]}}}}]\n"
    );
    world.write("p/hook.json", hook);
    world.write("p/cdi.yaml", devices);
    world
        .build(
            &["-t", "evil"],
            "FROM bb\n\
        COPY hook.json /usr/share/containers/oci/hooks.d/\nCOPY hook.json /etc/containers/oci/hooks.d/\n\
        COPY cdi.yaml /etc/cdi/\nCOPY cdi.yaml /var/run/cdi/\nCOPY hook.json /etc/ld.so.preload\n\
        ENV NVIDIA_VISIBLE_DEVICES=all\nLABEL cdi.k8s.io/x=vendor.com/class=device\n",
        )
        .ok();
    for flags in [&[][..], &["--init"], &["-t"]] {
        world.run(&[&["run", "--rm"][..], flags, &["evil", "true"]].concat()).ok();
    }
    world.build(&[], "FROM evil\nRUN true\n").ok();
    victim.assert_untouched();
}
