//! Where a process can be reached.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use crate::wire::{Malformed, Sink, Wire};

/// An address: on a network, or of a pipe inside this process or host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// A UDP socket.
    Net(SocketAddr),
    /// A pipe, by a number that only its two ends understand: neighbours, towers in one process.
    Pipe(u32),
}

impl Address {
    /// All other pipes of one process, or one pretended network, at once.
    pub const EVERY_PIPE: Self = Self::Pipe(u32::MAX);

    /// The host that it is of, as far as can be told: who has one address of IPv6 has all beside
    /// it, 64 bits long.
    pub(crate) fn host(self) -> Self {
        let Self::Net(net) = self else { return self };
        let ip = match net.ip().to_canonical() {
            IpAddr::V6(ip) => {
                let beside = u128::from(ip) & !u128::from(u64::MAX);
                IpAddr::V6(Ipv6Addr::from(beside))
            }
            ip @ IpAddr::V4(_) => ip,
        };
        Self::Net(SocketAddr::new(ip, 0))
    }
}

impl Wire for Address {
    fn write(&self, into: &mut impl Sink) {
        match self {
            Self::Net(SocketAddr::V4(net)) => {
                into.push(4);
                into.extend_from_slice(&net.ip().octets());
                net.port().write(into);
            }
            Self::Net(SocketAddr::V6(net)) => {
                into.push(6);
                into.extend_from_slice(&net.ip().octets());
                net.port().write(into);
                net.scope_id().write(into);
            }
            Self::Pipe(pipe) => {
                into.push(0);
                pipe.write(into);
            }
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        match u8::read(from)? {
            0 => Ok(Self::Pipe(u32::read(from)?)),
            4 => {
                let ip = Ipv4Addr::from(u32::read(from)?.to_le_bytes());
                Ok(Self::Net(SocketAddrV4::new(ip, u16::read(from)?).into()))
            }
            6 => {
                let ip = Ipv6Addr::from(u128::read(from)?.to_le_bytes());
                let (port, scope) = (u16::read(from)?, u32::read(from)?);
                Ok(Self::Net(SocketAddrV6::new(ip, port, 0, scope).into()))
            }
            _ => Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn addresses_come_back() {
        for text in ["127.0.0.1:7001", "[fe80::1%3]:9", "[::1]:65535"] {
            let address = Address::Net(text.parse().expect("an address"));
            let mut bytes = vec![];
            address.write(&mut bytes);
            assert_eq!(Address::read(&mut &bytes[..]), Ok(address));
        }
    }
}
