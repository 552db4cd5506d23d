// The least that any process between caller and provider adds on this machine: bytes go on as they come, unread. Arguments: the
// upstream's port, its own.
import { connect, createServer } from 'node:net';

const [upstream, port] = process.argv.slice(2).map(Number) as [number, number];

const server = createServer({ noDelay: true }, (caller) => {
  const provider = connect({ port: upstream, host: '127.0.0.1', noDelay: true });
  for (const [from, to] of [
    [caller, provider],
    [provider, caller],
  ] as const) {
    from.on('data', (bytes) => to.write(bytes));
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
  }
});
process.stdin.on('end', () => process.exit(0)).resume();
server.listen(port, '127.0.0.1', 4096);
