#!/usr/bin/env python3
"""Asks a language server what an editor would: `ask.py SERVER FOLDER`. FOLDER has the stubs; a recipe is opened in it,
and the server must complete primitives, options, keys of a container and fields of handles, and underline a mistake."""
import json
import pathlib
import subprocess
import sys

# The position of the cursor (a | in the line), and the completions that must be offered.
ASKED = [
    ("tiny.mount_|", {"mount_bind", "mount_proc", "mount_overlay", "mount_tmpfs"}),
    ('tiny.bridge("td0", { | })', {"addr", "mtu", "mac_address", "netns"}),
    ('tiny.clone({ | }, function() end)', {"pid", "mount", "net", "cgroup"}),
    ('require("tiny.container").new { | }', {"command", "memory", "on_exit", "health"}),
    ('tiny.cgroup("web"):|', {"attach", "set_memory_limit", "stats", "freeze"}),
]
MISTAKE = 'local b = tiny.bridge("td0", { adr = "10.10.0.1/24" })'


class Server:
    """A language server at the far side of two pipes (the protocol of editors, JSON-RPC)."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.last = 0

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def receive(self):
        length = 0
        while (line := self.process.stdout.readline().strip()):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if not length:
            sys.exit("stubs: the language server ended")
        return json.loads(self.process.stdout.read(length))

    def until(self, wanted):
        """The first message that is wanted; what the server asks meanwhile gets an empty answer."""
        while True:
            message = self.receive()
            if "method" in message and "id" in message:
                asked = message.get("params", {}).get("items", [])
                answer = [None for _ in asked] if message["method"] == "workspace/configuration" else None
                self.send({"id": message["id"], "result": answer})
            elif wanted(message):
                return message

    def ask(self, method, params):
        self.last += 1
        number = self.last
        self.send({"id": number, "method": method, "params": params})
        return self.until(lambda m: m.get("id") == number and "method" not in m).get("result")

    def tell(self, method, params):
        self.send({"method": method, "params": params})


def main(program, folder):
    folder = pathlib.Path(folder).resolve()
    uri = (folder / "opened.lua").as_uri()
    lines = [line.replace("|", "") for line, _ in ASKED] + [MISTAKE]
    text = "\n".join(lines) + "\n"
    (folder / "opened.lua").write_text(text)
    server = Server(program)
    place = {"uri": folder.as_uri(), "name": "recipes"}
    can = {"textDocument": {"completion": {}, "publishDiagnostics": {}}, "workspace": {"configuration": True, "workspaceFolders": True}}
    server.ask("initialize", {"processId": None, "rootUri": place["uri"], "workspaceFolders": [place], "capabilities": can})
    server.tell("initialized", {})
    server.tell("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "lua", "version": 1, "text": text}})
    told = server.until(lambda m: m.get("method") == "textDocument/publishDiagnostics" and m["params"]["uri"] == uri and m["params"]["diagnostics"])
    at = len(ASKED)
    wrong = [d["message"] for d in told["params"]["diagnostics"] if d["range"]["start"]["line"] == at]
    wrong = [message for message in wrong if "tiny.bridge.options" in message]
    if not wrong:
        sys.exit(f"stubs: the mistake in line {at + 1} is not underlined: {told['params']['diagnostics']}")
    print(f"stubs: underlined: {wrong[0]}")
    for row, (line, wanted) in enumerate(ASKED):
        answer = server.ask("textDocument/completion", {"textDocument": {"uri": uri}, "position": {"line": row, "character": line.index("|")}})
        items = answer["items"] if isinstance(answer, dict) else answer or []
        labels = {item["label"].split("(")[0].split(" ")[0].rstrip("?") for item in items}
        if not wanted <= labels:
            sys.exit(f"stubs: {line}: not completed: {sorted(wanted - labels)}; offered are {sorted(labels)[:40]}")
        print(f"stubs: {line}  {', '.join(sorted(wanted))} … of {len(labels)}")
    server.ask("shutdown", None)
    server.tell("exit", None)


main(*sys.argv[1:3])
