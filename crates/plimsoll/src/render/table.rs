//! Tables as docker prints them: columns padded by three blanks, the last one free.

/// Lay rows out under a heading; no trailing blanks.
pub fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = heading
        .iter()
        .enumerate()
        .map(|(column, title)| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.max().unwrap_or(0).max(title.chars().count())
        })
        .collect();
    let heading: Vec<String> = heading.iter().map(|title| (*title).to_string()).collect();
    std::iter::once(&heading).chain(rows).map(|row| line(row, &widths)).collect()
}

fn line(row: &[String], widths: &[usize]) -> String {
    let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
    format!("{}\n", cells.join("   ").trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = vec![vec!["app".into(), "1".into()], vec!["longer".into(), "22".into()]];
        assert_eq!(table(&["NAME", "N"], &rows), "NAME     N\napp      1\nlonger   22\n");
    }
}
