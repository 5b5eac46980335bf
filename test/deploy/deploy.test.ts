import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { pendingMigrations } from '../../src/database/migrate.ts';
import { createTestDatabase } from '../support/database.ts';

const root = new URL('../../', import.meta.url);
const run = promisify(execFile);

/** The process types of the Procfile and their commands. */
async function procfile(): Promise<Record<string, string>> {
  const text = await readFile(new URL('Procfile', root), 'utf8');
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(/:\s*(.*)/, 2) as [string, string]),
  );
}

test('the release phase migrates an empty database, even in parallel, and then does nothing', async () => {
  await using database = await createTestDatabase({ empty: true });
  const { release } = await procfile();
  const migrate = async () =>
    (await run('sh', ['-c', release!], { cwd: root, env: { ...process.env, DATABASE_URL: database.url } }))
      .stdout;
  const printed = await Promise.all([migrate(), migrate()]);
  assert.deepEqual(await pendingMigrations(database.db), []);
  assert.equal(
    printed.filter((text) => /^applied 0001_\w+$/m.test(text)).length,
    1,
    'one of the two has done it',
  );
  assert.equal(await migrate(), 'The database is up to date.\n');
});

test('app.json names the process types of the Procfile, and each split one sets its role', async () => {
  const { release, ...types } = await procfile();
  const { formation } = JSON.parse(await readFile(new URL('app.json', root), 'utf8'));
  assert.ok(release);
  assert.deepEqual(Object.keys(formation), Object.keys(types));
  assert.deepEqual(types, {
    web: 'npm start',
    worker: 'ROLES=worker npm start',
    dispatcher: 'ROLES=dispatcher npm start',
  });
  assert.deepEqual(
    Object.values(formation).map((type) => (type as { quantity: number }).quantity),
    [1, 0, 0],
    'at first one dyno does everything',
  );
});
