import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { clusterSql } from './cluster-sql.ts';
import { sqlStatements } from './sql-statements.ts';

const migrations = new URL('./migrations/', import.meta.url);
const statements = readdirSync(migrations).flatMap((file) => sqlStatements(readFileSync(new URL(file, migrations), 'utf8')));

test('on one server statements stay as they are', () => {
  for (const statement of statements) expect(clusterSql('').rewrite(statement)).toBe(statement);
});

test('on a cluster every statement of every migration is run everywhere, and every table has replicas', () => {
  const { rewrite } = clusterSql('main');
  expect(statements.length).toBeGreaterThan(15);
  for (const statement of statements) {
    const rewritten = rewrite(statement);
    expect(rewritten).toMatch(/^(CREATE|ALTER|DROP) [^(]*? ON CLUSTER `main`/);
    expect(rewritten).not.toContain('non_replicated');
    if (statement.startsWith('CREATE TABLE')) expect(rewritten).toMatch(/ENGINE = Replicated\w*MergeTree\('\/clickhouse\/tables/);
  }
});

test.each([
  [
    'CREATE TABLE IF NOT EXISTS a (b String) ENGINE = ReplacingMergeTree(assigned_at) ORDER BY b SETTINGS non_replicated_deduplication_window = 5',
    "CREATE TABLE IF NOT EXISTS a ON CLUSTER `c` (b String) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', assigned_at) ORDER BY b SETTINGS replicated_deduplication_window = 5, replicated_deduplication_window_seconds = 604800",
  ],
  ['CREATE MATERIALIZED VIEW IF NOT EXISTS v TO t AS SELECT 1', 'CREATE MATERIALIZED VIEW IF NOT EXISTS v ON CLUSTER `c` TO t AS SELECT 1'],
  ['ALTER TABLE t ADD COLUMN x Int8', 'ALTER TABLE t ON CLUSTER `c` ADD COLUMN x Int8'],
  ['CREATE DATABASE IF NOT EXISTS `d`', 'CREATE DATABASE IF NOT EXISTS `d` ON CLUSTER `c`'],
])('%s', (statement, expected) => expect(clusterSql('c').rewrite(statement)).toBe(expected));
