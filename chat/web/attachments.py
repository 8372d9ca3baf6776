"""Headers of what is saved and never shown: a name that is a file's name everywhere, and no way to run."""

import re
from urllib.parse import quote

from chat.core.documents.file_names import shortened

UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\s]+')  # in the name of a file, on one system or another
LONGEST = 100  # characters: proxies must hold the header, and there one may take twelve

# Even opened by hand it would have no origin, no script and nothing that it could load.
INERT = {
    "Content-Type": "application/octet-stream",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def disposition(name: str, plain: str) -> str:
    """Write the Content-Disposition that has a file saved as `name` (RFC 6266).

    `plain`, in ASCII, is for who cannot read the other one, which a header cannot hold as it is.
    """
    safe = shortened(UNSAFE.sub(" ", name).strip(" ."), LONGEST) or plain
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"
