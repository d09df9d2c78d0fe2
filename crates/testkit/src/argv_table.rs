//! What four engines make of an image and a launch: a table that the pure rules are compared with, and that
//! real engines are asked about.

/// The rows.
const TABLE: &str = include_str!("argv_table/engines.table");

/// One image, one launch, and what two engines make of them.
#[derive(Debug, Clone)]
pub struct Row {
    /// The image's ENTRYPOINT; `None` where it has none.
    pub entrypoint: Option<Vec<String>>,
    /// Its CMD.
    pub cmd: Option<Vec<String>>,
    /// What the launch gives.
    pub given: Given,
    /// The argv of either engine; `None` where it finds nothing to start.
    pub argv: [Option<Vec<String>>; 2],
}

/// What a launch gives.
#[derive(Debug, Clone)]
pub enum Given {
    /// `run --entrypoint X IMAGE ARGS...`: docker and podman.
    Run {
        /// The value of the flag.
        entrypoint: Option<String>,
        /// The words after the image.
        args: Vec<String>,
    },
    /// A container of a pod: containerd and CRI-O.
    Pod {
        /// `command`.
        command: Vec<String>,
        /// `args`.
        args: Vec<String>,
    },
}

/// All rows. A table that cannot be read is a mistake of whoever changed it.
pub fn rows() -> Vec<Row> {
    let lines = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut of_pods = false;
    let mut rows = Vec::new();
    for line in lines {
        let cells: Vec<&str> = line.split(" | ").collect();
        let &[entrypoint, cmd, first, second, one, other] = cells.as_slice() else {
            panic!("six cells were expected in '{line}'");
        };
        if entrypoint == "ENTRYPOINT" {
            of_pods = first == "command";
            continue;
        }
        let given = match of_pods {
            true => Given::Pod { command: words(first), args: words(second) },
            false => Given::Run { entrypoint: text(first), args: words(second) },
        };
        let one = argv(one);
        let other = if other == "=" { one.clone() } else { argv(other) };
        rows.push(Row { entrypoint: list(entrypoint), cmd: list(cmd), given, argv: [one, other] });
    }
    rows
}

fn list(cell: &str) -> Option<Vec<String>> {
    (cell != "~").then(|| serde_json::from_str(cell).unwrap_or_else(|error| panic!("'{cell}': {error}")))
}

fn words(cell: &str) -> Vec<String> {
    list(cell).unwrap_or_default()
}

fn text(cell: &str) -> Option<String> {
    (cell != "~").then(|| serde_json::from_str(cell).unwrap_or_else(|error| panic!("'{cell}': {error}")))
}

fn argv(cell: &str) -> Option<Vec<String>> {
    list(if cell == "-" { "~" } else { cell })
}
