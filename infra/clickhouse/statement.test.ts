import { describe, expect, it } from 'vitest';
import { substituteParameters } from './parameters.ts';
import { parseStatement, withSettings } from './statement.ts';

describe('parseStatement', () => {
  it.each([
    ['SELECT 1', 'SELECT 1', null],
    ['SELECT 1 FORMAT JSON', 'SELECT 1', 'JSON'],
    ['SELECT 1 format JSONEachRow ;\n', 'SELECT 1', 'JSONEachRow'],
    ['SELECT 1 FORMAT CSV SETTINGS a = 1', 'SELECT 1 SETTINGS a = 1', 'CSV'],
    ["SELECT 'x FORMAT JSON'", "SELECT 'x FORMAT JSON'", null],
    ['SELECT 1 -- FORMAT JSON', 'SELECT 1', null],
    ['SELECT format FROM t', 'SELECT format FROM t', null],
    ["SELECT format('{}', 1) AS a", "SELECT format('{}', 1) AS a", null],
    ['(SELECT 1) UNION ALL (SELECT 2 SETTINGS a = 1)', '(SELECT 1) UNION ALL (SELECT 2 SETTINGS a = 1)', null],
    ['/* c */ WITH 1 AS x SELECT x FORMAT TSV', '/* c */ WITH 1 AS x SELECT x', 'TSV'],
  ])('takes the format of %s', (query, sql, format) => {
    const statement = parseStatement(query);
    expect(statement).toMatchObject({ kind: 'select', format });
    expect((statement as { sql: string }).sql.replaceAll(/\s+/g, ' ')).toBe(sql);
  });

  it('tells an insert from its data', () => {
    const insert = (query: string) => parseStatement(query);
    expect(insert('INSERT INTO t FORMAT JSONEachRow\n{"a":"FORMAT \' ;"}\n')).toMatchObject({
      into: 'INSERT INTO t',
      format: 'JSONEachRow',
      data: '{"a":"FORMAT \' ;"}\n',
    });
    expect(insert("INSERT INTO t (a, `b`) SETTINGS x = 'y' VALUES (1, '(;')")).toMatchObject({
      into: 'INSERT INTO t (a, `b`)',
      settings: "x = 'y'",
      format: 'Values',
      data: "(1, '(;')",
    });
    expect(insert('INSERT INTO t SELECT a FROM u FORMAT Null')).toMatchObject({ into: 'INSERT INTO t', sql: 'SELECT a FROM u', data: '' });
    expect(insert('INSERT INTO t WITH 1 AS x SELECT x')).toMatchObject({ into: 'INSERT INTO t', sql: 'WITH 1 AS x SELECT x' });
  });

  it.each(['', ' ;', '-- nothing', 'SELECT 1; SELECT 2', "SELECT 'open", 'SELECT `open', '; SELECT 1', "'", '\0'])(
    'refuses %j',
    (query) => {
      expect(() => parseStatement(query)).toThrow(/Syntax error/);
    },
  );

  it('streams what computes no scalar subquery', () => {
    expect(parseStatement('SELECT a FROM t')).toMatchObject({ streamable: true });
    expect(parseStatement('SELECT (SELECT max(a) FROM t)')).toMatchObject({ streamable: false });
  });
});

describe('withSettings', () => {
  const settings = new Map([
    ['token', '0123'],
    ['limit', "it's \\"],
  ]);
  it("quotes every value, and lets the query's own win", () => {
    expect(withSettings('SELECT 1', settings)).toBe("SELECT 1\nSETTINGS token = '0123', limit = 'it\\'s \\\\'");
    expect(withSettings('SELECT 1 SETTINGS limit = 5', settings)).toBe("SELECT 1 SETTINGS limit = 5, token = '0123'");
    expect(withSettings('SELECT (SELECT 1 SETTINGS token = 1)', new Map([['token', '2']]))).toBe(
      "SELECT (SELECT 1 SETTINGS token = 1)\nSETTINGS token = '2'",
    );
    expect(withSettings('SELECT 1', new Map())).toBe('SELECT 1');
  });
});

describe('substituteParameters', () => {
  const put = (sql: string, values: Record<string, string>) => substituteParameters(sql, new Map(Object.entries(values)));
  it.each([
    ['{a:String}', "it\\'s\\n\\\\", "'it\\'s\n\\\\'"],
    ['{a:UInt8}', '5', "_CAST(5, 'UInt8')"],
    ['{a:UInt8}', '5 OR 1', "_CAST('5 OR 1', 'UInt8')"],
    ['{a:Nullable(String)}', '\\N', "_CAST(NULL, 'Nullable(String)')"],
    ["{ a : DateTime64(3, 'UTC') }", '2026-01-01', "_CAST('2026-01-01', 'DateTime64(3, \\'UTC\\')')"],
    ['{a:Array(String)}', "['x\\'y']", "_CAST('[\\'x\\\\\\'y\\']', 'Array(String)')"],
    ['{a:Map(String, String)}', "{'k':'v'}", "_CAST(map('k','v'), 'Map(String, String)')"],
    ['{a:Identifier}', 'my`table', '`my\\`table`'],
  ])('puts %s', (sql, value, expected) => {
    expect(put(sql, { a: value })).toBe(expected);
  });
  it('lets nothing but literals into a map', () => {
    for (const value of ["{'k':(SELECT 1)}", "{'k':now()}", "{'k':`x`}", "{'k':1};"])
      expect(() => put('{a:Map(String, String)}', { a: value })).toThrow(/cannot be parsed/);
  });
  it('leaves strings, comments, maps and data alone', () => {
    for (const sql of [
      "SELECT '{a:String}'",
      'SELECT 1 -- {a:String}',
      "SELECT {'a':1}",
      'SELECT `{a:String}`',
      'INSERT INTO t FORMAT JSONEachRow {a:1}',
    ])
      expect(put(sql, {})).toBe(sql);
  });
  it('reaches into VALUES', () => {
    expect(put('INSERT INTO t VALUES ({a:String})', { a: 'x' })).toBe("INSERT INTO t VALUES ('x')");
  });
});
