import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import type { GatewayAccess } from '../distil/gateway-targets.ts';

/** What the stages of hosted students work with. */
export interface HostedDeps {
  clickhouse: ClickHouseClient;
  artifacts: ArtifactStore;
  gateway: GatewayAccess;
  temporaryFolder: string;
  /** Milliseconds since 1970. */
  now: () => number;
}
