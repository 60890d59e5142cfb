//! A goal that is a lower limit.

use serde_json::{Value as Json, json};
use std::fmt;

pub struct Least {
    pub what: String,
    pub measured: f64,
    pub limit: f64,
    pub unit: &'static str,
}

impl Least {
    fn is_met(&self) -> bool {
        self.measured >= self.limit
    }

    pub fn json(&self) -> Json {
        let Self { what, measured, limit, unit } = self;
        json!({ "what": what, "measured": measured, "at_least": limit, "unit": unit, "pass": self.is_met() })
    }
}

/// `PASS` or `SHORT by …` first, as for the other goals.
impl fmt::Display for Least {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, measured, limit, unit } = self;
        let verdict = match self.is_met() {
            true => "PASS".into(),
            false => format!("SHORT by {:.2} {unit}", limit - measured),
        };
        write!(f, "{verdict:<22} {what}: {measured:+.2} {unit}, goal ≥ {limit:+.1}")
    }
}
