import type { AddressInfo, Server } from 'node:net';
import { StillhouseError } from '../contracts/errors.ts';

export interface ListenOptions {
  host: string;
  /** 0: any that is free. */
  port: number;
  /**
   * Whether other processes of this gateway listen there too (`SO_REUSEPORT`): the kernel gives connections out, and resets
   * those of a process that dies. By way of the primary, as `node:cluster` has it, a connection that was on its way to such a
   * process would stay open without anybody to answer.
   */
  shared: boolean;
}

/** Resolves with the address once it listens; a port that is taken is a `conflict`. */
export function listen(server: Server, { host, port, shared }: ListenOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(refusal(error, host, port)));
    server.listen({ port, host, backlog: 4096, ...(shared ? { reusePort: true, exclusive: true } : {}) }, () => {
      const { port: bound } = server.address() as AddressInfo;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${bound}`);
    });
  });
}

function refusal(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE')
    return new StillhouseError(
      'conflict',
      `Port ${port} of ${host} is taken: stop what listens there, or set STILLHOUSE_PORT to another one (0 = any free)`,
    );
  if (error.code === 'ENOTSUP')
    return new StillhouseError(
      'invalid_request',
      'STILLHOUSE_GATEWAY_PROCESSES: processes can not share a port on this system; Linux can.',
    );
  return error;
}
