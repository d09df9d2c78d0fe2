//! EXPECTED: what a person wrote down, and whether it was so.

use plimsoll_contract::evidence::Verdict;
use plimsoll_contract::expect::Answer;

use super::LINES;
use crate::report::columns::{Extent, Section, pad, wrap};
use crate::terminal::MAX_WIDTH;

/// Where what was seen begins.
const KEY_END: usize = 36;

/// The expectations that are not met or not decided; `name` is the file's.
pub fn expected(answers: &[Answer], name: &str, extent: Extent) -> String {
    let met = answers.iter().filter(|answer| answer.verdict == Verdict::Proven).count();
    let mut section = Section::new(&format!("EXPECTED   {met} of {} met   {name}", answers.len()));
    for answer in answers {
        let (word, why) = match &answer.verdict {
            Verdict::Proven => continue,
            Verdict::Refuted(why) => ("no", why),
            Verdict::Unproven(why) => ("open", why),
        };
        let from = answer.expectation.wanted.because.phrase();
        let line = from.rsplit(':').next().unwrap_or_default();
        let told = format!("{why} (line {line})");
        let mut told = wrap(&told, MAX_WIDTH - KEY_END).into_iter();
        let first = format!(
            "  {word:4} {} {}",
            pad(&answer.expectation.key, KEY_END - 8),
            told.next().unwrap_or_default()
        );
        let rest: Vec<String> = told.collect();
        let second = (!rest.is_empty()).then(|| format!("{}{}", " ".repeat(KEY_END), rest.join(" ")));
        section.add(word == "no", std::iter::once(first).chain(second));
    }
    section.render(LINES, MAX_WIDTH, extent)
}

#[cfg(test)]
mod tests {
    use plimsoll_contract::expect::check;
    use plimsoll_model::Source;

    use super::*;
    use crate::report::demo;
    use crate::work::contract_file::read;

    #[test]
    fn each_that_is_not_met_is_named_with_its_line() {
        let source = Source::new(
            "shop/plimsoll.toml",
            "[contract]\nstop.within = \"5s\"\nzombies = 0\nuser = 0\nhttp.\"/ready\" = 200\n",
        );
        let answers = check(&read(&source).unwrap(), &demo::shell_form().proof.unwrap());
        let text = expected(&answers, source.name(), Extent::All);
        assert_eq!(
            text,
            "EXPECTED   1 of 4 met   shop/plimsoll.toml\n  \
             no   stop.within                  it was killed after 10s (line 2)\n  \
             no   zombies                      there were 1 (line 3)\n  \
             no   http.\"/ready\"                nothing answered HTTP (line 5)\n"
        );
    }
}
