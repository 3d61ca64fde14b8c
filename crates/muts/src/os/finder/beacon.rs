//! Beacons: processes of one network say in an IP multicast group where they listen (RFC 1112).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::vec::Vec;

use socket2::{Domain, Protocol, Socket, Type};

use super::Tell;
use crate::beacon::Beacon;
use crate::limits::{BEACON_EVERY, BEACONS_A_ROUND};
use crate::wire::Wire;

#[derive(Debug)]
pub(super) struct Beacons {
    group: SocketAddr,
    own: SocketAddr,
    tag: u64,
    /// Hears the group; the other speaks to it.
    ears: UdpSocket,
    voice: UdpSocket,
}

impl Beacons {
    pub(super) fn open(group: SocketAddr, own: SocketAddr, tag: u64) -> io::Result<Self> {
        if !group.ip().is_multicast() || group.is_ipv4() != own.is_ipv4() {
            let why = "it is no multicast group of the family of the address listened at";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let ears = Socket::new(Domain::for_address(group), Type::DGRAM, Some(Protocol::UDP))?;
        // All processes of a host hear it at the same port.
        ears.set_reuse_address(true)?;
        let everywhere: IpAddr = match group {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let everywhere = SocketAddr::new(everywhere, group.port());
        ears.bind(&if cfg!(unix) { group } else { everywhere }.into())?;
        let voice = UdpSocket::bind(SocketAddr::new(own.ip(), 0))?;
        match (group.ip(), own.ip()) {
            (IpAddr::V4(group), IpAddr::V4(own)) => {
                ears.join_multicast_v4(&group, &own)?;
                let voice = socket2::SockRef::from(&voice);
                voice.set_multicast_if_v4(&own)?;
                voice.set_multicast_ttl_v4(1)?;
            }
            (IpAddr::V6(group), _) => ears.join_multicast_v6(&group, 0)?,
            (IpAddr::V4(_), IpAddr::V6(_)) => {}
        }
        Ok(Self { group, own, tag, ears: ears.into(), voice })
    }

    /// Says where this process listens, and tells where others do, until it is over.
    pub(super) fn hear(&self, over: &AtomicBool, tell: &Tell) {
        let (mut said, mut heard) = (None::<Instant>, 0);
        while !over.load(Ordering::Acquire) {
            let left = said.map_or(Duration::ZERO, |at| BEACON_EVERY.saturating_sub(at.elapsed()));
            if left.is_zero() {
                // Where there is no network now there may be one later.
                let mut bytes = Vec::new();
                Beacon { system: self.tag, port: self.own.port() }.write(&mut bytes);
                let _ = self.voice.send_to(&bytes, self.group);
                (said, heard) = (Some(Instant::now()), 0);
            }
            let _ = self.ears.set_read_timeout(Some(left.max(Duration::from_millis(1))));
            let mut bytes = [0; 64];
            let Ok((count, from)) = self.ears.recv_from(&mut bytes) else { continue };
            let Some(said) = read(&bytes[..count]) else { continue };
            let at = SocketAddr::new(from.ip(), said.port);
            heard += 1;
            if said.system == self.tag && at != self.own && heard <= BEACONS_A_ROUND && !tell(at) {
                return;
            }
        }
    }
}

/// What a datagram says, if that is all that it says.
fn read(mut bytes: &[u8]) -> Option<Beacon> {
    Beacon::read(&mut bytes).ok().filter(|_| bytes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    #[test]
    fn what_goes_on_behind_a_beacon_is_none() {
        let mut bytes = Vec::new();
        Beacon { system: 7, port: 7100 }.write(&mut bytes);
        assert!(read(&bytes).is_some());
        bytes.push(0);
        assert_eq!(read(&bytes), None);
    }

    #[test]
    fn those_of_one_network_hear_each_other() {
        let own = |port| SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
        let port = 20_000 + (std::process::id() % 20_000) as u16;
        let group = SocketAddr::new(Ipv4Addr::new(239, 255, 71, 1).into(), port);
        let open = |port, tag| Beacons::open(group, own(port), tag).expect("a group");
        let (one, other, stranger) = (open(91, 1), open(92, 1), open(93, 2));
        let over = Arc::new(AtomicBool::new(false));
        let (told, hears) = channel();
        for (name, beacon) in [("one", one), ("other", other), ("stranger", stranger)] {
            let (over, told) = (Arc::clone(&over), told.clone());
            let tell = move |at| told.send((name, at)).is_ok();
            std::thread::spawn(move || beacon.hear(&over, &tell));
        }
        let mut heard = std::collections::BTreeSet::new();
        while heard.len() < 2 {
            heard.insert(hears.recv_timeout(Duration::from_secs(10)).expect("heard"));
        }
        assert!(heard.contains(&("one", own(92))) && heard.contains(&("other", own(91))));
        over.store(true, Ordering::Release);
    }
}
