// Drives a client of TypeScript: node node.mjs PACKAGE. It reads commands from standard input,
// one JSON object a line, and answers each with one line.
import { createInterface } from "node:readline";

const name = process.argv[2];
const split = name === "@modelcontextprotocol/client"; // version 2 has a package for clients alone
const { Client } = await import(split ? name : `${name}/client/index.js`);
const { StreamableHTTPClientTransport } = await import(split ? name : `${name}/client/streamableHttp.js`);

let client;

const commands = {
  async connect({ url, secret }) {
    client = new Client({ name: "verify", version: "1.0.0" }, { capabilities: {}, versionNegotiation: { mode: "auto" } });
    const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { Authorization: `Bearer ${secret}` } } });
    let spoken; // version 1 does not tell its program the revision
    let receive;
    if (!split) {
      Object.defineProperty(transport, "onmessage", {
        get: () => receive,
        set: (f) => {
          receive = (message, ...more) => {
            spoken = message.result?.protocolVersion ?? spoken;
            f(message, ...more);
          };
        },
      });
    }
    await client.connect(transport);
    return {
      revision: client.getNegotiatedProtocolVersion?.() ?? spoken,
      session: transport.sessionId ?? null,
      capabilities: client.getServerCapabilities(),
      server: client.getServerVersion(),
      instructions: client.getInstructions(),
    };
  },
  list: () => client.listTools(),
  call: ({ tool, arguments: args }) => client.callTool({ name: tool, arguments: args }),
  async close() {
    await client.close();
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  let answer;
  try {
    answer = { result: (await commands[command.op](command)) ?? null };
  } catch (e) {
    answer = { error: { kind: e.constructor.name, message: e.message, code: e.code, status: e.status ?? e.data?.status, data: e.data } };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
