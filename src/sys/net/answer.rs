//! The kernel's answer to a netlink request, read from its datagrams (netlink(7)). This module only parses bytes; the
//! socket is in `netlink`. An answer is valid if it belongs to the request and is complete.

use std::ops::Range;

use nix::errno::Errno;
use rtnetlink::packet_core::{
    NLM_F_ACK_TLVS, NLM_F_CAPPED, NLM_F_DUMP_INTR, NLM_F_ECHO, NLMSG_DONE, NLMSG_ERROR, NLMSG_OVERRUN, NetlinkBuffer,
    NlasIterator,
};

use crate::sys::{Error, Result};

/// The kernel fills a dump's datagrams up to 32 KiB if the reader's buffer is that large. A longer message is sent in a
/// datagram of its own length.
pub(super) const ROOM: usize = 32 * 1024;

/// How often a dump is read if it changes meanwhile, or has a datagram longer than the buffer.
const DUMPS: usize = 10;

/// A message's header: length, type, flags, sequence number, port.
const HEADER: usize = 16;
const SEQUENCE: Range<usize> = 8..12;

/// Smaller types are netlink's own: NOOP, ERROR, DONE, OVERRUN.
const FIRST_OF_FAMILY: u16 = 0x10;

/// The kernel's answer to one request.
pub(super) struct Answer {
    /// The sequence numbers of the request's messages: the first, and their count.
    first: u32,
    count: u32,
    /// Whether it requests echoes of its changes.
    echoes: bool,
    failure: Option<Error>,
    acknowledged: bool,
    done: bool,
    interrupted: bool,
    /// The length of the longest datagram that did not fit into the buffer.
    cut: Option<usize>,
}

impl Answer {
    /// Numbers the messages of a request, starting with `first`; returns its answer, which is still empty.
    pub fn to(request: &mut [u8], first: u32) -> Answer {
        let (mut count, mut echoes) = (0, false);
        let mut rest = request;
        while rest.len() >= HEADER {
            let message = NetlinkBuffer::new(&*rest);
            let length = (message.length() as usize).max(HEADER).next_multiple_of(4);
            echoes |= message.flags() & NLM_F_ECHO != 0;
            rest[SEQUENCE].copy_from_slice(&first.wrapping_add(count).to_ne_bytes());
            count += 1;
            rest = rest.get_mut(length..).unwrap_or_default();
        }
        let (failure, cut) = (None, None);
        Answer { first, count, echoes, failure, acknowledged: false, done: false, interrupted: false, cut }
    }

    /// The number of messages in the request.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Records a datagram of this length that did not fit into the buffer: the rest of it is lost.
    pub fn cut(&mut self, length: usize) {
        self.cut = self.cut.max(Some(length));
    }

    /// Reads a datagram from the kernel; `each` gets the payloads of the family's messages.
    pub fn take(&mut self, mut datagram: &[u8], each: &mut dyn FnMut(&[u8])) {
        while !datagram.is_empty() {
            let message = NetlinkBuffer::new_checked(datagram).ok().filter(|m| m.length() as usize >= HEADER);
            let Some(message) = message else {
                return self.fail(malformed());
            };
            let length = (message.length() as usize).next_multiple_of(4);
            if self.is_ours(&message) {
                self.message(&message, each);
            }
            datagram = datagram.get(length..).unwrap_or_default();
        }
    }

    /// The rest of an earlier request's answer does not belong to this one. Some kernels (6.18) give nftables' echoes of a
    /// batch the number 0, like announcements; but only members of multicast groups receive those, and we join none.
    fn is_ours(&self, message: &NetlinkBuffer<&[u8]>) -> bool {
        let number = message.sequence_number();
        let echo = self.echoes && number == 0 && message.message_type() >= FIRST_OF_FAMILY;
        echo || number.wrapping_sub(self.first) < self.count
    }

    fn message(&mut self, message: &NetlinkBuffer<&[u8]>, each: &mut dyn FnMut(&[u8])) {
        self.interrupted |= message.flags() & NLM_F_DUMP_INTR != 0;
        match message.message_type() {
            NLMSG_ERROR => match refusal(message.flags(), message.payload()) {
                Ok(()) => self.acknowledged = true,
                Err(error) => self.fail(error),
            },
            NLMSG_DONE => match end_of_dump(message.flags(), message.payload()) {
                Ok(()) => self.done = true,
                Err(error) => self.fail(error),
            },
            NLMSG_OVERRUN => self.fail(Error::new(Errno::ENOBUFS).with_detail("the kernel lost part of its answer")),
            kind if kind >= FIRST_OF_FAMILY => each(message.payload()),
            _ => {}
        }
    }

    fn fail(&mut self, error: Error) {
        self.failure.get_or_insert(error);
    }

    /// Whether the request succeeded: fails with the first error, and if nothing was acknowledged.
    pub fn settled(self) -> Result<()> {
        match (self.failure, self.cut) {
            (Some(error), _) => Err(error),
            (None, Some(length)) => {
                let why = format!("the kernel's answer has {length} bytes, more than the buffer");
                Err(Error::new(Errno::EMSGSIZE).with_detail(why))
            }
            (None, None) if self.acknowledged => Ok(()),
            (None, None) => Err(Error::new(Errno::EPROTO).with_detail("the kernel acknowledged nothing")),
        }
    }
}

/// A complete dump: `dump` requests it, given the buffer's length, and is called again if the answer was interrupted or
/// truncated. `each` extracts the needed part of a payload.
pub(super) fn whole<T>(
    mut dump: impl FnMut(usize, &mut dyn FnMut(&[u8])) -> Result<Answer>,
    each: &mut dyn FnMut(&[u8]) -> Option<T>,
) -> Result<Vec<T>> {
    let mut room = ROOM;
    for _ in 0..DUMPS {
        let mut found = Vec::new();
        let answer = dump(room, &mut |payload| found.extend(each(payload)))?;
        if let Some(error) = answer.failure {
            return Err(error);
        }
        match answer.cut {
            Some(length) => room = room.max(length.next_power_of_two()),
            None if !answer.done => return Err(Error::new(Errno::EPROTO).with_detail("the kernel's list has no end")),
            None if answer.interrupted => tracing::debug!(target: "netlink", "a list changed while it was read"),
            None => return Ok(found),
        }
    }
    Err(Error::new(Errno::EAGAIN).with_detail(format!("the list changed each of the {DUMPS} times that it was read")))
}

fn malformed() -> Error {
    Error::new(Errno::EBADMSG).with_detail("the kernel's answer is not a netlink message")
}

/// An NLMSG_ERROR: an acknowledgement or an error. The kernel's error message follows the request's header,
/// or the whole request if that is not capped.
fn refusal(flags: u16, payload: &[u8]) -> Result<()> {
    let length = payload.get(4..8).and_then(number).ok_or_else(malformed)? as usize;
    let request = if flags & NLM_F_CAPPED != 0 { HEADER } else { length.next_multiple_of(4) };
    judged(flags, payload, 4 + request)
}

/// An NLMSG_DONE: a dump that fails midway also ends with one, with the error's number.
fn end_of_dump(flags: u16, payload: &[u8]) -> Result<()> {
    judged(flags, payload, 4)
}

/// The error whose number is at the start of a payload; its attributes begin at `words`.
fn judged(flags: u16, payload: &[u8], words: usize) -> Result<()> {
    const MESSAGE: u16 = 1; // NLMSGERR_ATTR_MSG
    let code = payload.get(..4).and_then(number).ok_or_else(malformed)? as i32;
    if code == 0 {
        return Ok(());
    }
    let error = Error::new(Errno::from_raw(code.wrapping_abs()));
    let words = payload.get(words..).filter(|_| flags & NLM_F_ACK_TLVS != 0).unwrap_or_default();
    Err(match attribute(words, MESSAGE) {
        Some(text) => error.with_detail(string(text)),
        None => error,
    })
}

/// The value of the attribute of this kind; `None` if it is missing.
pub fn attribute(attributes: &[u8], kind: u16) -> Option<&[u8]> {
    all(attributes, kind).next()
}

/// The values of all attributes of this kind.
pub fn all(attributes: &[u8], kind: u16) -> impl Iterator<Item = &[u8]> {
    NlasIterator::new(attributes).flatten().filter(move |a| a.kind() == kind).filter_map(|found| {
        // The iterator's items have a shorter lifetime than the buffer, so the bytes are taken from the slice.
        let start = found.value().as_ptr() as usize - attributes.as_ptr() as usize;
        attributes.get(start..start + found.value_length())
    })
}

/// A string attribute without its NUL.
pub fn string(value: &[u8]) -> String {
    String::from_utf8_lossy(value.split(|b| *b == 0).next().unwrap_or_default()).into_owned()
}

/// A 32-bit attribute in the host's byte order.
pub fn number(value: &[u8]) -> Option<u32> {
    Some(u32::from_ne_bytes(value.get(..4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::net::nft::frame;

    const LINK: u16 = 16; // RTM_NEWLINK

    /// A message with this sequence number.
    fn message(kind: u16, flags: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
        let mut bytes = frame(kind, flags, payload);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes[SEQUENCE].copy_from_slice(&sequence.to_ne_bytes());
        bytes
    }

    fn link(flags: u16, sequence: u32, value: u8) -> Vec<u8> {
        message(LINK, flags, sequence, &[value; 4])
    }

    fn end(flags: u16, sequence: u32, code: i32) -> Vec<u8> {
        message(NLMSG_DONE, flags, sequence, &code.to_ne_bytes())
    }

    /// The answer to a request of one message with this number.
    fn answer(number: u32) -> Answer {
        Answer::to(&mut frame(LINK, 0, &[]), number)
    }

    /// The result of reading dumps, each a list of datagrams; the request has the number of its attempt.
    fn read(dumps: &[&[Vec<u8>]]) -> Result<Vec<u8>> {
        let mut next = 0;
        whole(
            |_, each| {
                let datagrams = dumps.get(next).unwrap_or(&dumps[dumps.len() - 1]);
                next += 1;
                let mut answer = answer(next as u32);
                datagrams.iter().for_each(|datagram| answer.take(datagram, each));
                Ok(answer)
            },
            &mut |payload| payload.first().copied(),
        )
    }

    fn failed<T: std::fmt::Debug>(result: Result<T>) -> (Errno, String) {
        let error = result.expect_err("no error");
        (error.errno, error.detail.unwrap_or_default())
    }

    #[test]
    fn a_whole_dump() {
        let first = [link(0, 1, 7), link(0, 1, 8)].concat();
        assert_eq!(read(&[&[first, [link(0, 1, 9), end(0, 1, 0)].concat()]]).expect("whole"), [7, 8, 9]);
        assert_eq!(read(&[&[end(0, 1, 0)]]).expect("whole"), [0; 0]);
    }

    #[test]
    fn a_dump_that_fails_on_its_way() {
        assert_eq!(failed(read(&[&[link(0, 1, 7), end(0, 1, -libc::EINVAL)]])).0, Errno::EINVAL);
        // With the kernel's message: an attribute of length 8, NLMSGERR_ATTR_MSG, "why".
        let said = [&(-libc::EPERM).to_ne_bytes()[..], &8u16.to_ne_bytes(), &1u16.to_ne_bytes(), b"why\0"].concat();
        let dump = message(NLMSG_DONE, NLM_F_ACK_TLVS, 1, &said);
        assert_eq!(failed(read(&[&[dump]])), (Errno::EPERM, "why".into()));
    }

    #[test]
    fn a_dump_without_an_end() {
        assert_eq!(failed(read(&[&[link(0, 1, 7)]])).0, Errno::EPROTO);
        assert_eq!(failed(read(&[&[]])).0, Errno::EPROTO);
    }

    #[test]
    fn what_belongs_to_another_request_is_left_out() {
        let stale = [link(0, 4, 1), end(0, 4, -libc::EIO)].concat();
        assert_eq!(read(&[&[stale.clone(), link(0, 1, 7), end(0, 1, 0)]]).expect("whole"), [7]);
        assert_eq!(failed(read(&[&[link(0, 1, 7), end(0, 4, 0), stale]])).0, Errno::EPROTO);
    }

    #[test]
    fn an_interrupted_dump_is_read_again() {
        let torn: &[Vec<u8>] = &[link(0, 1, 7), link(NLM_F_DUMP_INTR, 1, 8), end(0, 1, 0)];
        assert_eq!(read(&[torn, &[link(0, 2, 9), end(0, 2, 0)]]).expect("whole"), [9]);
        let at_the_end: &[Vec<u8>] = &[link(0, 1, 7), end(NLM_F_DUMP_INTR, 1, 0)];
        assert_eq!(read(&[at_the_end, &[link(0, 2, 9), end(0, 2, 0)]]).expect("whole"), [9]);
    }

    #[test]
    fn a_dump_that_is_always_interrupted_is_an_error() {
        let mut tries = 0;
        let torn = whole(
            |_, each| {
                tries += 1;
                let mut answer = answer(1);
                answer.take(&end(NLM_F_DUMP_INTR, 1, 0), each);
                Ok(answer)
            },
            &mut |_| Some(()),
        );
        assert_eq!(failed(torn).0, Errno::EAGAIN);
        assert_eq!(tries, DUMPS);
    }

    #[test]
    fn a_cut_datagram_is_read_again_with_more_room() {
        let mut rooms = Vec::new();
        let found = whole(
            |room, each| {
                rooms.push(room);
                let mut answer = answer(1);
                if room < 50_000 {
                    answer.cut(50_000);
                } else {
                    answer.take(&link(0, 1, 7), each);
                }
                answer.take(&end(0, 1, 0), each);
                Ok(answer)
            },
            &mut |payload| payload.first().copied(),
        );
        assert_eq!(found.expect("whole"), [7]);
        assert_eq!(rooms, [ROOM, 65_536]);
        let mut cut = answer(1);
        cut.take(&message(NLMSG_ERROR, 0, 1, &[0; 20]), &mut |_| {});
        cut.cut(50_000);
        assert_eq!(failed(cut.settled()).0, Errno::EMSGSIZE);
    }

    #[test]
    fn what_is_no_message() {
        let mut short = link(0, 1, 7);
        short[0] = 8; // shorter than its header
        let mut long = link(0, 1, 7);
        long[0] = 200; // longer than the datagram
        let no_code = message(NLMSG_DONE, 0, 1, &[0; 2]);
        for bytes in [short, long, vec![1; 7], no_code, message(NLMSG_ERROR, 0, 1, &[0; 4])] {
            assert_eq!(failed(read(&[&[bytes, end(0, 1, 0)]])).0, Errno::EBADMSG);
        }
        assert_eq!(failed(read(&[&[message(NLMSG_OVERRUN, 0, 1, &[]), end(0, 1, 0)]])).0, Errno::ENOBUFS);
        assert_eq!(read(&[&[message(1, 0, 1, &[]), end(0, 1, 0)]]).expect("whole"), [0; 0]);
    }

    #[test]
    fn one_request_of_several_messages() {
        let mut request = [frame(16, 0, &[0; 8]), frame(17, 0, &[]), frame(18, 0, &[0; 4])].concat();
        assert_eq!(Answer::to(&mut request, u32::MAX).count(), 3);
        let number = |at: usize| u32::from_ne_bytes(request[at + 8..at + 12].try_into().expect("four bytes"));
        assert_eq!([number(0), number(24), number(40)], [u32::MAX, 0, 1]);
        let answered = |codes: &[(u32, i32)]| {
            let mut answer = Answer::to(&mut request.clone(), u32::MAX);
            for (sequence, code) in codes {
                let payload = [&code.to_ne_bytes()[..], &[0; 16]].concat();
                answer.take(&message(NLMSG_ERROR, NLM_F_CAPPED, *sequence, &payload), &mut |_| {});
            }
            answer.settled()
        };
        answered(&[(1, 0)]).expect("acknowledged");
        assert_eq!(failed(answered(&[(0, -libc::EEXIST), (1, 0)])).0, Errno::EEXIST);
        assert_eq!(failed(answered(&[(2, 0), (u32::MAX - 1, 0)])).0, Errno::EPROTO);
        assert_eq!(failed(answered(&[])).0, Errno::EPROTO);
    }

    #[test]
    fn echoes_may_have_no_number() {
        let heard = |flags: u16, sequence: u32| {
            let mut heard = Vec::new();
            let mut answer = Answer::to(&mut frame(LINK, flags, &[]), 5);
            answer.take(&link(0, sequence, 7), &mut |payload| heard.extend_from_slice(payload));
            answer.take(&message(NLMSG_ERROR, 0, sequence, &[0; 20]), &mut |_| {});
            (heard.len(), answer.settled().is_ok())
        };
        assert_eq!(
            [heard(NLM_F_ECHO, 5), heard(NLM_F_ECHO, 0), heard(NLM_F_ECHO, 4)],
            [(4, true), (4, false), (0, false)]
        );
        assert_eq!(heard(0, 0), (0, false));
    }
}
