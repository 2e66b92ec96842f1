"""The command line of test/clients/command-client.ts: what all Python clients share."""

import base64
import sys
import threading


def run(commands):
    """Calls the command named by the first argument with the others; its result ends the process."""
    return commands[sys.argv[1]](*sys.argv[2:])


def sent():
    """The records on standard input: (key, value, [(name, value)])."""
    for line in sys.stdin:
        key, value, headers = line.rstrip("\n").split("\t")
        pairs = [header.split(":") for header in headers.split(";")] if headers else []
        yield _field(key), _field(value), [(_decode(name).decode(), _decode(text)) for name, text in pairs]


def show(offset, key, value, headers):
    """Prints a consumed record."""
    shown = ";".join(f"{_encode(name.encode())}:{_encode(text or b'')}" for name, text in headers or [])
    print(offset, _text(key), _text(value), shown, sep="\t")


class Ended:
    """True once standard input has ended: the sign to leave."""

    def __init__(self):
        self._ended = threading.Event()
        threading.Thread(target=self._wait, daemon=True).start()

    def __bool__(self):
        return self._ended.is_set()

    def _wait(self):
        sys.stdin.buffer.read()
        self._ended.set()


class Assignment:
    """Tells the partitions that a member has, whenever they change."""

    def __init__(self):
        self._shown = None

    def tell(self, partitions):
        if partitions != self._shown:
            self._shown = partitions
            print("assigned", ",".join(str(partition) for partition in sorted(partitions)), flush=True)


def _field(text):
    return None if text == "-" else _decode(text[1:])


def _text(value):
    return "-" if value is None else "=" + _encode(value)


def _decode(text):
    return base64.b64decode(text)


def _encode(value):
    return base64.b64encode(value).decode()
