//! A long text, encrypted in pieces: STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015) over XChaCha20-Poly1305.

use super::BackupError;
use bulkhead_vault_core::Key;
use chacha20poly1305::aead::{AeadInPlace, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use std::io::{Read, Write};

/// Bytes of text in every piece but the last.
const PIECE: usize = 64 * 1024;
const TAG: usize = 16;

/// The nonce of a piece. The key is used for one text only.
fn nonce(number: u32, last: bool) -> XNonce {
    let mut nonce = [0; 24];
    if let Some((_, [counter @ .., end])) = nonce.split_last_chunk_mut::<5>() {
        counter.copy_from_slice(&number.to_be_bytes());
        *end = u8::from(last);
    }
    nonce.into()
}

/// Reads until a piece is full or nothing more comes.
fn fill(from: &mut impl Read, length: usize, piece: &mut Vec<u8>) -> Result<(), BackupError> {
    piece.clear();
    from.take(length as u64).read_to_end(piece)?;
    Ok(())
}

/// Encrypts all of a text. The last piece is shorter than the others, if need be empty.
pub fn seal(key: &Key, mut text: impl Read, mut to: impl Write) -> Result<(), BackupError> {
    let cipher = XChaCha20Poly1305::new(key.bytes().into());
    let mut piece = Vec::with_capacity(PIECE + 1);
    for number in 0..=u32::MAX {
        fill(&mut text, PIECE, &mut piece)?;
        let last = piece.len() < PIECE;
        let tag = cipher.encrypt_in_place_detached(&nonce(number, last), b"", &mut piece);
        to.write_all(&piece)?;
        to.write_all(&tag.map_err(|_| BackupError::Io)?)?;
        if last {
            return Ok(());
        }
    }
    Err(BackupError::Io)
}

/// Decrypts all of a text. What was written before an error is authentic, but not all.
pub fn open(key: &Key, mut sealed: impl Read, mut to: impl Write) -> Result<(), BackupError> {
    let cipher = XChaCha20Poly1305::new(key.bytes().into());
    let mut piece = Vec::with_capacity(PIECE + TAG + 1);
    for number in 0..=u32::MAX {
        fill(&mut sealed, PIECE + TAG, &mut piece)?;
        let last = piece.len() < PIECE + TAG;
        let (text, tag) = piece.split_last_chunk_mut::<TAG>().ok_or(BackupError::Damaged)?;
        let opened = cipher.decrypt_in_place_detached(&nonce(number, last), b"", text, Tag::from_slice(tag));
        opened.map_err(|_| BackupError::Damaged)?;
        to.write_all(text)?;
        if last {
            return Ok(());
        }
    }
    Err(BackupError::Damaged)
}
