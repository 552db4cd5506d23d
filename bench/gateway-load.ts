// Load over raw sockets, each asking again as soon as it is answered: a client library would cost more than what is
// measured. By number of
// calls, not by time: a busy machine makes a run longer, and leaves programs as warm as an idle one does. Arguments:
// port, calls, connections, path, headers (JSON), body. Prints one JSON line.
import { connect } from 'node:net';

const [port, calls, connections, path, headers, body] = process.argv.slice(2) as [string, string, string, string, string, string];
const more = Object.entries(JSON.parse(headers) as Record<string, string>).map(([name, value]) => `${name}: ${value}\r\n`);
const request = Buffer.from(
  `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${more.join('')}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
);
const END_OF_CHUNKS = Buffer.from('\r\n0\r\n\r\n');
const TOKEN = Buffer.from('tok0');
const latencies: number[] = [];
const firstTokens: number[] = [];
let failed = 0;
let open = Number(connections);
let toAsk = Number(calls);
const start = performance.now();

/** Whether the bytes are one whole HTTP answer. */
function isWhole(bytes: Buffer): boolean {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /content-length: (\d+)/i.exec(bytes.toString('latin1', 0, end))?.[1];
  if (length !== undefined) return bytes.length >= end + 4 + Number(length);
  return bytes.subarray(-END_OF_CHUNKS.length).equals(END_OF_CHUNKS);
}

for (let index = 0; index < Number(connections); index++) {
  const socket = connect(Number(port), '127.0.0.1');
  socket.setNoDelay(true);
  let began = 0;
  let got: Buffer | null = null;
  let tokenSeen = false;
  const ask = () => {
    toAsk--;
    began = performance.now();
    got = null;
    tokenSeen = false;
    socket.write(request);
  };
  socket.on('connect', ask);
  socket.on('data', (bytes) => {
    got = got === null ? bytes : Buffer.concat([got, bytes]);
    if (!tokenSeen && got.includes(TOKEN)) {
      tokenSeen = true;
      firstTokens.push(performance.now() - began);
    }
    if (!isWhole(got)) return;
    const now = performance.now();
    latencies.push(now - began);
    if (!got.subarray(0, 12).equals(Buffer.from('HTTP/1.1 200'))) failed++;
    if (toAsk > 0) ask();
    else socket.end();
  });
  socket.on('error', () => failed++);
  socket.on('close', () => {
    if (--open > 0) return;
    const at = (of: number[], share: number) => Number((of.toSorted((a, b) => a - b)[Math.floor(of.length * share)] ?? 0).toFixed(3));
    console.log(
      JSON.stringify({
        calls: latencies.length,
        failed,
        seconds: Number(((performance.now() - start) / 1000).toFixed(3)),
        p50Ms: at(latencies, 0.5),
        p99Ms: at(latencies, 0.99),
        ttftP50Ms: firstTokens.length > 0 ? at(firstTokens, 0.5) : null,
      }),
    );
  });
}
