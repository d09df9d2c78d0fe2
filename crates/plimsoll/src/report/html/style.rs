//! The colours of the page: readable for everybody (WCAG 2.2, 1.4.3 and 1.4.11), in light and dark.

use std::collections::HashMap;

const STYLE: &str = include_str!("../../../templates/report/style.css");

/// The colours named in one `:root` block.
fn colours(block: &str) -> HashMap<&str, [f64; 3]> {
    let parts = block.split(';').filter_map(|part| part.split_once(": #"));
    let channel = |text: &str, at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok().map(f64::from);
    let read = |text: &str| Some([channel(text, 0)?, channel(text, 2)?, channel(text, 4)?]);
    parts.filter_map(|(name, value)| Some((name.rsplit("--").next()?, read(value)?))).collect()
}

fn luminance(colour: [f64; 3]) -> f64 {
    let linear = colour.map(|channel| match channel / 255.0 {
        low if low <= 0.03928 => low / 12.92,
        high => ((high + 0.055) / 1.055).powf(2.4),
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_text_stands_out_from_every_ground() {
    let blocks: Vec<&str> =
        STYLE.split(":root {").skip(1).filter_map(|rest| rest.split('}').next()).collect();
    let (light, dark) = (colours(blocks[0]), colours(blocks[1]));
    for (scheme, colours) in [("light", light), ("dark", dark)] {
        for ground in ["paper", "card", "soft"] {
            for (name, least) in
                [("ink", 4.5), ("dim", 4.5), ("accent", 4.5), ("bad", 4.5), ("note", 4.5), ("base", 3.0)]
            {
                let found = contrast(colours[name], colours[ground]);
                assert!(found >= least, "{scheme}: {name} on {ground} has {found:.2}");
            }
        }
    }
}
