//! Where the bytes of an image are.

use plimsoll_model::quantity::human_bytes;
use plimsoll_scan::{LayerSize, SizeReport};

use super::{Canvas, Picture, WIDTH};

/// Width of a layer's bar.
const BAR: f64 = 200.0;

/// The image as one bar: base, own, wasted.
pub fn composition(size: &SizeReport) -> Picture {
    let parts = [
        ("base", size.shown_bytes(true), "bytes-base"),
        ("own", size.shown_bytes(false), "bytes-own"),
        ("wasted", size.wasted, "bytes-wasted"),
    ];
    let words: Vec<String> =
        parts.iter().map(|(name, bytes, _)| format!("{name} {}", human_bytes(*bytes))).collect();
    let mut canvas = Canvas::new("Bytes of the image", &words.join(", "));
    let mut x = 0.0;
    for ((_, bytes, class), words) in parts.iter().zip(&words) {
        let width = share(*bytes, size.total) * WIDTH;
        canvas.begin(words, "");
        canvas.rect((x, 0.0), (width, 18.0), class);
        canvas.end();
        x += width;
    }
    let mut x = 0.0;
    for ((_, bytes, class), words) in parts.iter().zip(&words) {
        if *bytes == 0 {
            continue;
        }
        canvas.rect((x, 30.0), (12.0, 12.0), class);
        canvas.text((x + 18.0, 40.0), "label", words, 30);
        x += 160.0;
    }
    canvas.finish("picture", WIDTH, 56.0)
}

/// One layer as a bar beside the largest.
pub fn layer(layer: &LayerSize, largest: u64) -> Picture {
    let wasted = layer.wasted.min(layer.bytes);
    let shown = layer.bytes - wasted;
    let told = format!("{} shown, {} wasted", human_bytes(shown), human_bytes(wasted));
    let mut canvas = Canvas::new("Bytes of the layer", &told);
    let (shown, wasted) = (visible(share(shown, largest)), visible(share(wasted, largest)));
    canvas.rect((0.0, 3.0), (shown, 12.0), if layer.from_base { "bytes-base" } else { "bytes-own" });
    canvas.rect((shown, 3.0), (wasted.min(BAR - shown), 12.0), "bytes-wasted");
    canvas.finish("bar", BAR, 18.0)
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64).clamp(0.0, 1.0) }
}

/// What is there is seen, however small.
fn visible(share: f64) -> f64 {
    if share == 0.0 { 0.0 } else { (share * BAR).clamp(1.5, BAR) }
}
