//! Ports: those really listened on. EXPOSE counts only where nothing could be seen.

use std::collections::BTreeMap;

use plimsoll_contract::judge::Proof;
use plimsoll_model::{Because, PortSpec, Protocol};

use crate::run::{Run, State};

/// The ports of the container.
pub struct Ports {
    /// Reachable ones, by number.
    pub open: Vec<Port>,
    /// What was left out, one phrase each.
    pub left_out: Vec<String>,
}

/// One reachable port.
pub struct Port {
    /// Number and protocol.
    pub spec: PortSpec,
    /// Its name in the container, the Service and the probes.
    pub name: String,
    /// Why it is there.
    pub because: Because,
}

impl Port {
    /// The API's word for the protocol.
    pub fn protocol(&self) -> &'static str {
        match self.spec.protocol {
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
            Protocol::Sctp => "SCTP",
        }
    }
}

/// Linux gives ports from here on to sockets that ask for any (net.ipv4.ip_local_port_range).
const EPHEMERAL: u16 = 32768;

/// Decide the ports. What ends with success serves nobody.
pub fn ports(proof: &Proof, run: &Run) -> Ports {
    let mut ports = Ports { open: Vec::new(), left_out: Vec::new() };
    if let State::Ended(0, _) = run.state {
        return ports;
    }
    let Some(observed) = run.observed() else {
        let assumed = |port: &PortSpec| Because::Assumed(format!("EXPOSE {port}; {}", run.why_unseen()));
        let mut exposed: Vec<PortSpec> = proof.contract.ports.iter().map(|port| port.value).collect();
        exposed.sort_unstable();
        exposed.dedup();
        ports.open = exposed.iter().map(|port| named(proof, *port, assumed(port))).collect();
        return ports;
    };
    // The same port may be bound several times (IPv4, IPv6, loopback): it is open if any socket is.
    let mut listening: BTreeMap<PortSpec, bool> = BTreeMap::new();
    for listener in &observed.listening {
        *listening.entry(listener.port).or_insert(false) |= !listener.loopback_only;
    }
    for (port, reachable) in &listening {
        let exposed = exposed(proof, *port);
        match (reachable, &exposed) {
            (false, _) => ports
                .left_out
                .push(format!("{port} is bound to loopback only, neither probes nor a Service reach it")),
            (true, None) if port.number >= EPHEMERAL => {
                ports.left_out.push(format!("{port} looks chosen by the kernel, another one at each start"));
            }
            (true, None) => ports.open.push(named(proof, *port, run.because("listened on, not in EXPOSE"))),
            (true, Some(because)) => {
                let fact = format!("listened on, as EXPOSE says: {}", because.phrase());
                ports.open.push(named(proof, *port, run.because(fact)));
            }
        }
    }
    let silent = proof.contract.ports.iter().filter(|port| !listening.contains_key(&port.value));
    ports.left_out.extend(
        silent.map(|port| format!("EXPOSE {} ({}) was not listened on", port.value, port.because.phrase())),
    );
    ports
}

fn exposed(proof: &Proof, port: PortSpec) -> Option<Because> {
    proof.contract.ports.iter().find(|exposed| exposed.value == port).map(|exposed| exposed.because.clone())
}

fn named(proof: &Proof, spec: PortSpec, because: Because) -> Port {
    let speaks_http = proof.evidence.http.as_ref().is_some_and(|http| http.port == spec.number);
    let name = match speaks_http && spec.protocol == Protocol::Tcp {
        true => "http".to_string(),
        false => format!("{}-{}", spec.protocol.word(), spec.number),
    };
    Port { spec, name, because }
}
