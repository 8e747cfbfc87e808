//! The screen as a function of the model.

mod header;
mod input;
pub(super) mod panel;
mod roster;
pub(super) mod rows;
mod style;

use super::model::Model;
use ratatui::{Frame, layout::Rect, text::Line};
use style::Look;

/// Columns from which on there is room for a list of members at the side.
const WIDE: u16 = 120;
/// Columns of that list.
const SIDE: u16 = 30;

/// Where everything is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Areas {
    pub(super) header: Rect,
    pub(super) banner: Rect,
    pub(super) body: Rect,
    pub(super) side: Rect,
    pub(super) status: Rect,
    pub(super) input: Rect,
}

/// Divides the screen: what is typed has priority over what is read, down to one row of it.
pub(super) fn areas(model: &Model) -> Areas {
    let (columns, rows) = model.size;
    let mut top = 0;
    let mut take = |wanted: u16| {
        let rows = wanted.min(rows - top);
        let area = Rect::new(0, top, columns, rows);
        top += rows;
        area
    };
    let input = input::height(model).min(rows);
    let banner = header::banners(model, look(model)).len();
    let banner = u16::try_from(banner).unwrap_or(0).min(rows.saturating_sub(input));
    let rest = rows.saturating_sub(input + banner);
    let status = header::status(model, look(model), columns).len();
    let status = u16::try_from(status).unwrap_or(1);
    let (header, status) = (rest.min(1), rest.saturating_sub(2).min(status));
    let areas = [header, banner, rest - header - status, status, input].map(&mut take);
    let [header, banner, body, status, input] = areas;
    let side = if columns >= WIDE { SIDE } else { 0 };
    Areas {
        header,
        banner,
        body: Rect { width: body.width - side, ..body },
        side: Rect { x: body.width - side, width: side, ..body },
        status,
        input,
    }
}

/// Draws all of it.
pub(super) fn draw(model: &Model, frame: &mut Frame<'_>) {
    let (areas, look) = (areas(model), look(model));
    lines(frame, areas.header, vec![header::line(model, look, areas.header.width)]);
    lines(frame, areas.banner, header::banners(model, look));
    lines(frame, areas.body, rows::visible(model, areas.body));
    lines(frame, areas.side, roster::side(model, look, areas.side));
    lines(frame, areas.status, header::status(model, look, areas.status.width));
    panel::draw(model, look, frame, areas.body);
    input::draw(model, look, frame, areas.input);
}

fn look(model: &Model) -> Look {
    Look { colors: model.colors }
}

fn lines(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'_>>) {
    for (line, row) in lines.into_iter().zip(area.rows()) {
        frame.render_widget(line, row);
    }
}
