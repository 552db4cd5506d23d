import { Readable } from 'node:stream';
import { StillhouseError } from '../../contracts/errors.ts';
import type { ProviderObject, ProviderObjectKind } from '../../store/clickhouse/provider-objects.ts';
import { newAttempt } from '../chat/new-attempt.ts';
import { classOfStatus, newCall } from '../chat/call.ts';
import { cancelSignal } from '../chat/make-call.ts';
import { asStillhouseError } from '../chat/openai-error.ts';
import { CancelSignal } from '../providers/cancel-signal.ts';
import type { Provider } from '../providers/provider.ts';
import { jsonObject } from './objects.ts';
import { CALLED, objectHandler, type ObjectHandler, type ObjectParts } from './object-calls.ts';
import { checkMayUse, mayUse } from './batch-lines.ts';
import { LONGEST_TEXT } from './body-digest.ts';
import { UNMETERED } from './operations.ts';
import { heldText, passCall } from './pass-call.ts';
import type { Asked, PassedCall } from './passing.ts';
import { chooseProvider, passedRequest, providerNamed, queryOf, routeTo } from './passed-request.ts';

/** Each object of a page is asked for at its provider: OpenAI's own limit for batches, and less than its for files. */
const MOST_OBJECTS = 100;
const DEFAULT_OBJECTS = 20;
const AT_ONCE = 8;
/** A list asks for so many at most: files expire at their providers, and a project may have thousands that are there no more. */
const MOST_ASKED = 300;

interface Query {
  after: string | null;
  limit: number;
  order: 'asc' | 'desc';
  purpose: string;
}

/**
 * `GET /v1/files`, `GET /v1/batches`: a project's own, as they are now at their providers. What the gateway has on record says whose they
 * are, for a provider's own list is that of all projects.
 */
export function listOf(parts: ObjectParts, kind: ProviderObjectKind): ObjectHandler {
  return objectHandler(parts, async function passList(c, caller) {
    const { plane } = parts;
    const query = parsedQuery(queryOf(c));
    const named = providerNamed(c);
    const passing = named === null ? plane.catalogue.passing() : [chooseProvider(plane.catalogue, named)];
    const allowed = passing.filter((provider) => mayUse(caller, provider));
    const first = allowed[0] ?? passing[0] ?? chooseProvider(plane.catalogue, named);
    checkMayUse(caller, first);
    const after = query.after === null ? undefined : await parts.objects.find(caller.project, kind, query.after, named);
    const name = CALLED[kind];
    const request = passedRequest(c, { model: '', fields: {} });
    const route = routeTo(first, name);
    const call = newCall({ kind: { name }, caller, request, route, nowMs: plane.now(), parent: c.req.header('traceparent') });
    const signal = cancelSignal(c);
    return passCall(plane, call, {
      signal,
      request: () => ({ method: 'GET', path: `/${name}`, model: '', contentType: '', body: null }),
      again: 'never',
      isSent: () => true,
      worst: [UNMETERED],
      isFree: kind === 'batch',
      longestString: LONGEST_TEXT,
      recorded: () => JSON.stringify({ method: 'GET', path: `/${name}`, ...query }),
      requestBytes: () => 0,
      ask: (made) => new Listing(parts, made, { kind, query, allowed, provider: named ?? '', signal }).page(after, first),
      held: () => Promise.resolve(),
    });
  });
}

interface Sought {
  kind: ProviderObjectKind;
  query: Query;
  allowed: readonly Provider[];
  /** Empty: all. */
  provider: string;
  signal: CancelSignal;
}

class Listing {
  readonly #parts: ObjectParts;
  readonly #call: PassedCall;
  readonly #sought: Sought;
  readonly #running = new Set<CancelSignal>();

  constructor(parts: ObjectParts, call: PassedCall, sought: Sought) {
    this.#parts = parts;
    this.#call = call;
    this.#sought = sought;
    sought.signal.onAbort = () => this.#running.forEach((one) => one.abort(sought.signal.reason));
  }

  /** What a provider no longer has is passed over; its other errors are the answer. */
  async page(from: ProviderObject | undefined, first: Provider): Promise<Asked> {
    const { kind, query, allowed, provider } = this.#sought;
    const { limit, order, purpose } = query;
    const data: Record<string, unknown>[] = [];
    let after = from;
    for (let [more, asked] = [true, 0]; ;) {
      const wanted = Math.min(limit - data.length, MOST_ASKED - asked);
      if (wanted === 0 || !more) return this.#answer(data, { more, last: after?.id ?? null }, first);
      // One more tells whether there are more.
      const place = after ? { after } : {};
      const page = await this.#parts.objects.list(this.#call.caller.project, kind, {
        purpose,
        provider,
        order,
        limit: wanted + 1,
        ...place,
      });
      more = page.length > wanted;
      const objects = page.slice(0, wanted);
      after = objects.at(-1) ?? after;
      asked += objects.length;
      for (let at = 0; at < objects.length; at += AT_ONCE) {
        const found = await Promise.all(
          objects.slice(at, at + AT_ONCE).map((object) =>
            this.#one(
              object,
              allowed.find(({ id }) => id === object.provider),
            ),
          ),
        );
        for (const one of found) {
          if (one && 'refused' in one) return one.refused;
          if (one) data.push(one.body);
        }
      }
    }
  }

  /** The object as it is now; null where the provider has none of it; an error as the provider gave it. */
  async #one(
    object: ProviderObject,
    provider: Provider | undefined,
  ): Promise<{ body: Record<string, unknown> } | { refused: Asked } | null> {
    if (!provider) return null;
    const name = CALLED[object.kind];
    const attempt = newAttempt(`${provider.id}/${name}`);
    this.#call.attempts.push(attempt);
    const signal = new CancelSignal();
    this.#running.add(signal);
    const began = performance.now();
    try {
      if (this.#sought.signal.aborted) throw this.#sought.signal.reason;
      const path = `/${name}/${encodeURIComponent(object.id)}`;
      const answer = await provider.passOn!({ method: 'GET', path, model: '', contentType: '', body: null, signal });
      attempt.status = answer.status;
      if (answer.status >= 400) attempt.error_class = classOfStatus(answer.status);
      if (answer.status === 404) {
        answer.body.on('error', () => undefined).destroy();
        return null;
      }
      const text = await heldText(answer, provider.id);
      if (answer.status >= 400) return { refused: this.#asked(provider, { ...answer, body: Readable.from([Buffer.from(text)]) }, attempt) };
      const body = jsonObject(text);
      if (!body)
        throw new StillhouseError('upstream_invalid', `Provider "${provider.id}" answered with something that is no ${object.kind}`);
      if (object.kind === 'batch') {
        await this.#parts.objects.written(this.#call.caller, provider.id, text);
        this.#parts.heardOf(this.#call.caller.project, provider.id, text);
      }
      return { body };
    } catch (error) {
      const failure = asStillhouseError(error);
      attempt.error_class = failure.code;
      throw failure;
    } finally {
      this.#running.delete(signal);
      attempt.latency_ms = Math.round(performance.now() - began);
    }
  }

  /** `last`: where the next page goes on, though its object may be gone. */
  #answer(data: readonly Record<string, unknown>[], { more, last }: { more: boolean; last: string | null }, provider: Provider): Asked {
    const ends = { first_id: data[0]?.['id'] ?? null, last_id: (more ? last : data.at(-1)?.['id']) ?? null };
    const body = Readable.from([Buffer.from(JSON.stringify({ object: 'list', data, ...ends, has_more: more }))]);
    return this.#asked(
      provider,
      { status: 200, headers: { 'content-type': 'application/json' }, body },
      newAttempt(this.#call.route.targets[0]!),
    );
  }

  #asked(provider: Provider, answer: Asked['answer'], attempt: Asked['attempt']): Asked {
    return { answer, attempt, callable: { target: attempt.target, provider, model: attempt.model } };
  }
}

function parsedQuery(query: URLSearchParams): Query {
  const limit = Number(query.get('limit') ?? DEFAULT_OBJECTS);
  if (!Number.isInteger(limit) || limit < 1)
    throw new StillhouseError('invalid_request', "Invalid 'limit': a whole number from 1 on", { param: 'limit' });
  const order = query.get('order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') throw new StillhouseError('invalid_request', "Invalid 'order': asc or desc", { param: 'order' });
  return { after: query.get('after'), limit: Math.min(limit, MOST_OBJECTS), order, purpose: query.get('purpose') ?? '' };
}
