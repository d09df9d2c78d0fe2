//! Wrong templates: one sentence, the place, the nearest right word. And templates that want too much.

use plimsoll_template::{Field, MOST_NESTING, Template, Value};
use serde_json::json;

fn record() -> Value {
    let config = Value::Record(vec![
        Field::new("Entrypoint", Value::List(None)),
        Field::new("User", "app"),
        Field::new("Labels", Value::map(None, Value::from(""))),
        Field::if_any("Healthcheck", Value::NoRecord),
        Field::if_any("StopSignal", ""),
    ]);
    let interval = Value::Stringer { text: "5s".to_string(), of: Box::new(Value::Int(5_000_000_000)) };
    Value::Record(vec![
        Field::new("ID", "sha256:1").keyed("Id"),
        Field::new("Config", config),
        Field::new("Interval", interval),
    ])
}

fn error(template: &str) -> String {
    match Template::parse(template).and_then(|template| template.render(&record())) {
        Ok(text) => panic!("{template} gives {text}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_mistake_has_its_place_and_the_nearest_right_word() {
    for (template, expected) in [
        ("{{jsn .}}", "1:3: there is no function 'jsn'; did you mean 'json'?"),
        ("{{Json .}}", "1:3: there is no function 'Json': a field is written with a dot, '.Json'"),
        ("{{.Confg.User}}", "1:3: there is no field 'Confg' here; did you mean 'Config'?"),
        ("x\n {{.Config.user}}", "2:4: there is no field 'user' here; did you mean 'User'?"),
        ("{{.Config.User.X}}", "1:3: a text has no field 'X'"),
        ("{{.Config.Healthcheck.Test}}", "1:3: '.Test' is asked for of nothing"),
        ("ä{{$imag := 1}}{{$image}}", "1:18: there is no variable '$image' here; did you mean '$imag'?"),
        ("{{range .Config.User}}{{end}}", "1:9: 'range' cannot walk over a text"),
        ("{{range .}}", "1:1: this 'range' has no '{{end}}'"),
        ("{{end}}", "1:1: 'end' without a block that it ends"),
        ("{{if .}}{{else}}{{else}}{{end}}", "1:17: a second 'else' of one 'if'"),
        ("{{.ID", "1:1: this action has no closing '}}'"),
        ("{{.a-b}}", "1:5: '-' cannot follow '.a': write index . \"the-key\""),
        ("{{template \"x\"}}", "1:1: 'template' is not offered here"),
        ("{{index .Config.Labels}} {{len 5}}", "1:28: len: a number has no length"),
        ("{{eq .ID 5}}", "1:3: eq: values of different types cannot be compared"),
        ("{{truncate .ID}}", "1:3: truncate takes 2 arguments, but 1 are given"),
        ("{{lower 5}}", "1:3: lower: argument 1 must be a text, but it is a number"),
        ("{{.ID | 5}}", "1:9: only a function or field can stand behind '|'"),
        ("{{.ID |}}", "1:8: nothing stands behind '|'"),
        ("{{printf \"%[1]d\" 5}}", "1:3: printf: printf's '%[n]' is not offered here"),
    ] {
        let error = error(template);
        let sentence = format!("the template is wrong at {expected}");
        assert!(error.starts_with(&sentence), "{template}\n  {error}\n  {sentence}");
    }
}

/// docker's `-f` runs over Go's structs: what is empty there is not what JSON shows.
#[test]
fn records_are_structs() {
    for (template, expected) in [
        ("{{.ID}} {{.Id}}", "sha256:1 sha256:1"),
        ("{{.Config.Entrypoint}} {{json .Config.Entrypoint}} {{len .Config.Entrypoint}}", "[] null 0"),
        ("{{.Config.Labels}} {{json .Config.Labels}} {{.Config.Labels.a}}", "map[] null <no value>"),
        ("{{index .Config.Labels \"a\"}}|", "|"),
        ("{{.Config.StopSignal}}|{{.Config.Healthcheck}}", "|<nil>"),
        ("{{json .Config}}", r#"{"Entrypoint":null,"User":"app","Labels":null}"#),
        ("{{.Interval}} {{json .Interval}} {{printf \"%d\" .Interval}}", "5s 5000000000 5000000000"),
        ("{{if .Config.Healthcheck}}a{{else}}b{{end}}", "b"),
        ("{{.Config}}", "{[] app map[] <nil> }"),
        ("{{printf \"%+v\" .Config.Labels}}", "map[]"),
    ] {
        let text = Template::parse(template).and_then(|template| template.render(&record()));
        assert_eq!(text.as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn depth_is_bounded() {
    for (open, inner, close) in [("{{if 1}}", "x", "{{end}}"), ("(", "1", ")")] {
        let nested = |depth: usize| {
            let text = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
            if open == "(" { format!("{{{{{text}}}}}") } else { text }
        };
        assert!(Template::parse(&nested(MOST_NESTING)).is_ok());
        for depth in [MOST_NESTING + 1, 200_000] {
            let error = Template::parse(&nested(depth)).unwrap_err();
            assert!(error.why.contains("inside each other"), "{error}");
        }
    }
    let chain = format!("{{{{if 0}}}}{}{{{{end}}}}", "{{else if 0}}".repeat(100_000));
    assert!(Template::parse(&chain).unwrap_err().why.contains("inside each other"));
}

#[test]
fn work_and_text_are_bounded() {
    let many: Vec<u32> = (0..2_000).collect();
    let value = Value::from(json!({"L": many, "T": "x".repeat(1 << 20)}));
    for (template, expected) in [
        ("{{range .L}}{{range $.L}}{{end}}{{end}}", "steps"),
        ("{{range .L}}{{$.T}}{{end}}", "MiB"),
        ("{{$x := .T}}{{range .L}}{{$x = print $x $x}}{{end}}", "MiB"),
        ("{{$x := \"a\"}}{{range .L}}{{$x = printf \"%s%s\" $x $x}}{{end}}", "MiB"),
        ("{{range .L}}{{json $}}{{end}}", "MiB"),
        ("{{split .T \"\"}}", "pieces"),
        ("{{pad \"x\" 999999999999 1}}", "blanks"),
        ("{{printf \"%99999999999d\" 1}}", "characters"),
        ("{{printf \"%*d\" 99999999999 1}}", "characters"),
    ] {
        let error = Template::parse(template).unwrap().render(&value).unwrap_err();
        assert!(error.why.contains(expected), "{template}: {error}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_is_a_reason_to_panic(text in r#"(\{\{|\}\}|[ .$|(){}"'`:=,%\\0-9a-eäx\n-]|if|end|else|range|with|len|printf|index|- | -|/\*|\*/|\.ID){0,40}"#) {
        if let Ok(template) = Template::parse(&text) {
            let _ = template.render(&record());
        }
    }
}
