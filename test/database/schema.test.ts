import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { schemaText } from './schema-text.ts';

const file = new URL('../../db/schema.sql', import.meta.url);
let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database[Symbol.asyncDispose]());

test('db/schema.sql is what the migrations add up to (npm run schema writes it)', async () => {
  const text = await schemaText(database.db);
  if (process.env.WRITE_SCHEMA === 'true') await writeFile(file, text);
  assert.equal(await readFile(file, 'utf8'), text);
});
