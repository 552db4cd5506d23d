import { readFileSync } from 'node:fs';
import type { Environment } from '../../contracts/environment.ts';
import type { Part } from '../../contracts/names.ts';
import { homePaths } from '../../platform/home.ts';
import { Stillhouse } from '../sdk/index.ts';
import { CliError } from './cli-error.ts';

/** Where the commands go, and with which key. */
export interface Connection {
  url: string;
  client: Stillhouse;
  /** Parts of the local stack; null where the gateway was named by an address. */
  parts: Part[] | null;
}

/** STILLHOUSE_URL and STILLHOUSE_API_KEY, else the stack of the local home: no configuration beside it. */
export function connect(env: Environment, named: { url?: string | undefined; project?: string | undefined }): Connection {
  const url = named.url ?? env.STILLHOUSE_URL;
  const parts = url === undefined ? localParts(env) : null;
  const address = url ?? gatewayOf(parts ?? [], env);
  return { url: address, parts, client: new Stillhouse({ url: address, apiKey: keyFor(env), project: named.project }) };
}

function localParts(env: Environment): Part[] {
  const paths = homePaths(env);
  try {
    return JSON.parse(readFileSync(paths.parts, 'utf8')) as Part[];
  } catch (cause) {
    throw new CliError(
      `No stack runs here: ${paths.home} has none. Start one with "stillhouse up", or name a gateway with STILLHOUSE_URL.`,
      { cause },
    );
  }
}

function gatewayOf(parts: readonly Part[], env: Environment): string {
  const gateway = parts.find((part) => part.name === 'gateway');
  if (gateway?.address && parts.some((part) => part.pid !== null)) return gateway.address;
  throw new CliError(`The stack of ${homePaths(env).home} is stopped. Start it with "stillhouse up".`);
}

function keyFor(env: Environment): string {
  const given = env.STILLHOUSE_API_KEY ?? env.STILLHOUSE_ADMIN_KEY;
  if (given) return given;
  const path = homePaths(env).adminKey;
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new CliError(`There is no key: set STILLHOUSE_API_KEY, or start a stack here, which makes ${path}.`, { cause });
  }
}
