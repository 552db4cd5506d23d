import { StillhouseError } from '../../contracts/errors.ts';
import type { ProviderBatch } from '../../store/clickhouse/provider-batches.ts';
import { heldText } from '../passthrough/pass-call.ts';
import { jsonObject } from '../passthrough/objects.ts';
import { isObject } from '../providers/chat-fields.ts';
import { CancelSignal } from '../providers/cancel-signal.ts';
import type { PassedAnswer, Provider } from '../providers/provider.ts';
import { type BatchShare, BatchShares, readResults } from './batch-results.ts';

/** After these a batch uses nothing more. */
const ENDED = new Set(['completed', 'failed', 'expired', 'cancelled']);

/** A batch as its provider says it stands. */
export type BatchObject = Readonly<Record<string, unknown>>;

/** Whether it has ended, by its provider's word. */
export function hasEnded(batch: BatchObject): boolean {
  return ENDED.has(String(batch['status']));
}

/** Asks how it stands. Throws what keeps it from being told now; a later try may do better. */
export async function askBatch(provider: Provider, id: string): Promise<BatchObject> {
  const path = `/batches/${encodeURIComponent(id)}`;
  const answer = await get(provider, path);
  const batch = jsonObject(await heldText(answer, provider.id));
  if (answer.status !== 200 || batch?.['id'] !== id) throw untold(provider, path, answer.status);
  return batch;
}

/**
 * What its answers used, model by model. Its output file is read line by line, but for embeddings of one model, whose vectors are long and
 * whose price goes by their sum; where the file is gone, what the batch itself says counts. Throws where neither can be told now.
 */
export async function usedBy(provider: Provider, { models, endpoint }: ProviderBatch, batch: BatchObject): Promise<BatchShare[]> {
  const priced = { provider, models, endpoint };
  const whole = new BatchShares(priced);
  const saysWhole = whole.addWhole(batch);
  if (saysWhole && endpoint === '/v1/embeddings' && models.length === 1) return whole.all();
  const file = batch['output_file_id'];
  if (typeof file !== 'string' || file === '') {
    if (saysWhole) return whole.all();
    if (hasAnswers(batch)) throw new StillhouseError('unavailable', `Provider "${provider.id}" does not say where the batch's answers are`);
    return [];
  }
  const path = `/files/${encodeURIComponent(file)}/content`;
  const answer = await get(provider, path);
  try {
    if (answer.status === 200) {
      const shares = new BatchShares(priced);
      await readResults(shares, answer.body as AsyncIterable<Uint8Array>);
      return shares.all();
    }
  } finally {
    answer.body.on('error', () => undefined).destroy();
  }
  // Deleted by other ways, or not there yet.
  if ((answer.status === 404 || answer.status === 410) && saysWhole) return whole.all();
  throw untold(provider, path, answer.status);
}

/** Whether some of its lines were answered, by its provider's word. */
function hasAnswers({ request_counts: counts }: BatchObject): boolean {
  return isObject(counts) && Number(counts['completed']) > 0;
}

/** Pages of a list, each of a hundred. */
const MOST_PAGES = 20;
/** Clocks differ. */
const SLACK_S = 120;

/**
 * A batch that was made of that file since then and that nobody knows: of a call that was cut off between its provider's answer and the
 * record of it. null where there is none. Throws where the provider does not list what it has, or lists more than is read.
 */
export async function findBatch(
  provider: Provider,
  { inputFileId, createdMs }: ProviderBatch,
  isKnown: (id: string) => Promise<boolean>,
): Promise<BatchObject | null> {
  let found: BatchObject | null = null;
  for (let [page, after] = [0, '']; page < MOST_PAGES; page++) {
    const path = `/batches?limit=100${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`;
    const answer = await get(provider, path);
    const list = jsonObject(await heldText(answer, provider.id));
    if (answer.status !== 200 || !Array.isArray(list?.['data'])) throw untold(provider, path, answer.status);
    const batches = list['data'] as BatchObject[];
    for (const batch of batches) {
      if (typeof batch['created_at'] === 'number' && batch['created_at'] < createdMs / 1000 - SLACK_S) return found;
      // The newest are listed first: of several the oldest is the call's.
      if (batch['input_file_id'] === inputFileId && typeof batch['id'] === 'string' && !(await isKnown(batch['id']))) found = batch;
    }
    const last = batches.at(-1)?.['id'];
    if (list['has_more'] !== true || typeof last !== 'string') return found;
    after = last;
  }
  if (found) return found;
  throw new StillhouseError('unavailable', `Provider "${provider.id}" lists more than ${MOST_PAGES * 100} batches since`);
}

async function get(provider: Provider, path: string): Promise<PassedAnswer> {
  return provider.passOn!({ method: 'GET', path, model: '', contentType: '', body: null, signal: new CancelSignal() });
}

function untold(provider: Provider, path: string, status: number): StillhouseError {
  return new StillhouseError('unavailable', `Provider "${provider.id}" answers ${status} to ${path}`);
}
