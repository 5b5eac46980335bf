import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Endpoint } from '../../../src/webhooks/dispatch/endpoint/endpoint.ts';
import { SendLoop } from '../../../src/webhooks/dispatch/send-loop.ts';
import type { AttemptResult } from '../../../src/webhooks/outbox/finished-attempt.ts';
import { delivery, newAccount, passedBudget, result } from './fixtures.ts';

/** Half of the places of the process, which has 64 at first. */
const SHARE = 32;
const ENDPOINTS = 40;

let looks = 0;

/** An endpoint that fails where it is looked at again and again. */
class CountedEndpoint extends Endpoint {
  override get hasWaiting(): boolean {
    if (++looks > 100 * ENDPOINTS) throw new Error('the endpoints are looked at again and again');
    return super.hasWaiting;
  }
}

test('endpoints of an account that has all its places are looked at once, not for ever', async () => {
  const common = { account_id: 'acct_1', account: newAccount(), maxConcurrency: 64 };
  const endpoints = Array.from(
    { length: ENDPOINTS },
    (_, n) => new CountedEndpoint({ ...common, endpoint: `a${n}.example:443`, budget: passedBudget() }),
  );
  const answers: ((answer: AttemptResult) => void)[] = [];
  const loop = new SendLoop({
    timeoutMs: 15_000,
    attempt: async () => await new Promise((answer) => answers.push(answer)),
    holds: () => true,
    finished: () => {},
    release: () => {},
    unsigned: () => {},
    unlinked: () => {},
    unread: () => {},
  });
  for (const endpoint of endpoints) {
    endpoint.add({ delivery: delivery('/'), claimedAt: 0 }, 0);
    loop.pump(endpoint);
  }
  assert.equal(loop.inFlight, SHARE);
  for (let ended = 1; ended <= ENDPOINTS; ended++) {
    answers[ended - 1]!(result(200));
    await turn();
    assert.equal(loop.inFlight, Math.min(SHARE, ENDPOINTS - ended));
  }
});
