#!/usr/bin/env python3
"""Computes the known answers again, by the design alone and without any of our code.

Python's standard library, and `primitives.py` for what it lacks. Not checked: the words of a
fingerprint (the list of BIP 39 isn't at hand; the bits that choose them are), and that every
other input is refused.
"""

import hashlib
import json
import pathlib
import sys

from primitives import Ed25519, Hpke, expand, extract, open_aead

HERE = pathlib.Path(__file__).resolve().parent


def answers(topic):
    return json.loads((HERE / f"{topic}.json").read_text())


def raw(text):
    return bytes.fromhex(text)


def number(value, length):
    return value.to_bytes(length, "big")


def H(label, *parts):
    sized = b"".join(number(len(part), 8) + part for part in parts)
    return hashlib.sha256(b"tchat/v1 " + label + b"\0" + sized).digest()


def E(key, label, context=b"", length=32):
    return expand(key, b"tchat/v1 " + label + b"\0" + context, length)


def same(got, known, what):
    if got != (raw(known) if isinstance(got, bytes) else known):
        sys.exit(f"{what}: {got.hex() if isinstance(got, bytes) else got}, not {known}")


def signed(label, rid, form):
    return b"tchat/v1 sig " + rid + H(label, form)


def check_rooms():
    private, public = answers("rooms")["private"], answers("rooms")["public"]
    prk = extract(b"tchat/v1 private room", raw(private["secret"]))
    same(E(prk, b"rid")[:16], private["rid"], "rid")
    for room, prk in (private, prk), (public, extract(b"tchat/v1 public room", raw(public["rid"]))):
        same(E(prk, b"psk"), room["psk"], "psk")
        same(E(E(prk, b"gate"), b"hello"), room["gate_mac_of_nothing"], "gate")


def check_hellos():
    room = answers("rooms")["private"]
    gate = E(extract(b"tchat/v1 private room", raw(room["secret"])), b"gate")
    for hello in answers("hellos"):
        rid, public = raw(hello["rid"]), raw(hello["sign_public"])
        same(Ed25519.public(raw(hello["sign_seed"])), hello["sign_public"], "public key")
        same(H(b"node", rid, public)[:10], hello["id"], "id")
        same(Hpke.derive_key(raw(hello["kem_seed"]))[1], hello["kem_public"], "KEM key")
        body = b"\1" + public + number(hello["kem_generation"], 4) + raw(hello["kem_public"])
        same(body, hello["body"], "body")
        same(E(gate, b"hello", body), hello["mac"], "mac")
        message = signed(b"hello", rid, body + raw(hello["mac"]))
        Ed25519.verify(public, message, raw(hello["signature"]))
        same(H(b"fingerprint", rid, public)[:11], hello["fingerprint_bits"], "fingerprint")


def epoch_prk(rid, psk, head, secret):
    return extract(H(b"mint", rid, head), secret + psk)


def check_mints():
    for mint in answers("mints"):
        rid, psk, minter = raw(mint["rid"]), raw(mint["psk"]), raw(mint["minter"])
        audience = sorted((raw(node), generation) for node, generation in mint["audience"].items())
        head = b"\1" + bytes([mint["lock"]]) + minter + number(mint["lamport"], 8)
        head += number(len(audience), 2)
        head += b"".join(node + number(generation, 4) for node, generation in audience)
        same(head, mint["head"], "head")
        context = H(b"mint", rid, head)
        same(context, mint["context"], "context")
        prk = epoch_prk(rid, psk, head, raw(mint["secret"]))
        commit = E(prk, b"epoch-commit")
        same(commit, mint["commitment"], "commitment")
        same(commit[:16], mint["epoch"], "epoch")
        for node, _ in audience:
            same(E(prk, b"chain", node), mint["chains"][node.hex()], "chain")
        if mint["lock"]:
            same(E(prk, b"gate"), mint["gate"], "gate")
        others = [node for node, _ in audience if node != minter]
        for node, sealed in zip(others, mint["sealed"], strict=True):
            pair = Hpke.derive_key(raw(mint["kem_seeds"][node.hex()]))
            opened = Hpke.open(pair, psk, rid, b"tchat/v1 seal" + context + node, raw(sealed))
            same(opened, mint["secret"], "sealed secret")
        form = head + commit + b"".join(map(raw, mint["sealed"]))
        message = signed(b"mint", rid, form)
        Ed25519.verify(raw(mint["sign_public"]), message, raw(mint["signature"]))


def check_messages():
    messages = answers("messages")
    chain = raw(messages["chain"])
    for count, step in enumerate(messages["steps"]):
        same(count, step["step"], "step")
        key = E(chain, b"msg")
        same(key, step["message_key"], "message key")
        out = E(key, b"aead", length=76)
        same(out[:32], step["aead_key"], "AEAD key")
        same(out[32:44], step["aead_nonce"], "AEAD nonce")
        same(out[44:], step["commitment"], "commitment")
        chain = E(chain, b"next")


def check_frames():
    frame = answers("frames")
    rid, author = raw(frame["rid"]), raw(frame["author"])
    head = raw(frame["mint_head"])
    prk = epoch_prk(rid, raw(frame["psk"]), head, raw(frame["epoch_secret"]))
    same(E(prk, b"epoch-commit")[:16], frame["epoch"], "epoch")
    clock = sorted((raw(node), count) for node, count in frame["clock"].items())
    causal = number(frame["lamport"], 8) + number(len(clock), 8)
    causal += b"".join(node + number(count, 8) for node, count in clock) + raw(frame["past"])
    header = b"\1" + author + raw(frame["epoch"]) + number(frame["number"], 8)
    header += number(frame["step"], 4) + b"\0" + number(len(causal), 8) + causal
    same(header, frame["header"], "header")
    out = E(E(E(prk, b"chain", author), b"msg"), b"aead", length=76)
    same(out[44:], frame["commitment"], "commitment")
    padded = open_aead(out[:32], out[32:44], rid + header, raw(frame["body"]))

    def text(value):
        assert len(value.encode()) < 24
        return bytes([0x60 + len(value.encode())]) + value.encode()

    # CBOR: a list of one map of three.
    batch = b"\x81\xa3" + text("kind") + text("text") + text("text") + text(frame["text"])
    batch += text("at") + bytes([frame["at"]])
    same(padded, (batch + b"\x80" + bytes(255 - len(batch))).hex(), "padded batch")
    body = raw(frame["body"])
    form = header + raw(frame["commitment"]) + number(len(body), 8) + body
    same(form, frame["signed_form"], "signed form")
    same(H(b"frame", form), frame["content_hash"], "content hash")
    message = signed(b"frame", rid, form)
    Ed25519.verify(raw(frame["sign_public"]), message, raw(frame["signature"]))


for check in check_rooms, check_hellos, check_mints, check_messages, check_frames:
    check()
print("all known answers agree")
