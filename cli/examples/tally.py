#!/usr/bin/env python3
"""A bot in Python: counts who says how much, tells it when asked for the "tally", and leaves
when it is told "bye, bots".

    CHAT_INVITE=chat1-… cli/examples/tally.py
"""
import collections
import json
import subprocess
import sys

chat = subprocess.Popen(
    ["chat", "join", "--json", "--nick", "tally", *sys.argv[1:]],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
)


def send(**command):
    """One JSON object a line."""
    print(json.dumps(command), file=chat.stdin, flush=True)


me, nicks, said = None, {}, collections.Counter()
for line in chat.stdout:
    event = json.loads(line)
    match event["event"]:
        case "ready":
            me = event["node"]
        case "member":
            nicks[event["node"]] = event["nick"]
        case "message" if event["node"] != me:
            # A nick decides nothing: people are told apart by their nodes.
            node = event["node"]
            nicks[node], said[node] = event["nick"], said[node] + 1
            if event["backfill"]:
                continue
            if event["text"] == "tally":
                send(say=", ".join(f"{nicks[node]}: {n}" for node, n in said.most_common()))
            elif event["text"] == "bye, bots":
                send(leave=True)

sys.exit(chat.wait())
