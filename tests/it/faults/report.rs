//! Figures with their goals, and the page that they make.

use std::fmt::{self, Display, Write};

/// What a figure must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// It is shown, and promises nothing.
    Shown,
}

/// One figure.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What it is, with its unit.
    pub name: String,
    /// NaN: it could not be told, which meets no goal.
    pub value: f64,
    pub goal: Goal,
    /// Why its goal is missed, where that is known.
    why_missed: &'static str,
}

impl Figure {
    /// A figure that must be no more than `most`.
    pub fn at_most(name: &str, value: f64, most: f64) -> Self {
        Self::new(name, value, Goal::AtMost(most))
    }

    /// A figure that must be no less than `least`.
    pub fn at_least(name: &str, value: f64, least: f64) -> Self {
        Self::new(name, value, Goal::AtLeast(least))
    }

    /// What must never happen.
    pub fn none(name: &str, value: f64) -> Self {
        Self::at_most(name, value, 0.0)
    }

    /// A figure without a goal.
    pub fn shown(name: &str, value: f64) -> Self {
        Self::new(name, value, Goal::Shown)
    }

    fn new(name: &str, value: f64, goal: Goal) -> Self {
        Self {
            name: name.to_owned(),
            value,
            goal,
            why_missed: "",
        }
    }

    /// Why its goal is missed, if it is.
    pub fn because(self, why_missed: &'static str) -> Self {
        Self { why_missed, ..self }
    }

    pub fn is_met(&self) -> bool {
        match self.goal {
            Goal::AtMost(most) => self.value <= most,
            Goal::AtLeast(least) => self.value >= least,
            Goal::Shown => true,
        }
    }

    fn goal_text(&self) -> String {
        match self.goal {
            Goal::AtMost(most) => format!("≤ {}", short(most)),
            Goal::AtLeast(least) => format!("≥ {}", short(least)),
            Goal::Shown => String::new(),
        }
    }

    fn met_text(&self) -> &'static str {
        match (self.goal, self.is_met()) {
            (Goal::Shown, _) => "",
            (_, true) => "yes",
            (_, false) => "**no**",
        }
    }
}

impl Display for Figure {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            to,
            "{}: {} (goal {})",
            self.name,
            short(self.value),
            self.goal_text()
        )
    }
}

/// A number with as many digits as tell something.
fn short(value: f64) -> String {
    match value.abs() {
        size if size.is_nan() => "not told".to_owned(),
        size if size >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// What one fault came to.
pub struct Measured {
    pub name: &'static str,
    pub injected: &'static str,
    pub figures: Vec<Figure>,
    /// The same figures of an earlier build.
    pub before: Option<Vec<Figure>>,
}

impl Measured {
    /// Whether all goals are met.
    pub fn is_met(&self) -> bool {
        self.figures.iter().all(Figure::is_met)
    }

    /// A line for each figure that misses its goal: why.
    fn misses(&self, page: &mut String) {
        for figure in self.figures.iter().filter(|figure| !figure.is_met()) {
            let why = match figure.why_missed {
                "" => "not known yet",
                why => why,
            };
            let _ = writeln!(page, "- `{}`, {}: {why}.", self.name, figure.name);
        }
    }

    /// The lines of the table.
    fn lines(&self, page: &mut String) {
        for (place, figure) in self.figures.iter().enumerate() {
            let (name, injected) = match place {
                0 => (format!("`{}`", self.name), self.injected),
                _ => (String::new(), ""),
            };
            let before = self.before.as_ref().and_then(|all| all.get(place));
            let before = before.map(|figure| short(figure.value)).unwrap_or_default();
            let _ = writeln!(
                page,
                "| {name} | {injected} | {} | {before} | {} | {} | {} |",
                figure.name,
                short(figure.value),
                figure.goal_text(),
                figure.met_text()
            );
        }
    }
}

const HEAD: &str = "| fault | what is injected | figure | before | measured | goal | met |\n\
                    |---|---|---|---:|---:|---:|---|\n";

/// A group of faults as a section of the page.
pub fn section(title: &str, about: &str, faults: &[Measured]) -> String {
    let mut page = format!("## {title}\n\n");
    if !about.is_empty() {
        let _ = writeln!(page, "{about}\n");
    }
    page.push_str(HEAD);
    for fault in faults {
        fault.lines(&mut page);
    }
    page.push('\n');
    faults.iter().for_each(|fault| fault.misses(&mut page));
    page
}
