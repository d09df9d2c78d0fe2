//! Variables an instruction uses that nothing defines (BuildKit `dockerfile2llb/convert.go` dispatch,
//! `validations.go` reportUnmatchedVariables; `instructions/commands.go` Expand).
//!
//! Each text is looked at on its own: a name counts once a text. EXPOSE, CMD, ENTRYPOINT, HEALTHCHECK
//! and the command of RUN are not looked at.

use std::cell::RefCell;
use std::collections::BTreeSet;

use plimsoll_contract::stage::{Scope, StageState};
use plimsoll_dockerfile::expand;
use plimsoll_dockerfile::mount_fields;
use plimsoll_dockerfile::syntax::{Flag, Heredoc, Instruction, Pair, Text};
use plimsoll_model::Span;

/// A variable without definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Undefined {
    /// Its name.
    pub name: String,
    /// The text that uses it.
    pub place: Span,
}

/// Arguments of the builder itself that are never in the environment.
const OF_THE_BUILDER: [&str; 2] = ["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"];

/// What an instruction uses and `state`, the stage before it, does not define.
pub(crate) fn undefined(state: &StageState, instruction: &Instruction, scope: &Scope) -> Vec<Undefined> {
    let mut search = Search { state, scope, declared: BTreeSet::new(), found: Vec::new() };
    // BuildKit stops at the first text that cannot be expanded; what it met before is reported.
    let _ = search.instruction(instruction);
    search.found
}

/// BuildKit stops here.
struct Stop;

struct Search<'a> {
    state: &'a StageState,
    scope: &'a Scope,
    /// ARGs of this very instruction.
    declared: BTreeSet<&'a str>,
    found: Vec<Undefined>,
}

impl<'a> Search<'a> {
    fn instruction(&mut self, instruction: &'a Instruction) -> Result<(), Stop> {
        match instruction {
            Instruction::Env(pairs) | Instruction::Label(pairs) => {
                for Pair { name, value, .. } in pairs {
                    self.text(name)?;
                    value.iter().try_for_each(|value| self.text(value))?;
                }
                Ok(())
            }
            Instruction::Arg(pairs) => pairs.iter().try_for_each(|pair| self.argument(pair)),
            Instruction::Workdir(text) | Instruction::User(text) | Instruction::Stopsignal(text) => {
                self.text(text)
            }
            Instruction::Volume(texts) => texts.iter().try_for_each(|text| self.text(text)),
            Instruction::Run { flags, .. } => self.mounts(flags),
            Instruction::Copy { flags, sources, destination, heredocs, .. } => {
                let expanded = ["chown", "chmod", "checksum", "exclude"];
                let flags = flags.iter().filter(|flag| expanded.contains(&flag.name.as_str()));
                flags.filter_map(|flag| flag.value.as_ref()).try_for_each(|value| self.text(value))?;
                sources.iter().try_for_each(|text| self.text(text))?;
                self.text(destination)?;
                heredocs.iter().try_for_each(|heredoc| self.body(heredoc))
            }
            _ => Ok(()),
        }
    }

    /// A value on the command line beats the default, which is then not expanded.
    fn argument(&mut self, pair: &'a Pair) -> Result<(), Stop> {
        if let (Some(default), None) = (&pair.value, self.scope.given(&pair.name.text)) {
            self.text(default)?;
        }
        self.declared.insert(&pair.name.text);
        Ok(())
    }

    fn mounts(&mut self, flags: &[Flag]) -> Result<(), Stop> {
        let mounts = flags.iter().filter(|flag| flag.name == "mount");
        for value in mounts.filter_map(|flag| flag.value.as_ref()) {
            let fields = mount_fields(&value.text).into_iter().filter(|(key, _)| key != "from");
            for text in fields.filter_map(|(_, text)| text) {
                self.text(&Text { text, span: value.span })?;
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &Text) -> Result<(), Stop> {
        let escape = self.scope.escape();
        self.look(text.span, |lookup| expand::expand(&text.text, escape, lookup).is_ok())
    }

    /// Bodies always escape with a backslash.
    fn body(&mut self, heredoc: &Heredoc) -> Result<(), Stop> {
        if !heredoc.expand {
            return Ok(());
        }
        self.look(heredoc.span, |lookup| expand::expand_keep_quotes(&heredoc.body, '\\', lookup).is_ok())
    }

    fn look(&mut self, place: Span, expand: impl Fn(expand::Lookup<'_>) -> bool) -> Result<(), Stop> {
        let missing: RefCell<BTreeSet<String>> = RefCell::default();
        let expanded = expand(&|name| {
            let value = self.state.variable(name);
            if value.is_none() {
                missing.borrow_mut().insert(name.to_string());
            }
            value
        });
        let defined = |name: &str| {
            self.state.is_declared(name) || self.declared.contains(name) || OF_THE_BUILDER.contains(&name)
        };
        let missing = missing.into_inner().into_iter().filter(|name| !defined(name));
        let found: Vec<Undefined> = missing.map(|name| Undefined { name, place }).collect();
        self.found.extend(found);
        if expanded { Ok(()) } else { Err(Stop) }
    }
}
