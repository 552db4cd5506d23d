import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { Logger } from '../../platform/logger.ts';
import { createEmbedderPool, type EmbedderPool } from '../../serving/embedder-pool.ts';
import type { GatewayAccess } from '../distil/gateway-targets.ts';
import { openGatewayEmbedder } from './gateway-embedder.ts';

/** What embeds the intents of traces. */
export interface IntentEmbedderSetting {
  /** `STILLHOUSE_EMBEDDER`: what is used where nothing else is set. */
  embedderFolder: string;
  /** `STILLHOUSE_CLUSTER_EMBEDDER`: a folder (`/…`, `./…`) of another sentence model, or `provider/model` by the gateway. */
  clusterEmbedder?: string | undefined;
  gateway: GatewayAccess;
  threads?: number;
  log: Logger;
}

/** Opens what embeds the intents of a project's traces; who opens it closes it. */
export async function openIntentEmbedder(setting: IntentEmbedderSetting, project: string, signal?: AbortSignal): Promise<EmbedderPool> {
  const { embedderFolder, clusterEmbedder, gateway, threads = availableParallelism(), log } = setting;
  const isFolder = clusterEmbedder === undefined || /^[./]/u.test(clusterEmbedder);
  if (!isFolder) return openGatewayEmbedder(gateway, { project, target: clusterEmbedder }, signal);
  return createEmbedderPool({ embedderFolder: clusterEmbedder === undefined ? embedderFolder : resolve(clusterEmbedder), threads, log });
}
