import { Webhook } from 'standardwebhooks';
import { Agent, request } from 'undici';
import type { Cluster, ClusterRun } from '../contracts/clusters.ts';
import { StillhouseError } from '../contracts/errors.ts';
import { type DeliverWebhookInput, WEBHOOK_EVENTS, type WebhookConfig, type WebhookDelivery } from '../contracts/webhooks.ts';
import { FEWEST_ROWS } from '../core/dataset/dataset-checks.ts';
import { contentHash } from '../platform/content-hash.ts';
import { addressRefusal, publicLookup } from '../platform/private-address.ts';
import type { ArtifactStore } from '../store/artifacts/artifact-store.ts';
import { clusterEdits, withEdit } from '../store/clickhouse/cluster-edits.ts';
import { newestClusterRuns, readClusterRun } from '../store/clickhouse/cluster-runs.ts';
import { type ClusterViewDeps, clustersOf } from '../store/clickhouse/project-clusters.ts';
import { readJson } from './clusters/work-files.ts';
import { publishOnce } from './encoder/encoder-deps.ts';

/** An address that takes longer is asked again later. */
const TIMEOUT_MS = 10_000;

export interface WebhookDeps extends ClusterViewDeps {
  artifacts: ArtifactStore;
  webhooks: readonly WebhookConfig[];
  /** Value of an environment variable. */
  secret: (name: string) => string | undefined;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** One address and what it is to be told of. */
export interface Notice {
  webhook: string;
  cluster: { id: string; run: string };
}

export type WebhookActivities = ReturnType<typeof createWebhookActivities>;

export function createWebhookActivities(deps: WebhookDeps) {
  return {
    /**
     * What a run has found, or assigned to, that is worth distilling, and who was not told of it yet. Safe to retry because it
     * only reads.
     */
    async clustersToAnnounce({ state }: { state: ClusterRun }): Promise<Notice[]> {
      const { project, scope, input } = state;
      const told = deps.webhooks.filter(({ projects }) => projects === undefined || projects.includes(project));
      if (told.length === 0) return [];
      const finder =
        input.mode === 'cluster' ? state : (await newestClusterRuns(deps.clickhouse, project)).find((run) => run.scope === scope);
      const clusters = finder ? await clustersOf(deps, finder) : [];
      const found: Notice[] = [];
      for (const { id: webhook, minSavingUsdPerMonth } of told)
        for (const { id, run } of clusters.filter((cluster) => isWorth(cluster, minSavingUsdPerMonth)))
          if (!(await deps.artifacts.find(noticeKey(project, webhook, id)))) found.push({ webhook, cluster: { id, run } });
      return found;
    },

    /**
     * Sends one event. Safe to retry because all attempts carry the same `webhook-id`, by which who receives them tells them apart
     * from another event: one whose answer was lost is sent again.
     */
    async deliverWebhook(input: DeliverWebhookInput): Promise<WebhookDelivery> {
      const config = deps.webhooks.find(({ id }) => id === input.webhook);
      if (!config)
        throw new StillhouseError('not_found', `There is no webhook "${input.webhook}" in the configuration of the worker.`, {
          param: 'webhook',
        });
      const { project, webhook, cluster } = input;
      if (cluster === null) {
        const id = `msg_${contentHash([project, webhook, deps.now()]).slice(0, 32)}`;
        return {
          webhook,
          event: WEBHOOK_EVENTS.test,
          id,
          status: await send(deps, config, id, { type: WEBHOOK_EVENTS.test, data: { project } }),
        };
      }
      const id = `msg_${contentHash([project, webhook, cluster.id]).slice(0, 32)}`;
      const event = WEBHOOK_EVENTS.worthDistilling;
      // An earlier attempt's, whose end Temporal did not hear of.
      const key = noticeKey(project, webhook, cluster.id);
      const told = await deps.artifacts.find(key);
      if (told) return await readJson<WebhookDelivery>(deps.artifacts, told);
      const run = await readClusterRun(deps.clickhouse, project, cluster.run);
      const found = run && (await clustersOf(deps, run)).find((one) => one.id === cluster.id);
      if (!found) return { webhook, event, id, status: 'skipped' };
      const edits = await clusterEdits(deps.clickhouse, project);
      const described = wordsOf(withEdit(found, edits.get(found.id)));
      const status = await send(deps, config, id, { type: event, data: { project, cluster: described } });
      const delivery: WebhookDelivery = { webhook, event, id, status };
      await publishOnce(deps.artifacts, key, delivery);
      return delivery;
    },
  };
}

/** Something that one small student can do, at a saving, with calls enough for a dataset: each is told of once, so not too soon. */
function isWorth({ size, task, savingUsdPerMonth }: Cluster, minUsd: number): boolean {
  return size >= FEWEST_ROWS && task.student !== null && savingUsdPerMonth !== null && savingUsdPerMonth >= minUsd;
}

/** There once an address was told of a cluster. */
function noticeKey(project: string, webhook: string, clusterId: string): string {
  return `webhooks/${project}/${webhook}/${clusterId}.json`;
}

function wordsOf({ id, name, description, size, share, costUsd, savingUsdPerMonth, coherence, task, alias }: Cluster) {
  return { id, name, description, alias, size, share, costUsd, savingUsdPerMonth, coherence, student: task.student };
}

/** Sends as Standard Webhooks says, follows no redirect; answers with the status that took it. */
async function send(deps: WebhookDeps, config: WebhookConfig, id: string, event: { type: string; data: object }): Promise<number> {
  const refusal = addressRefusal(`Webhook "${config.id}"`, config.url, config.allowPrivateAddress);
  if (refusal) throw refusal;
  const at = new Date(deps.now());
  const body = JSON.stringify({ type: event.type, timestamp: at.toISOString(), data: event.data });
  const headers = { 'content-type': 'application/json', 'user-agent': 'stillhouse-webhooks', ...signed(deps, config, { id, at, body }) };
  const dispatcher = new Agent({ connect: { timeout: TIMEOUT_MS, ...(config.allowPrivateAddress ? {} : { lookup: publicLookup }) } });
  try {
    const answer = await request(config.url, {
      method: 'POST',
      headers,
      body,
      dispatcher,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
    answer.body.on('error', () => undefined).destroy();
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer.statusCode;
    throw new StillhouseError('upstream_invalid', `Webhook "${config.id}" answered ${answer.statusCode}.`, {
      // Standard Webhooks: who answers 410 wants no more.
      retryable: answer.statusCode !== 410,
    });
  } catch (error) {
    if (error instanceof StillhouseError) throw error;
    throw new StillhouseError('upstream_unreachable', `Webhook "${config.id}" could not be reached: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    await dispatcher.destroy();
  }
}

function signed(deps: WebhookDeps, { id: webhook, secretEnv }: WebhookConfig, { id, at, body }: { id: string; at: Date; body: string }) {
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at.getTime() / 1000)) };
  if (secretEnv === undefined) return headers;
  const secret = deps.secret(secretEnv);
  if (!secret)
    throw new StillhouseError('invalid_request', `Webhook "${webhook}" is signed by ${secretEnv}, which is not set where the worker runs.`);
  return { ...headers, 'webhook-signature': signature(webhook, secret, id, at, body) };
}

function signature(webhook: string, secret: string, id: string, at: Date, body: string): string {
  try {
    return new Webhook(secret).sign(id, at, body);
  } catch (error) {
    throw new StillhouseError('invalid_request', `Webhook "${webhook}": its secret must be base64, with whsec_ before it or not.`, {
      cause: error,
    });
  }
}
