import { linesOf } from '../passthrough/lines-of.ts';
import { jsonObject } from '../passthrough/objects.ts';
import { isObject } from '../providers/chat-fields.ts';
import { NO_USAGE, type Provider, type Usage } from '../providers/provider.ts';
import { addUsage, linePrice, type LinePrice } from './line-price.ts';

/** What one model used of a batch. What has no price stands apart from what has one. */
export interface BatchShare {
  /** As the batch's lines name it; empty where that can't be told. */
  model: string;
  /** As its answers name it. */
  answered: string;
  /** Answers; 0 where they were not counted one by one. */
  lines: number;
  usage: Usage;
  /** US dollars; null where nobody knows. */
  costUsd: number | null;
}

/** Of what answers are added up. */
export interface Priced {
  provider: Provider;
  /** As the batch's lines name them. */
  models: readonly string[];
  endpoint: string;
}

/** The store's columns have room for as many tokens. */
const MOST_TOKENS = 2 ** 32 - 2 ** 31;

/** Adds up what a batch's answers used, line by line: a price may go by the length of a prompt. */
export class BatchShares {
  readonly #priced: Priced;
  readonly #shares = new Map<string, BatchShare>();
  #part = 0;

  constructor(priced: Priced) {
    this.#priced = priced;
  }

  /** A line of its output. What is no answer was not charged. */
  add(line: string): void {
    const response = jsonObject(line)?.['response'];
    if (!isObject(response) || typeof response['status_code'] !== 'number' || response['status_code'] >= 300) return;
    const body = response['body'];
    const answered = isObject(body) && typeof body['model'] === 'string' ? body['model'] : '';
    this.#add(answered, 1, body);
  }

  /** What the batch itself says that all of its answers used; whether it says that. */
  addWhole(batch: Readonly<Record<string, unknown>>): boolean {
    const answered = typeof batch['model'] === 'string' ? batch['model'] : '';
    return this.#add(answered, 0, batch).usage !== null;
  }

  /** In an order that depends on what was added alone. */
  all(): BatchShare[] {
    return [...this.#shares].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, share]) => share);
  }

  #add(answered: string, lines: number, body: unknown): LinePrice {
    const { provider, endpoint } = this.#priced;
    const model = askedModel(this.#priced.models, answered);
    const price = linePrice(
      provider,
      [model, answered].filter((name) => name !== ''),
      endpoint,
      body,
    );
    const usage = price.usage ?? NO_USAGE;
    const name = `${model}\n${answered}\n${price.costUsd === null}`;
    const known = this.#shares.get(`${name}\n${this.#part}`);
    const isFull = known && Math.max(known.usage.tokensIn + usage.tokensIn, known.usage.tokensOut + usage.tokensOut) >= MOST_TOKENS;
    if (isFull) this.#part++;
    const share = isFull || !known ? { model, answered, lines: 0, usage: NO_USAGE, costUsd: price.costUsd === null ? null : 0 } : known;
    // A batch that says nothing, or that nothing was used.
    if (lines === 0 && usage.tokensIn + usage.tokensOut === 0) return price;
    this.#shares.set(`${name}\n${this.#part}`, {
      ...share,
      lines: share.lines + lines,
      usage: addUsage(share.usage, usage),
      costUsd: share.costUsd === null || price.costUsd === null ? null : share.costUsd + price.costUsd,
    });
    return price;
  }
}

/** Which of the models that were asked is the one that answered: of one that is dated, the one without the date. */
function askedModel(models: readonly string[], answered: string): string {
  if (models.length === 1) return models[0]!;
  const fitting = models.filter((model) => answered === model || answered.startsWith(`${model}-`));
  return fitting.reduce((longest, model) => (model.length > longest.length ? model : longest), '');
}

/** A line of an output file is no longer than this. */
const LONGEST_LINE = 256 * 1024 * 1024;

/** Reads an output file as it streams. Throws what the stream throws. */
export async function readResults(shares: BatchShares, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const line of linesOf(chunks, LONGEST_LINE, () => new Error(`A line is longer than ${LONGEST_LINE} bytes`))) shares.add(line);
}
