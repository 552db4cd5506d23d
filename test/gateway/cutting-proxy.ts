import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands before ClickHouse and breaks what it is told to break. */
export interface CuttingProxy {
  url: string;
  /** `cut-answers`: inserts reach ClickHouse and are done there, and the connection is cut before the answer is passed on. */
  mode: 'pass' | 'cut-answers' | 'refuse';
  /** Inserts that ClickHouse has done and whose answer was cut. */
  cut: number;
  /** Waited for at each insert, before ClickHouse has it and once it is done there; `lost`: it never gets there, or its answer never comes back. */
  atInsert: ((table: string, moment: 'before' | 'done') => Promise<'lost' | void>) | null;
  /** Inserts that went through with their answer. */
  passed: number;
  stop(): Promise<void>;
}

/** Listens on a free port before that ClickHouse. */
export async function startCuttingProxy(clickhouse: () => string): Promise<CuttingProxy> {
  const server = createServer((request, response) => {
    if (proxy.mode === 'refuse') return void request.socket.destroy();
    const target = new URL(request.url!, clickhouse());
    // The mode counts when the insert came, not when it was done.
    const cutting =
      proxy.mode === 'cut-answers' && request.method === 'POST' && (target.searchParams.get('query') ?? '').startsWith('INSERT');
    const insert = (target.searchParams.get('query') ?? '').startsWith('INSERT');
    const table = /^INSERT INTO `?(?:\w+`?\.`?)?(\w+)/.exec(target.searchParams.get('query') ?? '')?.[1] ?? '';
    const at = (moment: 'before' | 'done') => (insert && proxy.atInsert ? proxy.atInsert(table, moment) : Promise.resolve());
    const onward = httpRequest(target, { method: request.method, headers: { ...request.headers, host: target.host } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (bytes: Buffer) => chunks.push(bytes));
      answer.on('end', async () => {
        const fate = await at('done');
        if (fate === 'lost' || (cutting && answer.statusCode === 200)) {
          proxy.cut++;
          request.socket.destroy();
          return;
        }
        if (insert && answer.statusCode === 200) proxy.passed++;
        response.writeHead(answer.statusCode!, answer.headers);
        response.end(Buffer.concat(chunks));
      });
    });
    onward.on('error', () => request.socket.destroy());
    void at('before').then((fate) => (fate === 'lost' ? request.socket.destroy() : request.pipe(onward)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: CuttingProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mode: 'pass',
    atInsert: null,
    cut: 0,
    passed: 0,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
