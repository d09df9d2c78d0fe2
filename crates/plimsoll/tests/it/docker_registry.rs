//! Debian's docker-registry on loopback, for as long as a test needs it.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use plimsoll_testkit::program;

use crate::harness::{World, eventually};

/// A running registry.
pub struct DockerRegistry {
    /// `127.0.0.1:PORT`.
    pub host: String,
    child: Child,
}

impl DockerRegistry {
    /// Start one that keeps its data in this world; `None`, said aloud, when it is not installed.
    pub fn start(world: &World) -> Option<Self> {
        let binary = program("docker-registry")?;
        let port =
            TcpListener::bind("127.0.0.1:0").expect("a port is free").local_addr().expect("bound").port();
        let host = format!("127.0.0.1:{port}");
        let data = world.word("registry");
        let config = world.write(
            "registry.yml",
            format!(
                "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n\
                 storage:\n  filesystem: {{rootdirectory: {data}}}\nhttp: {{addr: '{host}'}}\n"
            ),
        );
        let child = Command::new(binary)
            .arg("serve")
            .arg(config)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry starts");
        let registry = DockerRegistry { host, child };
        eventually("docker-registry listens", || TcpStream::connect(&registry.host).is_ok());
        Some(registry)
    }
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
