r"""Proves an export of SiteLedger: python verify.py [FOLDER]. Needs Python 3.11 or newer and nothing else.

It uses no code of SiteLedger, so that whoever doubts the program need not trust it. What it checks:

files      each has the SHA-256 that SHA256SUMS gives it
events     each is what its leaf in a seal says:
           SHA-256(00 | position 8 | version 8 | bytes of topic 4 | bytes of state 4 | stream 16 | topic | state)
seals      each has the hash that follows from it, and names the hash of the one before it:
           SHA-256(01 | first position 8 | last position 8 | previous hash 32 | SHA-256(leaves))
keys       each was signed by the one before: Ed25519 over "siteledger key 1\n{public}\n{predecessor}"
heads      each was signed by a key: Ed25519 over "siteledger head 1\n{position}\n{hash}\n{moment}\n{key}"
bodies     each has the SHA-256 that events name it by, or is what the event of its redaction says

Numbers are unsigned, the highest byte first. Exit status: 0 nothing was changed, 5 something was, 2 no export.
"""

import base64
import json
import re
import sqlite3
import sys
from collections.abc import Iterator
from hashlib import sha256, sha512
from pathlib import Path
from struct import error, pack
from typing import Any, cast
from uuid import UUID

FORMAT = 1
NEEDED = ("manifest.json", "events.jsonl", "contents.jsonl", "seals.jsonl", "heads.jsonl", "keys.jsonl")
REDACTED = "contents.redacted.1"
MOST = 1000
Document = dict[str, Any]


class Changed(Exception):
    """A line that can't be what was written."""


class Report:
    """What was found, and what was looked at. `findings` are (kind, position, words)."""

    def __init__(self) -> None:
        self.findings: list[tuple[str, int, str]] = []
        self.notes: list[str] = []
        self.events = self.seals = self.contents = self.heads = 0
        self.keys: list[str] = []
        self.head = ""

    def add(self, kind: str, position: int, words: str) -> None:
        """One finding."""
        if len(self.findings) < MOST:
            self.findings.append((kind, position, words))


# -- Ed25519, after RFC 8032, section 5.1 ----------------------------------------------------------

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)
Point = tuple[int, int, int, int]
_KEY = 32  # bytes


def _add(a: Point, b: Point) -> Point:
    e = (a[1] - a[0]) * (b[1] - b[0]) % _P
    f = (a[1] + a[0]) * (b[1] + b[0]) % _P
    g = 2 * a[3] * b[3] * _D % _P
    h = 2 * a[2] * b[2] % _P
    return (f - e) * (h - g) % _P, (h + g) * (f + e) % _P, (h - g) * (h + g) % _P, (f - e) * (f + e) % _P


def _times(number: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = _add(result, point)
        point = _add(point, point)
        number >>= 1
    return result


def _same(a: Point, b: Point) -> bool:
    return (a[0] * b[2] - b[0] * a[2]) % _P == 0 and (a[1] * b[2] - b[1] * a[2]) % _P == 0


def _point(raw: bytes) -> Point | None:
    y = int.from_bytes(raw, "little")
    sign = y >> 255
    y &= (1 << 255) - 1
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


_Y = 4 * pow(5, _P - 2, _P) % _P
_BASE = _point(_Y.to_bytes(32, "little"))


def signed_by(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the owner of a public key signed a message."""
    if (len(public), len(signature)) != (_KEY, 2 * _KEY) or _BASE is None:
        return False
    key, point = _point(public), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or point is None or scalar >= _L:
        return False
    challenge = int.from_bytes(sha512(signature[:32] + public + message).digest(), "little") % _L
    return _same(_times(scalar, _BASE), _add(point, _times(challenge, key)))


# -- lines -----------------------------------------------------------------------------------------


def lines_of(file: Path, report: Report) -> Iterator[Document]:
    """The documents of a file, each exactly as it was written; a line that is not so is a finding."""
    if not file.is_file():
        return
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                document: Any = json.loads(line)
                if not isinstance(document, dict) or written(cast("Document", document)) != line:
                    raise Changed("it is not as it was written")
            except (ValueError, RecursionError, Changed) as problem:
                report.add("line", 0, f"line {number} of {file.name} was changed: {problem}")
            else:
                yield cast("Document", document)


def written(document: Document) -> bytes:
    """A document as a line of an export."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _hex(text: Any, size: int | None = None) -> bytes:
    raw = bytes.fromhex(text)
    if raw.hex() != text or (size is not None and len(raw) != size):
        raise Changed("a hash of it was changed")
    return raw


def _body(line: Document) -> bytes:
    if "text" in line:
        return line["text"].encode()
    raw = base64.b64decode(line["base64"], validate=True)
    if base64.b64encode(raw).decode() != line["base64"]:
        raise Changed("its base64 was changed")
    return raw


_BAD = (Changed, KeyError, TypeError, ValueError, AttributeError, error, OverflowError)


# -- files -----------------------------------------------------------------------------------------


def check_files(folder: Path, report: Report) -> None:
    """Every file that SHA256SUMS names is what it says, and what is needed is named."""
    sums = folder / "SHA256SUMS"
    named: set[str] = set()
    for number, line in enumerate(sums.read_bytes().split(b"\n") if sums.is_file() else [], 1):
        if not line:
            continue
        found = re.fullmatch(rb"([0-9a-f]{64})  ([A-Za-z0-9_.-]+)", line)
        if found is None:
            report.add("file", 0, f"line {number} of SHA256SUMS was changed")
            continue
        name = found[2].decode()
        named.add(name)
        if not (folder / name).is_file():
            report.add("file", 0, f"{name} is missing")
        elif _digest(folder / name) != found[1].decode():
            report.add("file", 0, f"{name} is not what SHA256SUMS says: one of the two was changed")
    for name in NEEDED:
        if name not in named:
            report.add("file", 0, f"SHA256SUMS does not name {name}")


def _digest(file: Path) -> str:
    hashed = sha256()
    with file.open("rb") as content:
        while piece := content.read(1 << 20):
            hashed.update(piece)
    return hashed.hexdigest()


# -- keys and heads --------------------------------------------------------------------------------


def check_keys(folder: Path, report: Report) -> dict[str, bytes]:
    """The keys that follow one from another; their names."""
    keys: dict[str, bytes] = {}
    newest = ""
    for line in lines_of(folder / "keys.jsonl", report):
        try:
            public = _hex(line["public"], 32)
            name = sha256(public).hexdigest()[:16]
            message = f"siteledger key 1\n{line['public']}\n{newest}".encode()
            if line["key"] != name or line["predecessor"] != newest:
                raise Changed("it does not follow the key before it")
            if newest and not signed_by(keys[newest], _hex(line["signature"], 64), message):
                raise Changed("the key before it did not sign it")
            keys[name] = public
            newest = name
        except _BAD as problem:
            report.add("key", 0, f"the key {line.get('key')} proves nothing: {problem}")
    report.keys = list(keys)
    return keys


def check_heads(folder: Path, keys: dict[str, bytes], report: Report) -> dict[int, bytes]:
    """The heads that a key signed: position -> hash of the seal that ends there."""
    heads: dict[int, bytes] = {}
    for line in lines_of(folder / "heads.jsonl", report):
        try:
            position, key = line["position"], line["key"]
            message = f"siteledger head 1\n{position}\n{line['hash']}\n{line['moment']}\n{key}".encode()
            if key not in keys:
                raise Changed(f"nobody knows the key {key}")
            if not signed_by(keys[key], _hex(line["signature"], 64), message):
                raise Changed("its key did not sign it")
            heads[position] = _hex(line["hash"], 32)
        except _BAD as problem:
            where = line.get("position")
            report.add("head", 0, f"the head of {line.get('moment')} over {where} proves nothing: {problem}")
    return heads


# -- events and seals ------------------------------------------------------------------------------


class Chain:
    """Seals in order, and the events under them as they come."""

    def __init__(self, folder: Path, manifest: Document, heads: dict[int, bytes], report: Report) -> None:
        self.damaged = False
        self._lines = lines_of(folder / "seals.jsonl", report)
        self._report = report
        self._heads = heads
        self._proved: set[int] = set()
        self._every = range(int(manifest["first"]), int(manifest["last"]) + 1) if manifest["complete"] else range(0)
        self._seal: tuple[int, int, list[bytes]] | None = None
        self._end: tuple[int, bytes] | None = None
        self._expected = 0
        self._uncovered: list[int] = []
        self._covered = 0

    def leaf(self, position: int) -> bytes | None:
        """The leaf of an event, None where no seal holds it. Events that had to come before it are said to miss."""
        while self._seal is None or self._seal[1] < position:
            if not self._next():
                return None
        first, _, leaves = self._seal
        if position > self._covered:
            self._uncovered = [*self._uncovered[:1], position]
        self._lost(position)
        self._expected = position + 1
        return leaves[position - first] if first <= position < first + len(leaves) else None

    def end(self) -> None:
        """The rest of the seals, and events that had to come under them."""
        while self._next():
            pass
        self._break()
        for position in self._heads.keys() - self._proved:
            self._report.add("head", position, f"no seal that ends at {position} fits its signed head")

    def _lost(self, upto: int) -> None:
        for position in range(max(self._expected, self._every.start), min(upto, self._every.stop)):
            self._report.add("missing", position, f"event {position} is missing: it was taken out")

    def _next(self) -> bool:
        if self._seal is not None:
            self._lost(self._seal[1] + 1)
            self._seal = None
        for line in self._lines:
            try:
                self._take(line)
            except _BAD as problem:
                words = f"the seal over {line.get('first')} to {line.get('last')} was changed: {problem}"
                self._report.add("seal", 0, words)
                self.damaged, self._end = True, None
            else:
                return True
        return False

    def _take(self, line: Document) -> None:
        first, last = line["first"], line["last"]
        leaves = _hex(line["leaves"]) if "leaves" in line else b""
        covered = sha256(leaves).digest() if leaves else _hex(line["leaves_sha256"], 32)
        previous, hashed = _hex(line["previous"], 32), _hex(line["hash"], 32)
        if leaves and len(leaves) != 32 * (last - first + 1):
            raise Changed("it has not as many leaves as events")
        if sha256(b"\x01" + pack(">QQ", first, last) + previous + covered).digest() != hashed:
            raise Changed("its hash does not follow from it")
        if self._end is not None and self._end[1] != previous:
            if self._end[0] + 1 == first:
                raise Changed("it does not follow the seal before it")
            self._break()
        self._report.seals += 1
        self._expected = first
        self._seal = first, last, [leaves[at : at + 32] for at in range(0, len(leaves), 32)]
        self._end = last, hashed
        self._settle(last, hashed)

    def _settle(self, last: int, hashed: bytes) -> None:
        """Everything up to here is under a signed head."""
        if last not in self._heads:
            return
        if self._heads[last] != hashed:
            self._report.add("head", last, f"the seal that ends at {last} is not the one that was signed")
        else:
            self._report.heads += 1
            self._report.head = f"{last}:{hashed.hex()}"
            self._covered = last
        self._proved.add(last)
        self._uncovered = [position for position in self._uncovered if position > last]

    def _break(self) -> None:
        if self._uncovered:
            words = f"events {self._uncovered[0]} to {self._uncovered[-1]} are sealed, but under no signed head so far"
            self._report.notes.append(words)
        self._uncovered = []


def leaf_of(line: Document) -> bytes:
    """The leaf that follows from an event."""
    stream = UUID(line["stream"])
    if str(stream) != line["stream"]:
        raise Changed("the id of its stream was changed")
    topic = line["topic"].encode()
    state = line["state"].encode() if "state" in line else base64.b64decode(line["state_base64"], validate=True)
    head = pack(">cQQII", b"\x00", line["position"], line["version"], len(topic), len(state))
    return sha256(head + stream.bytes + topic + state).digest()


def check_events(folder: Path, manifest: Document, heads: dict[int, bytes], book: Any, report: Report) -> None:
    """Every event is what its seal says; what it names is noted."""
    chain = Chain(folder, manifest, heads, report)
    before = 0
    for line in lines_of(folder / "events.jsonl", report):
        report.events += 1
        position: Any = line.get("position")
        try:
            if not isinstance(position, int) or position <= before:
                raise Changed(f"it can't stand behind event {before}")
            before = position
            sealed = chain.leaf(position)
            if sealed is None and not chain.damaged:
                raise Changed("no seal holds it")
            if sealed not in {None, leaf_of(line)}:
                raise Changed("it is not what its seal says")
            note(line, manifest["names"], book)
        except _BAD as problem:
            at = position if isinstance(position, int) else before + 1
            words = f"event {position} ({line.get('topic')}, stream {line.get('stream')}) was changed: {problem}"
            report.add("changed", at, words)
    chain.end()


# -- bodies ----------------------------------------------------------------------------------------


def note(line: Document, names: dict[str, list[str]], book: Any) -> None:
    """Keep which bodies an event names."""
    topic = line["topic"]
    if topic != REDACTED and topic not in names:
        return
    event = json.loads(line["state"])
    if topic == REDACTED:
        forms = event.get("forms") or [""] * len(event["contents"])
        book.executemany("INSERT OR REPLACE INTO redacted VALUES (?, ?)", zip(event["contents"], forms, strict=True))
    for field in names.get(topic, ()):
        if event.get(field):
            book.execute("INSERT OR IGNORE INTO named VALUES (?, ?, ?)", (event[field], line["position"], topic))


def check_contents(folder: Path, book: Any, report: Report) -> None:
    """Every body is what its digest says, and every one that an event names is there."""
    for line in lines_of(folder / "contents.jsonl", report):
        name = line.get("sha256")
        report.contents += 1
        try:
            found = sha256(_body(line)).hexdigest()
            if line["redacted"]:
                row = book.execute("SELECT form FROM redacted WHERE name = ?", (name,)).fetchone()
                if row is None:
                    raise Changed("it is marked as redacted, and no event says so")
                if row[0] and row[0] != found:
                    raise Changed("it is not what its redaction left")
            elif found != name:
                raise Changed("it is not what its digest says")
        except _BAD as problem:
            row = book.execute("SELECT position, topic FROM named WHERE name = ?", (str(name),)).fetchone()
            by = f"; event {row[0]} ({row[1]}) names it" if row else ""
            report.add("content", row[0] if row else 0, f"the content {name} was changed: {problem}{by}")
        book.execute("DELETE FROM named WHERE name = ?", (str(name),))
    for name, position, topic in book.execute("SELECT name, position, topic FROM named ORDER BY position"):
        report.add("content", position, f"the content {name} is missing; event {position} ({topic}) names it")


# -- all together ----------------------------------------------------------------------------------


def verify(folder: Path) -> Report:
    """Prove a folder. Raises FileNotFoundError where it holds no export."""
    report = Report()
    if not (folder / "manifest.json").is_file() or not (folder / "SHA256SUMS").is_file():
        message = f"{folder} holds no export: manifest.json or SHA256SUMS is missing"
        raise FileNotFoundError(message)
    check_files(folder, report)
    try:
        manifest: Document = json.loads((folder / "manifest.json").read_bytes())
        if manifest["format"] != FORMAT:
            raise Changed(f"it is of format {manifest['format']}, and this script reads {FORMAT}")
        _ = int(manifest["first"]), int(manifest["last"]), bool(manifest["complete"]), dict(manifest["names"])
    except _BAD as problem:
        report.add("file", 0, f"manifest.json can't be read: {problem}")
        manifest = {"first": 1, "last": 0, "complete": False, "names": {}}
    heads = check_heads(folder, check_keys(folder, report), report)
    book = sqlite3.connect("", isolation_level=None)
    book.execute("CREATE TABLE named (name TEXT PRIMARY KEY, position INTEGER, topic TEXT) WITHOUT ROWID")
    book.execute("CREATE TABLE redacted (name TEXT PRIMARY KEY, form TEXT) WITHOUT ROWID")
    try:
        check_events(folder, manifest, heads, book, report)
        check_contents(folder, book, report)
    finally:
        book.close()
    return report


def main() -> int:
    """Print what was found; the exit status."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    try:
        report = verify(folder)
    except FileNotFoundError as problem:
        print(problem, file=sys.stderr)
        return 2
    for _, _, words in report.findings:
        print(words)
    for words in report.notes:
        print(f"note: {words}")
    outcome = f"{len(report.findings)} findings" if report.findings else "Nothing was changed"
    print(f"{outcome}: {report.events} events, {report.seals} seals, {report.contents} bodies, {report.heads} heads.")
    if report.head:
        print(f"Last signed head: {report.head}")
    print(f"Keys: {', '.join(report.keys) or 'none'}. Compare them with what you noted.")
    return 5 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
