import assert from 'node:assert/strict';
import { chmod, cp, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { testRun } from '../support/environment.ts';
import { isClean, judge } from './checks/checker.ts';
import { createRandom } from './random.ts';
import { sendLoad } from './load.ts';
import { startRig, type FaultRig } from './rig/rig.ts';

/** A small campaign; `npm run test:faults` runs every class and prints figures. */
let rig: FaultRig;
const random = createRandom(Date.now());

before(async () => {
  const { directory } = testRun();
  const own = await mkdtemp(join(directory, 'faults-'));
  await chmod(own, 0o755);
  for (const file of ['ca.pem', 'server.key', 'server.pem']) await cp(join(directory, file), join(own, file));
  rig = await startRig(own);
});
after(async () => await rig[Symbol.asyncDispose]());

test('terminated connections, a Postgres crash and a kill -9 under load lose nothing', async (t) => {
  const load = async (name: string) => await sendLoad(rig.client, rig.places, random, name);

  const first = load('database');
  await sleep(random.whole(100, 800));
  await rig.postgres.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where backend_type = 'client backend' and application_name <> 'faults'`);
  await sleep(random.whole(100, 800));
  await rig.postgres.crashAndRestart();
  rig.networks.database.target = rig.postgres.port;
  await first;
  assert.ok(rig.service.alive(), 'the process outlives its connections and its database');

  const old = rig.service;
  const doomed = await rig.start({ CRASH_POINT: `delivery.sent:${random.whole(1, 5)}` });
  old.kill('SIGTERM');
  const second = load('killed');
  assert.equal(await doomed.exited, 'SIGKILL');
  await rig.start();
  await second;
  assert.equal(await old.exited, 0);

  assert.ok(Number.isFinite(await rig.drained()), 'everything ends');
  const verdict = await judge(rig.postgres, rig.ledger.path);
  t.diagnostic(JSON.stringify(verdict));
  assert.ok(isClean(verdict), JSON.stringify(verdict));
});
