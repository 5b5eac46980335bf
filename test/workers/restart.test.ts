import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';
import { startPool } from '../support/worker-pool.ts';

test('a thread that does not start is restarted after growing pauses', async () => {
  await using service = await startTestService({ ROLES: 'web' });
  await using pool = await startPool(service.context, {
    script: new URL('data:text/javascript,throw new Error("it does not load")'),
  });
  await service.api.queue('/v1/scrape/batch/async', { urls: ['https://a.example/'] });
  const waits = await eventually(() => {
    const restarts = service.logs.filter((line) => line.lane === 'bulk' && line.restart_ms !== undefined);
    return restarts.length >= 3 && restarts.map((line) => line.restart_ms);
  });
  assert.deepEqual(waits.slice(0, 3), [200, 400, 800]);
  assert.equal(pool.healthy, false);
});
