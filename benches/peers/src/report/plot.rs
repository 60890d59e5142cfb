//! Plots as SVG.

use plotters::prelude::*;
use std::path::Path;

/// One side's figures by place on the axis.
pub struct Series {
    pub name: String,
    pub points: Vec<(String, f64)>,
}

const SIZE: (u32, u32) = (860, 460);
/// The width at the right.
const LEGEND: u32 = 210;
const FONT: (&str, u32) = ("sans-serif", 14);
const TITLE: (&str, u32) = ("sans-serif", 18);
const WRITES: &str = "a plot can be written";

/// Far enough apart in hue, and ours the darkest.
const COLOURS: [RGBColor; 10] = [
    RGBColor(0, 0, 0),
    RGBColor(110, 110, 110),
    RGBColor(31, 119, 180),
    RGBColor(255, 127, 14),
    RGBColor(44, 160, 44),
    RGBColor(148, 103, 189),
    RGBColor(214, 39, 40),
    RGBColor(227, 119, 194),
    RGBColor(140, 86, 75),
    RGBColor(23, 190, 207),
];

/// Lines over named places, the height in powers of ten.
pub fn lines(path: &Path, title: &str, series: &[Series]) {
    let places: Vec<&str> =
        series.first().map_or_else(Vec::new, |one| one.points.iter().map(|(place, _)| &**place).collect());
    let figures = || series.iter().flat_map(|one| one.points.iter().map(|(_, figure)| *figure));
    if places.len() < 2 {
        return;
    }
    let (low, high) = (figures().fold(f64::INFINITY, f64::min) / 1.5, figures().fold(0.0, f64::max) * 1.5);
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE).expect(WRITES);
    let (left, right) = root.split_horizontally(SIZE.0 - LEGEND);
    let mut chart = ChartBuilder::on(&left)
        .caption(title, TITLE)
        .margin(12)
        .x_label_area_size(30)
        .y_label_area_size(70)
        .build_cartesian_2d(0f64..(places.len() - 1) as f64, (low..high).log_scale())
        .expect(WRITES);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(places.len())
        .x_label_formatter(&|at| places.get(at.round() as usize).map_or_else(String::new, |place| place.to_string()))
        .y_label_formatter(&|ns| crate::common::table::grouped(*ns))
        .label_style(FONT)
        .light_line_style(TRANSPARENT)
        .draw()
        .expect(WRITES);
    for (n, one) in series.iter().enumerate() {
        let colour = COLOURS[n % COLOURS.len()];
        let points = one.points.iter().enumerate().map(|(at, (_, figure))| (at as f64, *figure));
        let style = colour.stroke_width(if n == 0 { 3 } else { 2 });
        chart.draw_series(LineSeries::new(points, style)).expect(WRITES);
        let line = 60 + 22 * n as i32;
        right.draw(&PathElement::new(vec![(8, line + 7), (30, line + 7)], style)).expect(WRITES);
        right.draw(&Text::new(one.name.clone(), (38, line), FONT)).expect(WRITES);
    }
    root.present().expect(WRITES);
}

/// Horizontal bars from 0, each with its figure.
pub fn bars(path: &Path, title: &str, bars: &[(String, f64)]) {
    const HEIGHT: u32 = 26;
    let longest = bars.iter().map(|(_, figure)| *figure).fold(1.0, f64::max);
    let (label, width) = (220, 520.0);
    let root = SVGBackend::new(path, (SIZE.0, 60 + HEIGHT * bars.len() as u32)).into_drawing_area();
    root.fill(&WHITE).expect(WRITES);
    root.draw(&Text::new(title.to_owned(), (12, 14), TITLE)).expect(WRITES);
    for (n, (name, figure)) in bars.iter().enumerate() {
        let top = 48 + HEIGHT as i32 * n as i32;
        let end = label + (figure / longest * width) as i32;
        let colour = if name.starts_with("streamcache") { COLOURS[0] } else { COLOURS[2] };
        root.draw(&Text::new(name.clone(), (12, top + 2), FONT)).expect(WRITES);
        root.draw(&Rectangle::new([(label, top), (end, top + HEIGHT as i32 - 8)], colour.filled())).expect(WRITES);
        root.draw(&Text::new(format!("{figure:.1}"), (end + 6, top + 2), FONT)).expect(WRITES);
    }
    root.present().expect(WRITES);
}
