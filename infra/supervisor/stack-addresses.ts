import type { Environment } from '../../contracts/environment.ts';
import { freePort } from '../processes/ports.ts';

/** Where every part of one stack listens: chosen once, the same for all restarts. Null: that part is external. */
export interface StackAddresses {
  gateway: { host: string; port: number; url: string };
  clickhouse: { port: number; url: string } | null;
  temporal: { port: number; uiPort: number; address: string; uiUrl: string } | null;
  studentServer: { port: number; url: string } | null;
}

/** A port of the stack, with the variable that sets it. */
export interface StackPort {
  part: string;
  port: number;
  host: string;
  variable: string;
}

/** Takes the ports that are set, and free ones where 0 is. */
export async function chooseAddresses(env: Environment): Promise<StackAddresses> {
  const taken = new Set<number>();
  const choose = async (port: number, host = '127.0.0.1') => {
    const chosen = port === 0 ? await freePort(host, taken) : port;
    taken.add(chosen);
    return chosen;
  };
  const host = env.STILLHOUSE_HOST;
  const gateway = await choose(env.STILLHOUSE_PORT, host);
  const addresses: StackAddresses = {
    gateway: { host, port: gateway, url: gatewayUrl(host, gateway) },
    clickhouse: null,
    temporal: null,
    studentServer: null,
  };
  if (!env.CLICKHOUSE_URL) {
    const port = await choose(env.STILLHOUSE_CLICKHOUSE_PORT);
    addresses.clickhouse = { port, url: `http://127.0.0.1:${port}` };
  }
  if (!env.TEMPORAL_ADDRESS) {
    const port = await choose(env.STILLHOUSE_TEMPORAL_PORT);
    const uiPort = await choose(env.STILLHOUSE_TEMPORAL_UI_PORT);
    addresses.temporal = { port, uiPort, address: `127.0.0.1:${port}`, uiUrl: `http://127.0.0.1:${uiPort}` };
  }
  if (!env.STILLHOUSE_STUDENT_URLS) {
    const port = await choose(env.STILLHOUSE_STUDENT_SERVER_PORT);
    addresses.studentServer = { port, url: `http://127.0.0.1:${port}` };
  }
  return addresses;
}

/** The ports that this stack will listen on. */
export function stackPorts({ gateway, clickhouse, temporal, studentServer }: StackAddresses): StackPort[] {
  const ports: StackPort[] = [{ part: 'the gateway', port: gateway.port, host: gateway.host, variable: 'STILLHOUSE_PORT' }];
  const host = '127.0.0.1';
  if (clickhouse) ports.push({ part: 'ClickHouse', port: clickhouse.port, host, variable: 'STILLHOUSE_CLICKHOUSE_PORT' });
  if (temporal) {
    ports.push({ part: 'Temporal', port: temporal.port, host, variable: 'STILLHOUSE_TEMPORAL_PORT' });
    ports.push({ part: "Temporal's UI", port: temporal.uiPort, host, variable: 'STILLHOUSE_TEMPORAL_UI_PORT' });
  }
  if (studentServer) ports.push({ part: 'the student server', port: studentServer.port, host, variable: 'STILLHOUSE_STUDENT_SERVER_PORT' });
  return ports;
}

/** How a process on this machine reaches a gateway that listens there. */
export function gatewayUrl(host: string, port: number): string {
  return `http://${reachable(host)}:${port}`;
}

function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::' || host === '') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
