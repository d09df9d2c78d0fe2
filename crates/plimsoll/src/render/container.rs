//! A container for people who ask what it runs: its process, and what start and exec would do.

use serde_json::{Value, json};

use super::contract::{quote_all, shorten};
use crate::terminal::MAX_WIDTH;
use crate::work::explaining_container::ContainerFacts;

/// Width of the column that names a value.
const NAME_WIDTH: usize = 10;

/// What it is, in a few lines.
pub fn container_table(container: &ContainerFacts) -> String {
    let (record, state) = (&container.record, &container.state);
    let heading = format!("CONTAINER   {}   {}   {}", record.name, record.short_id(), state.word());
    let mut rows = vec![("image", record.image.clone()), ("argv", quote_all(&record.spec.argv))];
    if record.spec.init {
        rows.push(("pid 1", "an init (--init); the program is its child".to_string()));
    }
    if let (Some(words), Some(run)) = (&container.now, state.run()) {
        rows.push(("now", format!("{}   process {} of this machine", quote_all(words), run.process.pid)));
    }
    if let Some(code) = state.exit_code() {
        rows.push(("ended", format!("with {code}: plimsoll explain {code} says what that means")));
    }
    let user = &record.spec.user;
    rows.push(("user", format!("uid {}, gid {}", user.uid, user.gid)));
    let stop = &record.spec.stop;
    rows.push(("stop", format!("{} to PID 1, SIGKILL after {} s", stop.signal, stop.grace.as_secs())));
    let start = match container.image_moved {
        true => {
            format!("the same argv from the same image, although '{}' is no longer that image", record.image)
        }
        false => "the same argv as PID 1 again; another one needs another container".to_string(),
    };
    rows.push(("start", start));
    rows.push((
        "exec",
        "the words given, beside PID 1: no ENTRYPOINT before them; they end when PID 1 does".to_string(),
    ));
    let rows = rows.iter().map(|(name, value)| {
        format!("  {name:NAME_WIDTH$} {}\n", shorten(value, MAX_WIDTH - NAME_WIDTH - 3))
    });
    format!("{heading}\n{}", rows.collect::<String>())
}

/// The same for programs.
pub fn container_json(container: &ContainerFacts) -> Value {
    let record = &container.record;
    json!({
        "id": record.id,
        "name": record.name,
        "image": record.image,
        "imageMoved": container.image_moved,
        "state": container.state.word(),
        "exitCode": container.state.exit_code(),
        "argv": record.spec.argv,
        "init": record.spec.init,
        "now": container.now,
        "uid": record.spec.user.uid,
        "gid": record.spec.user.gid,
        "stopSignal": record.spec.stop.signal.to_string(),
        "graceSeconds": record.spec.stop.grace.as_secs(),
    })
}
