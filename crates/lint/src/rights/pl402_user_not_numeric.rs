//! # PL402 user-not-numeric
//!
//! USER is a name. The kubelet does not read the image's /etc/passwd, so with `runAsNonRoot` it
//! refuses the image: `container has runAsNonRoot and image has non-numeric user (NAME), cannot verify
//! user is non-root`.
//!
//! Write the number: `USER 1000`.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::{Diagnostic, Edit, Fix, UserSpec};

use crate::rule::Report;
use crate::subject::Subject;
use plimsoll_contract::stage::Work;

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let user = &subject.contract.user;
    let Ok(spec) = UserSpec::parse(&user.value) else { return Vec::new() };
    let name = user.value.split(':').next().unwrap_or("");
    if spec.is_numeric() || name == "root" {
        return Vec::new();
    }
    let id = resolved(subject, &spec).or_else(|| made_by_run(subject, name).map(|uid| uid.to_string()));
    let label = match &id {
        Some(id) => format!("is {id}"),
        None => "a name".to_string(),
    };
    let found = report.warning(format!("Kubernetes cannot verify that user {name} is not root"));
    let found = found.note(format!(
        "with runAsNonRoot: image has non-numeric user ({name}), cannot verify user is non-root"
    ));
    let mut found = subject.label(found, &user.because, &label, true);
    if let (Some(id), Some(statement)) = (id, subject.statement(&user.because))
        && let (Instruction::User(text), Some((dockerfile, _))) = (&statement.instruction, subject.written)
        && text.text == user.value
    {
        found.fix = Some(Fix {
            title: format!("{name} is {id} in the image"),
            source: dockerfile.source.clone(),
            edits: vec![Edit { span: text.span, replacement: id }],
            safe: true,
        });
    }
    vec![found]
}

/// The number by the account files at hand.
fn resolved(subject: &Subject<'_>, spec: &UserSpec) -> Option<String> {
    let base = subject.written.and_then(|(_, prediction)| prediction.base_tree());
    let tree = subject.tree.or(base.map(|tree| tree as &dyn plimsoll_model::FileTree))?;
    let user = spec.resolve(tree).ok()?;
    Some(match spec.group {
        Some(_) => format!("{}:{}", user.uid, user.gid),
        None => user.uid.to_string(),
    })
}

/// The number that `useradd -u N name` or `adduser -u N name` of a RUN gives.
fn made_by_run(subject: &Subject<'_>, name: &str) -> Option<u32> {
    let texts = subject.steps().into_iter().filter_map(|step| match &step.applied.work {
        Work::Run(run) => run.argv.last().cloned(),
        _ => None,
    });
    texts.rev().find_map(|text| account_id(&text, name))
}

fn account_id(text: &str, name: &str) -> Option<u32> {
    let commands = text.split(['\n', ';', '&', '|']);
    let mut with_account = commands.filter(|command| {
        let mut words = command.split_whitespace();
        let makes = words.clone().any(|word| word.ends_with("useradd") || word.ends_with("adduser"));
        makes && words.any(|word| word == name)
    });
    let words: Vec<&str> = with_account.next()?.split_whitespace().collect();
    words.iter().enumerate().find_map(|(at, word)| match *word {
        "-u" | "--uid" | "-uid" => words.get(at + 1)?.parse().ok(),
        long => long.strip_prefix("--uid=").or(long.strip_prefix("-u"))?.parse().ok(),
    })
}
