//! Tables in Markdown.

use crate::common::table::grouped;
use serde_json::Value as Json;

#[derive(Clone, Copy)]
pub enum Measure {
    Ratio,
    Ns,
}

/// Each row a list of cells; the first row names the columns.
pub fn markdown(rows: &[Vec<String>]) -> String {
    let mut text = String::from("\n");
    for (n, row) in rows.iter().enumerate() {
        text += &format!("| {} |\n", row.join(" | "));
        if n == 0 {
            text += &format!("|---{}|\n", "|---:".repeat(row.len() - 1));
        }
    }
    text
}

fn median(spread: &Json, number: impl Fn(f64) -> String) -> Option<String> {
    let of = |name: &str| spread[name].as_f64().map(&number);
    Some(format!("{} ({}–{})", of("median")?, of("p25")?, of("p75")?))
}

/// A row a side, a column a cell.
pub fn section<'a>(cells: impl Iterator<Item = &'a Json> + Clone, measure: Measure) -> String {
    let sides = |cell: &'a Json| cell["sides"].as_array().into_iter().flatten();
    let mut names: Vec<&str> = Vec::new();
    for name in cells.clone().flat_map(sides).filter_map(|side| side["side"].as_str()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let rounds = cells.clone().find_map(|cell| cell["rounds"].as_u64()).unwrap_or(0);
    let head = match measure {
        Measure::Ratio => format!("time of streamcache, C ÷ each one's, {rounds} rounds"),
        Measure::Ns => "nanoseconds".into(),
    };
    let mut rows = vec![vec![head]];
    rows[0].extend(cells.clone().filter_map(|cell| cell["cell"].as_str()).map(String::from));
    for name in names {
        let mut row = vec![name.to_owned()];
        for cell in cells.clone() {
            let side = sides(cell).find(|side| side["side"] == name);
            let figure = side.and_then(|side| match measure {
                Measure::Ratio => median(&side["ratio"], |number| format!("{number:.2}")),
                Measure::Ns => median(&side["ns"], grouped),
            });
            row.push(figure.unwrap_or_else(|| "–".into()));
        }
        rows.push(row);
    }
    markdown(&rows)
}

/// Every goal of a run, and what could not be judged.
pub fn goals(reports: &[&Json]) -> String {
    let mut rows = vec![["goal", "measured", "at most", ""].map(String::from).to_vec()];
    let list =
        |name: &'static str| reports.iter().flat_map(move |report| report[name].as_array().into_iter().flatten());
    for goal in list("goals") {
        let (text, number) = (|name: &str| goal[name].as_str().unwrap_or(""), |name: &str| goal[name].as_f64());
        let amount = |name: &str| number(name).map_or_else(String::new, |number| format!("{number:.3}"));
        let verdict = if goal["pass"] == true { "PASS" } else { "**SHORT**" };
        rows.push(vec![
            text("what").into(),
            format!("{} {}", amount("measured"), text("unit")),
            amount("limit"),
            verdict.into(),
        ]);
    }
    for none in list("not_applicable") {
        let text = |name: &str| none[name].as_str().unwrap_or("").to_owned();
        rows.push(vec![text("what"), text("why"), String::new(), "N/A".into()]);
    }
    markdown(&rows)
}

pub fn memory(rows: &[Json]) -> String {
    let mut table = vec![["", "entries", "full", "churned", "a value's header"].map(String::from).to_vec()];
    for row in rows {
        let number = |name: &str| row[name].as_f64().unwrap_or(f64::NAN);
        let bytes = |name: &str| format!("{:.1}", number(name));
        let side = row["side"].as_str().unwrap_or("").to_owned();
        table.push(vec![
            side,
            grouped(number("entries")),
            bytes("full"),
            bytes("churned"),
            grouped(number("value_header")),
        ]);
    }
    markdown(&table)
}

/// The bars of the memory plot: a name and bytes.
pub fn churned(rows: &[Json]) -> Vec<(String, f64)> {
    let bar = |row: &Json| {
        let (side, entries) = (row["side"].as_str()?, row["entries"].as_f64()?);
        Some((format!("{side}, {}", grouped(entries)), row["churned"].as_f64()?))
    };
    rows.iter().filter_map(bar).collect()
}
