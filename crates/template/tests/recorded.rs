//! Templates with what Go made of them. `data/go.json` says how it was recorded.

use plimsoll_template::{Template, Value};
use serde_json::Value as Json;

fn render(template: &str, value: &Json) -> Result<String, String> {
    let template = Template::parse(template).map_err(|error| error.to_string())?;
    template.render(&Value::from(value.clone())).map_err(|error| error.to_string())
}

#[test]
fn templates_give_what_go_gives() {
    let recorded: Json = serde_json::from_str(include_str!("data/go.json")).expect("the recording is JSON");
    let cases = recorded["cases"].as_array().expect("the recording lists cases");
    assert!(cases.len() > 150, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let template = case["template"].as_str().expect("a case has a template");
        let value = case.get("value").unwrap_or(&recorded["value"]);
        let ours = render(template, value);
        let same = match &ours {
            Ok(text) => case["output"].as_str() == Some(text),
            Err(_) => case.get("output").is_none(),
        };
        if !same {
            wrong.push(format!("{template}\n  Go   {}{}\n  ours {ours:?}", case["output"], case["error"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
