//! From tokens to commands (POSIX XCU 2.10). Reading stops at the first thing that is not followed.

use plimsoll_model::Span;

use super::lexer::{Lexer, Lost, Token};
use super::{Command, Join, Node, Script, Shebang, SimpleCommand, Word, collect};

/// Constructs inside constructs deeper than this are not followed.
const DEPTH_LIMIT: usize = 60;

/// Words that end a list when they stand where a command begins.
const CLOSING: &[&str] = &["then", "do", "else", "elif", "fi", "done", "esac", "}"];

/// Read a script.
pub fn read(text: &str) -> Script {
    let shebang = shebang(text);
    let is_bash = shebang.as_ref().is_some_and(|shebang| {
        let line = format!("{} {}", shebang.interpreter, shebang.argument.as_deref().unwrap_or(""));
        line.contains("bash") || line.contains("zsh")
    });
    read_as(text, shebang, is_bash)
}

/// Read a text as bash does, whatever its first line says.
pub fn read_bash(text: &str) -> Script {
    read_as(text, shebang(text), true)
}

fn read_as(text: &str, shebang: Option<Shebang>, is_bash: bool) -> Script {
    let mut reader = Reader { lexer: Lexer::new(text, is_bash), peeked: None, end: 0, depth: 0 };
    let mut commands = Vec::new();
    let outcome = reader.list(&mut commands).and_then(|()| match reader.peek()? {
        Token::End => Ok(()),
        _ => Err(Lost),
    });
    let unclear = outcome.err().map(|Lost| {
        let end = commands.last().map_or(0, |command| node_span(&command.node).end);
        Span::new(end.min(text.len()), text.len())
    });
    let traps = traps(&commands);
    Script { shebang, commands, traps, crlf: text.contains("\r\n"), unclear }
}

fn shebang(text: &str) -> Option<Shebang> {
    let line = text.split('\n').next()?;
    let rest = line.strip_prefix("#!")?.trim();
    let (interpreter, argument) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
    let argument = Some(argument.trim().to_string()).filter(|argument| !argument.is_empty());
    let carriage_return = line.ends_with('\r');
    let span = Span::new(0, line.trim_end_matches('\r').len());
    Some(Shebang { interpreter: interpreter.to_string(), argument, span, carriage_return })
}

fn traps(commands: &[Command]) -> Vec<Vec<Word>> {
    let mut simple = Vec::new();
    collect(commands, true, &mut simple);
    let traps = simple.into_iter().filter(|command| command.program() == Some("trap"));
    traps.map(|command| command.words[1..].to_vec()).collect()
}

fn node_span(node: &Node) -> Span {
    match node {
        Node::Simple(simple) => simple.span,
        Node::Compound(compound) => compound.span,
    }
}

/// Reads tokens, one ahead.
pub(super) struct Reader<'a> {
    pub lexer: Lexer<'a>,
    peeked: Option<Token>,
    /// Where the last token taken ended.
    pub end: usize,
    depth: usize,
}

impl Reader<'_> {
    pub fn peek(&mut self) -> Result<&Token, Lost> {
        if self.peeked.is_none() {
            self.peeked = Some(self.lexer.next()?);
        }
        self.peeked.as_ref().ok_or(Lost)
    }

    pub fn next(&mut self) -> Result<Token, Lost> {
        let token = match self.peeked.take() {
            Some(token) => token,
            None => self.lexer.next()?,
        };
        self.end = match &token {
            Token::Word(word) | Token::Redirect(word) => word.span.end,
            Token::Operator(_, span) => span.end,
            Token::End => self.end,
        };
        Ok(token)
    }

    /// The operator here, if there is one.
    pub fn operator(&mut self) -> Result<Option<&'static str>, Lost> {
        match self.peek()? {
            Token::Operator(operator, _) => Ok(Some(operator)),
            _ => Ok(None),
        }
    }

    /// Take this operator if it stands here.
    pub fn eat(&mut self, wanted: &str) -> Result<bool, Lost> {
        let found = self.operator()? == Some(wanted);
        if found {
            self.next()?;
        }
        Ok(found)
    }

    /// The word here as written, if there is one.
    pub fn word_here(&mut self) -> Result<Option<&str>, Lost> {
        match self.peek()? {
            Token::Word(word) => Ok(Some(&word.raw)),
            _ => Ok(None),
        }
    }

    /// Take this word if it stands here.
    pub fn eat_word(&mut self, wanted: &str) -> Result<bool, Lost> {
        let found = self.word_here()? == Some(wanted);
        if found {
            self.next()?;
        }
        Ok(found)
    }

    pub fn expect_word(&mut self, wanted: &str) -> Result<(), Lost> {
        if self.eat_word(wanted)? { Ok(()) } else { Err(Lost) }
    }

    pub fn skip_newlines(&mut self) -> Result<(), Lost> {
        while self.eat("\n")? {}
        Ok(())
    }

    /// Whether this character follows the token just taken, without a blank.
    pub fn operator_follows(&self, c: char) -> bool {
        self.peeked.is_none() && self.lexer.follows(c)
    }

    /// Commands up to the end, a closing word, `)` or `;;`.
    pub fn list(&mut self, commands: &mut Vec<Command>) -> Result<(), Lost> {
        loop {
            self.skip_newlines()?;
            let closed = match self.peek()? {
                Token::End => true,
                Token::Operator(operator, _) => matches!(*operator, ")" | ";;" | ";&" | ";;&"),
                Token::Word(word) => CLOSING.contains(&word.raw.as_str()),
                Token::Redirect(_) => false,
            };
            if closed {
                break;
            }
            let node = self.command()?;
            // Noted before its joint is read: what is lost there is not this command.
            commands.push(Command { node, join: Join::End });
            let join = self.join()?;
            if join == Join::End {
                break;
            }
            if let Some(command) = commands.last_mut() {
                command.join = join;
            }
        }
        match commands.last_mut() {
            Some(Command { join: Join::And | Join::Or | Join::Pipe, .. }) => Err(Lost),
            Some(last) if last.join == Join::Then => {
                last.join = Join::End;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A list that may not be empty.
    pub fn some_list(&mut self) -> Result<Vec<Command>, Lost> {
        let mut commands = Vec::new();
        self.list(&mut commands)?;
        if commands.is_empty() { Err(Lost) } else { Ok(commands) }
    }

    fn join(&mut self) -> Result<Join, Lost> {
        let join = match self.operator()? {
            Some("&&") => Join::And,
            Some("||") => Join::Or,
            Some("|" | "|&") => Join::Pipe,
            Some("&") => Join::Background,
            Some(";" | "\n") => Join::Then,
            _ => return Ok(Join::End),
        };
        self.next()?;
        if matches!(join, Join::And | Join::Or | Join::Pipe) {
            self.skip_newlines()?;
        }
        Ok(join)
    }

    pub fn command(&mut self) -> Result<Node, Lost> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return Err(Lost);
        }
        let mut negated = false;
        while self.eat_word("!")? {
            negated = !negated;
        }
        if self.word_here()?.is_some_and(|word| CLOSING.contains(&word)) {
            return Err(Lost);
        }
        let start = match self.peek()? {
            Token::Word(word) | Token::Redirect(word) => word.span.start,
            Token::Operator(_, span) => span.start,
            Token::End => return Err(Lost),
        };
        let keyword = match self.peek()? {
            Token::Operator("(", _) => Some("(".to_string()),
            Token::Word(word) => Some(word.raw.clone()).filter(|word| is_compound(word)),
            _ => None,
        };
        let node = match keyword {
            Some(keyword) => {
                let mut compound = self.compound(keyword, start)?;
                compound.negated = negated;
                Node::Compound(compound)
            }
            None => self.simple_or_function(start, negated)?,
        };
        self.depth -= 1;
        Ok(node)
    }

    fn simple_or_function(&mut self, start: usize, negated: bool) -> Result<Node, Lost> {
        let mut command = SimpleCommand {
            assignments: Vec::new(),
            words: Vec::new(),
            redirects: Vec::new(),
            exec: false,
            negated,
            span: Span::new(start, start),
        };
        loop {
            match self.peek()? {
                Token::Word(_) => {
                    let Token::Word(word) = self.next()? else { return Err(Lost) };
                    command.span.end = word.span.end;
                    self.add_word(&mut command, word)?;
                }
                Token::Redirect(_) => {
                    let Token::Redirect(redirect) = self.next()? else { return Err(Lost) };
                    command.span.end = redirect.span.end;
                    command.redirects.push(redirect);
                }
                Token::Operator("(", _) => return self.function(command, start).map(Node::Compound),
                _ => break,
            }
        }
        if command.words.is_empty() && command.assignments.is_empty() && command.redirects.is_empty() {
            return Err(Lost);
        }
        strip_exec(&mut command)?;
        Ok(Node::Simple(command))
    }

    fn add_word(&mut self, command: &mut SimpleCommand, mut word: Word) -> Result<(), Lost> {
        // `a=(1 2)`, `declare -A a=()`: an array of bash.
        if word.raw.ends_with('=') && is_assignment(&word.raw) && self.operator_follows('(') {
            word = self.lexer.with_parentheses(word)?;
            command.span.end = word.span.end;
        }
        if command.words.is_empty() && is_assignment(&word.raw) {
            command.assignments.push(word);
            return Ok(());
        }
        let condition = command.words.is_empty() && word.raw == "[[";
        command.words.push(word);
        match condition {
            true => self.condition(command),
            false => Ok(()),
        }
    }

    /// The words behind `[[`, up to `]]`.
    fn condition(&mut self, command: &mut SimpleCommand) -> Result<(), Lost> {
        loop {
            let word = self.lexer.condition_word()?;
            command.span.end = word.span.end;
            let last = word.raw == "]]";
            command.words.push(word);
            if last {
                return Ok(());
            }
        }
    }
}

fn is_compound(word: &str) -> bool {
    matches!(word, "if" | "while" | "until" | "for" | "select" | "case" | "{" | "function")
}

/// `name=...`, `name+=...`, `name[0]=...`
fn is_assignment(raw: &str) -> bool {
    let Some((name, _)) = raw.split_once('=') else { return false };
    let name = name.strip_suffix('+').unwrap_or(name);
    let name = name.split_once('[').map_or(name, |(name, _)| name);
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Take `exec` and its options off the words.
fn strip_exec(command: &mut SimpleCommand) -> Result<(), Lost> {
    if command.words.first().is_none_or(|word| word.raw != "exec") {
        return Ok(());
    }
    command.exec = true;
    command.words.remove(0);
    while let Some(option) = command.words.first().map(|word| word.raw.clone()).filter(|w| w.starts_with('-'))
    {
        let count = match option.as_str() {
            "-a" => 2,
            "--" | "-c" | "-l" | "-cl" | "-lc" => 1,
            _ => return Err(Lost),
        };
        if count > command.words.len() {
            return Err(Lost);
        }
        command.words.drain(..count);
        if option == "--" {
            break;
        }
    }
    Ok(())
}
