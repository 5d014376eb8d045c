//! Plots as SVG: a line for each scenario, a dot for each policy.

use crate::scenario::{Kind, Measure};
use crate::scenarios::named;
use crate::table::Row;
use std::fmt::Write;

/// What is drawn, with its colour; the last is drawn on top.
const DRAWN: [(&str, &str); 7] = [
    ("two_choices", "#9e9e9e"),
    ("least_connections", "#1f77b4"),
    ("peak_ewma", "#ff7f0e"),
    ("hot_cold", "#8c564b"),
    ("cubic_told", "#9467bd"),
    ("late_told", "#2ca02c"),
    ("adaptive", "#d62728"),
];
/// Figures beyond it are drawn at the edge.
const MOST: f64 = 4.0;
const LEFT: f64 = 170.0;
const WIDTH: f64 = 560.0;
const LINE: f64 = 22.0;
const TOP: f64 = 40.0;

/// p99 over the oracle's in the scenarios of a kind.
pub fn p99(rows: &[Row], kind: Kind) -> String {
    let is_drawn = |row: &Row| {
        let scenario = named(row.scenario);
        scenario.is_some_and(|one| one.kind == kind && one.measure == Measure::TimesOracle)
    };
    let scenarios: Vec<&[Row]> = rows
        .chunk_by(|a, b| a.scenario == b.scenario)
        .filter(|rows| is_drawn(&rows[0]))
        .collect();
    let bottom = TOP + LINE * scenarios.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        LEFT + WIDTH + 40.0,
        bottom + 40.0,
    );
    legend(&mut svg);
    axis(&mut svg, bottom);
    for (line, rows) in scenarios.iter().enumerate() {
        scenario(&mut svg, TOP + LINE * (line as f64 + 0.5), rows);
    }
    svg + "</svg>\n"
}

fn legend(svg: &mut String) {
    for (index, (name, colour)) in DRAWN.iter().enumerate() {
        let x = 12.0 + 108.0 * index as f64;
        let name = name.replace('_', " ");
        let _ = writeln!(
            svg,
            "<circle cx=\"{x}\" cy=\"16\" r=\"5\" fill=\"{colour}\"/>"
        );
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"20\" font-size=\"10\">{name}</text>",
            x + 8.0
        );
    }
}

fn axis(svg: &mut String, bottom: f64) {
    for times in [1.0, 1.1, 1.25, 1.5, 2.0, 3.0, MOST] {
        let x = x(times);
        let _ = writeln!(
            svg,
            "<path d=\"M{x:.1} {TOP}V{bottom}\" stroke=\"#dddddd\"/>"
        );
        let y = bottom + 14.0;
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{times}</text>"
        );
    }
    let y = bottom + 32.0;
    let _ = writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"{y}\">p99 over the oracle's; at the edge: more</text>"
    );
}

fn scenario(svg: &mut String, y: f64, rows: &[Row]) {
    let name = named(rows[0].scenario).map_or("", |scenario| scenario.name);
    let (label, under) = (LEFT - 12.0, y + 4.0);
    let _ = writeln!(
        svg,
        "<text x=\"{label}\" y=\"{under:.1}\" text-anchor=\"end\">{name}</text>"
    );
    for (policy, colour) in DRAWN {
        let row = rows.iter().find(|row| row.policy == policy);
        if let Some(times) = row.and_then(|row| row.times_oracle) {
            let x = x(times);
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{colour}\" fill-opacity=\"0.8\"><title>{policy} {times:.2}</title></circle>"
            );
        }
    }
}

/// On a logarithmic scale.
fn x(times: f64) -> f64 {
    LEFT + WIDTH * times.clamp(0.9, MOST).ln().max(-0.05) / MOST.ln()
}
