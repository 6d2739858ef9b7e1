"""Makes ``twist broadcast`` known. Nothing of ours is imported before it is chosen."""

from twisted.application.service import ServiceMaker

broadcast = ServiceMaker(
    "broadcast",
    "broadcast.tap",
    "Broadcast lines: what any client says, all the others hear at once.",
    "broadcast",
)
