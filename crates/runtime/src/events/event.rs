//! One event and how it is written.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::container::Container;

/// Something that has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub time: Timestamp,
    /// To what kind of thing: `container`, `volume`, `network`, `image`.
    pub kind: String,
    /// docker's word for it: `create`, `start`, `die`.
    pub action: String,
    /// To which one: the id of a container, the name of a volume.
    pub id: String,
    /// What else docker tells, by name.
    pub attributes: Vec<(String, String)>,
}

impl Event {
    /// An event of a container, with its image, name and labels.
    pub fn of_container(
        container: &Container,
        action: &str,
        more: &[(&str, String)],
        time: Timestamp,
    ) -> Self {
        let record = container.record();
        let own = [("image".to_string(), record.image.clone()), ("name".to_string(), record.name.clone())];
        let more = more.iter().map(|(name, value)| ((*name).to_string(), value.clone()));
        let mut attributes: Vec<(String, String)> =
            record.asked.labels.iter().cloned().chain(more).chain(own).collect();
        attributes.sort();
        Event { time, kind: "container".into(), action: action.into(), id: record.id.clone(), attributes }
    }
}

#[derive(Serialize, Deserialize)]
struct EventWire {
    time: Timestamp,
    kind: String,
    action: String,
    id: String,
    attributes: Vec<(String, String)>,
}

/// An event as one line of JSON, without its end.
pub(super) fn write(event: &Event) -> Vec<u8> {
    let wire = EventWire {
        time: event.time,
        kind: event.kind.clone(),
        action: event.action.clone(),
        id: event.id.clone(),
        attributes: event.attributes.clone(),
    };
    serde_json::to_vec(&wire).unwrap_or_default()
}

/// Read a line; what is none of ours is no event.
pub(super) fn read(line: &[u8]) -> Option<Event> {
    let wire: EventWire = serde_json::from_slice(line).ok()?;
    Some(Event {
        time: wire.time,
        kind: wire.kind,
        action: wire.action,
        id: wire.id,
        attributes: wire.attributes,
    })
}
