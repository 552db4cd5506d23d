import { ClickHouseError, createClient, TupleParam } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONFORMANCE_TARGETS, QUIET, type ConformanceTarget } from './clickhouse-targets.ts';

// One suite through the plain client: what the product uses must behave on the embedded ClickHouse as on a server.
for (const { name, skip, start } of CONFORMANCE_TARGETS)
  describe.skipIf(skip !== null)(`queries on the ${name} ClickHouse${skip === null ? '' : `: ${skip}`}`, () => {
    let target: ConformanceTarget;
    const rows = async <T>(query: string, options: object = {}) => {
      const result = await target.client.query({ query, format: 'JSONEachRow', ...options });
      return result.json<T>();
    };
    const failure = async (work: Promise<unknown>): Promise<ClickHouseError> => {
      const error = await work.then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(ClickHouseError);
      return error as ClickHouseError;
    };
    beforeAll(async () => {
      target = await start();
    });
    afterAll(() => target?.stop());

    it('answers a ping', async () => {
      expect(await target.client.ping()).toEqual({ success: true });
      expect(await (await fetch(`${target.url}/`)).text()).toBe('Ok.\n');
    });

    it.each([
      "it's",
      'a\\b',
      'tab\there',
      'line\nbreak\r',
      'ü😀',
      '\\N',
      '',
      '{x:String}',
      "'); DROP TABLE t; --",
      '12345',
      'NULL',
      '/* c',
    ])('binds the text %j', async (text) => {
      expect(await rows('SELECT {text:String} AS text', { query_params: { text } })).toEqual([{ text }]);
    });

    it('binds values of all kinds', async () => {
      const query = `SELECT {i:Int32} AS i, {big:UInt64} AS big, {f:Float64} AS f, {b:Bool} AS b, {none:Nullable(String)} AS none, {some:Nullable(Int64)} AS some,
      {texts:Array(String)} AS texts, {maybe:Array(Nullable(Int32))} AS maybe, {map:Map(String, String)} AS map, {empty:Map(String, UInt8)} AS empty,
      {tuple:Tuple(UInt8, String)} AS tuple, {at:DateTime64(3, 'UTC')} AS at, {id:UUID} AS id`;
      const params = {
        i: -7,
        big: '18446744073709551615',
        f: 0.25,
        b: true,
        none: null,
        some: 5,
        texts: ["it's", 'a\\b', 'c,d', 'e\nf', '{', '}'],
        maybe: [1, null],
        map: { "k'1": 'v{1}:,', k2: '\\' },
        empty: {},
        tuple: new TupleParam([1, "x'"]),
        at: new Date('2026-03-04T05:06:07.089Z'),
        id: '01890f7e-0000-7000-8000-00000000abcd',
      };
      expect(await rows(query, { query_params: params, clickhouse_settings: { output_format_json_quote_64bit_integers: 1 } })).toEqual([
        { ...params, some: '5', tuple: [1, "x'"], at: '2026-03-04 05:06:07.089' },
      ]);
    });

    it('binds names, limits and lists', async () => {
      const query =
        'SELECT {column:Identifier} AS n FROM {table:Identifier} WHERE number IN {some:Array(UInt64)} ORDER BY n LIMIT {limit:UInt32}';
      const result = await rows(`${query.replace('{table:Identifier}', 'numbers(100)')}`, {
        query_params: { column: 'number', some: [3, 5, 7, 9], limit: 2 },
        clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
      });
      expect(result).toEqual([{ n: 3 }, { n: 5 }]);
    });

    it('keeps the parameters of queries that run at once apart', async () => {
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, n) =>
          rows<{ n: number }>('SELECT {n:UInt32} AS n, {m:String} AS m WHERE sleep(0.01) = 0', { query_params: { n, m: `m${n}` } }),
        ),
      );
      expect(answers).toEqual(Array.from({ length: 60 }, (_, n) => [{ n, m: `m${n}` }]));
    });

    it('takes long parameters as multipart', async () => {
      const text = 'x'.repeat(200_000);
      const result = await target.client.query({
        query: 'SELECT length({text:String}) AS n',
        query_params: { text },
        use_multipart_params: true,
        format: 'JSONEachRow',
        clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
      });
      expect(await result.json()).toEqual([{ n: 200_000 }]);
    });

    it('names a parameter that is missing', async () => {
      expect(await failure(rows('SELECT {nothing:String}'))).toMatchObject({ code: '456', type: 'UNKNOWN_QUERY_PARAMETER' });
    });

    it('holds settings for their query only', async () => {
      const query = "SELECT getSetting('max_block_size') AS size";
      const before = await rows(query);
      const sizes = await Promise.all(
        Array.from({ length: 20 }, (_, n) => rows<{ size: string }>(query, { clickhouse_settings: { max_block_size: String(1000 + n) } })),
      );
      expect(sizes.map(([row]) => Number(row!.size))).toEqual(Array.from({ length: 20 }, (_, n) => 1000 + n));
      expect(await rows(query)).toEqual(before);
    });

    it("lets the query's own SETTINGS win", async () => {
      const [row] = await rows<{ size: string }>("SELECT getSetting('max_block_size') AS size SETTINGS max_block_size = 77", {
        clickhouse_settings: { max_block_size: '88' },
      });
      expect(Number(row!.size)).toBe(77);
    });

    it('keeps to limits', async () => {
      const tooMany = { max_result_rows: '10', result_overflow_mode: 'throw' as const };
      expect(await failure(rows('SELECT number FROM numbers(100)', { clickhouse_settings: tooMany }))).toMatchObject({ code: '396' });
      const slow = rows('SELECT count() FROM numbers(100000000000) WHERE number % 1000003 = 7', {
        clickhouse_settings: { max_execution_time: 1 },
      });
      expect(await failure(slow)).toMatchObject({ code: '159', type: 'TIMEOUT_EXCEEDED' });
      const large = rows('SELECT groupArray(number) AS all FROM numbers(100000000)', {
        clickhouse_settings: { max_memory_usage: '50000000' },
      });
      expect(await failure(large)).toMatchObject({ code: '241', type: 'MEMORY_LIMIT_EXCEEDED' });
    });

    it.each(['JSON', 'JSONEachRow', 'CSVWithNames'] as const)('shows nothing of a failed query in a later answer as %s', async (format) => {
      const failing = "WITH one AS (SELECT 1) SELECT throwIf(number = 500000, 'thrown') FROM numbers(1000000)";
      for (let round = 0; round < 3; round += 1) {
        expect(
          await failure(
            target.client
              .query({ query: failing, format, clickhouse_settings: { max_threads: 1, wait_end_of_query: 1 } })
              .then((result) => result.text()),
          ),
        ).toMatchObject({ code: '395' });
        const answers = await Promise.all(
          Array.from({ length: 12 }, async () => (await target.client.query({ query: 'SELECT 42', format: 'CSV' })).text()),
        );
        expect(new Set(answers)).toEqual(new Set(['42\n']));
      }
    });

    it.each([
      ['SELECT * FROM missing_table', '60', 'UNKNOWN_TABLE', 404],
      ['SELECT missing_column FROM numbers(1)', '47', 'UNKNOWN_IDENTIFIER', 404],
      ['SELECT missing_function(1)', '46', 'UNKNOWN_FUNCTION', 404],
      ['SELEC 1', '62', 'SYNTAX_ERROR', 400],
      ['SELECT 1; SELECT 2', '62', 'SYNTAX_ERROR', 400],
      ["SELECT 'open", '62', 'SYNTAX_ERROR', 400],
      ["SELECT toUInt8('x')", '6', 'CANNOT_PARSE_TEXT', 400],
      ['SELECT 1 SETTINGS missing_setting = 1', '115', 'UNKNOWN_SETTING', 404],
      ["SELECT throwIf(1, 'thrown')", '395', 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO', 500],
    ])('fails %s with code %s', async (query, code, type, status) => {
      expect(await failure(target.client.query({ query, format: 'JSONEachRow' }))).toMatchObject({ code, type });
      const response = await fetch(target.url, { method: 'POST', body: query });
      expect(response.status).toBe(status);
      expect(response.headers.get('x-clickhouse-exception-code')).toBe(code);
      expect(await response.text()).toMatch(new RegExp(`^Code: ${code}\\. DB::Exception: .*\\(${type}\\) \\(version .*\\)\\n$`, 's'));
    });

    it('refuses a database that is not there', async () => {
      const elsewhere = createClient({ url: target.url, database: 'no_such_database', log: QUIET });
      expect(await failure(elsewhere.query({ query: 'SELECT 1' }))).toMatchObject({ code: '81', type: 'UNKNOWN_DATABASE' });
      await elsewhere.close();
    });

    it('knows the formats', async () => {
      const query = 'SELECT toUInt8(number) AS n, toString(number) AS t FROM numbers(2)';
      const text = async (format: 'JSONCompactEachRow' | 'CSVWithNames' | 'TabSeparated') =>
        (await target.client.query({ query, format })).text();
      expect((await text('JSONCompactEachRow')).replaceAll(' ', '')).toBe('[0,"0"]\n[1,"1"]\n');
      expect(await text('CSVWithNames')).toBe('"n","t"\n0,"0"\n1,"1"\n');
      expect(await text('TabSeparated')).toBe('0\t0\n1\t1\n');
      const json = await (await target.client.query({ query, format: 'JSON' })).json<{ n: number; t: string }>();
      expect(json).toMatchObject({
        rows: 2,
        data: [
          { n: 0, t: '0' },
          { n: 1, t: '1' },
        ],
        meta: [
          { name: 'n', type: 'UInt8' },
          { name: 't', type: 'String' },
        ],
      });
      // A format in the query, before or without settings, as the command line writes it.
      const posted = async (body: string) => (await fetch(target.url, { method: 'POST', body })).text();
      expect(await posted('SELECT 1 AS x FORMAT JSONEachRow')).toBe('{"x":1}\n');
      expect(await posted('SELECT 1 AS x FORMAT JSONEachRow SETTINGS max_threads = 1;')).toBe('{"x":1}\n');
      expect(await posted("SELECT 'FORMAT CSV' AS format -- FORMAT CSV")).toBe('FORMAT CSV\n');
      const inUrl = `${target.url}/?default_format=CSV&query=${encodeURIComponent("SELECT 1, 'a'")}`;
      expect(await (await fetch(inUrl)).text()).toBe('1,"a"\n');
    });

    it('runs statements that are no queries', async () => {
      await target.client.command({
        query: 'CREATE TABLE made (n UInt32) ENGINE = MergeTree ORDER BY n',
        clickhouse_settings: { wait_end_of_query: 1, max_threads: 2 },
      });
      expect(await rows('SHOW TABLES')).toContainEqual({ name: 'made' });
      expect(await rows('DESCRIBE TABLE made')).toMatchObject([{ name: 'n', type: 'UInt32' }]);
      expect(await rows('EXISTS TABLE made')).toEqual([{ result: 1 }]);
      await target.client.command({ query: 'ALTER TABLE made ADD COLUMN m String' });
      await target.client.command({ query: 'DROP TABLE made' });
      expect(await failure(target.client.command({ query: 'DROP TABLE made' }))).toMatchObject({ code: '60' });
      await target.client.command({ query: 'SET max_threads = 3' });
    });

    it("says the query's id and what it did", async () => {
      const response = await fetch(`${target.url}/?query_id=my-query&wait_end_of_query=1`, {
        method: 'POST',
        body: 'SELECT number FROM numbers(10)',
      });
      expect(response.headers.get('x-clickhouse-query-id')).toBe('my-query');
      expect(JSON.parse(response.headers.get('x-clickhouse-summary')!)).toMatchObject({
        read_rows: expect.any(String),
        written_rows: expect.any(String),
      });
      await response.body?.cancel();
    });
  });
