//! The links of an Ogg object: recordings that follow each other (RFC 3533, section 4).
//!
//! Each link begins with one page for every stream, and has a clock that begins at zero. Pages in
//! unread bytes are not known, so a link may be hidden there. It shows if the numbers of pages or
//! the clock do not continue, or if the numbers do not match the unread bytes.

use std::time::Duration;

use super::{
    super::{share_of_time, time},
    page::Page,
    stream::{Stream, is_video},
};

/// The most streams of one link that are remembered.
const STREAMS_AT_MOST: usize = 32;

/// Pages of headers at the beginning of a stream.
const HEADERS: u64 = 2;

/// The pages read so far, as links.
#[derive(Default)]
pub(super) struct Chain {
    /// The first stream of sound.
    pub stream: Option<Stream>,
    link: Option<Link>,
    /// The streams of the current link, and whether all pages so far begin one.
    serials: Vec<u64>,
    is_beginning: bool,
    /// The time of the earlier links.
    earlier: Duration,
    pub has_video: bool,
    /// Pages of sound, without headers.
    pub pages: u64,
    /// Whether a link is certainly hidden in unread bytes.
    pub is_broken: bool,
    /// The pages that the unread bytes contain by the numbers of pages, and these bytes.
    unread: Option<(u64, u64)>,
    /// The pages before and after the unread bytes.
    before: Observed,
    after: Observed,
}

/// The current link.
struct Link {
    stream: Stream,
    serial: u64,
    last: u64,
    sequence: u64,
    has_ended: bool,
}

/// Consecutive pages: their mean size and time tell what unread bytes contain.
#[derive(Default)]
struct Observed {
    pages: u64,
    bytes: u64,
    time: Duration,
}

impl Chain {
    /// Adds the next page, which follows `unread` bytes after the one before it.
    pub fn add(&mut self, page: &Page<'_>, unread: u64) {
        if page.begins_stream {
            self.is_broken |= unread > 0; // the end of the link before it is unread
            self.begin(page);
            return;
        }
        self.is_beginning = false;
        if unread > 0 && !self.serials.contains(&page.serial) {
            self.adopt(page);
        }
        let Some(link) = &mut self.link else { return };
        if link.serial != page.serial {
            return;
        }
        let ticks = page.time.unwrap_or(link.last);
        if unread > 0 {
            let pages = page.sequence.saturating_sub(link.sequence);
            self.is_broken |= pages == 0 || ticks < link.last;
            self.unread = Some((pages, unread));
            if self.is_broken {
                self.earlier = self.earlier.saturating_add(link.time());
                (link.last, link.stream.skip) = (0, 0);
            }
        } else if page.sequence > HEADERS {
            let elapsed =
                time(ticks.saturating_sub(link.last), link.stream.rate).unwrap_or_default();
            let observed = if self.unread.is_some() { &mut self.after } else { &mut self.before };
            observed.add(page.size(), elapsed);
        }
        self.pages =
            self.pages.saturating_add((page.sequence >= HEADERS && !page.body.is_empty()).into());
        (link.last, link.sequence, link.has_ended) = (ticks, page.sequence, page.ends_stream);
    }

    /// The first page of a stream. After other pages, it begins a new link.
    fn begin(&mut self, page: &Page<'_>) {
        if !self.is_beginning {
            self.earlier = self.time();
            (self.link, self.is_beginning) = (None, true);
            self.serials.clear();
        }
        if self.serials.len() < STREAMS_AT_MOST {
            self.serials.push(page.serial);
        }
        self.has_video |= is_video(page.body);
        if let Some(stream) = Stream::of(page.body).filter(|_| self.link.is_none()) {
            self.stream.get_or_insert(stream);
            self.link = Some(Link {
                stream,
                serial: page.serial,
                last: 0,
                sequence: page.sequence,
                has_ended: false,
            });
        }
    }

    /// A page of a stream whose beginning is unread: a link like the first one.
    fn adopt(&mut self, page: &Page<'_>) {
        self.is_broken = true;
        self.earlier = self.time();
        self.serials = vec![page.serial];
        self.link = self.stream.map(|stream| Link {
            stream,
            serial: page.serial,
            last: 0,
            sequence: page.sequence,
            has_ended: false,
        });
    }

    /// The time of all links that were read.
    pub fn time(&self) -> Duration {
        self.earlier.saturating_add(self.link.as_ref().map_or(Duration::ZERO, Link::time))
    }

    /// The time of `bytes` bytes, if they are like those that were read.
    pub fn time_in(&self, bytes: u64) -> Option<Duration> {
        let read = self.before.bytes.saturating_add(self.after.bytes);
        (read > 0)
            .then(|| share_of_time(self.before.time.saturating_add(self.after.time), bytes, read))
    }

    /// Whether the unread bytes may contain more pages than the numbers say, or fewer: their mean
    /// size differs by more than half from that of the pages on either side.
    pub fn is_uneven(&self) -> bool {
        let Some((pages, bytes)) = self.unread else { return false };
        let sides = || [&self.before, &self.after].into_iter().filter_map(Observed::mean);
        let (Some(least), Some(most)) = (sides().min(), sides().max()) else { return false };
        let mean = bytes.checked_div(pages).unwrap_or(u64::MAX);
        mean < least.saturating_mul(2) / 3 || mean > most.saturating_mul(3) / 2
    }

    /// Whether no page of any stream was read.
    pub fn is_empty(&self) -> bool {
        self.serials.is_empty()
    }

    /// Whether the last page was marked as the last.
    pub fn has_ended(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.has_ended)
    }
}

impl Link {
    fn time(&self) -> Duration {
        time(self.last.saturating_sub(self.stream.skip), self.stream.rate).unwrap_or_default()
    }
}

impl Observed {
    fn add(&mut self, bytes: u64, elapsed: Duration) {
        self.pages = self.pages.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        self.time = self.time.saturating_add(elapsed);
    }

    /// The mean size of a page in bytes; `None` without pages.
    fn mean(&self) -> Option<u64> {
        self.bytes.checked_div(self.pages)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Window;
    use super::super::page::{Pages, tests::page};
    use super::*;

    const OPUS: &[u8] = b"OpusHead\x01\x01\0\0\x80\x3e\0\0\0\0\0";

    /// The chain of pages with these times in seconds and numbers, the last one after unread bytes.
    fn chain(pages: &[(u64, u32)], unread: u64) -> Chain {
        let mut bytes = page(2, 0, 7, 0, OPUS);
        bytes.extend(
            pages
                .iter()
                .flat_map(|(second, sequence)| page(0, second * 48_000, 7, *sequence, &[1; 72])),
        );
        let window = Window { offset: 0, bytes };
        let mut chain = Chain::default();
        for (at, page) in Pages::of(&window).enumerate() {
            chain.add(&page, if at == pages.len() { unread } else { 0 });
        }
        chain
    }

    #[test]
    fn unread_bytes_have_as_many_pages_as_the_numbers_say() {
        let read = [(1, 2), (2, 3), (3, 4), (13, 14)];
        for (unread, is_uneven) in
            [(1000, false), (1490, false), (700, false), (1600, true), (600, true)]
        {
            let chain = chain(&read, unread);
            assert_eq!((chain.is_broken, chain.time()), (false, Duration::from_secs(13)));
            assert_eq!(chain.is_uneven(), is_uneven, "{unread}");
        }
    }

    #[test]
    fn a_clock_or_a_number_that_goes_back_shows_a_hidden_link() {
        for last in [(2, 14), (13, 4)] {
            let chain = chain(&[(1, 2), (2, 3), (3, 4), last], 1000);
            assert!(chain.is_broken);
            assert_eq!(chain.time(), Duration::from_secs(3 + last.0));
        }
        assert_eq!(
            chain(&[(1, 2), (2, 3), (3, 4), (4, 5)], 0).time_in(1000),
            Some(Duration::from_secs(10))
        );
    }
}
