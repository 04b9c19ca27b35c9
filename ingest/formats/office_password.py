"""Office files that a password protects, opened with it."""

from __future__ import annotations

import io

from ingest.refusing import DocumentError


def opened(data: bytes, name: str, password: str) -> bytes:
    """The file without its protection; as it is where it has none.

    Raises DocumentError where the password is not the file's, or the file is damaged.
    """
    import msoffcrypto
    from msoffcrypto.exceptions import (
        DecryptionError,
        FileFormatError,
        InvalidKeyError,
        ParseError,
    )

    out = io.BytesIO()
    try:
        file = msoffcrypto.OfficeFile(io.BytesIO(data))
        if not file.is_encrypted():
            return data
        # Its own check of passwords (6.1) is wrong where the hash is SHA-1; decrypting tells.
        file.load_key(password=password)
        file.decrypt(out)
    except InvalidKeyError as error:
        raise DocumentError("wrong_password", name) from error
    except (DecryptionError, FileFormatError, ParseError, OSError, ValueError) as error:
        raise DocumentError("damaged", name, why="its protection cannot be undone") from error
    if not out.getvalue().startswith(b"PK"):
        raise DocumentError("wrong_password", name)
    return out.getvalue()
