//! Compound commands and functions: `if`, `while`, `until`, `for`, `select`, `case`, `{ }`, `( )`,
//! `(( ))`.

use plimsoll_model::Span;

use super::lexer::{Lost, Token};
use super::reader::Reader;
use super::{Branch, Command, Compound, Join, Node, SimpleCommand, Word};

impl Reader<'_> {
    /// What begins with this word, which is not taken yet.
    pub(super) fn compound(&mut self, keyword: String, start: usize) -> Result<Compound, Lost> {
        self.next()?;
        let mut has_else = false;
        let mut name = None;
        let branches = match keyword.as_str() {
            "if" => self.if_branches(&mut has_else)?,
            "while" | "until" => {
                let test = self.some_list()?;
                vec![Branch { test, words: Vec::new(), body: self.body("do", "done")? }]
            }
            "for" | "select" => vec![self.for_loop()?],
            "case" => self.case_clauses(&mut has_else)?,
            "{" => vec![self.until_closing("}")?],
            "(" if self.operator_follows('(') => {
                // In other shells than bash these are two subshells.
                if !self.lexer.is_bash {
                    return Err(Lost);
                }
                self.arithmetic()?;
                return Ok(self.finish("((".to_string(), start, Vec::new()));
            }
            "(" => {
                let body = self.some_list()?;
                if !self.eat(")")? {
                    return Err(Lost);
                }
                vec![Branch { test: Vec::new(), words: Vec::new(), body }]
            }
            "function" => {
                let Token::Word(word) = self.next()? else { return Err(Lost) };
                name = Some(word.raw);
                if self.eat("(")? && !self.eat(")")? {
                    return Err(Lost);
                }
                vec![self.function_body()?]
            }
            _ => return Err(Lost),
        };
        let mut compound = self.finish(keyword, start, branches);
        compound.has_else = has_else;
        compound.name = name;
        while let Token::Redirect(_) = self.peek()? {
            let Token::Redirect(redirect) = self.next()? else { return Err(Lost) };
            compound.span.end = redirect.span.end;
            compound.redirects.push(redirect);
        }
        Ok(compound)
    }

    fn arithmetic(&mut self) -> Result<(), Lost> {
        self.lexer.arithmetic()?;
        self.end = self.lexer.at;
        Ok(())
    }

    fn finish(&mut self, keyword: String, start: usize, branches: Vec<Branch>) -> Compound {
        let mut commands = Vec::new();
        for branch in &branches {
            flatten(&branch.test, false, &mut commands);
            flatten(&branch.body, false, &mut commands);
        }
        let span = Span::new(start, self.end.max(start));
        let (name, redirects) = (None, Vec::new());
        Compound { keyword, name, branches, has_else: false, negated: false, redirects, span, commands }
    }

    fn if_branches(&mut self, has_else: &mut bool) -> Result<Vec<Branch>, Lost> {
        let mut branches = Vec::new();
        loop {
            let test = self.some_list()?;
            self.expect_word("then")?;
            branches.push(Branch { test, words: Vec::new(), body: self.some_list()? });
            if self.eat_word("elif")? {
                continue;
            }
            if self.eat_word("else")? {
                *has_else = true;
                branches.push(self.until_closing("fi")?);
                return Ok(branches);
            }
            self.expect_word("fi")?;
            return Ok(branches);
        }
    }

    /// A list and the word that closes it.
    fn until_closing(&mut self, close: &str) -> Result<Branch, Lost> {
        let body = self.some_list()?;
        self.expect_word(close)?;
        Ok(Branch { test: Vec::new(), words: Vec::new(), body })
    }

    fn body(&mut self, open: &str, close: &str) -> Result<Vec<Command>, Lost> {
        self.expect_word(open)?;
        Ok(self.until_closing(close)?.body)
    }

    fn for_loop(&mut self) -> Result<Branch, Lost> {
        let mut words = Vec::new();
        if self.eat("(")? {
            // `for ((i = 0; ...))`
            self.arithmetic()?;
        } else {
            let Token::Word(_) = self.next()? else { return Err(Lost) };
            self.skip_newlines()?;
            if self.eat_word("in")? {
                while let Token::Word(_) = self.peek()? {
                    let Token::Word(word) = self.next()? else { return Err(Lost) };
                    words.push(word);
                }
            }
        }
        self.eat(";")?;
        self.skip_newlines()?;
        let body = match self.word_here()? {
            Some("{") => self.body("{", "}")?,
            _ => self.body("do", "done")?,
        };
        Ok(Branch { test: Vec::new(), words, body })
    }

    fn case_clauses(&mut self, has_else: &mut bool) -> Result<Vec<Branch>, Lost> {
        let Token::Word(_) = self.next()? else { return Err(Lost) };
        self.skip_newlines()?;
        self.expect_word("in")?;
        let mut branches = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.eat_word("esac")? {
                return Ok(branches);
            }
            let words = self.patterns()?;
            *has_else |= words.iter().any(|word| word.raw == "*");
            let mut body = Vec::new();
            self.list(&mut body)?;
            branches.push(Branch { test: Vec::new(), words, body });
            match self.operator()? {
                Some(";;" | ";&" | ";;&") => drop(self.next()?),
                _ if self.word_here()? == Some("esac") => {}
                _ => return Err(Lost),
            }
        }
    }

    /// `[(] pattern [| pattern]... )`
    fn patterns(&mut self) -> Result<Vec<Word>, Lost> {
        self.eat("(")?;
        let mut words = Vec::new();
        loop {
            let Token::Word(word) = self.next()? else { return Err(Lost) };
            words.push(word);
            if self.eat(")")? {
                return Ok(words);
            }
            if !self.eat("|")? {
                return Err(Lost);
            }
        }
    }

    /// What stands behind `name()`: any compound command.
    fn function_body(&mut self) -> Result<Branch, Lost> {
        self.skip_newlines()?;
        let Node::Compound(compound) = self.command()? else { return Err(Lost) };
        if compound.is_function() {
            return Err(Lost);
        }
        let body = match compound.keyword.as_str() {
            "{" => compound.branches.into_iter().flat_map(|branch| branch.body).collect(),
            _ => vec![Command { node: Node::Compound(compound), join: Join::End }],
        };
        Ok(Branch { test: Vec::new(), words: Vec::new(), body })
    }

    /// The rest of `name() ...`, whose name was read as a command.
    pub(super) fn function(&mut self, command: SimpleCommand, start: usize) -> Result<Compound, Lost> {
        let [name] = command.words.as_slice() else { return Err(Lost) };
        let plain = command.assignments.is_empty() && command.redirects.is_empty() && !command.negated;
        let name = name.literal.clone().filter(|_| plain).ok_or(Lost)?;
        self.next()?;
        if !self.eat(")")? {
            return Err(Lost);
        }
        let body = self.function_body()?;
        let mut compound = self.finish("function".to_string(), start, vec![body]);
        compound.name = Some(name);
        Ok(compound)
    }
}

/// Simple commands at any depth, those in functions left out; behind `!` if one around them is.
fn flatten(commands: &[Command], negated: bool, flat: &mut Vec<SimpleCommand>) {
    for command in commands {
        match &command.node {
            Node::Simple(simple) => {
                flat.push(SimpleCommand { negated: simple.negated || negated, ..simple.clone() });
            }
            Node::Compound(compound) if compound.is_function() => {}
            Node::Compound(compound) => {
                for branch in &compound.branches {
                    flatten(&branch.test, negated || compound.negated, flat);
                    flatten(&branch.body, negated || compound.negated, flat);
                }
            }
        }
    }
}
