//! docker's way of reading words (spf13/pflag): every boolean can be given a value, a value may begin
//! with a dash, and of a flag that is given twice the last one counts.

use clap::{Arg, ArgAction};

/// Make a flag read its words as docker does.
pub fn as_docker(arg: Arg) -> Arg {
    match arg.get_action() {
        ArgAction::SetTrue => arg
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .value_name("BOOL")
            .value_parser(boolean)
            .default_missing_value("true")
            .default_value("false")
            .hide_default_value(true),
        ArgAction::Set | ArgAction::Append if !arg.is_positional() => arg.allow_hyphen_values(true),
        _ => arg,
    }
}

/// Go's `strconv.ParseBool`.
pub fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("true or false was expected".to_string()),
    }
}

/// What was asked for; an empty word asks for nothing, so that a script can pass an empty variable.
pub fn asked(word: &Option<String>) -> Option<&str> {
    word.as_deref().filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    #[command(mut_args(as_docker), args_override_self = true)]
    struct Line {
        #[arg(short)]
        i: bool,
        #[arg(short)]
        t: bool,
        #[arg(short, long)]
        name: Option<String>,
        #[arg(trailing_var_arg = true)]
        words: Vec<String>,
    }

    fn read(words: &[&str]) -> (bool, bool, Option<String>, Vec<String>) {
        let line = Line::try_parse_from(std::iter::once(&"x").chain(words)).unwrap();
        (line.i, line.t, line.name, line.words)
    }

    #[test]
    fn words_are_read_as_docker_reads_them() {
        let name = |text: &str| Some(text.to_string());
        assert_eq!(read(&["-it"]), (true, true, None, vec![]));
        assert_eq!(read(&["-it=false"]), (true, false, None, vec![]));
        assert_eq!(read(&["-i=0", "-i", "-t=T", "-t=F"]), (true, false, None, vec![]));
        assert_eq!(read(&["-itn", "a"]), (true, true, name("a"), vec![]));
        assert_eq!(read(&["-na", "-n=b", "--name=-c"]), (false, false, name("-c"), vec![]));
        assert_eq!(read(&["--name", "-1"]), (false, false, name("-1"), vec![]));
        assert_eq!(read(&["-i", "false"]), (true, false, None, vec!["false".to_string()]));
        let words = ["a", "-t", "--name", "b", "--", "-i"].map(String::from).to_vec();
        assert_eq!(read(&["a", "-t", "--name", "b", "--", "-i"]), (false, false, None, words));
        assert!(Line::try_parse_from(["x", "-i=yes"]).is_err());
        assert_eq!((asked(&name("")), asked(&name("a")), asked(&None)), (None, Some("a"), None));
    }
}
