import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A wire between a process and a server that can be cut. */
export interface TcpProxy {
  /** `host:port` */
  address: string;
  /** Drops what is connected and refuses what comes. */
  cut(): void;
  /** What is connected stays so and goes nowhere any more, as where a machine is gone; what comes is passed on. */
  freeze(): void;
  /** What comes is passed on again. */
  mend(): void;
  stop(): Promise<void>;
}

/** Listens on a free port and passes bytes on to `target` (`host:port`). */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const [host, port] = target.split(':') as [string, string];
  const open = new Set<Socket>();
  const frozen = new WeakSet<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) return void near.destroy();
    const far = connect(Number(port), host);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        open.delete(from);
        if (!frozen.has(from)) to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const drop = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      isCut = true;
      drop();
    },
    freeze() {
      for (const socket of open) {
        frozen.add(socket);
        // What comes on it is read and thrown away, its end too.
        socket.unpipe().resume();
      }
    },
    mend: () => void (isCut = false),
    async stop() {
      drop();
      server.close();
      await once(server, 'close');
    },
  };
}
