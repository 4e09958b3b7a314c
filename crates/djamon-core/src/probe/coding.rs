//! The codings that a page is wrapped in (`Content-Encoding`), and how they are taken off. Knows no network.
//!
//! gzip is asked for. The others come from servers that do not listen, or that were asked by a header of the site's own;
//! whoever takes off what curl and browsers do calls nobody down for it.

use std::cell::RefCell;
use std::io::{self, Cursor, Read};

use encoding_rs::Encoding;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::fault::Fault;
use super::limit::Limit;
use super::page;
use crate::domain::{Outcome, text::plain};

/// As many as curl takes off; more are meant to harm.
const MOST: usize = 5;
/// As much passes from one decoder to the next; a page that is still not read was made to keep us busy.
const BETWEEN: usize = 2 * page::MOST;

/// One coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
    Brotli,
}

/// The codings that the values of `Content-Encoding` name, the one that was put on first in front.
///
/// # Errors
/// A `body` [`Fault`] that names the one that cannot be taken off, or tells that they are too many.
pub(super) fn declared<'a>(values: impl Iterator<Item = &'a [u8]>) -> Result<Vec<Coding>, Fault> {
    let mut codings = Vec::new();
    for name in values.flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii) {
        codings.extend(named(name)?);
        if codings.len() > MOST {
            return Err(undecodable(format!("page packed more than {MOST} times over")));
        }
    }
    Ok(codings)
}

fn named(name: &[u8]) -> Result<Option<Coding>, Fault> {
    // RFC 9110, section 8.4.1: names are the same in any case.
    match name.to_ascii_lowercase().as_slice() {
        b"gzip" | b"x-gzip" => Ok(Some(Coding::Gzip)),
        b"deflate" => Ok(Some(Coding::Deflate)),
        b"br" => Ok(Some(Coding::Brotli)),
        b"" | b"identity" | b"none" => Ok(None),
        // Some name the page's characters here: browsers show it all the same.
        other if Encoding::for_label(other).is_some() => Ok(None),
        other => {
            let name = plain(&String::from_utf8_lossy(other), 100);
            Err(undecodable(format!(
                "page in the content-encoding {name:?}, which cannot be read; gzip was asked for"
            )))
        }
    }
}

fn undecodable(words: String) -> Fault {
    Fault::answered(Outcome::Body, words)
}

/// Where a page comes from, with what became of it: decoders tell the ends of others as their own.
#[derive(Debug)]
pub(super) struct Source<R>(RefCell<State<R>>);

#[derive(Debug)]
struct State<R> {
    from: R,
    came: bool,
    broke: Option<io::Error>,
}

impl<R: Read> Source<R> {
    /// A source that nothing was read of.
    pub fn new(from: R) -> Self {
        Source(RefCell::new(State { from, came: false, broke: None }))
    }

    /// Whether anything came at all.
    pub fn came(&self) -> bool {
        self.0.borrow().came
    }

    /// Whether it ended by an error.
    pub fn is_broken(&self) -> bool {
        self.0.borrow().broke.is_some()
    }

    /// The error by which it ended, if it did; told once.
    pub fn broke(&self) -> Option<io::Error> {
        self.0.borrow_mut().broke.take()
    }

    /// Reads what is left, at most so many bytes.
    pub fn drain(&self, most: usize) -> io::Result<()> {
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        io::copy(&mut Read::take(self, most), &mut io::sink()).map(drop)
    }

    /// The page without `codings`, the last of which was put on last; ends by an error at the end of `limit`.
    pub fn without(&self, codings: &[Coding], limit: Limit) -> Box<dyn Read + '_> {
        let mut page: Box<dyn Read> = Box::new(self);
        for (at, coding) in codings.iter().rev().enumerate() {
            // What the network brings is bounded already.
            let from = if at == 0 { page } else { Box::new(Bounded { from: page, left: BETWEEN, limit }) };
            page = match coding {
                Coding::Gzip => Box::new(MultiGzDecoder::new(from)),
                Coding::Deflate => Box::new(Deflated::Untouched(from)),
                Coding::Brotli => Box::new(brotli::Decompressor::new(from, 4096)),
            };
        }
        page
    }
}

impl<R: Read> Read for &Source<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut state = self.0.borrow_mut();
        let read = state.from.read(room);
        match read {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                state.broke = Some(error);
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            read => {
                state.came |= matches!(read, Ok(1..));
                read
            }
        }
    }
}

/// A reader that fails after so many bytes and at the end of the limit.
struct Bounded<'a> {
    from: Box<dyn Read + 'a>,
    left: usize,
    limit: Limit,
}

impl Read for Bounded<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.limit.left().is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let amount = self.from.read(room)?;
        self.left = self.left.checked_sub(amount).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(amount)
    }
}

/// `deflate` means zlib's format (RFC 9110, section 8.4.1.2), and some servers leave its frame away.
enum Deflated<'a> {
    Untouched(Box<dyn Read + 'a>),
    Framed(ZlibDecoder<Start<'a>>),
    Bare(DeflateDecoder<Start<'a>>),
}

/// The first two bytes, which were looked at, and the rest.
type Start<'a> = io::Chain<Cursor<Vec<u8>>, Box<dyn Read + 'a>>;

impl Read for Deflated<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if let Deflated::Untouched(from) = self {
            let mut first = Vec::new();
            from.by_ref().take(2).read_to_end(&mut first)?;
            // RFC 1950, section 2.2: the method is 8, and both bytes together are a multiple of 31.
            let is_framed = matches!(*first, [method, flags]
                if method & 0x0f == 8 && u16::from_be_bytes([method, flags]).is_multiple_of(31));
            let start = Cursor::new(first).chain(std::mem::replace(from, Box::new(io::empty())));
            *self = match is_framed {
                true => Deflated::Framed(ZlibDecoder::new(start)),
                false => Deflated::Bare(DeflateDecoder::new(start)),
            };
        }
        match self {
            Deflated::Untouched(_) => Ok(0),
            Deflated::Framed(decoder) => decoder.read(room),
            Deflated::Bare(decoder) => decoder.read(room),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn names(values: &[&str]) -> Result<Vec<Coding>, String> {
        declared(values.iter().map(|value| value.as_bytes())).map_err(|fault| fault.words)
    }

    fn packed(page: &[u8], coding: Coding) -> Vec<u8> {
        let level = Compression::best();
        match coding {
            Coding::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), level);
                encoder.write_all(page).unwrap();
                encoder.finish().unwrap()
            }
            Coding::Deflate => {
                let mut encoder = ZlibEncoder::new(Vec::new(), level);
                encoder.write_all(page).unwrap();
                encoder.finish().unwrap()
            }
            Coding::Brotli => {
                let mut packed = Vec::new();
                brotli::CompressorWriter::new(&mut packed, 4096, 5, 20).write_all(page).unwrap();
                packed
            }
        }
    }

    fn seconds(number: u64) -> Limit {
        Limit::start(std::time::Duration::from_secs(number), None)
    }

    fn unpacked(packed: &[u8], codings: &[Coding]) -> io::Result<Vec<u8>> {
        let mut page = Vec::new();
        Source::new(packed).without(codings, seconds(60)).read_to_end(&mut page).map(|_| page)
    }

    #[test]
    fn codings_are_read_from_every_line_in_any_case_and_order() {
        use Coding::{Brotli, Deflate, Gzip};
        assert_eq!(names(&["GZIP , x-gzip", "br,deflate"]), Ok(vec![Gzip, Gzip, Brotli, Deflate]));
        assert_eq!(names(&["", "identity", ",none,", "utf-8", "ISO-8859-1"]), Ok(vec![]));
        assert_eq!(
            names(&["gzip", "zstd"]).unwrap_err(),
            "page in the content-encoding \"zstd\", which cannot be read; gzip was asked for"
        );
        assert_eq!(names(&["gzip,gzip,gzip", "gzip,gzip"]).unwrap().len(), MOST);
        assert_eq!(names(&["br,br,br,br,br,br"]).unwrap_err(), "page packed more than 5 times over");
    }

    #[test]
    fn what_was_put_on_last_is_taken_off_first() {
        use Coding::{Brotli, Deflate, Gzip};
        let codings = [Gzip, Brotli, Deflate, Gzip, Brotli];
        let whole = codings.iter().fold(b"hello".to_vec(), |page, coding| packed(&page, *coding));
        assert_eq!(unpacked(&whole, &codings).unwrap(), b"hello");
        assert!(unpacked(&whole, &[Brotli, Gzip]).is_err());
    }

    #[test]
    fn deflate_is_read_with_its_frame_and_without() {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(b"hello").unwrap();
        let bare = encoder.finish().unwrap();
        assert_eq!(unpacked(&bare, &[Coding::Deflate]).unwrap(), b"hello");
        assert_eq!(unpacked(&packed(b"hello", Coding::Deflate), &[Coding::Deflate]).unwrap(), b"hello");
    }

    #[test]
    fn a_page_that_is_cut_is_never_a_whole_one() {
        let page: Vec<u8> = (0..=255).collect();
        for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli] {
            let whole = packed(&page, coding);
            for length in 1..whole.len() {
                assert!(
                    unpacked(&whole[..length], &[coding]).is_err(),
                    "{coding:?} cut after {length} bytes"
                );
            }
        }
    }

    #[test]
    fn what_passes_between_two_decoders_is_bounded_in_bytes_and_time() {
        let twice = [Coding::Gzip, Coding::Gzip];
        // Pieces of no length without an end: much comes out of the first decoder, and nothing out of the second.
        let nothing =
            [packed(b"", Coding::Gzip)[..10].to_vec(), [0, 0, 0, 0xff, 0xff].repeat(BETWEEN / 5 + 1)];
        let error = unpacked(&packed(&nothing.concat(), Coding::Gzip), &twice).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        let good = packed(&packed(b"hello", Coding::Gzip), Coding::Gzip);
        let error = Source::new(&*good).without(&twice, seconds(0)).read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn the_sources_own_end_is_told_apart_from_a_decoders() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
        }
        for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli] {
            let start = packed(b"hello", coding);
            let source = Source::new(start[..start.len() - 3].chain(Broken));
            assert!(source.without(&[coding], seconds(60)).read_to_end(&mut Vec::new()).is_err());
            assert_eq!(source.broke().unwrap().kind(), io::ErrorKind::UnexpectedEof, "{coding:?}");
            let source = Source::new(&b"nonsense"[..]);
            assert!(source.without(&[coding], seconds(60)).read_to_end(&mut Vec::new()).is_err());
            assert!(source.broke().is_none(), "{coding:?}");
        }
    }
}
