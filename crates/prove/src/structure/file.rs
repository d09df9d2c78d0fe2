//! The fields of a test file.

use serde::Deserialize;
use serde_json::Value;

use super::yaml;

/// Why a text is no test file that can be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is no container-structure-test file that can be run: {why}")]
pub struct BadStructureFile {
    /// The file.
    pub name: String,
    /// The reason.
    pub why: String,
}

/// A file of structure tests.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StructureFile {
    schema_version: Value,
    pub(super) global_env_vars: Vec<Variable>,
    pub(super) command_tests: Vec<CommandTest>,
    pub(super) file_existence_tests: Vec<FileExistenceTest>,
    pub(super) file_content_tests: Vec<FileContentTest>,
    pub(super) metadata_test: Option<MetadataTest>,
    license_tests: Vec<Value>,
    pub(super) container_run_options: RunOptions,
}

/// A variable or label with the value that is set or expected.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Variable {
    pub key: String,
    pub value: String,
    pub is_regex: bool,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct CommandTest {
    pub name: String,
    pub setup: Vec<Vec<String>>,
    pub teardown: Vec<Vec<String>>,
    pub env_vars: Vec<Variable>,
    pub exit_code: i32,
    pub command: String,
    pub args: Vec<String>,
    pub expected_output: Vec<String>,
    pub excluded_output: Vec<String>,
    pub expected_error: Vec<String>,
    pub excluded_error: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct FileExistenceTest {
    pub name: String,
    pub path: String,
    pub should_exist: bool,
    pub permissions: String,
    pub uid: i64,
    pub gid: i64,
    pub is_executable_by: String,
}

impl Default for FileExistenceTest {
    /// A file is there, whoever owns it (upstream's UnmarshalYAML).
    fn default() -> Self {
        FileExistenceTest {
            name: String::new(),
            path: String::new(),
            should_exist: true,
            permissions: String::new(),
            uid: -1,
            gid: -1,
            is_executable_by: String::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct FileContentTest {
    pub name: String,
    pub path: String,
    pub expected_contents: Vec<String>,
    pub excluded_contents: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct MetadataTest {
    /// The name of before 1.11.
    pub env: Vec<Variable>,
    pub env_vars: Vec<Variable>,
    pub unbound_env_vars: Vec<Variable>,
    pub labels: Vec<Variable>,
    pub exposed_ports: Vec<String>,
    pub unexposed_ports: Vec<String>,
    pub entrypoint: Option<Vec<String>>,
    pub cmd: Option<Vec<String>>,
    pub workdir: String,
    pub volumes: Vec<String>,
    pub unmounted_volumes: Vec<String>,
    pub user: String,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct RunOptions {
    pub user: String,
    pub env_vars: Vec<String>,
    pub env_file: String,
    privileged: bool,
    allocate_tty: bool,
    capabilities: Vec<String>,
    bind_mounts: Vec<String>,
}

impl StructureFile {
    /// Read a file: JSON if its name says so, else YAML.
    pub fn parse(name: &str, text: &str) -> Result<Self, BadStructureFile> {
        let bad = |why: String| BadStructureFile { name: name.to_string(), why };
        let value = match name.to_ascii_lowercase().ends_with(".json") {
            true => serde_json::from_str(text).map_err(|error| bad(error.to_string()))?,
            false => yaml::parse(text).map_err(|why| bad(format!("it is no YAML: {why}")))?,
        };
        if !value.is_object() {
            return Err(bad("it is no mapping of schemaVersion and tests".to_string()));
        }
        let file = StructureFile::deserialize(with_texts(value)).map_err(|error| bad(error.to_string()))?;
        file.problem().map_or(Ok(file.clone()), |why| Err(bad(why)))
    }

    /// What cannot be run, by name.
    fn problem(&self) -> Option<String> {
        if self.schema_version != "2.0.0" {
            return Some(format!("its schemaVersion is {}, \"2.0.0\" was expected", self.schema_version));
        }
        if !self.license_tests.is_empty() {
            return Some("licenseTests are not supported; `plimsoll scan` lists the packages".to_string());
        }
        let options = &self.container_run_options;
        for (set, name) in [
            (options.privileged, "privileged"),
            (options.allocate_tty, "allocateTty"),
            (!options.capabilities.is_empty(), "capabilities"),
            (!options.bind_mounts.is_empty(), "bindMounts"),
            (!options.env_file.is_empty(), "envFile"),
        ] {
            if set {
                return Some(format!("containerRunOptions.{name} is not supported"));
            }
        }
        self.incomplete()
    }

    /// What upstream's Validate refuses.
    fn incomplete(&self) -> Option<String> {
        let missing = |kind: &str, name: &str, what: &str| Some(format!("{kind} '{name}' has no {what}"));
        for test in &self.command_tests {
            if test.name.is_empty() {
                return missing("a test of commandTests", "", "name");
            }
            if test.command.is_empty() {
                return missing("commandTests", &test.name, "command");
            }
            if test.setup.iter().chain(&test.teardown).any(Vec::is_empty) {
                return Some(format!(
                    "commandTests '{}' has an empty command in setup or teardown",
                    test.name
                ));
            }
            if test.env_vars.iter().any(|pair| pair.key.is_empty() || pair.value.is_empty()) {
                return Some(format!("commandTests '{}' has a variable without key or value", test.name));
            }
        }
        let files =
            self.file_existence_tests.iter().map(|test| ("fileExistenceTests", &test.name, &test.path));
        let contents =
            self.file_content_tests.iter().map(|test| ("fileContentTests", &test.name, &test.path));
        for (kind, name, path) in files.chain(contents) {
            if name.is_empty() || path.is_empty() {
                return missing(kind, name, if name.is_empty() { "name" } else { "path" });
            }
        }
        let metadata = self.metadata_test.as_ref()?;
        let pairs = metadata.env.iter().chain(&metadata.env_vars).chain(&metadata.labels);
        if pairs.chain(&metadata.unbound_env_vars).any(|pair| pair.key.is_empty()) {
            return Some("metadataTest has a variable or label without key".to_string());
        }
        let lists = [&metadata.exposed_ports, &metadata.unexposed_ports, &metadata.volumes];
        if lists.into_iter().chain([&metadata.unmounted_volumes]).flatten().any(String::is_empty) {
            return Some("metadataTest has an empty port or volume".to_string());
        }
        None
    }
}

/// Go's decoder takes a number or a truth value where a text is wanted (`value: 8080`); what is wanted as
/// one of these keeps its type.
fn with_texts(value: Value) -> Value {
    const TYPED: [&str; 6] = ["shouldExist", "uid", "gid", "exitCode", "isRegex", "privileged"];
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| match value {
                    _ if TYPED.contains(&key.as_str()) || key == "allocateTty" => (key, value),
                    value => (key, with_texts(value)),
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(with_texts).collect()),
        Value::Number(number) => Value::String(number.to_string()),
        Value::Bool(truth) => Value::String(truth.to_string()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "schemaVersion: \"2.0.0\"
globalEnvVars:
  - {key: PORT, value: 8080}
commandTests:
  - name: says hello
    setup: [[\"touch\", \"/x\"]]
    command: sh
    args: [\"-c\", \"echo $PORT\"]
    expectedOutput: [\"^80\"]
    exitCode: 3
fileExistenceTests:
  - name: there
    path: /bin/sh
  - name: not there
    path: /nowhere
    shouldExist: false
    uid: 0
metadataTest:
  exposedPorts: [\"8080\"]
  cmd: []
";

    #[test]
    fn a_file_is_read_with_its_defaults() {
        let file = StructureFile::parse("x.yaml", EXAMPLE).unwrap();
        assert_eq!(file.global_env_vars[0].value, "8080");
        assert_eq!(file.command_tests[0].exit_code, 3);
        assert_eq!(file.command_tests[0].setup, [["touch", "/x"]]);
        let [there, gone] = &file.file_existence_tests[..] else { panic!("two tests") };
        assert_eq!((there.should_exist, there.uid, gone.should_exist, gone.uid), (true, -1, false, 0));
        let metadata = file.metadata_test.unwrap();
        assert_eq!((metadata.cmd, metadata.entrypoint), (Some(Vec::new()), None));
        let json =
            "{\"schemaVersion\": \"2.0.0\", \"fileContentTests\": [{\"name\": \"n\", \"path\": \"/p\"}]}";
        assert_eq!(StructureFile::parse("x.JSON", json).unwrap().file_content_tests.len(), 1);
    }

    #[test]
    fn what_cannot_be_run_is_refused_by_name() {
        for (text, says) in [
            ("schemaVersion: \"1.0.0\"", "\"1.0.0\""),
            ("commandTests: []", "schemaVersion"),
            ("schemaVersion: 2.0.0\nlicenseTests: [{debian: true}]", "licenseTests"),
            ("schemaVersion: 2.0.0\ncontainerRunOptions: {privileged: true}", "privileged"),
            ("schemaVersion: 2.0.0\ncommandTests: [{name: x}]", "'x' has no command"),
            ("schemaVersion: 2.0.0\ncommandTests: [{command: x}]", "no name"),
            ("schemaVersion: 2.0.0\nfileContentTests: [{name: x}]", "no path"),
            ("schemaVersion: 2.0.0\ncommandTest: []", "commandTest"),
            ("schemaVersion: 2.0.0\nmetadataTest: {labels: [{value: x}]}", "without key"),
            ("- a", "no mapping"),
            ("a: [", "no YAML"),
        ] {
            let error = StructureFile::parse("t.yaml", text).unwrap_err().to_string();
            assert!(error.contains(says) && error.starts_with("t.yaml is no"), "{text}: {error}");
        }
        assert!(StructureFile::parse("t.json", "schemaVersion: 2.0.0").is_err());
    }
}
