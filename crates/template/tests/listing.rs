//! Row templates and tables. What is expected was printed by docker 20.10's `images --format`.

use plimsoll_template::{Column, Field, Listing, Value};

const COLUMNS: [Column; 2] =
    [Column { name: "Repository", heading: "REPOSITORY" }, Column { name: "Tag", heading: "TAG" }];

fn rows() -> Vec<Value> {
    let row = |name, tag| Value::Record(vec![Field::new("Repository", name), Field::new("Tag", tag)]);
    vec![row("app", "1"), row("team/longer-name", "latest")]
}

fn render(format: &str) -> String {
    Listing::parse(format).and_then(|listing| listing.render(&COLUMNS, &rows())).expect("a right format")
}

#[test]
fn a_template_makes_one_line_a_row() {
    assert_eq!(render("{{.Repository}}:{{.Tag}}"), "app:1\nteam/longer-name:latest\n");
    assert_eq!(render(r"{{.Tag}}\t{{.Repository}}\n-"), "1\tapp\n-\nlatest\tteam/longer-name\n-\n");
    assert_eq!(render("json").lines().next(), Some(r#"{"Repository":"app","Tag":"1"}"#));
}

#[test]
fn a_table_has_a_heading_and_columns() {
    assert_eq!(
        render(r"table {{.Tag}}\t{{.Repository}}"),
        "TAG       REPOSITORY\n1         app\nlatest    team/longer-name\n"
    );
    assert_eq!(
        render("table {{upper .Repository}}\t{{truncate .Tag 3}}\t|"),
        "REPOSITORY         TAG       |\nAPP                1         |\nTEAM/LONGER-NAME   lat       |\n"
    );
    assert_eq!(render("tablets {{.Tag}}"), "tablets 1\ntablets latest\n");
}

#[test]
fn a_wrong_format_is_told_once() {
    let error = Listing::parse("{{.Repo}}").unwrap().render(&COLUMNS, &rows()).unwrap_err();
    assert!(error.to_string().contains("no field 'Repo'"), "{error}");
    assert!(Listing::parse("table ").is_err());
    assert!(Listing::parse("{{").is_err());
}

#[test]
fn a_method_takes_a_text_which_heads_its_column() {
    let columns = [Column { name: "Names", heading: "NAMES" }, Column::method("Label")];
    let labels = Value::Method([("com.my-key".to_string(), "value".to_string())].into());
    let rows = [Value::Record(vec![Field::new("Names", "a"), Field::new("Label", labels)])];
    let render = |format: &str| Listing::parse(format).unwrap().render(&columns, &rows);
    assert_eq!(render(r#"{{.Label "com.my-key"}}|{{.Label "x"}}|"#).unwrap(), "value||\n");
    assert_eq!(
        render(r#"table {{.Names}}\t{{.Label "com.my-key"}}"#).unwrap(),
        "NAMES     my key\na         value\n"
    );
    assert_eq!(render(r#"{{"com.my-key" | .Label | upper}}{{if .Label "x"}}!{{end}}"#).unwrap(), "VALUE\n");
    assert_eq!(render("json").unwrap(), "{\"Names\":\"a\"}\n");
    for wrong in ["{{.Label}}", r#"{{.Label "a" "b"}}"#, "{{.Label 1}}"] {
        assert!(render(wrong).unwrap_err().to_string().contains("this takes one text"), "{wrong}");
    }
}
