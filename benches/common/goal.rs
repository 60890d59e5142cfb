//! A goal: a figure, and what it must not exceed.

use serde_json::{Value as Json, json};
use std::fmt;

/// What a figure counts, and what it is compared with.
pub struct Unit {
    pub name: &'static str,
    pub decimals: usize,
    pub compared: &'static str,
}

/// A figure and its upper limit.
pub struct Goal {
    pub what: String,
    pub measured: f64,
    pub limit: f64,
    pub unit: &'static Unit,
}

impl Goal {
    fn is_met(&self) -> bool {
        self.measured <= self.limit
    }

    /// The goal for machines.
    pub fn json(&self) -> Json {
        let unit = [self.unit.name, self.unit.compared].join(" ");
        let (measured, limit) = (self.measured, self.limit);
        json!({ "what": self.what, "measured": measured, "limit": limit, "unit": unit.trim(), "pass": self.is_met() })
    }

    fn amount(&self, amount: f64) -> String {
        format!("{amount:.*} {}", self.unit.decimals, self.unit.name)
    }
}

/// `PASS` or `SHORT by …` first, so that a script finds the lines and a person sees them.
impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.is_met() {
            true => "PASS".into(),
            false => format!("SHORT by {}", self.amount(self.measured - self.limit)),
        };
        let measured = [&self.amount(self.measured), self.unit.compared].join(" ");
        write!(f, "{verdict:<18} {}: {}, goal ≤ {}", self.what, measured.trim(), self.amount(self.limit))
    }
}
