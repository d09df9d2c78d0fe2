//! Where what is copied ends up: docker's table (`docker cp`, "the behavior is similar to the common Unix utility
//! cp -a"; moby, pkg/archive/copy.go PrepareArchiveCopy).

/// What is copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name; empty for a root directory.
    pub name: Vec<u8>,
    /// It is a directory.
    pub directory: bool,
    /// Only what is in it is copied.
    pub only_content: bool,
}

/// What stands at the destination, links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Nothing,
    /// A directory.
    Directory,
    /// Anything else.
    Other,
}

/// Where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Into the directory at the destination, under this name.
    Inside(Vec<u8>),
    /// What is in it into the directory at the destination.
    Merged,
    /// To the destination's own path.
    Destination,
}

/// Decide it. `directory` says that the destination is written as one (`/` or `/.` at its end). The errors begin
/// with docker's words.
pub fn place(source: &Source, standing: Standing, directory: bool) -> Result<Place, String> {
    match standing {
        Standing::Directory if source.only_content || source.name.is_empty() => Ok(Place::Merged),
        Standing::Directory => Ok(Place::Inside(source.name.clone())),
        Standing::Other if source.directory => Err("cannot copy directory: the destination is none".into()),
        Standing::Other if directory => Err("not a directory: the destination is a file".into()),
        Standing::Nothing if directory && !source.directory => {
            Err("no such directory: the destination ends with a slash, and a file has no such name".into())
        }
        Standing::Other | Standing::Nothing => Ok(Place::Destination),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, directory: bool, only_content: bool) -> Source {
        Source { name: name.into(), directory, only_content }
    }

    #[test]
    fn dockers_table() {
        let (file, tree, content) =
            (source("f", false, false), source("d", true, false), source("d", true, true));
        let root = source("", true, false);
        let inside = |name: &str| Ok(Place::Inside(name.into()));
        let at = Ok(Place::Destination);
        for (what, standing, directory, expected) in [
            (&file, Standing::Directory, false, inside("f")),
            (&file, Standing::Directory, true, inside("f")),
            (&file, Standing::Other, false, at.clone()),
            (&file, Standing::Nothing, false, at.clone()),
            (&tree, Standing::Directory, false, inside("d")),
            (&tree, Standing::Nothing, false, at.clone()),
            (&tree, Standing::Nothing, true, at.clone()),
            (&content, Standing::Directory, false, Ok(Place::Merged)),
            (&content, Standing::Nothing, true, at.clone()),
            (&root, Standing::Directory, false, Ok(Place::Merged)),
            (&root, Standing::Nothing, false, at),
        ] {
            assert_eq!(place(what, standing, directory), expected, "{what:?} {standing:?}");
        }
        for (what, standing, directory, words) in [
            (&file, Standing::Nothing, true, "no such directory"),
            (&file, Standing::Other, true, "not a directory"),
            (&tree, Standing::Other, false, "cannot copy directory"),
            (&content, Standing::Other, true, "cannot copy directory"),
        ] {
            assert!(place(what, standing, directory).unwrap_err().starts_with(words));
        }
    }
}
