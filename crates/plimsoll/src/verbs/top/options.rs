//! The options of ps that `top` understands.

use super::field::{FIELDS, Field};

/// A field under a heading, which may be another than its usual one.
pub type Shown = (&'static str, &'static Field);

/// `ps -ef`, docker's default.
const FULL: [(&str, &str); 8] = [
    ("UID", "user"),
    ("PID", "pid"),
    ("PPID", "ppid"),
    ("C", "c"),
    ("STIME", "stime"),
    ("TTY", "tty"),
    ("TIME", "time"),
    ("CMD", "cmd"),
];

/// `ps aux`.
const USER: [(&str, &str); 11] = [
    ("USER", "user"),
    ("PID", "pid"),
    ("%CPU", "pcpu"),
    ("%MEM", "pmem"),
    ("VSZ", "vsz"),
    ("RSS", "rss"),
    ("TTY", "tty"),
    ("STAT", "stat"),
    ("START", "bsdstart"),
    ("TIME", "bsdtime"),
    ("COMMAND", "command"),
];

/// Which fields are to be shown.
pub fn parse(words: &[String]) -> Result<Vec<Shown>, String> {
    let mut chosen: Vec<Shown> = Vec::new();
    let mut preset = FULL.as_slice();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            // All processes of the container are shown in any case.
            "-e" | "-A" | "-f" | "-ef" | "-fe" | "-Af" => {}
            "aux" => preset = &USER,
            "-o" | "-eo" | "-Ao" => {
                chosen.extend(fields(words.next().ok_or_else(|| format!("{word} names no field"))?)?);
            }
            word => match word.strip_prefix("-o").or_else(|| word.strip_prefix("-eo")) {
                Some(list) => chosen.extend(fields(list)?),
                None => {
                    return Err(format!("'{word}' is no option of ps that is understood here: -ef, aux, -o"));
                }
            },
        }
    }
    if chosen.is_empty() {
        chosen = preset.iter().filter_map(|(heading, name)| Some((*heading, field(name)?))).collect();
    }
    Ok(chosen)
}

fn fields(list: &str) -> Result<Vec<Shown>, String> {
    let unknown = |name: &str| {
        let known: Vec<&str> = FIELDS.iter().map(|field| field.names[0]).collect();
        format!("'{name}' is no field that is known here: {}", known.join(", "))
    };
    let names = list.split([',', ' ']);
    names.map(|name| field(name).map(|field| (field.heading, field)).ok_or_else(|| unknown(name))).collect()
}

fn field(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.names.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headings(words: &[&str]) -> Result<String, String> {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        parse(&words).map(|shown| shown.iter().map(|(heading, _)| *heading).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn as_ps_heads_its_columns() {
        let full = "UID PID PPID C STIME TTY TIME CMD";
        assert_eq!(headings(&[]).unwrap(), full);
        assert_eq!(headings(&["-ef"]).unwrap(), full);
        assert_eq!(headings(&["-e", "-f"]).unwrap(), full);
        let user = "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND";
        assert_eq!(headings(&["aux"]).unwrap(), user);
        assert_eq!(headings(&["-o", "pid,args"]).unwrap(), "PID COMMAND");
        assert_eq!(headings(&["-eo", "pid,comm", "-oppid"]).unwrap(), "PID COMMAND PPID");
    }

    #[test]
    fn what_is_not_understood_is_named() {
        assert!(headings(&["--forest"]).unwrap_err().contains("'--forest'"));
        assert!(headings(&["-o", "pid,colour"]).unwrap_err().contains("'colour'"));
        assert!(headings(&["-o", ""]).unwrap_err().contains("''"));
        assert!(headings(&["-o"]).unwrap_err().contains("-o"));
        assert!(headings(&["-x"]).is_err() && headings(&["-oh no"]).is_err());
    }

    #[test]
    fn no_name_means_two_fields() {
        let names: Vec<&str> = FIELDS.iter().flat_map(|field| field.names).copied().collect();
        for name in &names {
            assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{name}");
        }
        assert!(FULL.iter().chain(&USER).all(|(_, name)| names.contains(name)));
    }
}
