//! docker's document of a network: keys, order and types of docker 20.10 (`types.NetworkResource`).

use std::collections::BTreeMap;

use plimsoll_runtime::network::{Driver, Lease, NamedNetwork, Networks};
use plimsoll_template::{Field, Value};

/// All that docker says of a network.
pub(super) fn of_network(networks: &Networks, network: &NamedNetwork, leases: &[Lease]) -> Value {
    let internal = network.bridge().is_some_and(|bridge| bridge.internal);
    let member = |lease: &Lease| (lease.container.clone(), endpoint(networks, network, lease));
    let members: BTreeMap<String, Value> = leases.iter().map(member).collect();
    let labels = network.labels.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str())));
    Value::Record(vec![
        Field::new("Name", network.name.clone()),
        Field::new("ID", network.id.clone()).keyed("Id"),
        Field::new("Created", time(network)),
        Field::new("Scope", "local"),
        Field::new("Driver", network.driver_name()),
        Field::new("EnableIPv6", Value::Bool(false)),
        Field::new("IPAM", addresses(network)),
        Field::new("Internal", Value::Bool(internal)),
        Field::new("Attachable", Value::Bool(false)),
        Field::new("Ingress", Value::Bool(false)),
        Field::new("ConfigFrom", Value::Record(vec![Field::new("Network", "")])),
        Field::new("ConfigOnly", Value::Bool(false)),
        Field::new("Containers", Value::map(Some(members), Value::Record(Vec::new()))),
        Field::new("Options", options(network)),
        Field::new("Labels", Value::map(Some(labels.collect()), Value::from(""))),
    ])
}

/// docker's `time.Time`: JSON and text differ.
fn time(network: &NamedNetwork) -> Value {
    let json = network.created.to_string();
    let text = json.replace('T', " ").replace('Z', " +0000 UTC");
    Value::Stringer { text, of: Box::new(Value::from(json.as_str())) }
}

fn addresses(network: &NamedNetwork) -> Value {
    let config = network.bridge().map(|bridge| {
        Value::Record(vec![
            Field::new("Subnet", bridge.subnet.to_string()),
            Field::new("Gateway", bridge.gateway.to_string()),
        ])
    });
    let none = if network.is_predefined() { None } else { Some(BTreeMap::new()) };
    Value::Record(vec![
        Field::new("Driver", "default"),
        Field::new("Options", Value::map(none, Value::from(""))),
        Field::new("Config", Value::List(Some(config.into_iter().collect()))),
    ])
}

/// The interface on the host, under docker's name for it.
fn options(network: &NamedNetwork) -> Value {
    let name = "com.docker.network.bridge.name".to_string();
    let options = match network.driver {
        Driver::Bridge(_) => BTreeMap::from([(name, Value::from(network.interface().as_str()))]),
        Driver::Host | Driver::Null => BTreeMap::new(),
    };
    Value::map(Some(options), Value::from(""))
}

fn endpoint(networks: &Networks, network: &NamedNetwork, lease: &Lease) -> Value {
    let mac: Vec<String> = lease.mac().iter().map(|byte| format!("{byte:02x}")).collect();
    let prefix = network.bridge().map_or(32, |bridge| bridge.subnet.prefix);
    Value::Record(vec![
        Field::new("Name", networks.name_of(lease)),
        Field::new("EndpointID", endpoint_id(network, &lease.container)),
        Field::new("MacAddress", mac.join(":")),
        Field::new("IPv4Address", format!("{}/{prefix}", lease.address)),
        Field::new("IPv6Address", ""),
    ])
}

/// docker gives a container's place in a network an id of its own; ours is made of the two.
fn endpoint_id(network: &NamedNetwork, container: &str) -> String {
    let half = |id: &str| id.get(..32).unwrap_or_default().to_string();
    half(container) + &half(&network.id)
}
