//! `std.net`: domains, hosts and address ranges. Strict, because rules trust them: what two programs could read differently is a fault.
use super::signature::{fixed, refuse, text};
use super::table::Builtin;
use crate::scalar::expression::Fault;
use crate::scalar::types::Type;
use crate::scalar::value::Value;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub const TABLE: &[Builtin] = &[
    Builtin {
        name: "domain",
        usage: "domain(text): Text",
        doc: "the domain of one mail address, a URL or a domain name, in lower case; a fault if there is none",
        signature: |a| fixed("domain", a, &[Type::Text], 0, Type::Text),
        call: |a| domain(text(a, 0)?).map(Value::text),
    },
    Builtin {
        name: "host",
        usage: "host(text): Text",
        doc: "the host of a URL or of `host:port`: a domain name in lower case or an IP address; a fault if there is none",
        signature: |a| fixed("host", a, &[Type::Text], 0, Type::Text),
        call: |a| host(text(a, 0)?).map(Value::text),
    },
    Builtin {
        name: "in_cidr",
        usage: "in_cidr(address, network): Bool",
        doc: "whether an IP address is in a network such as `\"10.0.0.0/8\"`; an IPv4 address in IPv6 clothing counts as IPv4",
        signature: |a| fixed("in_cidr", a, &[Type::Text, Type::Text], 0, Type::Bool),
        call: |a| in_cidr(text(a, 0)?, text(a, 1)?).map(Value::Bool),
    },
];

fn domain(whole: &str) -> Result<String, Fault> {
    let none = || refuse(whole, "is not one mail address, URL or domain name (one outside ASCII is written with `xn--`)");
    if whole.contains("://") {
        return authority(whole).and_then(name).ok_or_else(none);
    }
    let part = match whole.split_once('@') {
        Some((local, part)) if is_local(local) => part,
        Some(_) => return Err(none()),
        None => whole,
    };
    name(part).ok_or_else(none)
}

fn host(whole: &str) -> Result<String, Fault> {
    let place = if whole.contains("://") { authority(whole) } else { port(whole) };
    place.and_then(|h| address(h).or_else(|| name(h))).ok_or_else(|| refuse(whole, "is not a URL or a host"))
}

/// The host in a URL. Backslashes, white space and a second `@` are refused: programs differ in how they read them.
fn authority(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme_fits = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if !scheme_fits || url.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next()?;
    let place = authority.rsplit_once('@').map_or(Some(authority), |(user, place)| (!user.contains('@')).then_some(place))?;
    port(place)
}

/// A host without its port.
fn port(place: &str) -> Option<&str> {
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !place.ends_with(']') => (host, port),
        _ => return Some(place),
    };
    (port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit())).then_some(host)
}

/// An IP address in the spelling of a URL.
fn address(host: &str) -> Option<String> {
    match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(v6) => v6.parse::<Ipv6Addr>().ok().map(|a| a.to_string()),
        None => host.parse::<Ipv4Addr>().ok().map(|a| a.to_string()),
    }
}

/// A domain name in lower case, without the dot of the root. One whose last label is a number could be read as an address.
fn name(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or("");
    let numeric = last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x") || last.starts_with("0X");
    (text.len() <= 253 && text.split('.').all(label) && !numeric).then(|| text.to_ascii_lowercase())
}

/// The part of a mail address before the `@`, in its plain form (RFC 5321, Dot-string), with letters of any script.
fn is_local(text: &str) -> bool {
    let atom = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c));
    text.split('.').all(atom)
}

fn in_cidr(address: &str, network: &str) -> Result<bool, Fault> {
    let bad = || refuse(network, "is not a network (such as `10.0.0.0/8`)");
    let (base, bits) = match network.split_once('/') {
        Some((base, bits)) if bits.len() <= 3 && bits.bytes().all(|b| b.is_ascii_digit()) => (base, Some(bits)),
        Some(_) => return Err(bad()),
        None => (network, None),
    };
    let address: IpAddr = address.parse().map_err(|_| refuse(address, "is not an IP address"))?;
    let base: IpAddr = base.parse().map_err(|_| bad())?;
    let width = if base.is_ipv4() { 32u32 } else { 128 };
    let bits: u32 = bits.map_or(Ok(width), str::parse).map_err(|_| bad())?;
    if bits > width {
        return Err(bad());
    }
    let inside = |a: u128, b: u128| (a ^ b).checked_shr(width - bits).unwrap_or(0) == 0;
    Ok(match (address, base) {
        (IpAddr::V6(a), IpAddr::V6(b)) => inside(a.to_bits(), b.to_bits()),
        (a, IpAddr::V4(b)) => match a.to_canonical() {
            IpAddr::V4(a) => inside(a.to_bits().into(), b.to_bits().into()),
            IpAddr::V6(_) => false,
        },
        (IpAddr::V4(a), IpAddr::V6(b)) => inside(a.to_ipv6_mapped().to_bits(), b.to_bits()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_is_what_stands_behind_the_at_to_the_end() {
        for (of, is) in [
            ("x@ourcompany.com", "ourcompany.com"),
            ("Bob.O'Neil+tag@OurCompany.COM.", "ourcompany.com"),
            ("x@ourcompany.com.evil.com", "ourcompany.com.evil.com"),
            ("jürgen@xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
            ("https://Mail.OurCompany.com:8443/x?y=@evil.com", "mail.ourcompany.com"),
            ("https://ourcompany.com@evil.com/", "evil.com"),
            ("https://ourcompany.com:pw@evil.com", "evil.com"),
            ("https://evil.com#@ourcompany.com", "evil.com"),
            ("ourcompany.com", "ourcompany.com"),
        ] {
            assert_eq!(domain(of).as_deref(), Ok(is), "{of}");
        }
    }

    #[test]
    fn what_two_programs_could_read_differently_is_a_fault() {
        for bad in [
            "",
            "@",
            "x@",
            "@ourcompany.com",
            "a@b@ourcompany.com",
            "x@evil.com,y@ourcompany.com",
            "x@evil.com, y@ourcompany.com",
            "Bob <x@ourcompany.com>",
            "x@ourcompany.com ",
            "x @ourcompany.com",
            "x@ourcompany.com\n",
            "x@ourcompany.com\nbcc:y@evil.com",
            "\"a@evil.com\"@ourcompany.com",
            "x@[10.0.0.1]",
            "x@10.0.0.1",
            "x@ourcompany。com",
            "x@ｏurcompany.com",
            "x@our..company.com",
            "x@.com",
            "x@-a.com",
            "https://evil.com\\@ourcompany.com/",
            "https://a@b@ourcompany.com",
            "https://",
            "https:///ourcompany.com",
            "https://ourcompany.com:80:80/",
            "https://ourcompany.com%2eevil.com/",
            "://ourcompany.com",
            "mailto:x@ourcompany.com",
            "x@evil.com;y@ourcompany.com",
            "(c)x@ourcompany.com",
            "http://2130706433/",
            "http://0x7f.1/",
        ] {
            assert!(domain(bad).is_err(), "{bad}: {:?}", domain(bad));
        }
    }

    #[test]
    fn hosts_may_be_addresses_and_have_ports() {
        for (of, is) in [
            ("https://API.example.com/v1", "api.example.com"),
            ("postgres://u:p@db-1.internal:5432/x", "db-1.internal"),
            ("http://127.0.0.1:80/", "127.0.0.1"),
            ("http://[::FFFF:1]:80/", "::ffff:1"),
            ("db:5432", "db"),
            ("localhost", "localhost"),
            ("[::1]:80", "::1"),
        ] {
            assert_eq!(host(of).as_deref(), Ok(is), "{of}");
        }
        for bad in ["", "a b", "http://127.1/", "http://0x7f000001/", "a:b", "::1", "a:999999", "x@y.com"] {
            assert!(host(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn networks_hold_their_addresses_in_either_clothing() {
        for (address, network, is) in [
            ("10.1.2.3", "10.0.0.0/8", true),
            ("11.0.0.0", "10.0.0.0/8", false),
            ("10.1.2.3", "0.0.0.0/0", true),
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.2", "10.0.0.1/32", false),
            ("10.0.0.2", "10.0.0.3/31", true),
            ("::ffff:10.1.2.3", "10.0.0.0/8", true),
            ("10.1.2.3", "::ffff:10.0.0.0/104", true),
            ("fe80::1", "fe80::/10", true),
            ("fe80::1", "::/0", true),
            ("fe80::1", "10.0.0.0/8", false),
            ("fe80::1", "0.0.0.0/0", false),
        ] {
            assert_eq!(in_cidr(address, network), Ok(is), "{address} {network}");
        }
        for (address, network) in [
            ("a", "10.0.0.0/8"),
            ("10.0.0.1", "10.0.0.0/33"),
            ("10.0.0.1", "10/8"),
            ("10.0.0.1", "10.0.0.0/+8"),
            ("010.0.0.1", "10.0.0.0/8"),
            ("1.2.3.4", "::/129"),
        ] {
            assert!(in_cidr(address, network).is_err(), "{address} {network}");
        }
    }
}
