import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

/** What a server sends for one request: pieces one after the other, then it leaves the connection be, closes it in order, or resets it. */
export interface Script {
  pieces: readonly Buffer[];
  ending: 'stay' | 'close' | 'reset';
}

export interface ScriptedServer {
  origin: string;
  /** Played for the next requests. */
  script: Script;
  /** How many connections have been made. */
  connections: number;
  stop(): Promise<void>;
}

/** A server that answers every request by its script, byte for byte; it does not understand HTTP beyond a request's length. */
export async function startScriptedServer(): Promise<ScriptedServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    scripted.connections++;
    sockets.add(socket);
    let text = '';
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (end < 0 || text.length < end + 4 + length) return;
      text = text.slice(end + 4 + length);
      void play(socket, scripted.script);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const scripted: ScriptedServer = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    script: { pieces: [], ending: 'stay' },
    connections: 0,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return scripted;
}

async function play(socket: Socket, { pieces, ending }: Script): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    socket.write(piece);
    // Each arrives by itself.
    if (pieces.length > 1) await turn();
  }
  if (ending === 'close') socket.end();
  if (ending === 'reset') {
    await new Promise((resolve) => socket.write('', resolve));
    await turn();
    socket.resetAndDestroy();
  }
}
