//! The two lines to the vault, and the loop over them.

use bulkhead_ipc::line::{self, Buffer, Line};
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
    /// The vault speaks another version.
    #[error(
        "the vault speaks version {0} of the protocol, this is version {VERSION}: install all parts from one release"
    )]
    Version(u16),
    /// The sandbox cannot be closed.
    #[error(transparent)]
    Sandbox(#[from] bulkhead_rules::Error),
    /// Waiting failed.
    #[error("waiting for the vault failed: {0}")]
    Wait(Errno),
}

/// One end of each line, and all that stands behind them.
pub struct Lines {
    pixels: Line<pixels::FromUi, pixels::ToUi>,
    intents: Line<intent::FromUi, intent::ToUi>,
    buffer: Buffer,
    welcome: (bool, bool),
    app: App,
    frames: Frames,
}

impl Lines {
    /// Takes over the two ends.
    pub fn new(pixels: OwnedFd, intents: OwnedFd) -> Self {
        Self {
            pixels: Line::new(pixels),
            intents: Line::new(intents),
            buffer: Buffer::new(),
            welcome: (false, false),
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
        self.pixels.send(&pixels::FromUi::Hello { version: VERSION })?;
        self.intents.send(&intent::FromUi::Hello { version: VERSION })?;
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
        let announced = matches!(message, pixels::ToUi::Configure { memory: true, .. });
        match message {
            // What came before the greeting was meant for the process before this one.
            pixels::ToUi::Welcome { version } => self.welcome.0 = greeted(version)?,
            _ if !self.welcome.0 => {}
            _ if announced != memory.is_some() => return Err(line::Error::Descriptors.into()),
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
            intent::ToUi::Welcome { version } => self.welcome.1 = greeted(version)?,
            _ if !self.welcome.1 => {}
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
            self.intents.send(&intent)?;
        }
        Ok(())
    }
}

fn greeted(version: u16) -> Result<bool, Error> {
    if version == VERSION { Ok(true) } else { Err(Error::Version(version)) }
}
