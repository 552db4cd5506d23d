import { expect, it } from 'vitest';
import { sqlStatements } from './sql-statements.ts';

it('splits at semicolons that end statements, and only there', () => {
  const text =
    "-- it's a comment; with one\nCREATE TABLE a (b String DEFAULT ';--', `c;d` Int8); /* ; */\n\nINSERT INTO a VALUES ('it''s \\'; x', 1 - 1 / 1);\n-- end";
  expect(sqlStatements(text)).toEqual([
    "CREATE TABLE a (b String DEFAULT ';--', `c;d` Int8)",
    "INSERT INTO a VALUES ('it''s \\'; x', 1 - 1 / 1)",
  ]);
  expect(sqlStatements(' \n-- nothing\n')).toEqual([]);
});
