//! The one button: for words, and for rows of the list.
//!
//! iced's own cannot show a keyboard focus, and does not tell on which colour its content stands.

use super::{BUTTON, Element, Mark, View};
use crate::focus::Focus;
use crate::message::Message;
use bulkhead_canvas::core::border::Radius;
use bulkhead_canvas::core::widget::{Operation, Tree, Widget, tree};
use bulkhead_canvas::core::{
    Border, Clipboard, Color, Event, Layout, Length, Padding, Rectangle, Shell, Size, alignment, layout, mouse,
    renderer, window,
};
use bulkhead_canvas::palette::{Palette, Tone};
use bulkhead_canvas::widget::container;
use bulkhead_canvas::{Renderer, Theme, fonts};

/// How a button looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// The one thing to do here.
    Primary,
    /// Something else to do.
    Secondary,
    /// Quiet: bars and links.
    Quiet,
    /// Destroys.
    Danger,
    /// One of a few choices; the chosen one or not.
    Choice(bool),
    /// A row of the list; the chosen one or not.
    Row(bool),
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Status {
    Disabled,
    #[default]
    Idle,
    Hovered,
    Pressed,
}

struct Look {
    ground: Option<Tone>,
    edge: Option<Tone>,
    text: Tone,
}

impl Face {
    fn look(self, p: &Palette, status: Status) -> Look {
        let quiet = match status {
            Status::Hovered => Some(p.hover),
            Status::Pressed => Some(p.pressed),
            Status::Idle | Status::Disabled => None,
        };
        let faint = status == Status::Disabled;
        match self {
            Self::Primary if faint => Look { ground: Some(p.hover), edge: None, text: p.muted },
            Self::Primary => {
                let ground = match status {
                    Status::Hovered => p.accent_hover,
                    Status::Pressed => p.accent_pressed,
                    Status::Idle | Status::Disabled => p.accent_fill,
                };
                Look { ground: Some(ground), edge: None, text: p.on_accent }
            }
            Self::Secondary => Look {
                ground: quiet.or(Some(p.surface)),
                edge: Some(p.edge),
                text: if faint { p.muted } else { p.text },
            },
            Self::Quiet => Look { ground: quiet, edge: None, text: if faint { p.muted } else { p.accent } },
            Self::Danger => Look { ground: quiet.or(Some(p.surface)), edge: Some(p.edge), text: p.danger },
            Self::Choice(true) => Look { ground: Some(p.surface), edge: Some(p.edge), text: p.text },
            Self::Choice(false) => Look { ground: quiet, edge: None, text: p.muted },
            Self::Row(true) => Look { ground: Some(p.selected), edge: None, text: p.text },
            Self::Row(false) => Look { ground: quiet, edge: None, text: p.text },
        }
    }

    fn radius(self) -> f32 {
        match self {
            Self::Row(_) => 12.0,
            _ => 8.0,
        }
    }
}

#[derive(Default)]
struct State {
    /// What was pressed: if the list moved meanwhile, letting go must not press something else.
    pressed: Option<Message>,
    status: Status,
}

struct Button<'a> {
    content: Element<'a>,
    face: Face,
    message: Option<Message>,
    focused: bool,
    size: Size<Length>,
    padding: Padding,
    palette: &'static Palette,
}

/// A button with a word on it; without a message it is there but cannot be pressed.
pub fn button<'a>(view: View<'_>, face: Face, label: &'a str, message: impl Into<Option<Message>>) -> Element<'a> {
    let font = if matches!(face, Face::Primary | Face::Choice(true)) { fonts::SEMIBOLD } else { fonts::REGULAR };
    let label = super::words(label, 15.0).font(font).wrapping(bulkhead_canvas::core::text::Wrapping::None);
    let content = container(label).center_y(Length::Fill).align_x(alignment::Horizontal::Center);
    let side = if matches!(face, Face::Quiet) { 12 } else { 16 };
    make(view, face, content.into(), message.into(), Size::new(Length::Shrink, BUTTON.into()), [0, side].into())
}

/// A row of the list that can be pressed.
pub fn row_button<'a>(
    view: View<'_>,
    face: Face,
    content: impl Into<Element<'a>>,
    message: Message,
    height: f32,
    padding: impl Into<Padding>,
) -> Element<'a> {
    make(view, face, content.into(), Some(message), Size::new(Length::Fill, height.into()), padding.into())
}

fn make<'a>(
    view: View<'_>,
    face: Face,
    content: Element<'a>,
    message: Option<Message>,
    size: Size<Length>,
    padding: Padding,
) -> Element<'a> {
    let focused = message.is_some_and(|message| view.focus == Focus::Button(message));
    Element::new(Button { content, face, message, focused, size, padding, palette: view.palette })
}

impl Button<'_> {
    fn status(&self, state: &State, bounds: Rectangle, cursor: mouse::Cursor) -> Status {
        match (self.message.is_some(), cursor.is_over(bounds), state.pressed.is_some() && state.pressed == self.message)
        {
            (false, ..) => Status::Disabled,
            (true, true, true) => Status::Pressed,
            (true, true, false) => Status::Hovered,
            (true, false, _) => Status::Idle,
        }
    }

    /// A ring that is seen on any ground: the accent, and the surface's colour between it and the button.
    fn draw_focus(&self, renderer: &mut Renderer, bounds: Rectangle) {
        let inset = if matches!(self.face, Face::Primary) { 0.0 } else { 1.0 };
        let ring = |color: Color, width: f32, by: f32| {
            let bounds = bounds.shrink(by);
            let radius = Radius::from((self.face.radius() - by).max(0.0));
            (
                renderer::Quad { bounds, border: Border { color, width, radius }, ..renderer::Quad::default() },
                Color::TRANSPARENT,
            )
        };
        let rings = if matches!(self.face, Face::Primary) {
            vec![ring(self.palette.text.color(), 2.0, 0.0), ring(self.palette.surface.color(), 2.0, 2.0)]
        } else {
            vec![ring(self.palette.accent.color(), 2.0, inset)]
        };
        for (quad, ground) in rings {
            if quad.bounds.width > 8.0 && quad.bounds.height > 8.0 {
                bulkhead_canvas::core::Renderer::fill_quad(renderer, quad, ground);
            }
        }
    }
}

impl Widget<Message, Theme, Renderer> for Button<'_> {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<State>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(State::default())
    }

    fn children(&self) -> Vec<Tree> {
        vec![Tree::new(&self.content)]
    }

    fn diff(&self, tree: &mut Tree) {
        tree.diff_children(std::slice::from_ref(&self.content));
    }

    fn size(&self) -> Size<Length> {
        self.size
    }

    fn layout(&mut self, tree: &mut Tree, renderer: &Renderer, limits: &layout::Limits) -> layout::Node {
        let content = &mut self.content;
        layout::padded(limits, self.size.width, self.size.height, self.padding, |limits| {
            match tree.children.first_mut() {
                Some(child) => content.as_widget_mut().layout(child, renderer, limits),
                None => layout::Node::new(Size::ZERO),
            }
        })
    }

    fn operate(&mut self, tree: &mut Tree, layout: Layout<'_>, renderer: &Renderer, operation: &mut dyn Operation) {
        let status = tree.state.downcast_ref::<State>().status;
        let ground = self.face.look(self.palette, status).ground;
        operation.custom(None, layout.bounds(), &mut Mark::Button(self.message, ground));
        if let (Some(child), Some(inner)) = (tree.children.first_mut(), layout.children().next()) {
            operation
                .traverse(&mut |operation| self.content.as_widget_mut().operate(child, inner, renderer, operation));
        }
        operation.custom(None, layout.bounds(), &mut Mark::End);
    }

    fn update(
        &mut self,
        tree: &mut Tree,
        event: &Event,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        _: &Renderer,
        _: &mut dyn Clipboard,
        shell: &mut Shell<'_, Message>,
        _: &Rectangle,
    ) {
        let state = tree.state.downcast_mut::<State>();
        let over = cursor.is_over(layout.bounds());
        match (event, self.message) {
            (Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left)), Some(message)) if over => {
                state.pressed = Some(message);
                shell.capture_event();
            }
            (Event::Mouse(mouse::Event::ButtonReleased(mouse::Button::Left)), message) => {
                if let Some(pressed) = state.pressed.take()
                    && over
                    && message == Some(pressed)
                {
                    shell.publish(pressed);
                    shell.capture_event();
                }
            }
            (Event::Window(window::Event::RedrawRequested(_)), _) => {
                state.status = self.status(state, layout.bounds(), cursor)
            }
            _ => {}
        }
    }

    fn draw(
        &self,
        tree: &Tree,
        renderer: &mut Renderer,
        theme: &Theme,
        _: &renderer::Style,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        viewport: &Rectangle,
    ) {
        let bounds = layout.bounds();
        let look = self.face.look(self.palette, tree.state.downcast_ref::<State>().status);
        let visible = bounds.width > 0.0 && bounds.height > 0.0;
        if visible && (look.ground.is_some() || look.edge.is_some()) {
            let border = Border {
                color: look.edge.map_or(Color::TRANSPARENT, Tone::color),
                width: if look.edge.is_some() { 1.0 } else { 0.0 },
                radius: self.face.radius().into(),
            };
            let ground = look.ground.map_or(Color::TRANSPARENT, Tone::color);
            bulkhead_canvas::core::Renderer::fill_quad(
                renderer,
                renderer::Quad { bounds, border, ..renderer::Quad::default() },
                ground,
            );
        }
        if self.focused && visible {
            self.draw_focus(renderer, bounds);
        }
        if let (Some(child), Some(inner)) = (tree.children.first(), layout.children().next()) {
            let style = renderer::Style { text_color: look.text.color() };
            self.content.as_widget().draw(child, renderer, theme, &style, inner, cursor, viewport);
        }
    }

    fn mouse_interaction(
        &self,
        _: &Tree,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        _: &Rectangle,
        _: &Renderer,
    ) -> mouse::Interaction {
        if self.message.is_some() && cursor.is_over(layout.bounds()) {
            mouse::Interaction::Pointer
        } else {
            mouse::Interaction::None
        }
    }
}
