import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { pino } from 'pino';
import { startEmbedded } from '../../../src/database/embedded/server.ts';
import { testRun } from '../../support/environment.ts';
import { runCliProcess } from '../run-cli.ts';

test('without DATABASE_URL a command uses the running embedded database or starts it', async () => {
  const env = { DATA_DIR: join(testRun().directory, 'cli') };
  assert.equal((await runCliProcess(env, ['migrate'])).exitCode, 0);
  assert.equal((await runCliProcess(env, ['accounts', 'create', '--name', 'before'])).exitCode, 0);
  assert.match((await runCliProcess(env, ['database-url'])).stderr, /runs only while the service does/);

  const running = await startEmbedded(env.DATA_DIR, pino({ level: 'silent' }));
  const client = new pg.Client({ connectionString: running.url });
  await client.connect();
  try {
    assert.equal((await runCliProcess(env, ['accounts', 'create', '--name', 'beside'])).exitCode, 0);
    assert.equal((await runCliProcess(env, ['database-url'])).stdout, `${running.url}\n`);
    const { rows } = await client.query('select name from accounts order by id');
    assert.deepEqual(rows, [{ name: 'before' }, { name: 'beside' }]);
  } finally {
    await client.end();
    await running.close();
  }
});
