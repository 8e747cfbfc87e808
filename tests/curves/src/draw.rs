//! A picture as SVG.

use crate::{
    Failure,
    picture::{Chart, Picture, Series, short},
};
use plotters::{coord::Shift, prelude::*};
use std::ops::Range;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// As many side by side as a README shows without making them smaller.
const COLUMNS: usize = 2;
/// Of a chart.
const WIDTH: u32 = 400;
const HEIGHT: u32 = 360;
/// Of the picture's title, and of each line above a chart.
const TITLE: u32 = 36;
const ROW: u32 = 18;
const FONT: &str = "sans-serif";
/// Of as many series as a chart has at most; told apart by those who see few colours, too (Okabe
/// and Ito).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(120, 120, 120),
];
/// Between the points through which a model is drawn.
const STEPS: u32 = 64;

/// Draws.
pub(crate) fn svg(picture: &Picture) -> Result<String, Failure> {
    let mut drawn = String::new();
    let rows = picture.charts.len().div_ceil(COLUMNS);
    let [columns, lines] = [COLUMNS, rows].map(u32::try_from);
    let size = (WIDTH * columns?, HEIGHT * lines? + TITLE);
    {
        let whole = SVGBackend::with_string(&mut drawn, size).into_drawing_area();
        whole.fill(&WHITE)?;
        let (head, body) = whole.split_vertically(TITLE);
        head.draw(&Text::new(picture.title.clone(), (14, 12), (FONT, 17)))?;
        for (area, chart) in body.split_evenly((rows, COLUMNS)).iter().zip(&picture.charts) {
            draw(area, chart)?;
        }
        whole.present()?;
    }
    Ok(drawn + "\n")
}

fn draw(area: &Area<'_>, chart: &Chart) -> Result<(), Failure> {
    let rows = u32::try_from(chart.series.len())? + 1;
    let (head, body) = area.split_vertically(rows * ROW + 8);
    head.draw(&Text::new(chart.title.clone(), (14, 2), (FONT, 14)))?;
    for (row, (series, colour)) in (1..).zip(chart.series.iter().zip(COLOURS)) {
        let height = row * i32::try_from(ROW)?;
        head.draw(&Circle::new((20, height + 8), 4, colour.filled()))?;
        let model = series.model.map_or_else(String::new, |model| format!(" – {model}, dashed"));
        let label = format!("{}{model}", series.name);
        head.draw(&Text::new(label, (30, height + 2), (FONT, 13).into_font().color(&colour)))?;
    }

    let (across, up) = (span(chart, |_, at| at), span(chart, |value, _| value));
    let mut plot = ChartBuilder::on(&body)
        .margin_right(16)
        .x_label_area_size(40)
        .y_label_area_size(56)
        .build_cartesian_2d(across.clone().log_scale(), up.log_scale())?;
    plot.configure_mesh()
        .x_labels(5)
        .y_labels(6)
        .x_desc(chart.against.clone())
        .label_style((FONT, 12))
        .axis_desc_style((FONT, 13))
        .x_label_formatter(&|value| short(*value))
        .y_label_formatter(&|value| short(*value))
        .bold_line_style(BLACK.mix(0.15))
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (Series { points, model, .. }, colour) in chart.series.iter().zip(COLOURS) {
        if let Some(model) = model {
            let line = model.fit(points);
            let [first, last] = [points.first(), points.last()];
            let (Some(first), Some(last)) = (first, last) else { continue };
            let ratio = (last.at / first.at).powf(1.0 / f64::from(STEPS));
            let through = (0..=STEPS).map(|step| {
                let at = first.at * ratio.powf(step.into());
                (at, line.value(at))
            });
            plot.draw_series(DashedLineSeries::new(through, 5, 4, colour.mix(0.7).into()))?;
        } else {
            let through = points.iter().map(|point| (point.at, point.value));
            plot.draw_series(LineSeries::new(through, colour))?;
        }
        for point in points {
            if let Some([least, most]) = point.spread {
                let bar = [(point.at, least), (point.at, most)];
                plot.draw_series([PathElement::new(bar, colour.stroke_width(2))])?;
            }
        }
        let dots =
            points.iter().map(|point| Circle::new((point.at, point.value), 3, colour.filled()));
        plot.draw_series(dots)?;
    }
    Ok(())
}

/// From somewhat below the least to somewhat above the greatest.
fn span(chart: &Chart, of: impl Fn(f64, f64) -> f64) -> Range<f64> {
    let all = chart.series.iter().flat_map(|series| &series.points).flat_map(|point| {
        let [least, most] = point.spread.unwrap_or([point.value; 2]);
        [of(least, point.at), of(most, point.at)]
    });
    let (least, most) = all
        .fold((f64::MAX, f64::MIN_POSITIVE), |(least, most), one| (least.min(one), most.max(one)));
    least / 1.5..most * 1.5
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::Model, picture::Point};

    #[test]
    fn a_picture_shows_titles_names_and_models() -> Result<(), Failure> {
        let mut series = Series::new("a server", Model::Linear);
        series.points.extend([1, 10, 100].map(|rooms| Point::new(rooms, 2.0 * rooms as f64)));
        let charts = vec![Chart::new("memory, MiB", "rooms", vec![series])];
        let drawn = svg(&Picture { title: "What rooms cost".into(), charts })?;
        for shown in
            ["<svg", "What rooms cost", "memory, MiB", "rooms", "a server – O(n)", "</svg>"]
        {
            assert!(drawn.contains(shown), "{shown}");
        }
        Ok(())
    }
}
