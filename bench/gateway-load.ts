// Load over raw sockets, each asking again as soon as it is answered: a client library would cost more than what is
// measured. By number of
// calls, not by time: a busy machine makes a run longer, and leaves programs as warm as an idle one does. Arguments:
// port, calls, connections, path, key, body. Prints one JSON line.
import { connect } from 'node:net';

const [port, calls, connections, path, key, body] = process.argv.slice(2) as [string, string, string, string, string, string];
const request = Buffer.from(
  `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
);
const END_OF_CHUNKS = Buffer.from('\r\n0\r\n\r\n');
const latencies: number[] = [];
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
  const ask = () => {
    toAsk--;
    began = performance.now();
    got = null;
    socket.write(request);
  };
  socket.on('connect', ask);
  socket.on('data', (bytes) => {
    got = got === null ? bytes : Buffer.concat([got, bytes]);
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
    latencies.sort((a, b) => a - b);
    const at = (share: number) => Number((latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(3));
    console.log(
      JSON.stringify({
        calls: latencies.length,
        failed,
        seconds: Number(((performance.now() - start) / 1000).toFixed(3)),
        p50Ms: at(0.5),
        p99Ms: at(0.99),
      }),
    );
  });
}
