//! From where each value of a manifest comes: sources on the left, fields on the right, a line for
//! each reason.

use super::{Canvas, Picture, WIDTH};

/// Height of a field.
const FIELD: f64 = 22.0;
/// Height of a source, with its gap.
const ORIGIN: f64 = 46.0;
const ORIGIN_RIGHT: f64 = 290.0;
const FIELD_LEFT: f64 = 440.0;

/// How much a reason is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Strength {
    /// A person wrote or asked for it.
    Written,
    /// Seen in an experiment.
    Measured,
    /// A rule: a default, or it follows from another value.
    Rule,
    /// Neither written nor seen.
    Assumed,
}

impl Strength {
    /// The word for it, also the name of its style.
    pub fn word(self) -> &'static str {
        match self {
            Strength::Written => "written",
            Strength::Measured => "measured",
            Strength::Rule => "rule",
            Strength::Assumed => "assumed",
        }
    }
}

/// Where values come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Its name: `Dockerfile:14`, `launch-1`.
    pub name: String,
    /// What it is: the line's text, the experiment.
    pub about: String,
    /// What it is worth.
    pub strength: Strength,
}

/// A value of the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The object it belongs to.
    pub object: String,
    /// Its path, shortened for people.
    pub path: String,
    /// The value.
    pub value: String,
    /// The whole reason.
    pub why: String,
    /// Indices of its sources.
    pub origins: Vec<usize>,
}

/// Draw the map.
pub fn map(origins: &[Origin], fields: &[Field]) -> Picture {
    let about = format!(
        "{} fields of the manifest, each with a line from its source; the table below says the same",
        fields.len()
    );
    let mut canvas = Canvas::new("From the contract to Kubernetes", &about);
    let (field_y, fields_end) = field_places(fields);
    let origin_y = origin_places(origins, fields, &field_y, fields_end);
    let height = origin_y.iter().fold(fields_end, |end, y| end.max(y + ORIGIN)) + 4.0;
    for (field, y) in fields.iter().zip(&field_y) {
        for index in &field.origins {
            curve(&mut canvas, origin_y[*index] + 18.0, y - 4.0, origins[*index].strength);
        }
    }
    for (origin, y) in origins.iter().zip(&origin_y) {
        draw_origin(&mut canvas, origin, *y);
    }
    let mut object = "";
    for (field, y) in fields.iter().zip(&field_y) {
        if field.object != object {
            object = &field.object;
            canvas.text((FIELD_LEFT, y - FIELD - 2.0), "label strong", object, 60);
        }
        let hint = format!("{} {}: {}", field.path, field.value, field.why);
        canvas.begin(&hint, "field");
        canvas.text((FIELD_LEFT + 8.0, *y), "mono quiet", &field.path, 34);
        canvas.text((FIELD_LEFT + 256.0, *y), "mono", &field.value, 30);
        canvas.end();
    }
    canvas.finish("picture", WIDTH, height)
}

/// Baselines of the fields, objects apart from each other, and where they end.
fn field_places(fields: &[Field]) -> (Vec<f64>, f64) {
    let (mut y, mut object) = (0.0, "");
    let places = fields.iter().map(|field| {
        y += FIELD;
        if field.object != object {
            y += FIELD + if object.is_empty() { 0.0 } else { 14.0 };
            object = &field.object;
        }
        y - 6.0
    });
    let places: Vec<f64> = places.collect();
    (places, y + 6.0)
}

/// Each source near the middle of its fields, in that order, none over another.
fn origin_places(origins: &[Origin], fields: &[Field], field_y: &[f64], end: f64) -> Vec<f64> {
    let middle = |index: usize| {
        let own =
            fields.iter().zip(field_y).filter(|(field, _)| field.origins.contains(&index)).map(|(_, y)| *y);
        let (sum, count) = own.fold((0.0, 0.0), |(sum, count), y| (sum + y, count + 1.0));
        if count == 0.0 { end } else { sum / count - 18.0 }
    };
    let wishes: Vec<f64> = (0..origins.len()).map(middle).collect();
    let mut order: Vec<usize> = (0..origins.len()).collect();
    order.sort_by(|a, b| wishes[*a].total_cmp(&wishes[*b]));
    let mut places = vec![0.0; origins.len()];
    let mut next = 0.0;
    for (rank, index) in order.iter().enumerate() {
        // As far down as it wishes, if the others still have room below.
        let below = (origins.len() - rank) as f64 * ORIGIN;
        let y = wishes[*index].min(end - below).max(next);
        places[*index] = y;
        next = y + ORIGIN;
    }
    places
}

fn curve(canvas: &mut Canvas, from: f64, to: f64, strength: Strength) {
    let (left, right) = (ORIGIN_RIGHT, FIELD_LEFT);
    let middle = (left + right) / 2.0;
    let way = format!("M{left:.1} {from:.1}C{middle:.1} {from:.1} {middle:.1} {to:.1} {right:.1} {to:.1}");
    canvas.path(&way, &format!("flow {}", strength.word()));
}

fn draw_origin(canvas: &mut Canvas, origin: &Origin, y: f64) {
    let class = origin.strength.word();
    canvas.begin(&format!("{}, {}: {}", origin.name, class, origin.about), "origin");
    canvas.rect((0.5, y), (ORIGIN_RIGHT, 38.0), "box");
    canvas.rect((0.5, y), (4.0, 38.0), &format!("edge {class}"));
    canvas.text((14.0, y + 16.0), "label strong", &origin.name, 26);
    canvas.text((ORIGIN_RIGHT - 10.0, y + 16.0), "tick right", class, 12);
    canvas.text((14.0, y + 31.0), "mono quiet", &origin.about, 39);
    canvas.end();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(name: &str, strength: Strength) -> Origin {
        Origin { name: name.into(), about: "about".into(), strength }
    }

    fn field(object: &str, path: &str, origin: usize) -> Field {
        Field {
            object: object.into(),
            path: path.into(),
            value: "1".into(),
            why: "why".into(),
            origins: vec![origin],
        }
    }

    #[test]
    fn every_field_has_its_line_and_no_source_hides_another() {
        let origins =
            [origin("a", Strength::Measured), origin("b", Strength::Written), origin("c", Strength::Assumed)];
        let two = Field { origins: vec![0, 2], ..field("S/x", "s", 2) };
        let fields = [field("D/x", "p", 1), field("D/x", "q", 0), field("S/x", "r", 0), two];
        let svg = map(&origins, &fields).to_string();
        assert_eq!(svg.matches("<path").count(), 5);
        let (places, end) = field_places(&fields);
        let mut tops = origin_places(&origins, &fields, &places, end);
        assert!(tops[1] < tops[0] && tops[0] < tops[2], "{tops:?}");
        tops.sort_by(f64::total_cmp);
        assert!(tops.windows(2).all(|pair| pair[1] - pair[0] >= ORIGIN), "{tops:?}");
    }
}
