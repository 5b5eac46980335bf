import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_RETRY_SCHEDULE } from '../../src/config/index.ts';
import { retryDelay } from '../../src/webhooks/send/retry.ts';

const HOUR = 3600;
const WEEK = 7 * 24 * HOUR;

interface Outage {
  from: number;
  to: number;
  /** What the receiver asks for meanwhile. */
  retryAfter: number | null;
}

interface Run {
  /** Seconds since the week began. */
  attempts: number[];
  ended: 'delivered' | 'exhausted';
}

/** A delivery's life on a clock that jumps from attempt to attempt. */
function live(created: number, outages: Outage[], random: () => number): Run {
  const attempts: number[] = [];
  for (let now = created; ;) {
    attempts.push(now);
    const outage = outages.find(({ from, to }) => from <= now && now < to);
    if (!outage) return { attempts, ended: 'delivered' };
    const delay = retryDelay(DEFAULT_RETRY_SCHEDULE, attempts.length, outage.retryAfter, random);
    if (delay === null) return { attempts, ended: 'exhausted' };
    now += delay;
  }
}

const outages = fc.array(
  fc
    .record({
      from: fc.integer({ min: 0, max: WEEK }),
      length: fc.integer({ min: 1, max: WEEK }),
      retryAfter: fc.option(fc.integer({ min: 0, max: 10 * WEEK })),
    })
    .map(({ from, length, retryAfter }): Outage => ({ from, to: from + length, retryAfter })),
  { maxLength: 6 },
);
const jitter = fc
  .infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))
  .map((stream) => () => stream.next().value ?? 0);

test('through a week of outages, attempts keep their intervals and end with success or the last step', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: WEEK }), outages, jitter, (created, down, random) => {
      const { attempts, ended } = live(created, down, random);
      assert.ok(attempts.length <= DEFAULT_RETRY_SCHEDULE.length + 1);
      for (const [n, at] of attempts.slice(1).entries()) {
        const waited = at - attempts[n]!;
        const step = DEFAULT_RETRY_SCHEDULE[n]!;
        const longest = Math.max(step * 1.2, DEFAULT_RETRY_SCHEDULE[n + 1] ?? step);
        // Times of a week in seconds carry about nine digits after the point.
        assert.ok(waited >= step - 1e-6 && waited <= longest + 1e-6, `${waited} s after failure ${n + 1}`);
      }
      const isDown = (at: number) => down.some(({ from, to }) => from <= at && at < to);
      assert.deepEqual(
        attempts.map(isDown),
        attempts.map((_, n) => n < attempts.length - 1 || ended === 'exhausted'),
      );
    }),
    { numRuns: 2000 },
  );
});

test('a receiver that is down for three days, whatever it asks for, gets everything in the end', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 72 * HOUR }),
      fc.option(fc.integer({ min: 0, max: 10 * WEEK })),
      jitter,
      (created, retryAfter, random) => {
        const { ended } = live(created, [{ from: 0, to: 72 * HOUR, retryAfter }], random);
        assert.equal(ended, 'delivered');
      },
    ),
    { numRuns: 2000 },
  );
});

test('a receiver that never comes back is left alone after three to five days', () => {
  fc.assert(
    fc.property(fc.option(fc.integer({ min: 0, max: 10 * WEEK })), jitter, (retryAfter, random) => {
      const { attempts, ended } = live(0, [{ from: 0, to: 10 * WEEK, retryAfter }], random);
      assert.equal(ended, 'exhausted');
      assert.equal(attempts.length, DEFAULT_RETRY_SCHEDULE.length + 1);
      assert.ok(attempts.at(-1)! > 72 * HOUR && attempts.at(-1)! < 120 * HOUR);
    }),
    { numRuns: 500 },
  );
});
