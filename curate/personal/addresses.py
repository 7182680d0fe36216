"""Addresses of the network: e-mail (RFC 5321, 5322) and public IP (IANA's registries of special-purpose addresses)."""

import ipaddress
import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from curate.ops.traces import AT, COLONS, NUMBER
from curate.personal.plans import PLANS
from curate.personal.recogniser import Match, Recogniser, Span

DOCUMENTATION = tuple(PLANS["documentation_domains"])
FILES = frozenset(PLANS["file_suffixes"])

_EMAIL = re.compile(
    rb"([A-Za-z0-9_](?:[A-Za-z0-9._%+'&\-]*[A-Za-z0-9_+\-])?)@((?:[A-Za-z0-9\-]{1,63}\.)+(?:xn--[A-Za-z0-9\-]{1,59}|[A-Za-z]{2,24}))"
    rb"(?![A-Za-z0-9_\-]|\.[A-Za-z0-9]|@)"
)


def _email(match: Match) -> Span | None:
    local, domain = match.group(1).decode(), match.group(2).decode().lower()
    labels = domain.split(".")
    if len(local) > 64 or ".." in local or any(label[0] == "-" or label[-1] == "-" for label in labels):
        return None
    if labels[-1] in FILES or (labels[0].isdigit() and labels[1].isdigit()):
        return None
    if any(domain == known or domain.endswith(f".{known}") for known in DOCUMENTATION):
        return None
    if local == "git" and match.string[match.end() : match.end() + 1] in (b":", b"/"):
        return None
    return match.span()


PRIVATE_4 = tuple(map(IPv4Network, PLANS["special_ipv4"]))
PRIVATE_6 = tuple(map(IPv6Network, PLANS["special_ipv6"]))
ALLOCATED_6 = IPv6Network("2000::/3")
"""From which public addresses are given out; a shortened address must be one of them, since `a::b` is also code."""
RESOLVERS = frozenset(PLANS["resolvers"])

_OCTET = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(
    rb"(?<![0-9A-Za-z_.\-])(?<![^/:]/)" + _OCTET + rb"(?:\." + _OCTET + rb"){3}(?![0-9A-Za-z_\-]|\.[0-9A-Za-z])"
)
_VERSION = re.compile(
    rb"(?<![a-z])(?:version|versions|ver\.?|release|build|firmware|update|section|chapter|clause|table|figure|fig\.|article|\xc2\xa7"
    rb"|rev\.?|revision|driver|v\.?)[ :#]{0,3}(?:[0-9.]+(?:, | and | or | to |[ \-]{1,3}))*$"
)


def public_4(address: IPv4Address) -> bool:
    """Whether an address may be somebody's in the public network."""
    return not any(address in net for net in PRIVATE_4)


def public_6(address: IPv6Address) -> bool:
    """The same of IPv6."""
    return not any(address in net for net in PRIVATE_6)


def _ipv4(match: Match) -> Span | None:
    found = match.group().decode()
    before = bytes(match.string[max(0, match.start() - 40) : match.start()]).lower()
    if found in RESOLVERS or _VERSION.search(before) or not public_4(IPv4Address(found)):
        return None
    return None if _numbering(found) else match.span()


def _numbering(address: str) -> bool:
    """`1.2.3.4`, `10.1.1.2`, `2.0.0.0`: rather a section or a version than a machine."""
    parts = [int(part) for part in address.split(".")]
    return max(parts) < 64 or parts[1:] == [0, 0, 0]


_IPV6 = re.compile(rb"(?<![0-9A-Za-z_.:\-])[0-9A-Fa-f:]+(?:\.[0-9]{1,3}){0,3}(?![0-9A-Za-z_:\-]|\.[0-9A-Za-z])")


def _ipv6(match: Match) -> Span | None:
    found, stop = match.group().decode(), match.end()
    if found.endswith(":") and not found.endswith("::"):
        found, stop = found[:-1], stop - 1
    try:
        address = ipaddress.IPv6Address(found)
    except ValueError:
        return None
    if "::" in found and (address not in ALLOCATED_6 or found.endswith("::")):
        return None
    return (match.start(), stop) if public_6(address) else None


RECOGNISERS = (
    Recogniser("email", AT, _EMAIL, _email, beyond=2),
    Recogniser("ip", NUMBER, _IPV4, _ipv4),
    Recogniser("ip", COLONS, _IPV6, _ipv6),
)
