//! The two lines to the vault, and the loop over them.

use bulkhead_ipc::automata::UI;
use bulkhead_ipc::automaton::Side;
use bulkhead_ipc::line::{self, Buffer, Line, Pair};
use bulkhead_ipc::{VERSION, intent, pixels};
use bulkhead_ui::app::App;
use bulkhead_ui::frames::{self, Frames, Geometry};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::{AsFd, OwnedFd};

/// Why ui ends.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A line cannot go on.
    #[error(transparent)]
    Line(#[from] line::Error),
    /// No frame can be drawn.
    #[error(transparent)]
    Frames(#[from] frames::Error),
    /// Wrong command line.
    #[error("usage: bulkhead-ui --life NUMBER; it is started by `bulkhead`")]
    Arguments,
    /// The sandbox cannot be closed.
    #[error(transparent)]
    Sandbox(#[from] bulkhead_rules::Error),
    /// Waiting failed.
    #[error("waiting for the vault failed: {0}")]
    Wait(Errno),
}

/// One end of each line, and all that stands behind them.
pub struct Lines {
    life: u32,
    pixels: Line<pixels::FromUi, pixels::ToUi>,
    intents: Line<intent::FromUi, intent::ToUi>,
    buffer: Buffer,
    app: App,
    frames: Frames,
}

impl Lines {
    /// Takes over the two ends.
    pub fn new(life: u32, pixels: OwnedFd, intents: OwnedFd) -> Self {
        let pair = Pair::new(&UI, Side::Peer);
        Self {
            life,
            pixels: pair.line(pixels),
            intents: pair.line(intents),
            buffer: Buffer::new(),
            app: App::default(),
            frames: Frames::default(),
        }
    }

    /// Works until the vault is gone.
    pub fn serve(mut self) -> Result<(), Error> {
        match self.work() {
            Err(Error::Line(line::Error::Closed)) => Ok(()),
            other => other,
        }
    }

    fn work(&mut self) -> Result<(), Error> {
        let (life, version) = (Some(self.life), VERSION);
        self.pixels.send(&pixels::FromUi::Hello { life, version })?;
        self.intents.send(&intent::FromUi::Hello { life, version })?;
        loop {
            self.wait()?;
            while self.take_pixels()? {}
            while self.take_intents()? {}
            self.frames.settle(&mut self.app);
            self.tell()?;
            while self.app.is_ready() && self.frames.wants_to_draw() {
                if let Some(frame) = self.frames.draw(&mut self.app) {
                    self.pixels.send(&frame)?;
                }
                self.tell()?;
            }
        }
    }

    fn wait(&self) -> Result<(), Error> {
        let mut set =
            [PollFd::new(self.pixels.as_fd(), PollFlags::POLLIN), PollFd::new(self.intents.as_fd(), PollFlags::POLLIN)];
        match poll(&mut set, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(Error::Wait(error)),
        }
    }

    fn take_pixels(&mut self) -> Result<bool, Error> {
        let Some((message, memory)) = self.pixels.try_recv_with(&mut self.buffer)? else { return Ok(false) };
        match message {
            pixels::ToUi::Welcome { .. } => {}
            pixels::ToUi::Configure { scale, theme, width, height, serial, capacity, .. } => {
                let geometry = Geometry { width, height, scale, theme, serial };
                self.frames.configure(&mut self.app, geometry, capacity, memory)?;
            }
            pixels::ToUi::Release { buffer } => self.frames.release(buffer),
        }
        Ok(true)
    }

    fn take_intents(&mut self) -> Result<bool, Error> {
        let Some(message) = self.intents.try_recv(&mut self.buffer)? else { return Ok(false) };
        match message {
            intent::ToUi::Welcome { .. } => {}
            intent::ToUi::Pointer(pointer) => self.frames.pointer(&mut self.app, pointer),
            message => {
                // What the pointer did first comes first.
                self.frames.settle(&mut self.app);
                self.app.told(message);
                self.frames.touch();
            }
        }
        Ok(true)
    }

    fn tell(&mut self) -> Result<(), Error> {
        for intent in self.app.take_intents() {
            match self.intents.send(&intent) {
                // The phase or the list that it was about is gone.
                Err(line::Error::Refused(_)) => {}
                sent => sent?,
            }
        }
        Ok(())
    }
}
