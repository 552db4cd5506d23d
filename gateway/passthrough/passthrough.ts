import type { Configuration } from '../../contracts/configuration.ts';
import type { Environment } from '../../contracts/environment.ts';
import { homePaths } from '../../platform/home.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import type { DataPlane } from '../chat/data-plane.ts';
import type { CallHandler } from '../chat/make-call.ts';
import { openBatches } from '../batches/open-batches.ts';
import { WaitingRoom } from './held-bytes.ts';
import { listOf } from './list-objects.ts';
import { media } from './media.ts';
import { createBatch, createFile, oneObject, type ObjectHandler, type ObjectParts, type OneObject } from './object-calls.ts';
import { jsonObject, ProviderObjects } from './objects.ts';
import { OPERATIONS } from './operations.ts';

/** Handlers of what is OpenAI's and not chat. */
export interface Passthrough {
  /** By their paths. */
  posts: ReadonlyMap<string, CallHandler>;
  /** With an id in their path, or lists. */
  ofObjects: readonly { method: 'GET' | 'POST' | 'DELETE'; path: string; handler: ObjectHandler }[];
  /** Of batches that are under way; their looks end within so long. */
  close(graceMs: number): Promise<void>;
}

/** So many of the largest uploads may wait on the disk. */
const WAITING_UPLOADS = 4;

interface Settings {
  env: Environment;
  configuration: Configuration;
}

/** Files, batches, images, audio and moderations: passed through to providers of OpenAI's shape, and traced. */
export function createPassthrough({ env, configuration }: Settings, plane: DataPlane, clickhouse: ClickHouseClient): Passthrough {
  const objects = new ProviderObjects(clickhouse, plane.now);
  const batches = openBatches({ plane, objects, clickhouse, pollMs: configuration.limits.batchPollMs });
  // Chat asks whose the files are that it names.
  plane.files = objects;
  const { maxUploadBytes } = configuration.limits;
  const room = new WaitingRoom(homePaths(env).tmp, WAITING_UPLOADS * maxUploadBytes);
  const parts: ObjectParts = { plane, objects, maxUploadBytes, room, batches: batches.records, heardOf: batches.heardOf };
  const onBatch: OneObject['onAnswer'] = async (caller, { provider }, text) => {
    await objects.written(caller, provider, text);
    batches.heardOf(caller.project, provider, text);
  };
  return {
    close: (graceMs) => batches.close(graceMs),
    posts: new Map<string, CallHandler>([
      ...OPERATIONS.map((operation) => [`/v1${operation.path}`, media(parts, operation)] as const),
      ['/v1/files', createFile(parts)],
      ['/v1/batches', createBatch(parts)],
    ]),
    ofObjects: [
      { method: 'GET', path: '/v1/files', handler: listOf(parts, 'file') },
      {
        method: 'GET',
        path: '/v1/files/:id',
        handler: oneObject(parts, { kind: 'file', method: 'GET', onAnswer: () => Promise.resolve() }),
      },
      { method: 'GET', path: '/v1/files/:id/content', handler: oneObject(parts, { kind: 'file', method: 'GET', suffix: '/content' }) },
      {
        method: 'DELETE',
        path: '/v1/files/:id',
        handler: oneObject(parts, {
          kind: 'file',
          method: 'DELETE',
          // What a batch used stands in the file that it wrote.
          before: async ({ project }, { purpose, provider }) =>
            purpose === 'batch_output' ? batches.settle(project, provider) : undefined,
          onAnswer: async (caller, object, text) => {
            if (jsonObject(text)?.['deleted'] !== false) await objects.gone(caller.project, object);
          },
        }),
      },
      { method: 'GET', path: '/v1/batches', handler: listOf(parts, 'batch') },
      {
        method: 'GET',
        path: '/v1/batches/:id',
        handler: oneObject(parts, {
          kind: 'batch',
          method: 'GET',
          onAnswer: onBatch,
        }),
      },
      {
        method: 'POST',
        path: '/v1/batches/:id/cancel',
        handler: oneObject(parts, {
          kind: 'batch',
          method: 'POST',
          suffix: '/cancel',
          onAnswer: onBatch,
        }),
      },
    ],
  };
}
