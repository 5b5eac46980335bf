import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import {
  bigint,
  boolean,
  bytea,
  float,
  hex,
  int,
  jsonb,
  real,
  rows,
  smallint,
  text,
  timestamptz,
} from '../../src/database/rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database[Symbol.asyncDispose]());

interface Item {
  word: string | null;
  size: number;
}

test('a batch becomes rows, in its order, with every type as it was', async () => {
  const items: Item[] = [
    { word: 'one, "two" {3} \\ NULL', size: 7 },
    { word: null, size: -1 },
  ];
  const when = new Date('2026-01-31T12:00:00.123Z');
  const batch = rows(items, {
    word: text((item) => item.word),
    tiny: smallint((item) => item.size),
    place: int((_, index) => index),
    large: bigint(() => 2 ** 40),
    half: real((item) => item.size / 2),
    third: float((item) => item.size / 3),
    missing: text((): undefined => undefined),
    negative: boolean((item) => item.size < 0),
    digest: bytea((item) => Buffer.from([0, item.size & 0xff, 0x5c])),
    digits: hex((item) => (item.word === null ? null : '005c22')),
    when: timestamptz(() => when),
    object: jsonb((item) => (item.word === null ? null : { a: [item.word] })),
  });
  const result = await sql`select * from ${batch.as('b')} order by b.place`.execute(database.db);
  const shared = { large: 2 ** 40, missing: null, when };
  assert.deepEqual(result.rows, [
    {
      ...shared,
      word: items[0]!.word,
      tiny: 7,
      place: 0,
      half: 3.5,
      third: 7 / 3,
      negative: false,
      digest: Buffer.from([0, 7, 0x5c]),
      digits: Buffer.from([0, 0x5c, 0x22]),
      object: { a: [items[0]!.word] },
    },
    {
      ...shared,
      word: null,
      tiny: -1,
      place: 1,
      half: -0.5,
      third: -1 / 3,
      negative: true,
      digest: Buffer.from([0, 0xff, 0x5c]),
      digits: null,
      object: null,
    },
  ]);
});

test('its columns head an insert, and more rows fit than a statement has parameters', async () => {
  const batch = rows(
    Array.from({ length: 70_000 }, (_, n) => n),
    { id: int((n) => n), name: text((n) => `row ${n}`) },
  );
  await sql`create table many (name text, id int)`.execute(database.db);
  await sql`insert into many (${batch.columns}) select * from ${batch.as('b')}`.execute(database.db);
  const { rows: found } =
    await sql`select count(*) as n, max(name) filter (where id = 69999) as last from many`.execute(
      database.db,
    );
  assert.deepEqual(found, [{ n: 70_000, last: 'row 69999' }]);
});

test('an empty batch has no rows', async () => {
  const batch = rows([] as Item[], { word: text((item) => item.word) });
  assert.deepEqual((await sql`select * from ${batch.as('b')}`.execute(database.db)).rows, []);
});
