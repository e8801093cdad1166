"""Drives the client of Python: python client.py. It reads commands from standard input, one
JSON object a line, and answers each with one line."""

import asyncio
import json
import logging
import sys
from datetime import timedelta

logging.disable(logging.CRITICAL)


def plain(model):
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


class Modern:
    """Version 2 of the SDK."""

    async def connect(self, url, secret):
        import httpx2
        from mcp import Client
        from mcp.client.streamable_http import streamable_http_client

        http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {secret}"}, timeout=60)
        self.client = Client(streamable_http_client(url, http_client=http), mode="auto")
        self.http = http
        await self.client.__aenter__()
        c = self.client
        return {"revision": c.protocol_version, "session": None, "capabilities": plain(c.server_capabilities),
                "server": plain(c.server_info) if c.server_info else None, "instructions": c.instructions}

    async def list(self):
        return plain(await self.client.list_tools())

    async def call(self, tool, arguments):
        return plain(await self.client.call_tool(tool, arguments))

    async def close(self):
        await self.client.__aexit__(None, None, None)
        await self.http.aclose()
        return {}


class Classic:
    """Version 1 of the SDK. An error of HTTP ends its transport and cancels the task that uses
    it, so a connection has a task of its own."""

    async def connect(self, url, secret):
        self.asked = asyncio.Queue()
        self.task = asyncio.create_task(self.run(url, {"Authorization": f"Bearer {secret}"}))
        return await self.ask(lambda session: session.initialize(), self.connected)

    def connected(self, got):
        return {"revision": got.protocolVersion, "session": self.session_id(), "capabilities": plain(got.capabilities),
                "server": plain(got.serverInfo), "instructions": got.instructions}

    async def run(self, url, headers):
        from mcp import ClientSession
        from mcp.client.streamable_http import streamablehttp_client

        async with streamablehttp_client(url, headers=headers) as (read, write, self.session_id):
            async with ClientSession(read, write, read_timeout_seconds=timedelta(seconds=10)) as session:
                while (question := await self.asked.get()) is not None:
                    request, answer = question
                    try:
                        answer.set_result(await request(session))
                    except Exception as e:
                        answer.set_exception(e)

    async def ask(self, request, shape=plain):
        answer = asyncio.get_running_loop().create_future()
        await self.asked.put((request, answer))
        await asyncio.wait({answer, self.task}, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return shape(answer.result())
        await self.task
        raise ConnectionError("the connection ended")

    async def list(self):
        return await self.ask(lambda session: session.list_tools())

    async def call(self, tool, arguments):
        return await self.ask(lambda session: session.call_tool(tool, arguments))

    async def close(self):
        await self.asked.put(None)
        await asyncio.wait({self.task})
        return {}


def flat(e):
    """Returns the errors of nested groups."""
    if isinstance(e, BaseExceptionGroup):
        return [one for inner in e.exceptions for one in flat(inner)]
    return [e]


def problem(e):
    e = flat(e)[-1]
    response = getattr(e, "response", None)
    code = getattr(e, "code", None) or getattr(getattr(e, "error", None), "code", None)
    return {"kind": type(e).__name__, "message": str(e), "code": code,
            "status": getattr(response, "status_code", None), "data": getattr(e, "data", None)}


async def main():
    try:
        from mcp import Client as _
        client = Modern()
    except ImportError:
        client = Classic()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        try:
            answer = {"result": await getattr(client, command.pop("op"))(**command)}
        except BaseException as e:  # a group of errors is no Exception
            answer = {"error": problem(e)}
        print(json.dumps(answer, default=str), flush=True)


asyncio.run(main())
