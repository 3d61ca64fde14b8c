//! Chart: the table as bars, each column by the share of its greatest.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

use super::model::Sums;
use super::table::COLUMNS;

const SIZE: (u32, u32) = (1_000, 520);
/// The part of a column's width that its bars take.
const FULL: f64 = 0.8;

/// Draws it there.
pub(super) fn draw(path: &Path, rows: &[(&str, Sums)]) -> Result<(), Box<dyn Error>> {
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("What each policy costs, by the share of the dearest", ("sans-serif", 22))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..COLUMNS.len() as f64, 0.0..1.05)?;
    let heading = |x: &f64| COLUMNS.get(*x as usize).map_or("", |(name, _)| *name).to_owned();
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(COLUMNS.len())
        .x_label_formatter(&heading)
        .x_label_offset(SIZE.0 as i32 / COLUMNS.len() as i32 / 2)
        .draw()?;
    let wide = FULL / rows.len() as f64;
    for (row, (name, sums)) in rows.iter().enumerate() {
        let color = Palette99::pick(row).to_rgba();
        let bars = COLUMNS.iter().enumerate().map(|(column, (_, number))| {
            let most = rows.iter().map(|(_, sums)| number(sums)).max().unwrap_or(0).max(1);
            let left = column as f64 + (1.0 - FULL) / 2.0 + row as f64 * wide;
            let share = number(sums) as f64 / most as f64;
            Rectangle::new([(left, 0.0), (left + wide, share)], color.filled())
        });
        chart
            .draw_series(bars)?
            .label(*name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], color.filled()));
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK).draw()?;
    area.present()?;
    Ok(())
}
