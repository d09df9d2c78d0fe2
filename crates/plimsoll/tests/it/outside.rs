//! Another machine, as far as the network goes: a network namespace with a cable to this one, that
//! answers on port 7.

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use plimsoll_testkit::program;

use crate::harness::eventually;

/// The other machine; gone when dropped.
pub struct Outside {
    process: Child,
    cable: String,
    /// The first two of the four addresses of its subnet are ours and its own.
    subnet: [u8; 4],
}

impl Outside {
    /// Connect it; `None`, said aloud, without the programs for it.
    pub fn new() -> Option<Outside> {
        for needed in ["ip", "unshare", "nsenter", "busybox"] {
            program(needed)?;
        }
        let script = "exec 2>/dev/null; while :; do echo outside | busybox nc -l -p 7 >/dev/null; done";
        let mut command = Command::new("unshare");
        let process = command.args(["-n", "sh", "-c", script]).stdin(Stdio::null()).spawn().unwrap();
        // One of 198.18.0.0/16, which is for tests (RFC 2544), by our own number.
        let [high, low] = (std::process::id() as u16 & 0x3fff).to_be_bytes();
        let subnet = [198, 18, high | 0x40, low & 0xfc];
        let outside = Outside { process, cable: format!("plt{}", std::process::id()), subnet };
        outside.plug();
        Some(outside)
    }

    fn plug(&self) {
        let pid = self.process.id().to_string();
        let own = std::fs::read_link("/proc/self/ns/net").unwrap();
        eventually("the other machine has a network of its own", || {
            std::fs::read_link(format!("/proc/{pid}/ns/net")).is_ok_and(|theirs| theirs != own)
        });
        let (here, there) = (self.machine(1), self.machine(2));
        ip(&["link", "add", &self.cable, "type", "veth", "peer", "name", "eth0", "netns", &pid]);
        ip(&["addr", "add", &format!("{here}/30"), "dev", &self.cable]);
        ip(&["link", "set", &self.cable, "up"]);
        self.inside(&["addr", "add", &format!("{there}/30"), "dev", "eth0"]);
        self.inside(&["link", "set", "eth0", "up"]);
        self.inside(&["link", "set", "lo", "up"]);
        eventually("the other machine answers", || hear(there) == "outside");
    }

    fn machine(&self, number: u8) -> Ipv4Addr {
        let [a, b, c, d] = self.subnet;
        Ipv4Addr::new(a, b, c, d + number)
    }

    /// Its address.
    pub fn address(&self) -> String {
        self.machine(2).to_string()
    }

    /// The subnet between us.
    pub fn subnet(&self) -> String {
        format!("{}/30", self.machine(0))
    }

    /// It learns that this machine leads to an address.
    pub fn learn_the_way_to(&self, address: Ipv4Addr) {
        self.inside(&["route", "add", &format!("{address}/32"), "via", &self.machine(1).to_string()]);
    }

    /// What it hears from port 7 of an address.
    pub fn ask(&self, address: Ipv4Addr) -> String {
        let mut command = Command::new("nsenter");
        command.args(["-n", "-t", &self.process.id().to_string(), "busybox", "nc", "-w", "3"]);
        let output = command.args([&address.to_string(), "7"]).stdin(Stdio::null()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_string()
    }

    fn inside(&self, words: &[&str]) {
        let pid = self.process.id().to_string();
        let status = Command::new("nsenter").args(["-n", "-t", &pid, "ip"]).args(words).status().unwrap();
        assert!(status.success(), "ip {words:?}");
    }
}

fn ip(words: &[&str]) {
    assert!(Command::new("ip").args(words).status().unwrap().success(), "ip {words:?}");
}

/// What this machine hears from port 7 of an address.
pub fn hear(address: Ipv4Addr) -> String {
    let mut text = String::new();
    let heard = TcpStream::connect_timeout(&(address, 7).into(), Duration::from_secs(3))
        .and_then(|mut stream| stream.read_to_string(&mut text));
    heard.map_or(String::new(), |_| text.trim().to_string())
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["link", "delete", &self.cable]).status();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
