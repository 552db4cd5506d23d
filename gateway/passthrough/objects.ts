import { StillhouseError } from '../../contracts/errors.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import {
  forgetObject,
  listObjects,
  objectsOf,
  rememberObjects,
  type ObjectPage,
  type ProviderObject,
  type ProviderObjectKind,
} from '../../store/clickhouse/provider-objects.ts';
import type { FileOwners } from '../chat/named-files.ts';
import type { Caller } from '../keys/caller.ts';
import { isObject } from '../providers/chat-fields.ts';

/** Whose an object is. */
type Maker = Pick<Caller, 'project' | 'keyId'>;

/** Longer than ids of any provider. */
const MOST_ID = 256;

/**
 * Whose files and batches are whose: a provider's account knows nothing of projects. On record in ClickHouse before an answer with an id
 * goes out, so that every gateway knows it at once; while ClickHouse is down, these calls are a 503.
 */
export class ProviderObjects implements FileOwners {
  readonly #clickhouse: ClickHouseClient;
  readonly #now: () => number;

  constructor(clickhouse: ClickHouseClient, now: () => number) {
    this.#clickhouse = clickhouse;
    this.#now = now;
  }

  /** The project's own. Throws `not_found`, and `invalid_request` where several providers have one of that id and none is named. */
  async find(project: string, kind: ProviderObjectKind, id: string, provider: string | null): Promise<ProviderObject> {
    const known = id.length > MOST_ID ? [] : await objectsOf(this.#clickhouse, project, { kind, ids: [id] });
    const found = provider === null ? known : known.filter((object) => object.provider === provider);
    if (found.length === 1) return found[0]!;
    if (found.length === 0) throw new StillhouseError('not_found', notFound(kind, id.slice(0, MOST_ID)), { param: 'id' });
    const providers = found.map((object) => `"${object.provider}"`).join(', ');
    throw new StillhouseError('invalid_request', `Several providers have a ${kind} of that id: name one of ${providers}`, {
      param: 'provider',
    });
  }

  async checkOwn(project: string, ids: ReadonlySet<string>): Promise<void> {
    if (ids.size === 0) return;
    const asked = [...ids].filter((id) => id.length <= MOST_ID);
    const own = new Set((await objectsOf(this.#clickhouse, project, { kind: 'file', ids: asked })).map(({ id }) => id));
    for (const id of ids)
      if (!own.has(id)) throw new StillhouseError('not_found', notFound('file', id.slice(0, MOST_ID)), { param: 'file_id' });
  }

  /** Throws `unavailable` where nothing can be put on record now: before hundreds of megabytes go up. */
  async check(project: string): Promise<void> {
    await objectsOf(this.#clickhouse, project, { kind: 'file', ids: [] });
  }

  /** Whether that provider's object is on record, deleted or not. */
  async isKnown(project: string, kind: ProviderObjectKind, { provider, id }: { provider: string; id: string }): Promise<boolean> {
    return (await objectsOf(this.#clickhouse, project, { kind, ids: [id], deleted: true })).some((object) => object.provider === provider);
  }

  /** An object that the provider has made. Throws `upstream_invalid` where its answer names none. */
  async made(caller: Maker, kind: ProviderObjectKind, provider: string, text: string): Promise<void> {
    const body = jsonObject(text);
    const id = body?.['id'];
    if (typeof id !== 'string' || id === '' || id.length > MOST_ID)
      throw new StillhouseError('upstream_invalid', `Provider "${provider}" answered with something that is no ${kind}`);
    const purpose = typeof body!['purpose'] === 'string' ? body!['purpose'] : '';
    try {
      await rememberObjects(this.#clickhouse, caller.project, [this.#object(caller, kind, provider, id, purpose)]);
    } catch (cause) {
      const then = kind === 'batch' ? ' now: it is found here some minutes after that can be done' : ', so nobody finds it here';
      const message = `Provider "${provider}" has made the ${kind} "${id}", but it could not be put on record${then}`;
      // OpenAI's client would repeat a 503, and make another.
      throw new StillhouseError('unavailable', message, { cause, retryable: false, data: { headers: { 'x-should-retry': 'false' } } });
    }
  }

  /** The files that a batch has written. Those that were deleted stay so. */
  async written(caller: Maker, provider: string, batchText: string): Promise<void> {
    const body = jsonObject(batchText);
    const ids = [body?.['output_file_id'], body?.['error_file_id']].filter(
      (id) => typeof id === 'string' && id !== '' && id.length <= MOST_ID,
    );
    if (ids.length === 0) return;
    const known = await objectsOf(this.#clickhouse, caller.project, { kind: 'file', ids: ids as string[], deleted: true });
    const fresh = (ids as string[]).filter((id) => !known.some((object) => object.id === id && object.provider === provider));
    const objects = fresh.map((id) => this.#object(caller, 'file', provider, id, 'batch_output'));
    if (objects.length > 0) await rememberObjects(this.#clickhouse, caller.project, objects);
  }

  gone(project: string, object: ProviderObject): Promise<void> {
    return forgetObject(this.#clickhouse, project, object, this.#iso());
  }

  list(project: string, kind: ProviderObjectKind, page: ObjectPage): Promise<ProviderObject[]> {
    return listObjects(this.#clickhouse, project, kind, page);
  }

  #object({ keyId }: Maker, kind: ProviderObjectKind, provider: string, id: string, purpose: string): ProviderObject {
    return { kind, id, provider, purpose, keyId, createdAt: this.#iso() };
  }

  #iso(): string {
    return new Date(this.#now()).toISOString();
  }
}

/** In OpenAI's words: whether another project has one of that id is not told. */
function notFound(kind: ProviderObjectKind, id: string): string {
  return kind === 'file' ? `No such File object: ${id}` : `No batch found with id '${id}'.`;
}

/** null where it is none. */
export function jsonObject(text: string): Record<string, unknown> | null {
  try {
    const body: unknown = JSON.parse(text);
    return isObject(body) ? body : null;
  } catch {
    return null;
  }
}
