"""The primitives that Python's standard library lacks, written after their RFCs to be read,
not to be used: slow, and not constant-time."""

import hashlib
import hmac


def extract(salt, secret):
    """HKDF-Extract (RFC 5869)."""
    return hmac.digest(salt or bytes(32), secret, "sha256")


def expand(key, info, length):
    """HKDF-Expand (RFC 5869)."""
    out, block = b"", b""
    while len(out) < length:
        block = hmac.digest(key, block + info + bytes([len(out) // 32 + 1]), "sha256")
        out += block
    return out[:length]


def chacha20(key, nonce, count):
    """One block (RFC 8439, section 2.3)."""
    def word(data):
        return [int.from_bytes(data[at:at + 4], "little") for at in range(0, len(data), 4)]

    start = word(b"expand 32-byte k") + word(key) + [count] + word(nonce)
    state = start[:]

    def quarter(a, b, c, d):
        for x, y, z, by in (a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7):
            state[x] = state[x] + state[y] & 0xFFFFFFFF
            mixed = state[z] ^ state[x]
            state[z] = (mixed << by | mixed >> 32 - by) & 0xFFFFFFFF

    for _ in range(10):
        for at in range(4):
            quarter(at, 4 + at, 8 + at, 12 + at)
        for at in range(4):
            quarter(at, 4 + (at + 1) % 4, 8 + (at + 2) % 4, 12 + (at + 3) % 4)
    return b"".join((a + b & 0xFFFFFFFF).to_bytes(4, "little") for a, b in zip(state, start))


def open_aead(key, nonce, bound, sealed):
    """ChaCha20-Poly1305 (RFC 8439, section 2.8)."""
    body, tag = sealed[:-16], sealed[-16:]
    one_time = chacha20(key, nonce, 0)
    clamp = 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    r, s = int.from_bytes(one_time[:16], "little") & clamp, int.from_bytes(one_time[16:32], "little")

    def padded(data):
        return data + bytes(-len(data) % 16)

    lengths = len(bound).to_bytes(8, "little") + len(body).to_bytes(8, "little")
    told, total = padded(bound) + padded(body) + lengths, 0
    for at in range(0, len(told), 16):
        total = (total + int.from_bytes(told[at:at + 16] + b"\1", "little")) * r % (2**130 - 5)
    assert tag == (total + s & 2**128 - 1).to_bytes(16, "little"), "the tag is wrong"
    stream = b"".join(chacha20(key, nonce, 1 + at) for at in range(len(body) // 64 + 1))
    return bytes(a ^ b for a, b in zip(body, stream))


P = 2**255 - 19


def x25519(secret, u=(9).to_bytes(32, "little")):
    """RFC 7748, section 5."""
    scalar = int.from_bytes(secret, "little") & ~7 & 2**255 - 1 | 2**254
    x1 = int.from_bytes(u, "little") & 2**255 - 1
    x2, z2, x3, z3, swapped = 1, 0, x1, 1, 0
    for at in reversed(range(255)):
        bit = scalar >> at & 1
        if bit != swapped:
            x2, z2, x3, z3 = x3, z3, x2, z2
        swapped = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb, aa, bb = d * a, c * b, a * a, b * b
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        e = aa - bb
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swapped:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


class Hpke:
    """RFC 9180: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305, with a PSK."""

    KEM = b"KEM\x00\x20"
    SUITE = b"HPKE\x00\x20\x00\x01\x00\x03"

    @staticmethod
    def extract(suite, salt, label, secret):
        return extract(salt, b"HPKE-v1" + suite + label + secret)

    @staticmethod
    def expand(suite, key, label, info, length):
        return expand(key, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)

    @classmethod
    def derive_key(cls, seed):
        """DeriveKeyPair: secret and public key."""
        secret = cls.expand(cls.KEM, cls.extract(cls.KEM, b"", b"dkp_prk", seed), b"sk", b"", 32)
        return secret, x25519(secret)

    @classmethod
    def open(cls, key_pair, psk, psk_id, info, sealed):
        """A single-shot open with empty associated data."""
        secret, public = key_pair
        encapsulated, ciphertext = sealed[:32], sealed[32:]
        shared = cls.extract(cls.KEM, b"", b"eae_prk", x25519(secret, encapsulated))
        context = encapsulated + public
        shared = cls.expand(cls.KEM, shared, b"shared_secret", context, 32)
        context = b"\1" + cls.extract(cls.SUITE, b"", b"psk_id_hash", psk_id)
        context += cls.extract(cls.SUITE, b"", b"info_hash", info)
        scheduled = cls.extract(cls.SUITE, shared, b"secret", psk)
        key = cls.expand(cls.SUITE, scheduled, b"key", context, 32)
        nonce = cls.expand(cls.SUITE, scheduled, b"base_nonce", context, 12)
        return open_aead(key, nonce, b"", ciphertext)


class Ed25519:
    """RFC 8032, section 5.1: the curve in affine coordinates, for clarity."""

    ORDER = 2**252 + 27742317777372353535851937790883648493
    D = -121665 * pow(121666, P - 2, P) % P

    @classmethod
    def add(cls, p, q):
        (x1, y1), (x2, y2) = p, q
        k = cls.D * x1 * x2 * y1 * y2
        x = (x1 * y2 + x2 * y1) * pow(1 + k, P - 2, P) % P
        return x, (y1 * y2 + x1 * x2) * pow(1 - k, P - 2, P) % P

    @classmethod
    def times(cls, n, p):
        total = (0, 1)
        while n:
            if n & 1:
                total = cls.add(total, p)
            p, n = cls.add(p, p), n >> 1
        return total

    @classmethod
    def decode(cls, data):
        y = int.from_bytes(data, "little") & 2**255 - 1
        square = (y * y - 1) * pow(cls.D * y * y + 1, P - 2, P) % P
        x = pow(square, (P + 3) // 8, P)
        if (x * x - square) % P:
            x = x * pow(2, (P - 1) // 4, P) % P
        assert (x * x - square) % P == 0, "not on the curve"
        return (P - x if x & 1 != data[31] >> 7 else x), y

    @classmethod
    def encode(cls, point):
        return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")

    @classmethod
    def base(cls):
        return cls.decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))

    @classmethod
    def public(cls, seed):
        half = hashlib.sha512(seed).digest()[:32]
        return cls.encode(cls.times(int.from_bytes(half, "little") & ~7 & 2**255 - 1 | 2**254, cls.base()))

    @classmethod
    def verify(cls, public, message, signature):
        r, s = signature[:32], int.from_bytes(signature[32:], "little")
        k = int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % cls.ORDER
        left = cls.times(s, cls.base())
        right = cls.add(cls.decode(r), cls.times(k, cls.decode(public)))
        assert s < cls.ORDER and left == right, "the signature is wrong"
