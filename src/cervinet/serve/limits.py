"""How much a request may bring."""

from dataclasses import dataclass

_BODIES = 8
"""Of full size that are held at a time."""


@dataclass(frozen=True)
class Limits:
    """What the service takes.

    Attributes:
        upload: bytes of the body of a request.
        idle: seconds without a byte of a body after which its sender is given up.
        images: pictures in a request.
        pixels: of a picture, as its header announces them.
        queue: pictures that wait for the network, at least `images`.
    """

    upload: int = 64 << 20
    idle: float = 30.0
    images: int = 64
    pixels: int = 64_000_000
    queue: int = 256

    @property
    def held(self) -> int:
        """Bytes of the bodies of all requests that are under way."""
        return _BODIES * self.upload

    @property
    def picture(self) -> int:
        """Bytes of a picture that comes by itself in base64, with room for what is around it."""
        return (self.upload - 10_000) * 3 // 4
