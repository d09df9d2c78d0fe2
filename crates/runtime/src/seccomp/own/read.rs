//! From text to a profile.

use serde_json::Value;

use super::super::decision::{Answer, Comparison, Condition};
use super::error::ProfileError;
use super::json::Node;
use super::{Architectures, CallRule, Profile, Requirement};

/// The longest text that is read. docker's own profile has 16 KiB.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// What a refused call fails with if no number is given.
const EPERM: u16 = 1;

/// The highest error number the kernel passes on (`MAX_ERRNO`, linux/err.h).
const HIGHEST_ERRNO: u64 = 4095;

/// The architectures of libseccomp (OCI runtime-spec, config-linux.md).
const ARCHITECTURES: [&str; 21] = [
    "SCMP_ARCH_AARCH64",
    "SCMP_ARCH_ARM",
    "SCMP_ARCH_LOONGARCH64",
    "SCMP_ARCH_M68K",
    "SCMP_ARCH_MIPS",
    "SCMP_ARCH_MIPS64",
    "SCMP_ARCH_MIPS64N32",
    "SCMP_ARCH_MIPSEL",
    "SCMP_ARCH_MIPSEL64",
    "SCMP_ARCH_MIPSEL64N32",
    "SCMP_ARCH_PARISC",
    "SCMP_ARCH_PARISC64",
    "SCMP_ARCH_PPC",
    "SCMP_ARCH_PPC64",
    "SCMP_ARCH_PPC64LE",
    "SCMP_ARCH_RISCV64",
    "SCMP_ARCH_S390",
    "SCMP_ARCH_S390X",
    "SCMP_ARCH_X32",
    "SCMP_ARCH_X86",
    "SCMP_ARCH_X86_64",
];

pub(super) fn profile(text: &str) -> Result<Profile, ProfileError> {
    if text.len() > MOST_BYTES {
        return Err(ProfileError::TooLarge { bytes: text.len() });
    }
    // serde_json refuses what is nested more than 128 times.
    let value: Value =
        serde_json::from_str(text).map_err(|error| ProfileError::NoJson { why: error.to_string() })?;
    let document = Node::document(&value);
    let default = answer(&document, "defaultAction", "defaultErrnoRet")?;
    let rules = document.list("syscalls")?.iter().map(rule).collect::<Result<_, _>>()?;
    Ok(Profile { default, architectures: architectures(&document)?, rules })
}

fn architectures(document: &Node<'_>) -> Result<Architectures, ProfileError> {
    let listed = document.list("architectures")?;
    let mapped = document.list("archMap")?;
    if let (false, Some(entry)) = (listed.is_empty(), mapped.first()) {
        return Err(entry.wrong("'architectures' is given as well; leave one of them out"));
    }
    if mapped.is_empty() {
        return Ok(Architectures::Listed(listed.iter().map(architecture).collect::<Result<_, _>>()?));
    }
    let entry = |entry: &Node<'_>| {
        let own = entry.field("architecture")?.ok_or_else(|| entry.wrong("'architecture' is missing"))?;
        let others = entry.list("subArchitectures")?.iter().map(architecture).collect::<Result<_, _>>()?;
        Ok((architecture(&own)?, others))
    };
    Ok(Architectures::Mapped(mapped.iter().map(entry).collect::<Result<_, ProfileError>>()?))
}

fn architecture(node: &Node<'_>) -> Result<&'static str, ProfileError> {
    let name = node.text()?;
    let known = ARCHITECTURES.into_iter().find(|known| *known == name);
    known.ok_or_else(|| node.wrong(format!("'{name}' is no architecture; SCMP_ARCH_X86_64 is one")))
}

fn rule(node: &Node<'_>) -> Result<CallRule, ProfileError> {
    let conditions = node.list("args")?.iter().map(condition).collect::<Result<_, _>>()?;
    Ok(CallRule {
        names: names(node)?,
        answer: answer(node, "action", "errnoRet")?,
        conditions,
        includes: requirement(node, "includes")?,
        excludes: requirement(node, "excludes")?,
    })
}

/// `names`, or `name` as old profiles have it.
fn names(node: &Node<'_>) -> Result<Vec<String>, ProfileError> {
    let names = texts(node, "names")?;
    let name = node.field("name")?;
    match (name, names.is_empty()) {
        (Some(name), false) => Err(name.wrong("'names' is given as well; leave one of them out")),
        (Some(name), true) => Ok(vec![name.text()?.to_string()]),
        (None, false) => Ok(names),
        (None, true) => Err(node.wrong("'names' names no call")),
    }
}

fn answer(node: &Node<'_>, action: &str, number: &str) -> Result<Answer, ProfileError> {
    let given = node.field(number)?;
    let told = |most: u64| match &given {
        None => Ok(EPERM),
        Some(place) => match node.number(number)? {
            value if value <= most => Ok(value as u16),
            _ => Err(place.wrong(format!("a number from 0 to {most} is expected here"))),
        },
    };
    let action = node.field(action)?.ok_or_else(|| node.wrong(format!("'{action}' is missing")))?;
    match action.text()? {
        "SCMP_ACT_ALLOW" => Ok(Answer::Allow),
        "SCMP_ACT_ERRNO" => Ok(Answer::Errno(told(HIGHEST_ERRNO)?)),
        "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => Ok(Answer::KillThread),
        "SCMP_ACT_KILL_PROCESS" => Ok(Answer::KillProcess),
        "SCMP_ACT_LOG" => Ok(Answer::Log),
        "SCMP_ACT_TRACE" => Ok(Answer::Trace(told(u64::from(u16::MAX))?)),
        "SCMP_ACT_TRAP" => Ok(Answer::Trap),
        "SCMP_ACT_NOTIFY" => Err(action.wrong("SCMP_ACT_NOTIFY asks an agent, and there is none here")),
        other => Err(action.wrong(format!(
            "'{other}' is no action; there are SCMP_ACT_ALLOW, ERRNO, KILL, KILL_PROCESS, KILL_THREAD, LOG, \
             TRACE and TRAP"
        ))),
    }
}

fn condition(node: &Node<'_>) -> Result<Condition, ProfileError> {
    let argument = match node.number("index")? {
        index @ 0..=5 => index as u8,
        index => return Err(node.wrong(format!("a call has arguments 0 to 5, and no {index}"))),
    };
    let (value, second) = (node.number("value")?, node.number("valueTwo")?);
    let operator = node.field("op")?.ok_or_else(|| node.wrong("'op' is missing"))?;
    let comparison = match operator.text()? {
        "SCMP_CMP_EQ" => Comparison::Equal(value),
        "SCMP_CMP_NE" => Comparison::NotEqual(value),
        "SCMP_CMP_LT" => Comparison::Less(value),
        "SCMP_CMP_LE" => Comparison::AtMost(value),
        "SCMP_CMP_GE" => Comparison::AtLeast(value),
        "SCMP_CMP_GT" => Comparison::Above(value),
        "SCMP_CMP_MASKED_EQ" => Comparison::Masked { mask: value, value: second },
        other => {
            return Err(operator.wrong(format!(
                "'{other}' is no comparison; there are SCMP_CMP_EQ, NE, LT, LE, GE, GT and MASKED_EQ"
            )));
        }
    };
    Ok(Condition { argument, comparison })
}

fn requirement(node: &Node<'_>, name: &str) -> Result<Requirement, ProfileError> {
    let Some(node) = node.field(name)? else { return Ok(Requirement::default()) };
    for capability in node.list("caps")? {
        let name = capability.text()?;
        if !name.starts_with("CAP_") {
            return Err(capability.wrong(format!("'{name}' is no capability; they begin with CAP_")));
        }
    }
    Ok(Requirement {
        capabilities: texts(&node, "caps")?,
        machines: texts(&node, "arches")?,
        min_kernel: node.field("minKernel")?.map(|node| version(&node)).transpose()?,
    })
}

fn version(node: &Node<'_>) -> Result<(u32, u32), ProfileError> {
    let numbers = node.text()?.split_once('.').and_then(|(major, minor)| {
        let number = |text: &str| text.parse::<u32>().ok();
        Some((number(major)?, number(minor)?))
    });
    numbers.ok_or_else(|| node.wrong("a version as \"4.8\" is expected here"))
}

fn texts(node: &Node<'_>, name: &str) -> Result<Vec<String>, ProfileError> {
    node.list(name)?.iter().map(|member| member.text().map(str::to_string)).collect()
}
