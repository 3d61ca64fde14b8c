//! Service: the hosts and ports that the SRV records of a name list (RFC 2782).
//!
//! The system's resolver knows addresses only, so the name server is asked here: one question over
//! UDP, over TCP if the answer is too long for that (RFC 1035).

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::string::{String, ToString};
use std::vec::Vec;

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, TYPE};

use crate::limits::NAME_SERVER_PATIENCE;

/// The port of name servers.
const PORT: u16 = 53;
/// The longest answer over UDP without extensions; more is not read.
const DATAGRAM_BYTES_MAX: usize = 4096;

/// Hosts and ports, as the first name server that answers has them.
///
/// # Errors
/// If none answers, or the name cannot be one.
pub(super) fn look_up(service: &str, servers: &[SocketAddr]) -> io::Result<Vec<(String, u16)>> {
    let systems = if servers.is_empty() { of_system()? } else { Vec::new() };
    let mut last = io::Error::new(io::ErrorKind::NotFound, "there is no name server");
    for server in servers.iter().chain(&systems) {
        match ask(*server, service) {
            Ok(found) => return Ok(found),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The name servers of the system.
fn of_system() -> io::Result<Vec<SocketAddr>> {
    let config = resolv_conf::Config::parse(std::fs::read("/etc/resolv.conf")?);
    let config = config.map_err(|error| io::Error::other(error.to_string()))?;
    let ips = config.nameservers.iter().map(|ip| match ip {
        resolv_conf::ScopedIp::V4(ip) => IpAddr::V4(*ip),
        resolv_conf::ScopedIp::V6(ip, _) => IpAddr::V6(*ip),
    });
    Ok(ips.map(|ip| SocketAddr::new(ip, PORT)).collect())
}

fn wrong(error: simple_dns::SimpleDnsError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

fn ask(server: SocketAddr, service: &str) -> io::Result<Vec<(String, u16)>> {
    let id = RandomState::new().build_hasher().finish() as u16;
    let mut query = Packet::new_query(id);
    query.set_flags(PacketFlag::RECURSION_DESIRED);
    let name = Name::new(service.trim_end_matches('.')).map_err(wrong)?;
    let (kind, class) = (QTYPE::TYPE(TYPE::SRV), QCLASS::CLASS(CLASS::IN));
    query.questions.push(Question::new(name, kind, class, false));
    let query = query.build_bytes_vec().map_err(wrong)?;
    let answer = over_udp(server, &query)?;
    match listed(&answer, id)? {
        Some(found) => Ok(found),
        None => listed(&over_tcp(server, &query)?, id).map(Option::unwrap_or_default),
    }
}

fn over_udp(server: SocketAddr, query: &[u8]) -> io::Result<Vec<u8>> {
    let anywhere: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind(SocketAddr::new(anywhere, 0))?;
    socket.set_read_timeout(Some(NAME_SERVER_PATIENCE))?;
    // From now on nothing is heard of anybody else.
    socket.connect(server)?;
    socket.send(query)?;
    let mut bytes = std::vec![0; DATAGRAM_BYTES_MAX];
    let count = socket.recv(&mut bytes)?;
    bytes.truncate(count);
    Ok(bytes)
}

fn over_tcp(server: SocketAddr, query: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&server, NAME_SERVER_PATIENCE)?;
    stream.set_read_timeout(Some(NAME_SERVER_PATIENCE))?;
    stream.set_write_timeout(Some(NAME_SERVER_PATIENCE))?;
    let length = u16::try_from(query.len()).map_err(io::Error::other)?;
    stream.write_all(&length.to_be_bytes())?;
    stream.write_all(query)?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut bytes = std::vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// What an answer lists; none if it says that there is more than it has.
fn listed(bytes: &[u8], id: u16) -> io::Result<Option<Vec<(String, u16)>>> {
    let answer = Packet::parse(bytes).map_err(wrong)?;
    if answer.id() != id || !answer.has_flags(PacketFlag::RESPONSE) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it answers something else"));
    }
    if answer.has_flags(PacketFlag::TRUNCATION) {
        return Ok(None);
    }
    let servers = answer.answers.iter().filter_map(|record| match &record.rdata {
        RData::SRV(it) => Some((it.target.to_string(), it.port)),
        _ => None,
    });
    // A root for a target says that the service is not offered.
    Ok(Some(servers.filter(|(host, _)| !host.is_empty() && host != ".").collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use simple_dns::ResourceRecord;
    use simple_dns::rdata::SRV;
    use std::net::TcpListener;

    fn answer(query: &[u8], targets: &[(&str, u16)]) -> Packet<'static> {
        let query = Packet::parse(query).expect("a query");
        let mut answer = query.clone().into_reply();
        for (target, port) in targets {
            let target = Name::new(target).expect("a name").into_owned();
            let server = SRV { priority: 0, weight: 0, port: *port, target };
            let name = query.questions[0].qname.clone().into_owned();
            answer.answers.push(ResourceRecord::new(name, CLASS::IN, 5, RData::SRV(server)));
        }
        Packet::parse(&answer.build_bytes_vec().expect("bytes")).map(owned).expect("an answer")
    }

    fn owned(packet: Packet<'_>) -> Packet<'static> {
        let mut own = Packet::new_reply(packet.id());
        own.answers = packet.answers.into_iter().map(ResourceRecord::into_owned).collect();
        own
    }

    #[test]
    fn what_the_records_list_is_asked_for_over_tcp_where_it_is_too_long() {
        let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = tcp.local_addr().expect("bound");
        let udp = UdpSocket::bind(at).expect("the same for both");
        let server = std::thread::spawn(move || {
            let mut bytes = [0; 512];
            for targets in [&[("localhost", 7100), ("b.example.org", 7200)][..], &[]] {
                let (count, from) = udp.recv_from(&mut bytes).expect("a query");
                let mut answer = answer(&bytes[..count], targets);
                if targets.is_empty() {
                    answer.set_flags(PacketFlag::TRUNCATION);
                }
                udp.send_to(&answer.build_bytes_vec().expect("bytes"), from).expect("sent");
            }
            let (mut stream, _) = tcp.accept().expect("once more");
            let mut length = [0; 2];
            stream.read_exact(&mut length).expect("a length");
            let count = usize::from(u16::from_be_bytes(length));
            stream.read_exact(&mut bytes[..count]).expect("a query");
            let answer = answer(&bytes[..count], &[("c.example.org", 7300)]);
            let answer = answer.build_bytes_vec().expect("bytes");
            stream.write_all(&(answer.len() as u16).to_be_bytes()).expect("written");
            stream.write_all(&answer).expect("written");
        });
        let found = look_up("_horusd._udp.example.org", &[at]).expect("an answer");
        assert_eq!(found, [("localhost".into(), 7100), ("b.example.org".into(), 7200)]);
        let found = look_up("_horusd._udp.example.org.", &[at]).expect("an answer");
        assert_eq!(found, [("c.example.org".into(), 7300)]);
        server.join().expect("it answered");
    }

    #[test]
    fn an_answer_to_something_else_is_none() {
        let reply = Packet::new_reply(7).build_bytes_vec().expect("bytes");
        assert_eq!(listed(&reply, 7).expect("an answer"), Some(Vec::new()));
        assert!(listed(&reply, 8).is_err() && listed(&reply[..5], 7).is_err());
        let query = Packet::new_query(7).build_bytes_vec().expect("bytes");
        assert!(listed(&query, 7).is_err());
    }
}
