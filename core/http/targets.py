"""Which addresses may be called: a name is resolved once, judged, and the judged address is what is dialled."""

from __future__ import annotations

import ipaddress
import socket
import threading

from core.http.errors import Forbidden, TimedOut, Unreachable

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Whether the address is of the open internet, also by the IPv4 address that an IPv6 one carries
    (mapped, 6to4, Teredo, NAT64): such a one leads to the IPv4 address."""
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    inside = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        inside.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return all(is_public(one) for one in inside if one is not None)


def resolve(host: str, port: int, seconds: float, *, private: bool) -> list[str]:
    """The addresses of `host`, in the resolver's order.

    Raises Forbidden when one of them is not public and `private` is off: a name with a public and a private
    address is a trick. Raises TimedOut after `seconds`, Unreachable when there is no such name.
    """
    found = [entry[4][0] for entry in _look_up(host, port, seconds)]
    addresses = list(dict.fromkeys(str(one) for one in found))
    if not private:
        for one in addresses:
            if not is_public(ipaddress.ip_address(one.partition("%")[0])):
                raise Forbidden(host, "its address is private; FVDASH_ALLOW_PRIVATE_TARGETS=1 allows such")
    return addresses


def _look_up(host: str, port: int, seconds: float) -> list[tuple[object, object, object, object, tuple[object, ...]]]:
    """getaddrinfo, which has no time-out of its own: in a thread that is left behind when it takes too long."""
    found: list[list[tuple[object, object, object, object, tuple[object, ...]]]] = []
    wrong: list[OSError | UnicodeError] = []

    def ask() -> None:
        try:
            found.append(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as error:
            wrong.append(error)

    thread = threading.Thread(target=ask, name="fvdash-resolve", daemon=True)
    thread.start()
    thread.join(max(0.0, seconds))
    if wrong:
        raise Unreachable(host, "its name is not known") from wrong[0]
    if not found:
        raise TimedOut(host, "its name was not resolved in time")
    return found[0]
