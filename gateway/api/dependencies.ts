import type { Client } from '@temporalio/client';
import type { WebhookConfig } from '../../contracts/webhooks.ts';
import type { Overview, TargetInfo } from '../../contracts/http.ts';
import type { Logger } from '../../platform/logger.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import type { ProjectSnapshots } from '../aliases/snapshot-holder.ts';
import type { ReplayCall } from '../chat/replay-call.ts';
import type { SecretBox } from '../keys/secret-box.ts';
import type { ProviderStandings } from '../providers/provider-standings.ts';

/** What the control plane works with; made once by the gateway's composition. */
export interface ApiDeps {
  clickhouse: ClickHouseClient;
  /** For exports, which may be silent for long; default: the same. */
  exportClickhouse?: ClickHouseClient;
  /** A connected client; throws `unavailable` where Temporal is down. */
  temporal: () => Promise<Client>;
  snapshots: ProjectSnapshots;
  artifacts: ArtifactStore;
  /** Seals keys of providers under `STILLHOUSE_MASTER_KEY`. */
  secretBox: SecretBox;
  /** The providers that the configuration names, as they stand. */
  providers: ProviderStandings;
  /** What can be called, at what price, and why not where it can't. */
  targets: (project: string) => TargetInfo[];
  spool: () => Promise<Overview['spool']>;
  /** Makes a recorded call once more. */
  replay: ReplayCall;
  /** Address of Temporal's UI, where one is known. */
  temporalUi: string | null;
  /** Uploads are gathered here until they are whole. */
  temporaryFolder: string;
  /** Ids of the base models that the configuration names. */
  bases: readonly string[];
  /** Ids of the student servers that the configuration names, `local` left out. */
  studentServers: readonly string[];
  /** Who is told of clusters that are worth distilling. */
  webhooks: readonly WebhookConfig[];
  /** What an hour of a device costs, for estimates. */
  rates: { coreHourUsd: number; gpuHourUsd: number };
  /** Milliseconds since 1970. */
  now: () => number;
  log: Logger;
}
