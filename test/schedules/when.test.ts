import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cron } from '../../src/schedules/times/cron.ts';
import { cronFault, isTimezone, nextRun } from '../../src/schedules/times/when.ts';

/** The times that follow each other, in UTC as month-day hour:minute. */
function timesOf(cron: Cron, from: string, count: number): string[] {
  const times: Date[] = [];
  for (let last = new Date(from); times.length < count;) times.push((last = cron.next(last)));
  return times.map((time) => time.toISOString().slice(5, 16).replace('T', ' '));
}

/** Nights of 2026 in which clocks are set, and the times around them. */
const NIGHTS: [name: string, cron: string, zone: string, from: string, times: string[]][] = [
  [
    'a daily time that is left out comes an hour later',
    '30 2 * * *',
    'Europe/Berlin',
    '2026-03-28T12:00Z',
    ['03-29 01:30', '03-30 00:30'],
  ],
  [
    'several that are left out all come later',
    '15,45 2 * * *',
    'Europe/Berlin',
    '2026-03-28T12:00Z',
    ['03-29 01:15', '03-29 01:45', '03-30 00:15'],
  ],
  [
    'in the order in which they come, not in which the clock would show them',
    '20,40 2 * * *',
    'Australia/Lord_Howe',
    '2026-10-03T00:00Z',
    ['10-03 15:40', '10-03 15:50', '10-04 15:20'],
  ],
  [
    'also where clocks are set by two hours',
    '30 0-2 * * *',
    'Antarctica/Troll',
    '2026-03-29T00:00Z',
    ['03-29 00:30', '03-29 01:30', '03-29 02:30', '03-29 22:30'],
  ],
  [
    'a daily time that comes twice counts once',
    '30 2 * * *',
    'Europe/Berlin',
    '2026-10-24T12:00Z',
    ['10-25 00:30', '10-26 01:30'],
  ],
  [
    'nor does it count again from between the two',
    '30 2 * * *',
    'Europe/Berlin',
    '2026-10-25T01:10Z',
    ['10-26 01:30'],
  ],
  [
    'every hour goes on when clocks are set forward',
    '0 * * * *',
    'Europe/Berlin',
    '2026-03-28T23:30Z',
    ['03-29 00:00', '03-29 01:00', '03-29 02:00'],
  ],
  [
    'and when they are set back',
    '0 * * * *',
    'Europe/Berlin',
    '2026-10-24T23:30Z',
    ['10-25 00:00', '10-25 01:00', '10-25 02:00'],
  ],
  [
    'the same in New York, forward',
    '30 2 * * *',
    'America/New_York',
    '2026-03-07T12:00Z',
    ['03-08 07:30', '03-09 06:30'],
  ],
  ['and back', '30 1 * * *', 'America/New_York', '2026-10-31T12:00Z', ['11-01 05:30', '11-02 06:30']],
  [
    'every half hour in New York',
    '*/30 * * * *',
    'America/New_York',
    '2026-11-01T05:10Z',
    ['11-01 05:30', '11-01 06:00', '11-01 06:30', '11-01 07:00'],
  ],
  [
    'where clocks are set by half an hour, forward',
    '15 2 * * *',
    'Australia/Lord_Howe',
    '2026-10-03T00:00Z',
    ['10-03 15:45', '10-04 15:15'],
  ],
  ['and back', '45 1 * * *', 'Australia/Lord_Howe', '2026-04-04T00:00Z', ['04-04 14:45', '04-05 15:15']],
  [
    'every quarter of an hour in both half hours',
    '*/15 * * * *',
    'Australia/Lord_Howe',
    '2026-04-04T14:20Z',
    ['04-04 14:30', '04-04 14:45', '04-04 15:00', '04-04 15:15', '04-04 15:30'],
  ],
  [
    'every quarter of an hour without a gap',
    '*/15 * * * *',
    'Australia/Lord_Howe',
    '2026-10-03T15:10Z',
    ['10-03 15:15', '10-03 15:30', '10-03 15:45'],
  ],
  [
    'working days, by name',
    '0 6 * * MON-FRI',
    'Europe/Berlin',
    '2026-10-23T12:00Z',
    ['10-26 05:00', '10-27 05:00'],
  ],
];

for (const [name, expression, zone, from, times] of NIGHTS)
  test(`${name}: ${expression} in ${zone}`, () => {
    assert.deepEqual(timesOf(new Cron(expression, zone), from, times.length), times);
  });

test('what is no cron expression, or never comes, is refused without being looked for', () => {
  const malformed = ['', '* * * *', '* * * * * *', '@daily', '61 * * * *', '5-1 * * * *', '* * * * *;'];
  const never = ['0 0 30 2 *', '0 0 31 4,6 *', '0 0 * * 8-9'];
  const notNames = ['* * * * monday', '* * * * SUNMON', '* * * FEBR *', '* * * MON *'];
  const slow = ['0 0 30 2 1#5', '0 0 L * *', 'H H * * *'];
  for (const cron of [...malformed, ...never, ...notNames, ...slow])
    assert.notEqual(cronFault(cron, 'UTC', 60), null, cron);
  for (const cron of ['* * * * *', '0 0 29 2 *', '0 0 * JAN sun', '1,2-5/2 */3 * * *'])
    assert.equal(cronFault(cron, 'Europe/Berlin', 60), null, cron);
  assert.match(cronFault('*/5 * * * *', 'UTC', 600)!, /every 600 s/);
});

/** The first time of an expression after New Year's Day. */
const first = (cron: string) => new Cron(cron, 'UTC').next(new Date('2026-01-01T12:00Z'));

test('every month and every day of the week has a name', () => {
  const days = ['SUN', 'mon', 'TUE', 'wed', 'THU', 'fri', 'SAT'];
  for (const [n, day] of days.entries()) assert.equal(first(`0 6 * * ${day}`).getUTCDay(), n, day);
  const months = 'JAN feb MAR apr MAY jun JUL aug SEP oct NOV dec'.split(' ');
  for (const [n, month] of months.entries()) assert.equal(first(`0 6 2 ${month} *`).getUTCMonth(), n, month);
  for (const cron of ['0 6 * * mon-thu', '0 6 * * TUE,THU', '0 6 * MAR-AUG,DEC 0-7/2'])
    assert.equal(cronFault(cron, 'UTC', 60), null, cron);
});

test('a time zone has a name of the IANA', () => {
  for (const name of ['UTC', 'Europe/Berlin', 'Australia/Lord_Howe']) assert.ok(isTimezone(name), name);
  for (const name of ['', '+02:00', 'Mars/Base', '../etc/passwd']) assert.ok(!isTimezone(name), name);
});

test('an interval keeps its beat, and what has passed is not made up for', () => {
  const timing = { cron: null, every_seconds: 60, timezone: 'UTC', until: null };
  const next = (now: string) => nextRun(timing, new Date('2026-01-01T00:00:10Z'), new Date(now));
  assert.equal(next('2026-01-01T00:00:10Z')?.toISOString(), '2026-01-01T00:01:10.000Z');
  assert.equal(next('2026-01-01T00:00:10.250Z')?.toISOString(), '2026-01-01T00:01:10.000Z');
  assert.equal(next('2026-01-01T06:40:00Z')?.toISOString(), '2026-01-01T06:40:10.000Z');
  const until = new Date('2026-01-01T00:01:00Z');
  assert.equal(nextRun({ ...timing, until }, new Date('2026-01-01T00:00:10Z'), until), null);
});
