import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_RETRY_SCHEDULE } from '../../../src/config/index.ts';
import { parseRetryAfter } from '../../../src/egress/retry-after.ts';
import { retryDelay } from '../../../src/webhooks/send/retry.ts';

test('the default schedule is that of the contract, and lasts over three days', () => {
  const [second, minute, hour] = [1, 60, 3600];
  assert.deepEqual(DEFAULT_RETRY_SCHEDULE, [
    5 * second,
    30 * second,
    2 * minute,
    10 * minute,
    30 * minute,
    hour,
    2 * hour,
    4 * hour,
    8 * hour,
    16 * hour,
    24 * hour,
    24 * hour,
  ]);
  assert.ok(DEFAULT_RETRY_SCHEDULE.reduce((sum, step) => sum + step) > 3 * 24 * hour);
});

test('each failure waits its step and up to 20 % of it', () => {
  for (const [n, step] of DEFAULT_RETRY_SCHEDULE.entries()) {
    assert.equal(
      retryDelay(DEFAULT_RETRY_SCHEDULE, n + 1, null, () => 0),
      step,
    );
    assert.ok(
      Math.abs(retryDelay(DEFAULT_RETRY_SCHEDULE, n + 1, null, () => 0.999_999)! - step * 1.2) < step * 0.001,
    );
  }
  assert.equal(retryDelay(DEFAULT_RETRY_SCHEDULE, DEFAULT_RETRY_SCHEDULE.length + 1, null), null);
});

test('Retry-After is honoured up to the length of the next step, and never shortens a wait', () => {
  const schedule = [10, 100, 1000];
  const delay = (failures: number, asked: number | null) => retryDelay(schedule, failures, asked, () => 0);
  assert.equal(delay(1, 3), 10);
  assert.equal(delay(1, 60), 60);
  assert.equal(delay(1, 100), 100);
  assert.equal(delay(1, 5000), 100);
  assert.equal(delay(2, 5000), 1000);
  assert.equal(delay(3, 5000), 1000);
  assert.equal(delay(4, 1), null);
});

test('Retry-After: seconds or a date; anything else is nothing', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  for (const [value, seconds] of [
    ['120', 120],
    [' 7 ', 7],
    ['0', 0],
    ['Thu, 01 Jan 2026 00:01:30 GMT', 90],
    ['Thursday, 01-Jan-26 00:00:10 GMT', 10],
    ['Wed, 31 Dec 2025 23:59:59 GMT', null],
    ['-5', null],
    ['1.5', null],
    ['1e3', null],
    ['soon', null],
    ['', null],
    ['9999999999999999999', null],
    [null, null],
  ] as const) {
    assert.equal(parseRetryAfter(value, now), seconds, String(value));
  }
});
