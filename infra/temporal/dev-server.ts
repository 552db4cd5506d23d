import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { SEARCH_ATTRIBUTES } from '../../contracts/names.ts';

/** Where one development server keeps its data and listens. */
export interface DevServer {
  folder: string;
  port: number;
  uiPort: number;
}

/** The arguments of `temporal` that start it; makes its folder. */
export function devServerArguments(server: DevServer): string[] {
  mkdirSync(server.folder, { recursive: true });
  const attributes = Object.values(SEARCH_ATTRIBUTES).flatMap((name) => ['--search-attribute', `${name}=Keyword`]);
  const listen = ['--ip', '127.0.0.1', '--port', String(server.port), '--ui-ip', '127.0.0.1', '--ui-port', String(server.uiPort)];
  const data = ['--db-filename', devServerData(server.folder)];
  // Neither the machine's own configuration nor anything outside may change what starts here.
  const alone = ['--disable-config-file', '--disable-config-env', '--ui-disable-news-fetch'];
  // Tasks that wait are taken in turn by their fairness keys: projects share a GPU. Turns are kept within a partition of a
  // queue, and one partition is plenty for one machine.
  const settings = ['matching.enableFairness=true', 'matching.numTaskqueueReadPartitions=1', 'matching.numTaskqueueWritePartitions=1'];
  const fair = settings.flatMap((setting) => ['--dynamic-config-value', setting]);
  return ['server', 'start-dev', ...listen, ...data, ...alone, ...fair, '--log-level', 'warn', '--log-format', 'json', ...attributes];
}

/** The SQLite file of a server's folder. */
export function devServerData(folder: string): string {
  return join(folder, 'temporal.sqlite');
}

/** Two servers on one SQLite file corrupt it, and the server itself takes no lock: its starter holds this one. */
export function devServerLock(folder: string): string {
  return join(folder, 'server.lock');
}

/**
 * Whether workflows can be started: the frontend answers for the namespace. (The UI and the port answer earlier.)
 * Loads the client only now, for it costs a third of a second.
 */
export async function isDevServerReady(address: string): Promise<boolean> {
  const { Connection } = await import('@temporalio/client');
  try {
    const connection = await Connection.connect({ address, connectTimeout: '1s' });
    try {
      await connection.workflowService.describeNamespace({ namespace: 'default' });
      return true;
    } finally {
      await connection.close();
    }
  } catch {
    return false;
  }
}
