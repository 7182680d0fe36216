"""Secrets of machines: keys by the prefixes that their issuers publish, and private keys in PEM (RFC 7468)."""

import re

from curate.ops.traces import BLOCK, TOKEN
from curate.personal.recogniser import Match, Recogniser, Span

KEYS = (
    r"gh[pousr]_[A-Za-z0-9]{36,251}",  # GitHub
    r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    r"glpat-[A-Za-z0-9_\-]{20,50}",  # GitLab
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",  # Amazon Web Services, key ids
    r"AIza[A-Za-z0-9_\-]{35}",  # Google
    r"GOCSPX-[A-Za-z0-9_\-]{28}",
    r"sk-ant-[a-z0-9]{3,6}-[A-Za-z0-9_\-]{80,120}",  # Anthropic
    r"sk-(?:proj|svcacct|admin)-[A-Za-z0-9_\-]{40,200}",  # OpenAI
    r"sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}",
    r"hf_[A-Za-z]{34}|hf_[A-Za-z0-9]{34,40}",  # Hugging Face
    r"xox[abeoprs]-[A-Za-z0-9\-]{10,250}",  # Slack
    r"xapp-[0-9]-[A-Z0-9]{8,14}-[0-9]{10,14}-[a-f0-9]{64}",
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,247}",  # Stripe
    r"whsec_[A-Za-z0-9+/=]{32,64}",
    r"npm_[A-Za-z0-9]{36}",
    r"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_\-]{50,1000}",
    r"dop_v1_[a-f0-9]{64}",  # DigitalOcean
    r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",  # Shopify
    r"sq0(?:atp|csp|idp)-[A-Za-z0-9_\-]{22,43}",  # Square
    r"key-[a-f0-9]{32}",  # Mailgun
    r"(?:AC|SK)[a-f0-9]{32}",  # Twilio
    r"dapi[a-f0-9]{32}(?:-[0-9])?",  # Databricks
    r"lin_api_[A-Za-z0-9]{40}",  # Linear
    r"(?:ntn_|secret_)[A-Za-z0-9]{43,46}",  # Notion
    r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}",  # Postman
    r"ATATT3[A-Za-z0-9_\-=]{100,250}",  # Atlassian
    r"EAACEdEose0cBA[A-Za-z0-9]{20,250}",  # Facebook
)
"""One pattern an issuer."""
DOTTED = (
    r"SG\.[A-Za-z0-9_\-]{22}\.[A-Za-z0-9_\-]{43}",  # SendGrid
    r"ya29\.[A-Za-z0-9_\-]{40,400}",  # Google
    r"dp\.pt\.[A-Za-z0-9]{43}",  # Doppler
    r"eyJ[A-Za-z0-9_\-]{10,2000}\.eyJ[A-Za-z0-9_\-]{10,2000}\.[A-Za-z0-9_\-]{16,1000}",  # JSON Web Token (RFC 7519)
)
"""Keys of several words with dots between them."""
LONGEST = 8192
"""Bytes of a private key's block."""

_KEY = re.compile(rf"(?<![A-Za-z0-9_])(?:{'|'.join(KEYS)})(?![A-Za-z0-9])".encode())
_PART = re.compile(
    rb"(?:(?<=SG\.)[A-Za-z0-9_\-]{22}|(?<=ya29\.)[A-Za-z0-9_\-]{40}|(?<=dp\.pt\.)[A-Za-z0-9]{43}|(?<![A-Za-z0-9_.])eyJ)"
)
"""What of a key with dots is a word long enough to be a trace."""
_DOTTED = re.compile(rf"(?<![A-Za-z0-9_])(?:{'|'.join(DOTTED)})(?![A-Za-z0-9])".encode())
_BLOCK = re.compile(rb"-----BEGIN ((?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?)-----")


def _key(match: Match) -> Span | None:
    """Placeholders such as `ghp_xxxxxxxx…` are nobody's key."""
    body = match.group()[4:]
    return match.span() if len(set(body.lower())) > 6 and b"example" not in body.lower() else None


def _dotted(match: Match) -> Span | None:
    """The whole of a key of which a word was found."""
    before = len(b"dp.pt.")
    found = _DOTTED.search(match.string, max(0, match.start() - before), match.start() + LONGEST)
    return found.span() if found and found.start() <= match.start() < found.end() else None


def _block(match: Match) -> Span | None:
    """To its end; what has none, or is cut off, to the last line that is part of it."""
    start, text = match.start(), bytes(match.string[match.start() : match.start() + LONGEST])
    end = b"-----END " + match.group(1) + b"-----"
    found = text.find(end)
    if found >= 0:
        return start, start + found + len(end)
    lines = re.compile(rb"(?:[ \t\r\n]*[A-Za-z0-9+/=]{16,})+").match(text, match.end() - start)
    return (start, start + lines.end()) if lines else None


RECOGNISERS = (
    Recogniser("private_key", BLOCK, _BLOCK, _block),
    Recogniser("api_key", TOKEN, _KEY, _key, beyond=64),
    Recogniser("api_key", TOKEN, _PART, _dotted),
)
