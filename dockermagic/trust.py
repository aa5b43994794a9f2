"""Why a TLS connection came to nothing: OpenSSL's words → a sentence and a next step."""

from __future__ import annotations

import re

from .errors import NotTrusted
from .language import mark, say
from .locate import TLS

# OpenSSL's words, what they mean, what to do. `{end}` is the engine's host and port.
SAYINGS: tuple[tuple[str, str, str], ...] = (
    (
        "certificate has expired",
        mark("the certificate of {host} has expired"),
        mark("only its owner can renew it: ask; is the clock of this machine right?"),
    ),
    (
        "not yet valid",
        mark("the certificate of {host} is not valid yet"),
        mark("is the clock of this machine right, and that of the engine's?"),
    ),
    (
        "[Mm]ismatch, certificate is not valid|doesn't match",
        mark("the certificate of {host} is made out to another name"),
        mark(
            "connect by a name that it has: `openssl s_client -connect {end} </dev/null | "
            "openssl x509 -noout -ext subjectAltName`"
        ),
    ),
    (
        "self.signed|local issuer|unable to verify",
        mark("the certificate of {host} is not vouched for by {ca}"),
        mark(
            "get the engine's own ca.pem into DOCKER_CERT_PATH, or into its context: "
            "`docker context update --docker ca=…`"
        ),
    ),
    (
        "(?i)KEY_VALUES_MISMATCH|key values mismatch",
        mark("cert.pem and key.pem for {host} do not belong together"),
        mark("get both anew from the engine's owner: cert.pem and key.pem are made as one"),
    ),
    (
        "(?i)WRONG_VERSION_NUMBER|HTTP_REQUEST|UNKNOWN_PROTOCOL|record layer failure|packet length too long",
        mark("{host} speaks no TLS"),
        mark(
            "check the port (TLS is usually at 2376, plain at 2375); "
            "for no TLS: unset DOCKER_TLS_VERIFY, DOCKER_CERT_PATH"
        ),
    ),
    (
        "(?i)TLS CA certificate bundle|TLS certificate file|TLS key file",
        mark("a file for the TLS connection to {host} is not there: {why}"),
        mark("check the certificates: DOCKER_CERT_PATH, or the context's TLS files"),
    ),
)
REFUSED = re.compile(r"(?i)alert|EOF occurred|certificate required|unknown.ca|bad.certificate")
TAKES_NOT = mark("{host} does not take our certificate: {why}")
WANTS = mark("{host} wants a certificate of ours, and we have none: {why}")
OURS = mark("get cert.pem and key.pem from the engine's owner, into DOCKER_CERT_PATH or into its context")


def explain(host: str, why: str, tls: TLS | None) -> NotTrusted:
    """The error for a TLS connection that OpenSSL gave up for the reason `why`."""
    ca = tls.ca if tls and tls.ca else say("any authority that this machine trusts")
    facts = {"host": host, "end": host.partition("://")[2].rstrip("/"), "why": why, "ca": ca}
    for pattern, what, step in SAYINGS:
        if re.search(pattern, why):
            return NotTrusted(say(what, **facts), say(step, **facts))
    if REFUSED.search(why):
        what = TAKES_NOT if tls and tls.cert else WANTS
        return NotTrusted(say(what, **facts), say(OURS))
    return NotTrusted(
        say("the TLS connection to {host} failed: {why}", host=host, why=why),
        say("check the certificates: DOCKER_CERT_PATH, or the context's TLS files"),
    )
