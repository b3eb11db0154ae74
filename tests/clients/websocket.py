"""The streams of exec and attach as the kubelet's streaming server offers them on a WebSocket (RFC 6455): the first byte of
each message is a channel: 0 standard input, 1 output, 2 error output, 3 the end's status as JSON, 4 the terminal's size."""

import base64
import json
import os
import socket
import urllib.parse


class Streams:
    def __init__(self, url, seconds=30):
        parts = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), seconds)
        key = base64.b64encode(os.urandom(16)).decode()
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                            "Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n".encode())
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        if b" 101 " not in head.splitlines()[0]:
            raise ConnectionError(head.decode() + self.rest.decode())
        self.shown, self.status = {1: b"", 2: b""}, None

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the stream has ended")
        return data

    def exactly(self, size):
        while len(self.rest) < size:
            self.rest += self.more()
        data, self.rest = self.rest[:size], self.rest[size:]
        return data

    def send(self, channel, data):
        data, mask = bytes([channel]) + data, os.urandom(4)
        size = len(data).to_bytes(1, "big") if len(data) < 126 else b"\x7e" + len(data).to_bytes(2, "big")
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        self.socket.sendall(bytes([0x82, size[0] | 0x80]) + size[1:] + mask + masked)

    def receive(self):
        """One message; false at the end."""
        first, size = self.exactly(2)
        size = int.from_bytes(self.exactly({126: 2, 127: 8}[size]), "big") if size in (126, 127) else size
        data = self.exactly(size)
        if first & 15 == 8:
            return False
        if first & 15 in (1, 2) and data:
            if data[0] == 3:
                self.status = json.loads(data[1:] or b"{}")
            else:
                self.shown[data[0]] += data[1:]
        return True

    def until(self, text):
        """Waits until the output contains the text."""
        while text.encode() not in self.shown[1]:
            if not self.receive():
                raise ConnectionError(f"no {text!r} in {self.shown[1]!r}")

    def end(self):
        """Waits for the end; returns the exit code."""
        try:
            while self.receive():
                pass
        except ConnectionError:
            pass
        self.socket.close()
        if self.status is None:
            raise ConnectionError("the streams have ended without a status")
        causes = self.status.get("details", {}).get("causes", [])
        codes = [int(cause["message"]) for cause in causes if cause.get("reason") == "ExitCode"]
        return 0 if self.status.get("status") == "Success" else codes[0] if codes else self.status
