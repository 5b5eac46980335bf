import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { PgBoss } from 'pg-boss';
import { openDatabase } from '../../src/database/connect/connection.ts';
import { isUnavailable } from '../../src/database/connect/trouble.ts';
import { DEAD_LETTERS, executor, queueError, QUEUE_OPTIONS } from '../../src/database/queue.ts';
import { TcpProxy } from '../faults/rig/tcp-proxy.ts';
import { createTestDatabase } from '../support/database.ts';

test('errors of the queue while the database is away are recognised as such', async () => {
  await using database = await createTestDatabase();
  const url = new URL(database.url);
  await using network = new TcpProxy(Number(url.port));
  await network.start();
  url.port = String(network.port);
  await using pool = openDatabase(url.href, { max: 2, onError: () => undefined });
  const boss = new PgBoss({
    db: executor(pool.pool),
    migrate: false,
    supervise: false,
    ...QUEUE_OPTIONS,
    registerInstance: false,
  });
  boss.on('error', () => undefined);
  await boss.start();
  await boss.work(DEAD_LETTERS, { pollingIntervalSeconds: 0.5 }, async () => undefined);
  network.break('reset');
  const [reported] = await once(boss, 'error');
  const error = queueError(reported);
  assert.ok(isUnavailable(error), error.stack);
  network.heal();
  await boss.stop({ close: false, graceful: false });
});
