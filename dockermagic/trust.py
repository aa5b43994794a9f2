"""Why a TLS connection came to nothing: OpenSSL's words → a sentence and a next step."""

from __future__ import annotations

import re

from .errors import NotTrusted
from .locate import TLS

# OpenSSL's words, what they mean, what to do. `{end}` is the engine's host and port.
SAYINGS: tuple[tuple[str, str, str], ...] = (
    (
        "certificate has expired",
        "the certificate of {host} has expired",
        "only its owner can renew it: ask; is the clock of this machine right?",
    ),
    (
        "not yet valid",
        "the certificate of {host} is not valid yet",
        "is the clock of this machine right, and that of the engine's?",
    ),
    (
        "[Mm]ismatch, certificate is not valid|doesn't match",
        "the certificate of {host} is made out to another name",
        "connect by a name that it has: `openssl s_client -connect {end} </dev/null | "
        "openssl x509 -noout -ext subjectAltName`",
    ),
    (
        "self.signed|local issuer|unable to verify",
        "the certificate of {host} is not vouched for by {ca}",
        "get the engine's own ca.pem into DOCKER_CERT_PATH, or into its context: `docker context update --docker ca=…`",
    ),
    (
        "(?i)KEY_VALUES_MISMATCH|key values mismatch",
        "cert.pem and key.pem for {host} do not belong together",
        "get both anew from the engine's owner: cert.pem and key.pem are made as one",
    ),
    (
        "(?i)WRONG_VERSION_NUMBER|HTTP_REQUEST|UNKNOWN_PROTOCOL|record layer failure|packet length too long",
        "{host} speaks no TLS",
        "check the port (TLS is usually at 2376, plain at 2375); for no TLS: unset DOCKER_TLS_VERIFY, DOCKER_CERT_PATH",
    ),
    (
        "(?i)TLS CA certificate bundle|TLS certificate file|TLS key file",
        "a file for the TLS connection to {host} is not there: {why}",
        "check the certificates: DOCKER_CERT_PATH, or the context's TLS files",
    ),
)
REFUSED = re.compile(r"(?i)alert|EOF occurred|certificate required|unknown.ca|bad.certificate")
OURS = "get cert.pem and key.pem from the engine's owner, into DOCKER_CERT_PATH or into its context"


def explain(host: str, why: str, tls: TLS | None) -> NotTrusted:
    """The error for a TLS connection that OpenSSL gave up for the reason `why`."""
    ca = tls.ca if tls and tls.ca else "any authority that this machine trusts"
    facts = {"host": host, "end": host.partition("://")[2].rstrip("/"), "why": why, "ca": ca}
    for pattern, what, step in SAYINGS:
        if re.search(pattern, why):
            return NotTrusted(what.format(**facts), step.format(**facts))
    if REFUSED.search(why):
        ours = "does not take our certificate" if tls and tls.cert else "wants a certificate of ours, and we have none"
        return NotTrusted(f"{host} {ours}: {why}", OURS)
    return NotTrusted(
        f"the TLS connection to {host} failed: {why}",
        "check the certificates: DOCKER_CERT_PATH, or the context's TLS files",
    )
