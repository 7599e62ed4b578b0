//! Packets of the lines: reading, writing and reading again changes nothing, and costs bounded memory.

use crate::{Broken, Verdict, holds, memory};
use bulkhead_ipc::{Message, cbor, control, intent, keyring, pixels, post, seal, sign};

/// What reading a packet may allocate at once, in bytes: this, and [`FACTOR`] times the packet.
const ALLOWANCE: usize = 16 * 1024;
/// See [`ALLOWANCE`].
const FACTOR: usize = 4;

/// Packets on net's lines. The first byte, modulo 4, names the type: [`post::ToNet`], [`post::FromNet`],
/// [`sign::ToNet`], [`sign::FromNet`]; the rest is the packet.
pub fn line_net(input: &[u8]) -> Result<Verdict, Broken> {
    let Some((kind, packet)) = input.split_first() else { return Ok(Verdict::Refused) };
    match kind % 4 {
        0 => line::<post::ToNet>(packet),
        1 => line::<post::FromNet>(packet),
        2 => line::<sign::ToNet>(packet),
        _ => line::<sign::FromNet>(packet),
    }
}

/// Packets on the other lines. The first byte names the type: from 0xf8 on [`keyring::ToKeyring`] if even and
/// [`keyring::FromKeyring`] if odd; from 0xf0 on [`seal::ToSeal`] if even and [`seal::FromSeal`] if odd; below modulo 6
/// [`pixels::ToUi`], [`pixels::FromUi`], [`intent::ToUi`], [`intent::FromUi`], [`control::ToLauncher`],
/// [`control::FromLauncher`]. The rest is the packet.
pub fn line_ui(input: &[u8]) -> Result<Verdict, Broken> {
    let Some((kind, packet)) = input.split_first() else { return Ok(Verdict::Refused) };
    if *kind >= 0xf8 {
        return match kind % 2 {
            0 => line::<keyring::ToKeyring>(packet),
            _ => line::<keyring::FromKeyring>(packet),
        };
    }
    if *kind >= 0xf0 {
        return if kind % 2 == 0 { line::<seal::ToSeal>(packet) } else { line::<seal::FromSeal>(packet) };
    }
    match kind % 6 {
        0 => line::<pixels::ToUi>(packet),
        1 => line::<pixels::FromUi>(packet),
        2 => line::<intent::ToUi>(packet),
        3 => line::<intent::FromUi>(packet),
        4 => line::<control::ToLauncher>(packet),
        _ => line::<control::FromLauncher>(packet),
    }
}

fn line<M: Message + PartialEq>(packet: &[u8]) -> Result<Verdict, Broken> {
    let (message, peak) = memory::peak(|| cbor::decode::<M>(packet));
    holds(peak <= ALLOWANCE + FACTOR * packet.len(), "reading a packet allocates little more than it holds")?;
    holds(message.as_ref().ok() == by_another_library(packet).as_ref(), "another library reads the same, or nothing")?;
    let Ok(message) = message else { return Ok(Verdict::Refused) };
    holds(message.check().is_ok(), "what is read keeps its bounds")?;
    let written = cbor::encode(&message).map_err(|_| Broken("what is read can be written"))?;
    holds(written == packet, "what is read is written as the same bytes")?;
    holds(cbor::decode::<M>(&written).is_ok_and(|again| again == message), "what is written is read as the same")?;
    Ok(Verdict::Accepted)
}

/// Reads in three steps: the walk, serde's reading, and writing again to compare the bytes.
fn by_another_library<M: Message>(packet: &[u8]) -> Option<M> {
    cbor::well_formed(packet).ok().filter(|()| packet.len() <= bulkhead_ipc::MAX_PACKET)?;
    let message: M = minicbor_serde::from_slice(packet).ok()?;
    message.check().ok()?;
    (minicbor_serde::to_vec(&message).ok()? == packet).then_some(message)
}
