"""The password, and the signed cookie that stands for it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import unicodedata

# Who comes once a month need not log in again.
DAYS = 30
LIFETIME_S = DAYS * 24 * 3_600
# A fixed salt: whoever was let in stays so when the server starts again, and no file need keep
# a secret. Nobody but who holds a cookie has anything to try passwords on.
_SALT = b"report-assistant web session v1"


class Credentials:
    """Knows whether somebody is let in; made once, as deriving its key takes 0.3 s."""

    def __init__(self, password: str) -> None:
        """Derive the key (scrypt, n=2^14, r=8, p=5: 16 MiB, as OWASP advises)."""
        secret = _as_bytes(password)
        self._key = hashlib.scrypt(secret, salt=_SALT, n=2**14, r=8, p=5, dklen=32)
        self._right = self._mac("password", secret)

    def is_password(self, given: str) -> bool:
        """Whether this is the password, however its accents are composed."""
        # Compared as MACs, so that the time tells neither the place of a difference nor lengths.
        return hmac.compare_digest(self._mac("password", _as_bytes(given)), self._right)

    def cookie(self, now: float) -> str:
        """A cookie's value, good for 30 days; `now` in seconds since 1970."""
        return self._signed(str(int(now) + LIFETIME_S))

    def is_cookie(self, value: str, now: float) -> bool:
        """Whether this value was made by `cookie` with this password and is still good."""
        expires = value.partition(".")[0]
        genuine = hmac.compare_digest(value.encode(), self._signed(expires).encode())
        return genuine and now < int(expires)

    def _signed(self, expires: str) -> str:
        return f"{expires}.{self._mac('cookie', expires.encode()).hex()}"

    def _mac(self, purpose: str, data: bytes) -> bytes:
        return hmac.new(self._key, purpose.encode() + b"\0" + data, hashlib.sha256).digest()


def sent_password(authorization: bytes) -> str | None:
    """The password of an Authorization header, Bearer or Basic with any user; None without one.

    Names and passwords are UTF-8.
    """
    scheme, _, rest = authorization.strip().partition(b" ")
    match scheme.lower():
        case b"bearer":
            return _text(rest.strip())
        case b"basic":
            try:
                pair = base64.b64decode(rest.strip(), validate=True)
            except (binascii.Error, ValueError):
                return ""
            return _text(pair.partition(b":")[2])
    return None


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _as_bytes(text: str) -> bytes:
    # The same é may be typed as one character or as two.
    return unicodedata.normalize("NFC", text).encode("utf-8", "replace")
