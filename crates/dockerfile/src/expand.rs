//! Variable expansion as the builder does it (BuildKit `shell/lex.go`): `$x`, `${x}`, and with a
//! word `:-` `-` `:+` `+` `:?` `?` `#` `##` `%` `%%` `/` `//`. Unset variables are empty.
//!
//! The escape character (`\` or a backtick) makes the next character literal; inside double quotes
//! only before `"`, `$` and itself; inside single quotes nothing is special.
//!
//! Results are limited to [`LIMIT`] bytes, so that a file that doubles a variable again and again
//! ends in an error.

mod lexer;
mod pattern;

use lexer::{Lexer, Mode};

/// The largest result, in bytes beyond the length of the text itself: eight times what Linux
/// allows one argument or variable to hold.
pub const LIMIT: usize = 1 << 20;

/// Looks up a variable; `None` if it is unset.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Why a text could not be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpandError {
    /// What is wrong, in one sentence.
    pub message: String,
    /// Byte offset in the text that was expanded.
    pub offset: usize,
}

/// Replace variables and remove quotes: the rule for values of instructions.
pub fn expand(text: &str, escape: char, lookup: Lookup<'_>) -> Result<String, ExpandError> {
    Lexer::new(text, escape, lookup, Mode::RemoveQuotes).run().map(|output| output.text)
}

/// Like [`expand`], then split on blanks that were not quoted, also those that come from a
/// variable: EXPOSE and lists of words.
pub fn expand_words(text: &str, escape: char, lookup: Lookup<'_>) -> Result<Vec<String>, ExpandError> {
    Lexer::new(text, escape, lookup, Mode::RemoveQuotes).run().map(|output| output.into_words())
}

/// Replace variables and keep quotes as they are: the rule for heredoc bodies. As in BuildKit an
/// escape character vanishes before any character, so `\n` becomes `n`; BuildKit always takes `\`
/// there, whatever the file's escape directive says.
pub fn expand_keep_quotes(text: &str, escape: char, lookup: Lookup<'_>) -> Result<String, ExpandError> {
    Lexer::new(text, escape, lookup, Mode::KeepQuotes).run().map(|output| output.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        let value = match name {
            "A" => "alpha",
            "E" => "",
            "PATH" => "/usr/bin:/bin",
            "F" => "a.b.tar.gz",
            "SP" => "x  y",
            "Q" => "'q\" z",
            _ => return None,
        };
        Some(value.to_string())
    }

    fn ok(text: &str) -> String {
        expand(text, '\\', &lookup).unwrap_or_else(|error| panic!("{text}: {error:?}"))
    }

    fn err(text: &str) -> (String, usize) {
        let error = expand(text, '\\', &lookup).expect_err(text);
        (error.message, error.offset)
    }

    #[test]
    fn plain_variables() {
        assert_eq!(ok("$A-${A}_$NONE."), "alpha-alpha_.");
        assert_eq!(ok("$A_x|$Ax"), "|");
        assert_eq!(ok("$1$@$*$# $ $"), " $ $");
        assert_eq!(ok("$12x"), "x");
        assert_eq!(ok("a$"), "a$");
        assert_eq!(ok("$É$(x)"), "$(x)");
    }

    #[test]
    fn quotes_and_escapes() {
        assert_eq!(ok(r#"'$A' "$A" \$A \"x\" "#), "$A alpha $A \"x\" ");
        assert_eq!(ok(r#""a\nb \" \$A \\ 'x'""#), r#"a\nb " $A \ 'x'"#);
        assert_eq!(ok(r"'a\'"), r"a\");
        assert_eq!(ok(r"a\"), "a");
        assert_eq!(ok("$Q"), "'q\" z");
        assert_eq!(expand(r"C:\x `$A \$A", '`', &lookup).unwrap(), r"C:\x $A \alpha");
        assert_eq!(err("a 'b"), ("the single quote is never closed".into(), 2));
        assert_eq!(err("a \"b"), ("the double quote is never closed".into(), 2));
    }

    #[test]
    fn defaults_and_alternatives() {
        for (text, result) in [
            ("${N:-w}", "w"),
            ("${E:-w}", "w"),
            ("${E-w}", ""),
            ("${N-w}", "w"),
            ("${A:-w}", "alpha"),
            ("${A:+w}", "w"),
            ("${E:+w}", ""),
            ("${E+w}", "w"),
            ("${N+w}", ""),
            ("${N:-$A}", "alpha"),
            ("${N:-${M:-\"d e\"}}", "d e"),
            ("${N:-'}'}", "}"),
            ("${N:-\\}}", "}"),
            ("${A:?no}", "alpha"),
            ("${E?no}", ""),
        ] {
            assert_eq!(ok(text), result, "{text}");
        }
        assert_eq!(err("x${N:?must be $A}"), ("N: must be alpha".into(), 1));
        assert_eq!(err("${N?}"), ("N is not set".into(), 0));
        assert_eq!(err("${E:?}"), ("E is empty".into(), 0));
    }

    #[test]
    fn prefixes_and_suffixes() {
        for (text, result) in [
            ("${F#*.}", "b.tar.gz"),
            ("${F##*.}", "gz"),
            ("${F%.*}", "a.b.tar"),
            ("${F%%.*}", "a"),
            ("${F%.?z}", "a.b.tar"),
            ("${F#x}", "a.b.tar.gz"),
            ("${F#a\\*}", "a.b.tar.gz"),
            ("${N#x}", ""),
            ("${F%\"$A\"}", "a.b.tar.gz"),
            ("${PATH##*/}", "bin"),
        ] {
            assert_eq!(ok(text), result, "{text}");
        }
    }

    #[test]
    fn replacements() {
        for (text, result) in [
            ("${F/./-}", "a-b.tar.gz"),
            ("${F//./-}", "a-b-tar-gz"),
            ("${F//.}", "abtargz"),
            ("${F/.}", "ab.tar.gz"),
            ("${PATH//\\//_}", "_usr_bin:_bin"),
            ("${F//?/$A}", "alpha".repeat(10).as_str()),
            ("${F/t*/x}", "a.b.x"),
            ("${A//a/$1}", "lph"),
            ("${A//a/\\}}", "}lph}"),
            ("${N/x/y}", ""),
        ] {
            assert_eq!(ok(text), result, "{text}");
        }
    }

    #[test]
    fn what_is_no_substitution_is_an_error_with_its_place() {
        for (text, message, offset) in [
            ("a${", "'${' is never closed by '}'", 1),
            ("a${A", "'${' is never closed by '}'", 1),
            ("${A:-b", "'${' is never closed by '}'", 0),
            ("${}", "'${}' names no variable", 0),
            ("${{A}", "'${{' names no variable", 0),
            ("${:-x}", "'${:' names no variable", 0),
            ("${A:0:3}", "${A:0...} is not understood: the builder knows :- :+ :? # % and /", 0),
            ("${A@Q}", "${A@...} is not understood: the builder knows :- :+ :? # % and /", 0),
            ("${A^}", "${A^...} is not understood: the builder knows :- :+ :? # % and /", 0),
        ] {
            assert_eq!(err(text), (message.to_string(), offset), "{text}");
        }
    }

    #[test]
    fn words_split_outside_quotes() {
        let words = |text| expand_words(text, '\\', &lookup).unwrap();
        assert_eq!(words("80 $SP \"$SP\" a\\ b '' c"), ["80", "x", "y", "x  y", "a b", "c"]);
        assert_eq!(words("$N"), [""; 0]);
        assert_eq!(words("a${SP}b"), ["ax", "yb"]);
    }

    #[test]
    fn heredoc_bodies_keep_their_quotes() {
        let keep = |text| expand_keep_quotes(text, '\\', &lookup).unwrap();
        assert_eq!(keep("it's \"$A\" '$A' \\$A \\n \\\\"), "it's \"alpha\" 'alpha' $A n \\");
        assert_eq!(keep("\\\n"), "\n");
        assert_eq!(keep("${N:-it's}"), "it's");
    }

    #[test]
    fn hostile_texts_end_in_errors() {
        let slashes = format!("{}x{}", "${A/".repeat(90), "}".repeat(90));
        assert_eq!(ok(&slashes), "");
        let deep = format!("{}x{}", "${A:-".repeat(5000), "}".repeat(5000));
        assert!(err(&deep).0.contains("nested"));
        let big = |_: &str| Some("x".repeat(LIMIT / 2));
        assert!(expand("$a$b$c", '\\', &big).unwrap_err().message.contains("1 MiB"));
        let stars = format!("${{A##{}b}}", "*a".repeat(2000));
        let long = |_: &str| Some("a".repeat(20_000));
        assert_eq!(expand(&stars, '\\', &long).unwrap().len(), 20_000);
    }
}
