"""Where the server listens."""

import socket


def listen(host: str, port: int) -> socket.socket:
    """A socket at this address, which others of ours may have too: the kernel spreads connections over those that
    take them.

    :raises OSError: it is in use by something else, or this user may not use it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
