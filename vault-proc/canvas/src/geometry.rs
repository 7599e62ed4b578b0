//! Between logical pixels (what widgets are laid out in) and physical pixels (what travels on the line).

use bulkhead_ipc::pixels::{Rect, SCALE_UNIT};
use iced_core::{Point, Rectangle, Size};

/// The scale factor that a [`SCALE_UNIT`] number stands for.
pub fn scale_factor(units: u32) -> f32 {
    units as f32 / SCALE_UNIT as f32
}

/// Rounds each edge to the nearest physical pixel: rectangles that touch in logical pixels still touch.
pub fn snap(r: Rectangle, scale: f32) -> Rect {
    let (x, y) = ((r.x * scale).round() as i32, (r.y * scale).round() as i32);
    let (right, bottom) = (((r.x + r.width) * scale).round() as i32, ((r.y + r.height) * scale).round() as i32);
    Rect::new(x, y, right.saturating_sub(x).max(0), bottom.saturating_sub(y).max(0))
}

/// The smallest physical rectangle, within the surface, that covers all that `r` may touch: one pixel more on
/// each side, for anti-aliased edges. `None` if nothing of it is inside.
pub fn cover(r: Rectangle, scale: f32, surface: Size<u32>) -> Option<Rect> {
    let (x, y) = ((r.x * scale).floor() as i32, (r.y * scale).floor() as i32);
    let (right, bottom) = (((r.x + r.width) * scale).ceil() as i32, ((r.y + r.height) * scale).ceil() as i32);
    let wide = |from: i32, to: i32| to.saturating_sub(from).saturating_add(2);
    let grown = Rect::new(x.saturating_sub(1), y.saturating_sub(1), wide(x, right), wide(y, bottom));
    grown.intersect(&whole(surface))
}

/// The logical rectangle of a physical one.
pub fn logical(r: Rect, scale: f32) -> Rectangle {
    Rectangle { x: r.x as f32 / scale, y: r.y as f32 / scale, width: r.w as f32 / scale, height: r.h as f32 / scale }
}

/// The logical point of a physical pixel.
pub fn logical_point(x: i32, y: i32, scale: f32) -> Point {
    Point::new(x as f32 / scale, y as f32 / scale)
}

/// A surface's own rectangle.
pub fn whole(surface: Size<u32>) -> Rect {
    let edge = |v: u32| i32::try_from(v).unwrap_or(i32::MAX);
    Rect::new(0, 0, edge(surface.width), edge(surface.height))
}

/// The smallest rectangle around both.
pub fn union(a: Rect, b: Rect) -> Rect {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    let (right, bottom) = ((a.x + a.w).max(b.x + b.w), (a.y + a.h).max(b.y + b.h));
    Rect::new(x, y, right - x, bottom - y)
}

/// Pixels in a rectangle.
pub fn area(r: Rect) -> i64 {
    i64::from(r.w) * i64::from(r.h)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_still_touch_after_snapping() {
        for scale in [1.0, 1.25, 1.5, 1.75, 2.0, 2.6, 3.0] {
            let left = snap(Rectangle { x: 0.0, y: 0.0, width: 101.3, height: 7.7 }, scale);
            let right = snap(Rectangle { x: 101.3, y: 0.0, width: 55.5, height: 7.7 }, scale);
            assert_eq!(left.x + left.w, right.x);
            assert!(left.intersect(&right).is_none());
        }
    }

    #[test]
    fn a_cover_never_leaves_the_surface() {
        let surface = Size::new(100, 50);
        let far = Rectangle { x: -10.0, y: -10.0, width: 500.0, height: 500.0 };
        assert_eq!(cover(far, 2.0, surface), Some(whole(surface)));
        assert_eq!(cover(Rectangle { x: 200.0, ..far }, 1.0, surface), None);
        assert_eq!(cover(Rectangle { width: f32::INFINITY, ..far }, 1.0, surface), Some(whole(surface)));
    }
}
