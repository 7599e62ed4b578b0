//! Hosts one widget per slot, each clipped to what of the slot is visible, over an opaque ground.
//!
//! Widgets keep their state by the slot's name, not by its place in ui's list: a frame that reorders slots
//! cannot move a cursor, or words being typed, into another field.

use crate::slots::{Said, ink};
use bulkhead_canvas::core::widget::{self, Id, Operation, Tree, operation, tree};
use bulkhead_canvas::core::{
    Clipboard, Color, Event, Layout, Length, Point, Rectangle, Renderer as _, Shell, Size, Theme, layout, mouse,
    renderer,
};
use bulkhead_canvas::{Element, Renderer};
use bulkhead_ipc::pixels::SlotKey;
use std::cell::RefCell;
use std::collections::HashMap;

/// Whose widget.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Name {
    /// A slot's; the number tells apart labels that are shown more than once.
    Slot(SlotKey, u16),
    /// The strip's.
    Strip,
    /// The sentence's above it.
    Alarm,
    /// What an input method is composing.
    Preedit,
}

/// A hosted widget.
pub struct Kid<'a> {
    /// Name.
    pub name: Name,
    /// Full extent in logical pixels.
    pub rect: Rectangle,
    /// Visible part.
    pub clip: Rectangle,
    /// Ground.
    pub ground: Color,
    /// Whether it paints more than text, and so has to be clipped by a layer of its own. Layers are dear.
    pub layer: bool,
    /// The widget.
    pub element: Element<'a, Said>,
}

/// All of them.
pub struct Host<'a> {
    /// The widgets.
    pub kids: Vec<Kid<'a>>,
    /// The field that has the keyboard.
    pub focus: Option<Id>,
}

/// The names that belong to the tree's children, in their order. Behind a cell, as iced hands out trees for
/// comparison before it hands out their state to change.
struct Names(RefCell<Vec<Name>>);

impl widget::Widget<Said, Theme, Renderer> for Host<'_> {
    fn size(&self) -> Size<Length> {
        Size::new(Length::Fill, Length::Fill)
    }

    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<Names>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(Names(RefCell::new(self.kids.iter().map(|kid| kid.name).collect())))
    }

    fn children(&self) -> Vec<Tree> {
        self.kids.iter().map(|kid| Tree::new(&kid.element)).collect()
    }

    fn diff(&self, tree: &mut Tree) {
        let names: Vec<Name> = self.kids.iter().map(|kid| kid.name).collect();
        let before = tree.state.downcast_ref::<Names>().0.replace(names);
        let mut old: HashMap<Name, Tree> = before.into_iter().zip(std::mem::take(&mut tree.children)).collect();
        let keep = |kid: &Kid<'_>| match old.remove(&kid.name) {
            Some(mut child) => {
                child.diff(&kid.element);
                child
            }
            None => Tree::new(&kid.element),
        };
        tree.children = self.kids.iter().map(keep).collect();
    }

    fn layout(&mut self, tree: &mut Tree, renderer: &Renderer, limits: &layout::Limits) -> layout::Node {
        let lay = |(kid, tree): (&mut Kid<'_>, &mut Tree)| {
            let room = layout::Limits::new(Size::ZERO, kid.rect.size());
            kid.element.as_widget_mut().layout(tree, renderer, &room).move_to(Point::new(kid.rect.x, kid.rect.y))
        };
        let nodes = self.kids.iter_mut().zip(&mut tree.children).map(lay).collect();
        layout::Node::with_children(limits.max(), nodes)
    }

    fn update(
        &mut self,
        tree: &mut Tree,
        event: &Event,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        renderer: &Renderer,
        clipboard: &mut dyn Clipboard,
        shell: &mut Shell<'_, Said>,
        _: &Rectangle,
    ) {
        // Before each event, as a widget must not think that it has the keyboard when the session says otherwise.
        let mut focus = Focus(self.focus.clone());
        for ((kid, tree), layout) in self.kids.iter_mut().zip(&mut tree.children).zip(layout.children()) {
            kid.element.as_widget_mut().operate(tree, layout, renderer, &mut focus);
        }
        for ((kid, tree), layout) in self.kids.iter_mut().zip(&mut tree.children).zip(layout.children()) {
            let cursor = within(cursor, kid);
            kid.element.as_widget_mut().update(tree, event, layout, cursor, renderer, clipboard, shell, &kid.clip);
        }
    }

    fn mouse_interaction(
        &self,
        tree: &Tree,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        _: &Rectangle,
        renderer: &Renderer,
    ) -> mouse::Interaction {
        let kids = self.kids.iter().zip(&tree.children).zip(layout.children());
        let over = kids.filter(|((kid, _), _)| cursor.is_over(kid.clip));
        over.map(|((kid, tree), layout)| {
            kid.element.as_widget().mouse_interaction(tree, layout, cursor, &kid.clip, renderer)
        })
        .max()
        .unwrap_or_default()
    }

    fn operate(&mut self, tree: &mut Tree, layout: Layout<'_>, renderer: &Renderer, operation: &mut dyn Operation) {
        operation.traverse(&mut |operation| {
            for ((kid, tree), layout) in self.kids.iter_mut().zip(&mut tree.children).zip(layout.children()) {
                kid.element.as_widget_mut().operate(tree, layout, renderer, operation);
            }
        });
    }

    fn draw(
        &self,
        tree: &Tree,
        to: &mut Renderer,
        theme: &Theme,
        style: &renderer::Style,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        _: &Rectangle,
    ) {
        for ((kid, tree), layout) in self.kids.iter().zip(&tree.children).zip(layout.children()) {
            let cursor = within(cursor, kid);
            let paint = |to: &mut Renderer| {
                ink::block(to, kid.clip, 0.0, kid.ground);
                kid.element.as_widget().draw(tree, to, theme, style, layout, cursor, &kid.clip);
            };
            if kid.layer { to.with_layer(kid.clip, paint) } else { paint(to) }
        }
    }
}

fn within(cursor: mouse::Cursor, kid: &Kid<'_>) -> mouse::Cursor {
    if cursor.is_over(kid.clip) { cursor } else { mouse::Cursor::Unavailable }
}

impl<'a> From<Host<'a>> for Element<'a, Said> {
    fn from(host: Host<'a>) -> Self {
        Self::new(host)
    }
}

/// Gives the keyboard to one field and takes it from all others, without disturbing the one that has it.
struct Focus(Option<Id>);

impl Operation for Focus {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation)) {
        operate(self);
    }

    fn focusable(&mut self, id: Option<&Id>, _: Rectangle, state: &mut dyn operation::Focusable) {
        let wanted = id.is_some() && id == self.0.as_ref();
        if wanted && !state.is_focused() {
            state.focus();
        } else if !wanted && state.is_focused() {
            state.unfocus();
        }
    }
}

/// An operation that does nothing.
pub struct Nothing;

impl Operation for Nothing {
    fn traverse(&mut self, _: &mut dyn FnMut(&mut dyn Operation)) {}
}
