//! Dockerfile bytes to a syntax tree with spans.
//!
//! [`parse`] never fails: it gives the tree and everything wrong with the text at once. An error is
//! what BuildKit refuses, a warning what it takes and nobody means. The codes are stable:
//!
//! | code | what is wrong |
//! |---|---|
//! | PL001 | unknown instruction |
//! | PL002 | unknown flag |
//! | PL003 | flag without value, given twice, or with a value it does not take |
//! | PL004 | missing argument (warning where the builder goes on without: RUN, CMD, ENTRYPOINT) |
//! | PL005 | wrong number of arguments |
//! | PL006 | bad stage name |
//! | PL007 | `name=value` expected |
//! | PL008 | JSON array with something other than strings |
//! | PL009 | SHELL without a JSON array |
//! | PL010 | heredoc without its end |
//! | PL011 | directive given twice or with a bad value |
//! | PL012 | no stage: nothing in the file, no FROM, an instruction before it, no such target |
//! | PL013 | ONBUILD with an instruction that cannot be a trigger |
//! | PL014 | HEALTHCHECK that is neither NONE nor CMD, or with a bad duration or number |
//! | PL015 | bad `--mount` |
//! | PL016 | unknown stop signal |
//! | PL017 | empty line inside a continued instruction (warning) |
//! | PL018 | list that starts like JSON and is none (warning) |
//! | PL019 | heredoc as destination |
//! | PL029 | bad pattern in an ignore file |

pub mod created_by;
mod directives;
pub mod expand;
mod flags;
mod heredoc;
pub mod ignore;
mod instruction;
mod json_form;
mod lines;
mod mount;
mod parse;
pub mod places;
mod problems;
pub mod shell;
pub mod stages;
pub mod syntax;
mod words;

pub use flags::flags_of;
pub use instruction::INSTRUCTIONS;
pub use mount::{MOUNT_TYPES, mount_fields};
pub use parse::{Parsed, parse};
