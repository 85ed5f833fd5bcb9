"""Names of hosts: which can be looked up at all."""

# RFC 1035: 255 bytes on the wire, which leave 253 characters of text.
LONGEST_NAME = 253


def can_be_looked_up(host: str) -> bool:
    """Whether a resolver takes `host`, a name or an IP address; it may still not exist.

    The standard library's IDNA codec judges, because `socket.getaddrinfo` and `ssl` encode names with it. It raises
    for an empty label and for one of more than 63 characters, and `getaddrinfo` passes that on as no OSError.
    """
    try:
        encoded = host.encode("idna")
    except UnicodeError:
        return False
    return 0 < len(encoded.removesuffix(b".")) <= LONGEST_NAME
