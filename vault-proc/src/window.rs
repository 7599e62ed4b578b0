//! The window: winit for input, softbuffer for pixels.

use crate::desk::{Desk, Shown};
use crate::lines::Arrival;
use crate::wiping;
use bulkhead_canvas::core::{Event, mouse};
use bulkhead_ipc::pixels::{Rect, Theme};
use bulkhead_rules::Process;
use iced_winit::{Clipboard, conversion};
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};
use winit::application::ApplicationHandler;
use winit::dpi::{LogicalPosition, LogicalSize};
use winit::event::{MouseScrollDelta, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop};
use winit::keyboard::ModifiersState;
use winit::platform::wayland::WindowAttributesExtWayland;
use winit::platform::x11::ActiveEventLoopExtX11;
use winit::window::{CursorIcon, UserAttentionType, Window, WindowId};

/// Arrivals dealt with before the window gets its turn.
const BATCH: usize = 128;
/// How long the old picture stays after a change of size, for ui to draw the new one.
const HOLD: Duration = Duration::from_millis(50);
/// Frames that a display may be behind.
const BEHIND: usize = 4;

/// What the strip says of an X11 display.
const X11: &str = "X11: other programs you run can see this window and what you type";
/// What the strip says of a Wayland display.
const WAYLAND: &str = "Wayland: other programs see neither this window nor what you type";

/// Connects to the display; the sentence says what to do if there is none.
pub fn connect() -> Result<EventLoop<()>, String> {
    EventLoop::with_user_event().build().map_err(|_| {
        "no display: start Bulkhead in a desktop session (neither WAYLAND_DISPLAY nor DISPLAY leads to one)".to_owned()
    })
}

struct Screen {
    window: Arc<Window>,
    surface: softbuffer::Surface<Arc<Window>, Arc<Window>>,
    recent: VecDeque<Vec<Rect>>,
}

struct App {
    desk: Desk,
    inbox: Receiver<Arrival>,
    screen: Option<Screen>,
    modifiers: ModifiersState,
    shown: Option<Shown>,
    resized: Option<Instant>,
    asked: bool,
    exposed: bool,
    sandboxed: bool,
    themed: bool,
    /// Whether keys go through an input method, as far as the display was told.
    composes: bool,
    x11: bool,
    failed: Option<String>,
}

/// Runs until the window is closed. `themed`: the user chose a theme, so the window's border has it too.
pub fn run(events: EventLoop<()>, desk: Desk, inbox: Receiver<Arrival>, themed: bool) -> ExitCode {
    let mut app = App {
        desk,
        inbox,
        screen: None,
        modifiers: ModifiersState::empty(),
        shown: None,
        resized: None,
        asked: false,
        exposed: false,
        sandboxed: false,
        themed,
        composes: false,
        x11: false,
        failed: None,
    };
    let ended = events.run_app(&mut app);
    app.desk.close();
    match (app.failed, ended) {
        (None, Ok(())) => ExitCode::SUCCESS,
        (failed, ended) => {
            let why = failed.or(ended.err().map(|error| error.to_string())).unwrap_or_default();
            eprintln!("bulkhead-vault: {why}");
            ExitCode::from(crate::NO_DISPLAY)
        }
    }
}

impl App {
    fn open(&mut self, events: &ActiveEventLoop) -> Result<(), String> {
        let attributes = Window::default_attributes()
            .with_title("Bulkhead")
            .with_inner_size(LogicalSize::new(1100.0, 760.0))
            .with_min_inner_size(LogicalSize::new(480.0, 400.0))
            .with_name("bulkhead", "bulkhead")
            .with_visible(!self.desk.trial)
            .with_theme(self.themed.then(|| border(self.desk.session.theme)));
        let window =
            events.create_window(attributes).map_err(|error| format!("the display gave no window: {error}"))?;
        let window = Arc::new(window);
        let refused = |error: softbuffer::SoftBufferError| format!("the display takes no pixels: {error}");
        let context = softbuffer::Context::new(window.clone()).map_err(refused)?;
        let surface = softbuffer::Surface::new(&context, window.clone()).map_err(refused)?;
        self.x11 = events.is_x11();
        self.desk.set_display(Some(if self.x11 { X11 } else { WAYLAND }));
        self.desk.set_clipboard(Box::new(Clipboard::connect(window.clone())));
        // A keyboard may come later than the window; its library can be loaded only now.
        if xkbcommon_dl::xkbcommon_option().is_none() {
            return Err("libxkbcommon.so.0 is missing: install the package libxkbcommon0".into());
        }
        // The toolkit reads cursor themes when a shape is first used, which the steady sandbox does not allow.
        for icon in [CursorIcon::Pointer, CursorIcon::Text, CursorIcon::Default] {
            window.set_cursor(icon);
        }
        let size = window.inner_size();
        let scale = window.scale_factor() as f32;
        self.screen = Some(Screen { window, surface, recent: VecDeque::new() });
        self.resize(size.width, size.height, scale);
        Ok(())
    }

    fn resize(&mut self, width: u32, height: u32, scale: f32) {
        let (Some(screen), Some(w), Some(h)) = (&mut self.screen, NonZeroU32::new(width), NonZeroU32::new(height))
        else {
            return;
        };
        if let Err(error) = screen.surface.resize(w, h) {
            self.failed = Some(format!("the display takes no pixels: {error}"));
            return;
        }
        screen.recent.clear();
        self.resized = Some(Instant::now());
        self.desk.resize(width, height, scale);
        screen.window.request_redraw();
    }

    /// Carries out wishes, and asks for a redraw if there is something new.
    fn settle(&mut self, events: &ActiveEventLoop) {
        let wishes = std::mem::take(&mut self.desk.wishes);
        if wishes.quit || self.failed.is_some() {
            return events.exit();
        }
        if wishes.forget {
            wiping::stack();
        }
        let Some(screen) = &self.screen else { return };
        if let Some(title) = &wishes.title {
            screen.window.set_title(title);
        }
        if wishes.attention {
            screen.window.request_user_attention(Some(UserAttentionType::Informational));
        }
        if let Some(theme) = wishes.theme {
            screen.window.set_theme(Some(border(theme)));
        }
        let composes = self.desk.wants_input_method();
        if wishes.reset_input_method {
            screen.window.set_ime_allowed(false);
        }
        if wishes.reset_input_method || composes != self.composes {
            screen.window.set_ime_allowed(composes);
            self.composes = composes;
            // What it was told of the cursor is forgotten with the rest.
            self.shown = self.shown.map(|shown| Shown { caret: None, ..shown });
            self.asked = true;
            screen.window.request_redraw();
        }
        if self.desk.wants_paint() {
            self.asked = true;
            screen.window.request_redraw();
        }
    }

    fn redraw(&mut self) {
        // A redraw that nobody here asked for: the display lost what it showed.
        self.exposed |= !std::mem::take(&mut self.asked);
        let shown = self.desk.paint();
        let Some(screen) = &mut self.screen else { return };
        if self.shown.map(|old| old.cursor) != Some(shown.cursor) {
            screen.window.set_cursor(match shown.cursor {
                mouse::Interaction::Pointer => CursorIcon::Pointer,
                mouse::Interaction::Text => CursorIcon::Text,
                _ => CursorIcon::Default,
            });
        }
        if let Some(caret) = shown.caret.filter(|caret| self.shown.and_then(|old| old.caret) != Some(*caret)) {
            // X11 has a point instead of an area: the input method's window begins there.
            let below = if self.x11 { caret.height } else { 0.0 };
            screen.window.set_ime_cursor_area(
                LogicalPosition::new(caret.x, caret.y + below),
                LogicalSize::new(caret.width.max(1.0), caret.height),
            );
        }
        self.shown = Some(shown);
        // A new size is shown when ui has drawn it, so that the window is not torn while it is dragged.
        if self.resized.is_some_and(|at| at.elapsed() < HOLD) && !self.desk.ui().is_drawn() {
            return;
        }
        self.resized = None;
        let mut damage = self.desk.painter.take_damage();
        if std::mem::take(&mut self.exposed) {
            damage = vec![self.desk.painter.whole()];
        }
        if damage.is_empty() {
            return;
        }
        // Wayland shows a window by its first picture.
        if !self.desk.trial
            && let Err(error) = screen.show(self.desk.painter.pixels(), self.desk.painter.size(), damage)
        {
            self.failed = Some(format!("the display takes no pixels any more: {error}"));
        }
        if !self.sandboxed {
            self.sandboxed = true;
            if let Err(error) = bulkhead_rules::steady(Process::Vault) {
                self.failed = Some(error.to_string());
            }
        }
    }
}

/// The theme of what the desktop draws around the window.
const fn border(theme: Theme) -> winit::window::Theme {
    match theme {
        Theme::Light => winit::window::Theme::Light,
        Theme::Dark => winit::window::Theme::Dark,
    }
}

impl Screen {
    fn show(&mut self, pixels: &[u32], size: (u32, u32), damage: Vec<Rect>) -> Result<(), softbuffer::SoftBufferError> {
        self.recent.push_front(damage);
        self.recent.truncate(BEHIND);
        let mut buffer = self.surface.buffer_mut()?;
        let age = usize::from(buffer.age());
        if buffer.len() != pixels.len() {
            return Ok(());
        }
        let rects: Vec<Rect> = if age == 0 || age > self.recent.len() {
            vec![Rect::new(0, 0, i32::try_from(size.0).unwrap_or(0), i32::try_from(size.1).unwrap_or(0))]
        } else {
            self.recent.iter().take(age).flatten().copied().collect()
        };
        let n = |v: i32| usize::try_from(v).unwrap_or_default();
        let mut told = Vec::with_capacity(rects.len());
        for rect in rects {
            for y in n(rect.y)..n(rect.y + rect.h) {
                let from = y * size.0 as usize + n(rect.x);
                let to = from + n(rect.w);
                if let (Some(new), Some(row)) = (pixels.get(from..to), buffer.get_mut(from..to)) {
                    row.copy_from_slice(new);
                }
            }
            let edge = |v: i32| u32::try_from(v).unwrap_or_default();
            if let (Some(width), Some(height)) = (NonZeroU32::new(edge(rect.w)), NonZeroU32::new(edge(rect.h))) {
                told.push(softbuffer::Rect { x: edge(rect.x), y: edge(rect.y), width, height });
            }
        }
        self.window.pre_present_notify();
        buffer.present_with_damage(&told)
    }
}

impl ApplicationHandler<()> for App {
    fn resumed(&mut self, events: &ActiveEventLoop) {
        if self.screen.is_none()
            && let Err(why) = self.open(events)
        {
            self.failed = Some(why);
        }
        self.settle(events);
    }

    fn user_event(&mut self, events: &ActiveEventLoop, (): ()) {
        let arrivals: Vec<Arrival> = self.inbox.try_iter().take(BATCH).collect();
        if !arrivals.is_empty() {
            self.desk.arrive(arrivals);
            self.settle(events);
        }
    }

    fn window_event(&mut self, events: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        let scale = self.desk.painter.scale();
        match event {
            WindowEvent::RedrawRequested => self.redraw(),
            WindowEvent::CloseRequested => self.desk.session.quit(),
            WindowEvent::Resized(size) => self.resize(size.width, size.height, scale),
            WindowEvent::ScaleFactorChanged { scale_factor, .. } => {
                if let Some(size) = self.screen.as_ref().map(|screen| screen.window.inner_size()) {
                    self.resize(size.width, size.height, scale_factor as f32);
                }
            }
            WindowEvent::MouseWheel { delta, .. } => {
                let delta = match delta {
                    MouseScrollDelta::LineDelta(x, y) => mouse::ScrollDelta::Lines { x, y },
                    MouseScrollDelta::PixelDelta(by) => {
                        mouse::ScrollDelta::Pixels { x: by.x as f32 / scale, y: by.y as f32 / scale }
                    }
                };
                self.desk.event(Event::Mouse(mouse::Event::WheelScrolled { delta }));
            }
            event => {
                match &event {
                    WindowEvent::ModifiersChanged(modifiers) => self.modifiers = modifiers.state(),
                    WindowEvent::Focused(true) => {
                        self.exposed = true;
                        // A window manager leaves the hint as it is.
                        if let Some(screen) = &self.screen {
                            screen.window.request_user_attention(None);
                        }
                    }
                    WindowEvent::Occluded(false) => self.exposed = true,
                    _ => {}
                }
                if let Some(event) = conversion::window_event(event, scale, self.modifiers) {
                    self.desk.event(event);
                }
            }
        }
        self.desk.finish();
        self.settle(events);
    }

    fn about_to_wait(&mut self, events: &ActiveEventLoop) {
        let mut next = self.desk.on_time();
        if self.sandboxed {
            self.desk.judge_start();
        }
        if let Some(at) = self.resized {
            let over = at + HOLD;
            if over <= Instant::now() {
                if let Some(screen) = &self.screen {
                    screen.window.request_redraw();
                }
            } else {
                next = Some(next.map_or(over, |next| next.min(over)));
            }
        }
        self.settle(events);
        events.set_control_flow(next.map_or(ControlFlow::Wait, ControlFlow::WaitUntil));
    }
}
