//! Commands and answers as bytes: "TPM 2.0 Library", part 2 (structures) and part 3 (commands).
//!
//! All numbers are big-endian. Of what a TPM answers nothing is believed but lengths that fit.

use std::fs::File;
use std::io::{Read, Write};
use zeroize::Zeroizing;

/// Longest answer in bytes: what the kernel's driver allows.
pub const LONGEST: usize = 4096;
/// Bytes before a command's or an answer's own: tag, length, code.
const HEADER: usize = 10;

/// TPM_RC_RETRY, and how often to believe it.
const RETRY: u32 = 0x922;
const RETRIES: usize = 16;

/// The tag of commands without and with authorisations.
pub(crate) const NO_SESSIONS: u16 = 0x8001;
pub(crate) const SESSIONS: u16 = 0x8002;

/// What can go wrong between here and the TPM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The device could not be written or read.
    #[error("the TPM's device cannot be used")]
    Device,
    /// No TPM 2.0 answers so.
    #[error("the TPM's answer cannot be understood")]
    Malformed,
    /// It says no, with this code.
    #[error("the TPM refuses with code {0:#x}")]
    Refused(u32),
    /// The answer was changed on its way.
    #[error("the TPM's answer is not authentic")]
    Forged,
    /// It is not the key under which was sealed.
    #[error("the TPM has another storage key")]
    Other,
    /// The kernel gave no random bytes.
    #[error("there are no random bytes")]
    Randomness,
}

/// Something that takes commands and answers them, one at a time.
pub trait Device {
    /// Sends a command and waits for the answer.
    fn exchange(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error>;
}

impl Device for File {
    fn exchange(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        // The kernel's driver takes a whole command at once, or none.
        self.write_all(command).map_err(|_| Error::Device)?;
        let mut answer = Zeroizing::new(vec![0; LONGEST]);
        let mut have = 0;
        loop {
            let room = answer.get_mut(have..).unwrap_or_default();
            have += match self.read(room) {
                Ok(0) => return Err(Error::Device),
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => 0,
                Err(_) => return Err(Error::Device),
            };
            let told = Reader(answer.get(..have).unwrap_or_default()).length();
            match told {
                Some(length) if !(HEADER..=LONGEST).contains(&length) || have > length => return Err(Error::Malformed),
                Some(length) if have == length => {
                    answer.truncate(length);
                    return Ok(answer);
                }
                _ => {}
            }
        }
    }
}

/// Sends a command, again as long as the TPM says that it was not ready for it (TPM_RC_RETRY): it says so before it
/// counts a PIN for the first time after it was switched on.
pub(crate) fn exchange(device: &mut impl Device, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    for _ in 0..RETRIES {
        let answer = device.exchange(command)?;
        if !matches!(Reader::answer(&answer), Err(Error::Refused(RETRY))) {
            return Ok(answer);
        }
    }
    Err(Error::Refused(RETRY))
}

/// Bytes of a command, or of a structure in one. Wiped on drop, also where it grew.
pub(crate) struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    pub fn new() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(LONGEST)))
    }

    pub fn u8(mut self, number: u8) -> Self {
        self.0.push(number);
        self
    }

    pub fn u16(self, number: u16) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    pub fn u32(self, number: u32) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// With its length in two bytes before it (`TPM2B_…`).
    pub fn sized(self, bytes: &[u8]) -> Self {
        // Nothing here is longer than a packet.
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        self.u16(length).bytes(bytes)
    }

    pub fn done(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}

/// A whole command.
pub(crate) fn command(tag: u16, code: u32, body: &[u8]) -> Zeroizing<Vec<u8>> {
    let length = u32::try_from(HEADER + body.len()).unwrap_or(u32::MAX);
    Writer::new().u16(tag).u32(length).u32(code).bytes(body).done()
}

/// Takes an answer apart.
pub(crate) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// What an answer says of its length, once that much of it is there.
    fn length(&self) -> Option<usize> {
        let (head, _) = self.0.split_first_chunk::<6>()?;
        let [_, _, length @ ..] = *head;
        usize::try_from(u32::from_be_bytes(length)).ok()
    }

    /// Past the head of an answer that is not a refusal.
    pub fn answer(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut all = Self(bytes);
        let (_tag, length) = (all.u16()?, all.u32()?);
        if usize::try_from(length) != Ok(bytes.len()) {
            return Err(Error::Malformed);
        }
        match all.u32()? {
            0 => Ok(all),
            code => Err(Error::Refused(code)),
        }
    }

    pub fn u8(&mut self) -> Result<u8, Error> {
        self.take::<1>().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Result<u16, Error> {
        self.take().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, Error> {
        self.take().map(u32::from_be_bytes)
    }

    pub fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(Error::Malformed)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Error::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    /// What [`Writer::sized`] writes.
    pub fn sized(&mut self) -> Result<&'a [u8], Error> {
        let length = usize::from(self.u16()?);
        self.bytes(length)
    }
}
