import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CONFORMANCE_TARGETS, QUIET, type ConformanceTarget } from './clickhouse-targets.ts';

for (const { name, skip, start } of CONFORMANCE_TARGETS)
  describe.skipIf(skip !== null)(`inserts and streams on the ${name} ClickHouse${skip === null ? '' : `: ${skip}`}`, () => {
    let target: ConformanceTarget;
    const NUMBERS = { output_format_json_quote_64bit_integers: 0 } as const;
    const rows = async (query: string) =>
      (await target.client.query({ query, format: 'JSONEachRow', clickhouse_settings: NUMBERS })).json();
    const table = async (name: string, columns = 'n UInt32, t String') => {
      await target.client.command({
        query: `CREATE TABLE ${name} (${columns}) ENGINE = MergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 100`,
      });
      return name;
    };
    beforeAll(async () => {
      target = await start();
    });
    afterAll(() => target?.stop());

    it('inserts objects, columns and streams', async () => {
      const name = await table('kinds');
      await target.client.insert({ table: name, values: [{ n: 1, t: "it's; {x:String}" }], format: 'JSONEachRow' });
      await target.client.insert({ table: name, values: [{ n: 2 }], format: 'JSONEachRow', columns: ['n'] });
      await target.client.insert({ table: name, values: [{ n: 3 }], format: 'JSONEachRow', columns: { except: ['t'] } });
      await target.client.insert({
        table: name,
        values: Readable.from([
          { n: 4, t: 'a' },
          { n: 5, t: 'b' },
        ]),
        format: 'JSONEachRow',
      });
      await target.client.insert({ table: name, values: Readable.from(['6,"c"\n', '7,"d\ne"\n'], { objectMode: false }), format: 'CSV' });
      await target.client.insert({ table: name, values: [[8, 'f']], format: 'JSONCompactEachRow' });
      await target.client.command({
        query: "INSERT INTO kinds (n, t) VALUES ({n:UInt32}, {t:String}), (10, ';')",
        query_params: { n: 9, t: "x'y" },
      });
      await target.client.command({
        query: 'INSERT INTO kinds SELECT n + 100, t FROM kinds WHERE n = 1',
        clickhouse_settings: { max_threads: 1 },
      });
      await target.client.insert({ table: name, values: [], format: 'JSONEachRow' });
      expect(await rows('SELECT n, t FROM kinds ORDER BY n')).toEqual([
        { n: 1, t: "it's; {x:String}" },
        { n: 2, t: '' },
        { n: 3, t: '' },
        { n: 4, t: 'a' },
        { n: 5, t: 'b' },
        { n: 6, t: 'c' },
        { n: 7, t: 'd\ne' },
        { n: 8, t: 'f' },
        { n: 9, t: "x'y" },
        { n: 10, t: ';' },
        { n: 101, t: "it's; {x:String}" },
      ]);
    });

    it.each(['Native', 'RowBinary', 'Parquet', 'JSONColumns', 'TabSeparatedWithNames'])('takes back what it gave as %s', async (format) => {
      const name = await table(`round_${format.toLowerCase()}`);
      const at = (query: string) => `${target.url}/?database=${target.database}&query=${encodeURIComponent(query)}`;
      const given = await fetch(
        at(`SELECT toUInt32(number) AS n, concat('t', toString(number), '\\0') AS t FROM numbers(100) FORMAT ${format}`),
      );
      expect(given.status).toBe(200);
      const taken = await fetch(at(`INSERT INTO ${name} FORMAT ${format}`), { method: 'POST', body: await given.arrayBuffer() });
      expect(await taken.text()).toBe('');
      expect(
        await rows(`SELECT count() AS n, countIf(t = concat('t', toString(n), '\\0')) AS same FROM ${name}`.replace('AS n,', 'AS rows,')),
      ).toEqual([{ rows: 100, same: 100 }]);
    });

    it('drops a block with a known token, in views too, though the token is a number', async () => {
      const name = await table('tokens');
      await target.client.command({
        query: 'CREATE TABLE seen (n UInt32) ENGINE = MergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 100',
      });
      await target.client.command({ query: 'CREATE MATERIALIZED VIEW seen_of_tokens TO seen AS SELECT n FROM tokens' });
      const insert = (token: string, n: number) =>
        target.client.insert({
          table: name,
          values: [{ n, t: '' }],
          format: 'JSONEachRow',
          clickhouse_settings: {
            insert_deduplication_token: token,
            deduplicate_blocks_in_dependent_materialized_views: 1,
            async_insert: 0,
          },
        });
      await insert('0123', 1);
      await insert('0123', 1);
      await insert('123', 2);
      await insert('123', 3);
      expect(await rows('SELECT n FROM tokens ORDER BY n')).toEqual([{ n: 1 }, { n: 2 }]);
      expect(await rows('SELECT n FROM seen ORDER BY n')).toEqual([{ n: 1 }, { n: 2 }]);
    });

    it('takes nothing of an insert with a bad row and names the row', async () => {
      const name = await table('bad_rows');
      const values = Readable.from(['{"n":1,"t":"a"}\n{"n":"x","t":"b"}\n'], { objectMode: false });
      await expect(target.client.exec({ query: `INSERT INTO ${name} FORMAT JSONEachRow`, values })).rejects.toThrow(/at row 2/);
      expect(await rows(`SELECT count() AS n FROM ${name}`)).toEqual([{ n: 0 }]);
    });

    it('compresses both ways', async () => {
      const name = await table('compressed');
      const compressing = createClient({
        url: target.url,
        database: target.database,
        log: QUIET,
        compression: { request: true, response: true },
      });
      await compressing.insert({ table: name, values: Array.from({ length: 1000 }, (_, n) => ({ n, t: 'text' })), format: 'JSONEachRow' });
      const read = await compressing.query({ query: `SELECT n FROM ${name} ORDER BY n`, format: 'JSONEachRow' });
      expect(await read.json()).toHaveLength(1000);
      await compressing.close();
      const query = `INSERT INTO ${target.database}.${name} FORMAT JSONEachRow`;
      const sent = await fetch(`${target.url}/?query=${encodeURIComponent(query)}`, {
        method: 'POST',
        headers: { 'content-encoding': 'gzip' },
        body: gzipSync('{"n":5000,"t":""}'),
      });
      expect(sent.status).toBe(200);
      const plain = await fetch(`${target.url}/?query=SELECT%201`, { headers: { 'accept-encoding': 'gzip' } });
      expect(plain.headers.get('content-encoding')).toBeNull();
    });

    it('streams more than a reader holds', async () => {
      const result = await target.client.query({
        query: "SELECT number AS n, repeat('x', 400) AS t FROM numbers(80000)",
        format: 'JSONEachRow',
        clickhouse_settings: NUMBERS,
      });
      let count = 0;
      let last = -1;
      for await (const some of result.stream<{ n: number; t: string }>()) {
        for (const row of some) {
          const { n } = row.json();
          expect(n).toBe(last + 1);
          last = n;
          count += 1;
        }
      }
      expect(count).toBe(80_000);
    });

    it('fails a stream whose query fails after its first rows', async () => {
      const query = "SELECT throwIf(number = 800000, 'late') AS x, repeat('y', 50) AS y FROM numbers(1000000)";
      const read = async () => {
        const result = await target.client.query({ query, format: 'JSONEachRow', clickhouse_settings: { max_threads: 1 } });
        for await (const _ of result.stream()) void _;
      };
      await expect(read()).rejects.toThrow(/late/);
    });

    it('ends a query whose client has gone', async () => {
      const gone = new AbortController();
      const slow = target.client.query({
        query: 'SELECT count() FROM numbers(1000000000000) WHERE number % 1000003 = 7 AND 77123 = 77123',
        abort_signal: gone.signal,
        clickhouse_settings: { cancel_http_readonly_queries_on_client_close: 1 },
      });
      const running = () =>
        rows(
          "SELECT count() AS n FROM system.processes WHERE position(query, concat('77123', ' = ', '77123')) > 0 AND position(query, 'processes') = 0",
        );
      await vi.waitFor(async () => expect(await running()).toEqual([{ n: 1 }]), { timeout: 20_000 });
      gone.abort();
      await expect(slow).rejects.toThrow(/abort/i);
      await vi.waitFor(async () => expect(await running()).toEqual([{ n: 0 }]), { timeout: 20_000 });
    });
  });
