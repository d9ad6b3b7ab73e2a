"""Section 1 of docs/FORMATS.md: types with one byte form each, and hashes with a domain tag."""

import hashlib

ZERO = bytes(32)


class Wrong(Exception):
    """Something is not what the formats, the genesis or the signatures say."""


# What reading a value of another shape than expected raises.
MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError)


def demand(holds, sentence):
    if not holds:
        raise Wrong(sentence)


def unhex(text, what):
    demand(isinstance(text, str) and text == text.lower(), f"{what} is not lower-case hexadecimal")
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Wrong(f"{what} is not hexadecimal") from None


# --- 1. Conventions: borsh, hashes ---------------------------------------------------------------------------------------------


class Reader:
    def __init__(self, data):
        self.data, self.place = data, 0

    def take(self, count):
        end = self.place + count
        demand(end <= len(self.data), f"bytes are missing: {end - len(self.data)} more were announced")
        taken, self.place = self.data[self.place : end], end
        return taken


class Form:
    """A type: what writes and reads its values."""

    def bytes(self, value):
        return b"".join(self.write(value))

    def value(self, data):
        reader = Reader(data)
        value = self.read(reader)
        demand(reader.place == len(data), f"{len(data) - reader.place} bytes are left over")
        return value


class Number(Form):
    def __init__(self, length):
        self.length = length

    def write(self, value):
        fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << (8 * self.length)
        demand(fits, f"{value!r} is no number of {8 * self.length} bits")
        return [value.to_bytes(self.length, "little")]

    def read(self, reader):
        return int.from_bytes(reader.take(self.length), "little")


class Flag(Form):
    def write(self, value):
        demand(isinstance(value, bool), f"{value!r} is neither true nor false")
        return [bytes([value])]

    def read(self, reader):
        number = reader.take(1)[0]
        demand(number < 2, f"the byte of a flag is {number}")
        return number == 1


class Fixed(Form):
    def __init__(self, length):
        self.length = length

    def write(self, value):
        demand(len(value) == self.length, f"{len(value)} bytes where {self.length} belong")
        return [bytes(value)]

    def read(self, reader):
        return reader.take(self.length)


class Many(Form):
    """A list of values; of bytes where no form of a value is given."""

    def __init__(self, most, form=None):
        self.most, self.form = most, form

    def write(self, value):
        demand(len(value) <= self.most, f"{len(value)} values or bytes, at most {self.most} are allowed")
        head = len(value).to_bytes(4, "little")
        if self.form is None:
            return [head, bytes(value)]
        return [head] + [part for item in value for part in self.form.write(item)]

    def read(self, reader):
        count = int.from_bytes(reader.take(4), "little")
        demand(count <= self.most, f"{count} values or bytes are announced, at most {self.most} are allowed")
        return reader.take(count) if self.form is None else [self.form.read(reader) for _ in range(count)]


class Option(Form):
    def __init__(self, form):
        self.form = form

    def write(self, value):
        return [b"\0"] if value is None else [b"\1", *self.form.write(value)]

    def read(self, reader):
        flag = reader.take(1)[0]
        demand(flag < 2, f"the byte of an option is {flag}")
        return self.form.read(reader) if flag else None


class Record(Form):
    def __init__(self, **fields):
        self.fields = fields

    def write(self, value):
        demand(set(value) == set(self.fields), f"the fields {sorted(value)} should be {sorted(self.fields)}")
        return [part for name, form in self.fields.items() for part in form.write(value[name])]

    def read(self, reader):
        return {name: form.read(reader) for name, form in self.fields.items()}


class Variant(Form):
    """Values are {name: fields}."""

    def __init__(self, **forms):
        self.forms, self.names = forms, list(forms)

    def write(self, value):
        (name, fields), = value.items()
        demand(name in self.forms, f"there is no variant {name}")
        return [bytes([self.names.index(name)]), *self.forms[name].write(fields)]

    def read(self, reader):
        number = reader.take(1)[0]
        demand(number < len(self.names), f"there is no variant {number}")
        return {self.names[number]: self.forms[self.names[number]].read(reader)}


U8, U16, U32, U64, U128 = (Number(length) for length in (1, 2, 4, 8, 16))
BOOL = Flag()
HASH, ADDRESS, KEY, SIGNATURE, BLS_KEY, BLS_SIGNATURE = (Fixed(length) for length in (32, 20, 33, 64, 96, 48))


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def tag(name):
    return name.encode().ljust(16, b"\0")


def tagged(name, *parts):
    return sha256(tag(name), *parts)


def ripemd160(data):
    try:
        return hashlib.new("ripemd160", data).digest()
    except ValueError:
        raise Wrong("this Python's OpenSSL has no RIPEMD-160: use one that has") from None


def hash160(data):
    return ripemd160(sha256(data))
