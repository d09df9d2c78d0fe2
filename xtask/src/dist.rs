//! `cargo xtask dist`: the release binary and what is promised of it.

use crate::shell;

/// The largest the static release binary may be.
const SIZE_LIMIT: u64 = 15_000_000;

/// Build the release binary, print its path and size, refuse one that is too large or not static.
pub fn dist() -> Result<(), String> {
    let binary = shell::release_binary()?;
    let bytes = std::fs::metadata(&binary).map_err(|error| error.to_string())?.len();
    println!("{}  {:.1} MB", binary.display(), bytes as f64 / 1e6);
    if bytes > SIZE_LIMIT {
        return Err(format!("the binary has {bytes} bytes, more than the promised {SIZE_LIMIT}"));
    }
    let image = std::fs::read(&binary).map_err(|error| error.to_string())?;
    // PT_INTERP names the dynamic loader; a static binary has none.
    let dynamic = image.windows(12).any(|window| window == b"/ld-linux-x8" || window == b"/ld-linux-aa");
    if dynamic
        && shell::output(std::process::Command::new("ldd").arg(&binary))
            .is_some_and(|text| text.contains("=>"))
    {
        return Err("the binary needs shared libraries".to_string());
    }
    Ok(())
}
