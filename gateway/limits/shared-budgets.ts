import type { HeldBatch } from '../../store/clickhouse/provider-batches.ts';
import { batchHold } from './batch-hold.ts';
import type { BudgetLine } from './budget-ledger.ts';
import { endOf } from './periods.ts';
import { subjectOf } from './spend-amounts.ts';
import type { ValkeyConnection } from './valkey.ts';

/** A line that had no room, and where it stood. */
export interface Full {
  line: number;
  spentUsd: number;
  reservedUsd: number;
}

/** A line, and what is on record of it: the shared counter is raised to that, never lowered. */
export interface SharedLine extends BudgetLine {
  recordedUsd: number;
}

const PREFIX = 'stillhouse:budget';
/** Counters outlive their period: a call that began in it may end in the next. */
const KEPT_S = 2 * 3600;
/** A process that has given no sign for so long is gone, and with it its reservations. */
const ALIVE_S = 30;
/** It is given so often at least; more often than it ends, and less often than `tidy` comes while the server is there. */
const SIGN_MS = 10_000;

/**
 * KEYS: the lines' counter and hash of reservations, in pairs. ARGV: the call's field, its worst case, then of each line
 * the limit, what is on record and the seconds that it is kept. Answers 0, or the line (from 1) that is full, with what was
 * spent and reserved. Nothing is reserved unless all lines have room.
 */
const RESERVE = `local lines = #KEYS / 2
for i = 1, lines do
  local at = 3 * i
  local spent = tonumber(redis.call('GET', KEYS[2 * i - 1]) or '0')
  local recorded = tonumber(ARGV[at + 1])
  if recorded > spent then
    redis.call('SET', KEYS[2 * i - 1], ARGV[at + 1])
    spent = recorded
  end
  redis.call('EXPIRE', KEYS[2 * i - 1], ARGV[at + 2])
  local reserved = 0
  for _, usd in ipairs(redis.call('HVALS', KEYS[2 * i])) do reserved = reserved + tonumber(usd) end
  if spent + reserved + tonumber(ARGV[2]) > tonumber(ARGV[at]) then return {i, tostring(spent), tostring(reserved)} end
end
for i = 1, lines do
  redis.call('HSET', KEYS[2 * i], ARGV[1], ARGV[2])
  redis.call('EXPIRE', KEYS[2 * i], ARGV[3 * i + 2])
end
return {0}`;

/** KEYS as above. ARGV: the call's field, its cost, then of each line the seconds that it is kept. */
const SETTLE = `for i = 1, #KEYS / 2 do
  redis.call('HDEL', KEYS[2 * i], ARGV[1])
  redis.call('INCRBYFLOAT', KEYS[2 * i - 1], ARGV[2])
  redis.call('EXPIRE', KEYS[2 * i - 1], ARGV[2 + i])
end`;

/**
 * KEYS: a line's counter and hash. ARGV: a batch's field, what is on record of the line, and the seconds that it is kept. The batch is
 * over: what it cost is on record.
 */
const OVER = `if tonumber(ARGV[2]) > tonumber(redis.call('GET', KEYS[1]) or '0') then redis.call('SET', KEYS[1], ARGV[2]) end
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('HDEL', KEYS[2], ARGV[1])`;

/** What Valkey holds for batches: by hash, their fields. */
export type KeptBatches = ReadonlyMap<string, ReadonlySet<string>>;

/** Fields of batches are no process's: they begin so. */
const BATCH = 'batch/';

/** Budgets that gateways hold together: counters of what was spent, and a hash of what is reserved, in Valkey. */
export class SharedBudgets {
  readonly #valkey: ValkeyConnection;
  /** This process's name in the hashes. */
  readonly #process: string;
  readonly #now: () => number;
  /** Reservations whose end Valkey has not heard of. */
  readonly #owed = new Map<string, string[]>();
  /** When this process last said that it lives. */
  #signedMs = Number.NEGATIVE_INFINITY;
  /** Hashes that this process has reserved in, or knows a batch in. */
  readonly #hashes = new Map<string, Pick<BudgetLine, 'subject' | 'period'>>();

  constructor(valkey: ValkeyConnection, { process, now }: { process: string; now: () => number }) {
    this.#valkey = valkey;
    this.#process = process;
    this.#now = now;
  }

  ready(): boolean {
    return this.#valkey.ready();
  }

  /** null where all lines had room and the worst case is reserved. Rejects where Valkey does not answer. */
  async reserve(id: string, lines: readonly SharedLine[], worstUsd: number): Promise<Full | null> {
    const names = namesOf(lines);
    for (const [index, { reserved }] of names.entries()) this.#hashes.set(reserved, lines[index]!);
    const args = lines.flatMap((line) => [line.limitUsd, decimal(line.recordedUsd), this.#keptS(line)]);
    const keys = names.flatMap(({ spent, reserved }) => [spent, reserved]);
    const field = this.#fieldOf(id);
    // Just begun, or after an outage: others would take what it reserves for a dead one's.
    if (this.#now() - this.#signedMs > SIGN_MS) await this.#sign();
    try {
      const answer = (await this.#valkey.client.eval(RESERVE, keys.length, ...keys, field, decimal(worstUsd), ...args)) as [
        number,
        string?,
        string?,
      ];
      return answer[0] === 0 ? null : { line: answer[0] - 1, spentUsd: Number(answer[1]), reservedUsd: Number(answer[2]) };
    } catch (error) {
      // It may have been reserved all the same.
      this.#owed.set(field, keys);
      throw error;
    }
  }

  /** Nobody waits for it: what Valkey does not hear now is on record later. */
  settle(id: string, lines: readonly BudgetLine[], costUsd: number): void {
    const keys = namesOf(lines).flatMap(({ spent, reserved }) => [spent, reserved]);
    const field = this.#fieldOf(id);
    const kept = lines.map((line) => this.#keptS(line));
    this.#valkey.client.eval(SETTLE, keys.length, ...keys, field, decimal(costUsd), ...kept).catch(() => this.#owed.set(field, keys));
  }

  /** Says that this process lives, and clears what it and processes that are gone have left reserved. */
  async tidy(): Promise<void> {
    const { client } = this.#valkey;
    await this.#sign();
    for (const [field, keys] of this.#owed) {
      for (const [index, key] of keys.entries()) if (index % 2 === 1) await client.hdel(key, field);
      this.#owed.delete(field);
    }
    for (const hash of this.#hashes.keys()) await this.#clearDead(hash);
  }

  /** A batch's reservation is nobody's from here on: it ends with the batch. `id` is that of its reservation. Nobody waits for it. */
  keep(id: string, lines: readonly BudgetLine[], usd: number): void {
    const kept = lines.map(async (line, index) => {
      const { reserved } = namesOf(lines)[index]!;
      await this.#valkey.client
        .multi()
        .hset(reserved, id, decimal(usd))
        .hdel(reserved, this.#fieldOf(id))
        .expire(reserved, this.#keptS(line))
        .exec();
    });
    Promise.all(kept).catch(() =>
      this.#owed.set(
        this.#fieldOf(id),
        namesOf(lines).flatMap(({ spent, reserved }) => [spent, reserved]),
      ),
    );
  }

  /** Before what is on record is read: only what is there by then may be over by what the record says. */
  async keptBatches(): Promise<KeptBatches> {
    const kept = new Map<string, ReadonlySet<string>>();
    for (const hash of this.#hashes.keys()) {
      const fields = (await this.#valkey.client.hkeys(hash)).filter((field) => field.startsWith(BATCH));
      if (fields.length > 0) kept.set(hash, new Set(fields));
    }
    return kept;
  }

  /** Holds those that are under way, and lets go of others that were held `before`. */
  async followBatches(
    batches: readonly HeldBatch[],
    before: KeptBatches,
    recordedOf: (subject: string, period: string) => number,
  ): Promise<void> {
    const { client } = this.#valkey;
    const held = new Map<string, Set<string>>();
    for (const { project, keyId, day, callId, usd } of batches) {
      const places = [subjectOf(project, keyId), subjectOf(project)].flatMap((subject) =>
        [day, day.slice(0, 7)].map((period) => ({ subject, period })),
      );
      for (const place of places) {
        if (this.#now() >= endOf(place.period)) continue;
        const { reserved } = nameOf(place);
        this.#hashes.set(reserved, place);
        held.set(reserved, (held.get(reserved) ?? new Set()).add(batchHold(callId)));
        // Nearly all are there from the reading before: thousands of trips would take longer than the time between two.
        if (before.get(reserved)?.has(batchHold(callId))) continue;
        await client.multi().hset(reserved, batchHold(callId), decimal(usd)).expire(reserved, this.#keptS(place)).exec();
      }
    }
    for (const [hash, fields] of before) {
      const place = this.#hashes.get(hash)!;
      const recorded = decimal(recordedOf(place.subject, place.period));
      for (const field of fields)
        if (!held.get(hash)?.has(field)) await client.eval(OVER, 2, nameOf(place).spent, hash, field, recorded, this.#keptS(place));
    }
  }

  async #sign(): Promise<void> {
    await this.#valkey.client.set(`${PREFIX}:alive:${this.#process}`, '1', 'EX', ALIVE_S);
    this.#signedMs = this.#now();
  }

  async #clearDead(hash: string): Promise<void> {
    const { client } = this.#valkey;
    const fields = await client.hkeys(hash);
    if (fields.length === 0) this.#hashes.delete(hash);
    for (const [process, own] of Map.groupBy(fields, (field) => field.slice(0, field.indexOf('/')))) {
      // Batches have no process that could die.
      if (`${process}/` === BATCH || process === this.#process || (await client.exists(`${PREFIX}:alive:${process}`)) === 1) continue;
      await client.hdel(hash, ...own);
    }
  }

  #fieldOf(id: string): string {
    return `${this.#process}/${id}`;
  }

  #keptS({ period }: Pick<BudgetLine, 'period'>): number {
    return Math.max(0, Math.ceil((endOf(period) - this.#now()) / 1000)) + KEPT_S;
  }
}

/** With the project in braces, so that a cluster has a call's counters in one place. */
function namesOf(lines: readonly BudgetLine[]): { spent: string; reserved: string }[] {
  return lines.map(nameOf);
}

function nameOf({ subject, period }: Pick<BudgetLine, 'subject' | 'period'>): { spent: string; reserved: string } {
  const [project = '', keyId = ''] = subject.split('/');
  const name = `{${project}}:${keyId}:${period}`;
  return { spent: `${PREFIX}:spent:${name}`, reserved: `${PREFIX}:reserved:${name}` };
}

/** Without an exponent, and to a billionth of a dollar. */
function decimal(usd: number): string {
  return usd.toFixed(9);
}
