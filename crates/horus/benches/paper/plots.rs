//! Plots: bars and lines as SVG, plain enough to be read in a diff.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

const SIZE: (u32, u32) = (900, 420);

/// The part of its room that a bar takes.
const FULL: f64 = 0.7;

/// One bar.
#[derive(Debug)]
pub(super) struct Bar {
    /// What it is of.
    pub(super) name: String,
    height: f64,
    /// The paper's, not measured here.
    paper: bool,
}

impl Bar {
    pub(super) const fn new(name: String, height: f64, paper: bool) -> Self {
        Self { name, height, paper }
    }
}

/// Draws bars from the left, each with its name and number.
pub(super) fn bars(place: &Path, title: &str, all: &[Bar]) {
    draw_bars(place, title, all).expect("a plot that can be drawn");
}

/// Draws points joined by a line, over a logarithmic axis.
pub(super) fn line(place: &Path, title: &str, points: &[(f64, f64)]) {
    draw_line(place, title, points).expect("a plot that can be drawn");
}

fn draw_bars(place: &Path, title: &str, all: &[Bar]) -> Result<(), Box<dyn Error>> {
    let area = SVGBackend::new(place, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let most = all.iter().map(|bar| bar.height).fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(30)
        .y_label_area_size(260)
        .build_cartesian_2d(0.0..most * 1.15, 0.0..all.len() as f64)?;
    let name = |y: &f64| {
        let at = all.len().checked_sub(1 + *y as usize);
        at.and_then(|at| all.get(at)).map_or(String::new(), |bar| bar.name.clone())
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(all.len())
        .y_label_formatter(&name)
        .y_label_offset(-(SIZE.1 as i32 - 80) / all.len().max(1) as i32 / 2)
        .draw()?;
    for (at, bar) in all.iter().enumerate() {
        let low = (all.len() - 1 - at) as f64 + (1.0 - FULL) / 2.0;
        let color = if bar.paper { RGBColor(170, 170, 170) } else { RGBColor(40, 110, 180) };
        let corners = [(0.0, low), (bar.height, low + FULL)];
        let number = (bar.height + most * 0.01, low + FULL * 0.7);
        chart.draw_series([Rectangle::new(corners, color.filled())])?;
        let text = format!("{:.3}", bar.height);
        chart.draw_series([Text::new(text, number, ("sans-serif", 15))])?;
    }
    area.present()?;
    Ok(())
}

fn draw_line(place: &Path, title: &str, points: &[(f64, f64)]) -> Result<(), Box<dyn Error>> {
    let area = SVGBackend::new(place, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let most = points.iter().map(|point| point.1).fold(0.0, f64::max);
    let last = points.last().map_or(1.0, |point| point.0);
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 16))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d((0.8..last * 2.0).log_scale(), 0.0..most * 1.3)?;
    chart.configure_mesh().x_desc("light-weight groups").y_desc("ms").draw()?;
    let color = RGBColor(40, 110, 180);
    chart.draw_series([PathElement::new(points.to_vec(), color.stroke_width(2))])?;
    for point in points {
        chart.draw_series([Circle::new(*point, 4, color.filled())])?;
        let text = format!("{:.0}", point.1);
        let above = (point.0, point.1 + most * 0.1);
        chart.draw_series([Text::new(text, above, ("sans-serif", 15))])?;
    }
    area.present()?;
    Ok(())
}
