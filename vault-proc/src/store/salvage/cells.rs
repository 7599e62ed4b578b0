//! Rows out of a table's leaf pages (<https://www.sqlite.org/fileformat2.html#b_tree_pages>).

use super::pages::Pages;
use rusqlite::types::Value;

/// A leaf, and an inner page, of a table.
const LEAF: u8 = 0x0d;
const INNER: u8 = 0x05;

/// A row: its number, and its columns as they are stored.
pub struct Row {
    /// The number, which stands for a NULL in the primary key's column.
    pub number: i64,
    /// As many as were written; later ones have their defaults.
    pub columns: Vec<Value>,
}

/// What a page is.
pub enum Kind {
    /// Rows, or `None` for one whose further pages cannot be read.
    Leaf(Vec<Option<Row>>),
    /// The pages below.
    Inner(Vec<u32>),
    /// No page of a table.
    Other,
}

/// Reads a page that authenticated. What does not fit the format is left out.
pub fn read(pages: &mut Pages, number: u32, page: &[u8]) -> std::io::Result<Kind> {
    let start = if number == 1 { 100 } else { 0 };
    let Some(head) = page.get(start..) else { return Ok(Kind::Other) };
    let count = short(head, 3).unwrap_or_default();
    Ok(match head.first() {
        Some(&LEAF) => {
            let mut rows = Vec::new();
            for cell in (0..count).filter_map(|cell| short(head, 8 + 2 * usize::from(cell))) {
                rows.push(row(pages, page.get(usize::from(cell)..).unwrap_or_default())?);
            }
            Kind::Leaf(rows)
        }
        Some(&INNER) => {
            let cells = (0..count).filter_map(|cell| short(head, 12 + 2 * usize::from(cell)));
            let below = cells.filter_map(|cell| long(page, usize::from(cell)));
            Kind::Inner(below.chain(long(head, 8)).collect())
        }
        _ => Kind::Other,
    })
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A number of one to nine bytes.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for index in 0..9 {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        if index == 8 {
            return Some(number << 8 | u64::from(*byte));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(number)
}

fn row(pages: &mut Pages, cell: &[u8]) -> std::io::Result<Option<Row>> {
    let mut rest = cell;
    let (Some(length), Some(number)) = (varint(&mut rest), varint(&mut rest)) else { return Ok(None) };
    let Ok(length) = usize::try_from(length) else { return Ok(None) };
    Ok(payload(pages, rest, length)?
        .and_then(|bytes| Some(Row { number: number.cast_signed(), columns: record(&bytes)? })))
}

/// A row's bytes; what does not fit into its page stands in a chain of others.
fn payload(pages: &mut Pages, rest: &[u8], length: usize) -> std::io::Result<Option<Vec<u8>>> {
    let usable = pages.usable;
    let most = usable - 35;
    if length <= most {
        return Ok(rest.get(..length).map(<[u8]>::to_vec));
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let fits = least + (length - least) % (usable - 4);
    let here = if fits <= most { fits } else { least };
    // Not more than there can be: the length is authentic, but nothing is gained by trusting it.
    let Some(mut bytes) = rest.get(..here).map(<[u8]>::to_vec).filter(|_| length < 1 << 26) else { return Ok(None) };
    let mut next = long(rest, here);
    while bytes.len() < length {
        let Some(page) = next.filter(|page| *page > 1) else { return Ok(None) };
        let Some(plain) = pages.read(page)? else { return Ok(None) };
        let more = (length - bytes.len()).min(usable - 4);
        bytes.extend_from_slice(plain.get(4..4 + more).unwrap_or_default());
        next = long(&plain, 0);
    }
    Ok(Some(bytes))
}

/// The columns of a record.
fn record(bytes: &[u8]) -> Option<Vec<Value>> {
    let mut head = bytes;
    let length = usize::try_from(varint(&mut head)?).ok()?;
    let (mut head, mut body) = (bytes.get(bytes.len() - head.len()..length)?, bytes.get(length..)?);
    let mut columns = Vec::new();
    while !head.is_empty() {
        let kind = varint(&mut head)?;
        let size = match kind {
            0 | 8 | 9 => 0,
            1..=4 => usize::try_from(kind).ok()?,
            5 => 6,
            6 | 7 => 8,
            12.. => usize::try_from((kind - 12) / 2).ok()?,
            _ => return None,
        };
        let (value, after) = body.split_at_checked(size)?;
        body = after;
        columns.push(match kind {
            0 => Value::Null,
            8 => Value::Integer(0),
            9 => Value::Integer(1),
            1..=6 => Value::Integer(signed(value)),
            7 => Value::Real(f64::from_be_bytes(*value.first_chunk()?)),
            _ if kind % 2 == 0 => Value::Blob(value.to_vec()),
            _ => Value::Text(String::from_utf8(value.to_vec()).ok()?),
        });
    }
    Some(columns)
}

fn signed(bytes: &[u8]) -> i64 {
    let start = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { -1 } else { 0 };
    bytes.iter().fold(start, |number, byte| number << 8 | i64::from(*byte))
}
