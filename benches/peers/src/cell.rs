//! One comparison: all sides did the same work in the same rounds.

use crate::common::table::{self, grouped};
use crate::peers::C;
use crate::rounds::Spread;
use serde_json::{Value as Json, json};

pub struct Cell {
    pub name: String,
    sides: Vec<(&'static str, Vec<f64>)>,
    /// What else there is to know, by side.
    notes: Vec<(&'static str, Json)>,
}

impl Cell {
    /// Nanoseconds an operation, by side and round.
    pub fn new(name: impl Into<String>, names: impl IntoIterator<Item = &'static str>, times: Vec<Vec<f64>>) -> Self {
        Self { name: name.into(), sides: names.into_iter().zip(times).collect(), notes: Vec::new() }
    }

    pub fn note(&mut self, side: &'static str, note: Json) {
        self.notes.push((side, note));
    }

    fn times(&self, name: &str) -> Option<&[f64]> {
        self.sides.iter().find(|(side, _)| *side == name).map(|(_, times)| &**times)
    }

    pub fn spread(&self, name: &str) -> Option<Spread> {
        Some(Spread::of(self.times(name)?.iter().copied()))
    }

    /// One side's time in parts of another's, round by round.
    pub fn ratio(&self, ours: &str, theirs: &str) -> Option<Spread> {
        Some(Spread::of_ratios(self.times(ours)?, self.times(theirs)?))
    }

    /// How many nanoseconds one side takes longer than another, round by round.
    pub fn difference(&self, one: &str, other: &str) -> Option<Spread> {
        Some(Spread::of_differences(self.times(one)?, self.times(other)?))
    }

    pub fn json(&self) -> Json {
        let sides = self.sides.iter().map(|(name, times)| {
            let note = self.notes.iter().find(|(side, _)| side == name).map_or(&Json::Null, |(_, note)| note);
            let (ratio, ns) = (self.ratio(C, name).map(|ratio| ratio.json()), Spread::of(times.iter().copied()).json());
            json!({ "side": name, "ratio": ratio, "ns": ns, "note": note })
        });
        json!({ "cell": self.name, "rounds": self.sides[0].1.len(), "sides": sides.collect::<Json>() })
    }
}

/// Two tables, ratios first; a column each cell, a row each side.
pub fn print(heading: &str, cells: &[Cell]) {
    let ratio = |cell: &Cell, side: &str| {
        let Spread { p25, median, p75, .. } = cell.ratio(C, side)?;
        Some(format!("{median:.2} ({p25:.2}–{p75:.2})"))
    };
    let heading = format!("{heading}: the time of {C} in parts of each one's, {}", medians(cells));
    table::print(&heading, &rows(cells, &ratio));
    table::print("The same in nanoseconds", &rows(cells, &ns));
}

/// The nanoseconds alone, where the sides are no rivals.
pub fn print_ns(heading: &str, cells: &[Cell]) {
    table::print(&format!("{heading}: nanoseconds, {}", medians(cells)), &rows(cells, &ns));
}

fn medians(cells: &[Cell]) -> String {
    let rounds = cells.first().map_or(0, |cell| cell.sides[0].1.len());
    format!("medians and quartiles of {rounds} interleaved rounds")
}

fn ns(cell: &Cell, side: &str) -> Option<String> {
    let Spread { p25, median, p75, .. } = cell.spread(side)?;
    Some(format!("{} ({}–{})", grouped(median), grouped(p25), grouped(p75)))
}

fn rows(cells: &[Cell], text: &dyn Fn(&Cell, &str) -> Option<String>) -> Vec<Vec<String>> {
    let mut sides: Vec<&str> = Vec::new();
    for (side, _) in cells.iter().flat_map(|cell| &cell.sides) {
        if !sides.contains(side) {
            sides.push(side);
        }
    }
    let head = std::iter::once(String::new()).chain(cells.iter().map(|cell| cell.name.clone())).collect();
    let body = sides.iter().map(|side| {
        let cells = cells.iter().map(|cell| text(cell, side).unwrap_or_else(|| "–".into()));
        std::iter::once(side.to_string()).chain(cells).collect()
    });
    std::iter::once(head).chain(body).collect()
}
