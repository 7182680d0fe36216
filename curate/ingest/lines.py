"""A stream cut at line feeds: what JSON Lines and crawl archives are read with."""

from curate.ingest.streams import BLOCK, Stream


class Lines:
    """A stream cut at line feeds, with a bound on what is held, and room to read blocks in between."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._kept = b""
        self._at = 0
        self.offset = 0
        """Where the next line or block starts, in uncompressed bytes."""

    def line(self, limit: int) -> tuple[bytes, int]:
        """The next line with its line feed, and its length; a longer one comes without its bytes.

        The length is 0 only at the end.
        """
        end = self._kept.find(b"\n", self._at)
        if end < 0:
            return self._long(limit)
        line = self._kept[self._at : end + 1]
        self._at = end + 1
        self.offset += len(line)
        return (line, len(line)) if len(line) <= limit else (b"", len(line))

    def whole(self) -> bytes:
        """The lines that are at hand whole, with their line feeds: none at first, and where the next one is not."""
        end = self._kept.rfind(b"\n", self._at) + 1
        if end <= self._at:
            return b""
        found = self._kept[self._at : end]
        self._at = end
        self.offset += len(found)
        return found

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end."""
        block = self._kept[self._at : self._at + size]
        self._at += len(block)
        if len(block) < size:
            block += self._stream.read(size - len(block))
        self.offset += len(block)
        return block

    def peek(self, size: int) -> bytes:
        """What `read` would give, left where it is."""
        if len(self._kept) - self._at < size:
            self.unread(self.read(size))
        return self._kept[self._at : self._at + size]

    def unread(self, block: bytes) -> None:
        """Put bytes back in front of what is to come."""
        self._kept = block + self._kept[self._at :]
        self._at = 0
        self.offset -= len(block)

    def skip(self, size: int) -> int:
        """Pass over `size` bytes; how many there were."""
        done = 0
        while done < size:
            block = len(self.read(min(size - done, BLOCK)))
            if not block:
                break
            done += block
        return done

    def _long(self, limit: int) -> tuple[bytes, int]:
        parts = [self._kept[self._at :]]
        length = len(parts[0])
        while block := self._stream.block():
            end = block.find(b"\n")
            piece = block if end < 0 else block[: end + 1]
            length += len(piece)
            if length <= limit:
                parts.append(piece)
            else:
                parts.clear()
            if end >= 0:
                self._kept, self._at = block, end + 1
                break
        else:
            self._kept, self._at = b"", 0
        self.offset += length
        return (b"".join(parts) if length <= limit else b""), length
