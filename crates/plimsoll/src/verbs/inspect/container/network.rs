//! docker's `NetworkSettings`.

use std::collections::BTreeMap;

use plimsoll_model::Network;
use plimsoll_runtime::container::{Attachment, PublishedPort, Record, Run};
use plimsoll_template::{Field, Value};

/// Ports and addresses, as they are while it runs.
pub fn settings(record: &Record, run: Option<&Run>) -> Value {
    let attachments = run.map_or(&[][..], |run| &run.attachments);
    let first = attachments.first();
    let pid = run.map_or(String::new(), |run| format!("/proc/{}/ns/net", run.process.pid));
    Value::Record(vec![
        Field::new("Bridge", ""),
        Field::new("SandboxID", run.map_or("", |_| record.id.as_str())),
        Field::new("HairpinMode", false),
        Field::new("LinkLocalIPv6Address", ""),
        Field::new("LinkLocalIPv6PrefixLen", 0),
        Field::new("Ports", ports(record, run)),
        Field::new("SandboxKey", pid),
        Field::new("SecondaryIPAddresses", Value::List(None)),
        Field::new("SecondaryIPv6Addresses", Value::List(None)),
        Field::new("EndpointID", ""),
        Field::new("Gateway", first.map_or(String::new(), gateway)),
        Field::new("GlobalIPv6Address", ""),
        Field::new("GlobalIPv6PrefixLen", 0),
        Field::new("IPAddress", first.map_or(String::new(), |place| place.address.to_string())),
        Field::new("IPPrefixLen", first.map_or(0, |place| i64::from(place.prefix))),
        Field::new("IPv6Gateway", ""),
        Field::new("MacAddress", first.map_or(String::new(), mac)),
        Field::new("Networks", networks(record, attachments)),
    ])
}

/// Each port of the container with the ports of the host that lead there; null for one that is only
/// exposed.
fn ports(record: &Record, run: Option<&Run>) -> Value {
    let mut ports: BTreeMap<String, Value> = BTreeMap::new();
    let Some(run) = run else { return Value::map(Some(ports), Value::List(None)) };
    for exposed in &record.asked.exposed {
        ports.insert(exposed.clone(), Value::List(None));
    }
    for port in &run.ports {
        let place = ports.entry(port.container.to_string()).or_insert(Value::List(None));
        if let Value::List(bindings) = place {
            bindings.get_or_insert_default().push(binding(port));
        }
    }
    Value::map(Some(ports), Value::List(None))
}

fn binding(port: &PublishedPort) -> Value {
    Value::Record(vec![
        Field::new("HostIP", port.host.ip().to_string()).keyed("HostIp"),
        Field::new("HostPort", port.host.port().to_string()),
    ])
}

fn networks(record: &Record, attachments: &[Attachment]) -> Value {
    let mut networks: BTreeMap<String, Value> =
        attachments.iter().map(|place| (place.network.clone(), endpoint(Some(place)))).collect();
    match &record.spec.network {
        Network::None => drop(networks.insert("none".into(), endpoint(None))),
        Network::Host => drop(networks.insert("host".into(), endpoint(None))),
        Network::Private => drop(networks.insert("private".into(), endpoint(None))),
        Network::UserMode(program) => drop(networks.insert(program.name().into(), endpoint(None))),
        Network::Joined(names) => {
            for name in names {
                networks.entry(name.clone()).or_insert_with(|| endpoint(None));
            }
        }
        Network::Container(_) => {}
    }
    Value::map(Some(networks), Value::NoRecord)
}

fn endpoint(place: Option<&Attachment>) -> Value {
    Value::Record(vec![
        Field::new("IPAMConfig", Value::NoRecord),
        Field::new("Links", Value::List(None)),
        Field::new("Aliases", Value::List(None)),
        Field::new("NetworkID", place.map_or("", |place| place.network.as_str())),
        Field::new("EndpointID", ""),
        Field::new("Gateway", place.map_or(String::new(), gateway)),
        Field::new("IPAddress", place.map_or(String::new(), |place| place.address.to_string())),
        Field::new("IPPrefixLen", place.map_or(0, |place| i64::from(place.prefix))),
        Field::new("IPv6Gateway", ""),
        Field::new("GlobalIPv6Address", ""),
        Field::new("GlobalIPv6PrefixLen", 0),
        Field::new("MacAddress", place.map_or(String::new(), mac)),
        Field::new("DriverOpts", Value::map(None, Value::from(""))),
    ])
}

fn gateway(place: &Attachment) -> String {
    place.gateway.map_or(String::new(), |gateway| gateway.to_string())
}

fn mac(place: &Attachment) -> String {
    place.mac.map(|byte| format!("{byte:02x}")).join(":")
}
