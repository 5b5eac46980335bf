import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CidrList } from '../../../src/egress/connect/address.ts';
import {
  AddressBudget,
  addressKey,
  createAddressBudgetMemory,
} from '../../../src/egress/budget/address-budget.ts';
import { Network } from '../../../src/egress/connect/network.ts';
import { createResolve } from '../../../src/egress/connect/names/resolve.ts';
import { AddressTrial, type Recipient } from '../../../src/egress/budget/trial.ts';
import { AddressBusyError } from '../../../src/egress/errors.ts';
import { fetchPage } from '../../../src/egress/page/fetch-page.ts';
import { SharedRate, sharedRateMemory } from '../../../src/limits/shared-rate.ts';
import { ok, startOrigin } from '../../support/net/origin.ts';
import { eventually } from '../../support/wait.ts';

/** Two threads of one process, each with its own connections. */
function startThreads(concurrency: number): { pages: Network[] } & Disposable {
  const memory = createAddressBudgetMemory(2);
  const pages = [0, 1].map(
    (thread) =>
      new Network({
        schemes: ['http:'],
        allow: CidrList.parse('127.0.0.0/8'),
        resolve: createResolve(),
        connectionsPerOrigin: 8,
        budget: new AddressBudget({ memory, thread, concurrency }),
      }),
  );
  return { pages, [Symbol.dispose]: () => pages.forEach(({ pool }) => pool.close()) };
}

const busy = (error: unknown) => error instanceof AddressBusyError;

test('many names of one address share its connections over all threads; another account has its own', async () => {
  await using origin = await startOrigin(() => {});
  using threads = startThreads(2);
  const ask = async (name: number, payer: string): Promise<unknown> => {
    const url = `http://n${name}.localhost:${origin.port}/`;
    return await fetchPage(threads.pages[name % 2]!, { url, payer, userAgent: 't', timeoutMs: 60_000 }).catch(
      (error: unknown) => error,
    );
  };
  const asked = Array.from({ length: 40 }, (_, name) => ask(name, 'acct_1'));
  const refused = await Promise.all(Array.from({ length: 32 }, () => Promise.race(asked)));
  assert.ok(refused.every(busy));
  await eventually(() => origin.sockets.size === 8);
  for (let name = 0; name < 4; name++) void ask(name, 'acct_2');
  await eventually(() => origin.sockets.size === 12);
});

test('new connections to an address come at a rate, except those of the first name', async () => {
  await using origin = await startOrigin((socket) => void socket.end(ok('ok', 'Connection: close')));
  using threads = startThreads(100);
  const [pages] = threads.pages;
  const get = async (name: string) => {
    const url = `http://${name}.localhost:${origin.port}/`;
    return await fetchPage(pages!, { url, payer: 'acct_1', userAgent: 't', timeoutMs: 60_000 });
  };
  const began = performance.now();
  const settled = await Promise.allSettled([
    ...Array.from({ length: 150 }, () => get('first')),
    ...Array.from({ length: 350 }, (_, n) => get(`n${n}`)),
  ]);
  const seconds = (performance.now() - began) / 1000;
  const failed = settled.filter((one) => one.status === 'rejected');
  assert.ok(failed.every(({ reason }) => busy(reason)));
  assert.ok(settled.slice(0, 150).every(({ status }) => status === 'fulfilled'));
  const others = 350 - failed.length;
  assert.ok(others >= 200 && others <= 201 + 10 * seconds, `${others} in ${seconds} s`);
});

test('the ports of an address count together, but for the usual ones', async () => {
  using threads = startThreads(100);
  const began = performance.now();
  const asked = Array.from({ length: 350 }, async (_, n) => {
    const url = `http://127.0.0.1:${20_000 + n}/`;
    await fetchPage(threads.pages[0]!, { url, payer: 'acct_1', userAgent: 't', timeoutMs: 60_000 });
  });
  const ends = await Promise.allSettled(asked);
  const seconds = (performance.now() - began) / 1000;
  const tried = ends.filter((end) => end.status === 'fulfilled' || !busy(end.reason)).length;
  assert.ok(tried >= 200 && tried <= 201 + 10 * seconds, `${tried} in ${seconds} s`);

  const budget = new AddressBudget({ memory: createAddressBudgetMemory(1), thread: 0, concurrency: 1000 });
  const enter = async (port: number) => {
    const target = { hostname: 'site.example', port };
    using _ = await budget.enter({ target, payer: 'acct_1' }, ['192.0.2.1'], new AbortController().signal);
  };
  for (let n = 0; n < 600; n++) await enter(n % 2 === 0 ? 80 : 443);
});

test('callers beyond the rate are told to come back one after the other', () => {
  const rate = new SharedRate({ memory: sharedRateMemory(), secret: '1', burst: 3, perSecond: 0.5 });
  const answers = Array.from({ length: 6 }, () => rate.spend('key'));
  assert.deepEqual(answers.slice(0, 3), [0, 0, 0]);
  assert.deepEqual(
    answers.slice(3).map((seconds) => Math.ceil(seconds / 2) * 2),
    [2, 4, 6],
  );
  assert.equal(rate.check('other'), 0);
  rate.charge('other', 4);
  assert.ok(rate.check('other') > 0);
});

test('an IPv6 address counts as its network', () => {
  const one = ['2001:db8:1:2::1', '2001:db8:1:2:3:4:5:6', '2001:0DB8:1:02::'].map(addressKey);
  assert.deepEqual(new Set(one), new Set(['2001:db8:1:2']));
  assert.equal(addressKey('2a00::1'), '2a00:0:0:0');
  assert.equal(addressKey('::1'), '0:0:0:0');
  assert.equal(addressKey('192.0.2.1'), '192.0.2.1');
});

/** An account's recipient. */
function to(hostname: string, address: string): Recipient {
  return { account_id: 'acct_1', target: { hostname, port: 443 }, address };
}

test('an address is on trial until the name has been accepted there, wherever the name leads later', () => {
  const trial = new AddressTrial();
  trial.pass(to('own.example', '192.0.2.1'));
  assert.equal(trial.payerOf('acct_1', { hostname: 'own.example', port: 443 }), null);
  for (let n = 0; n < 200; n++) trial.admit(to('own.example', '192.0.2.1'));
  // The name now leads to a victim, as many others do.
  for (let n = 0; n < 100; n++) trial.admit(to(n % 2 === 0 ? 'own.example' : `n${n}.example`, '192.0.2.2'));
  assert.throws(() => trial.admit(to('own.example', '192.0.2.2')), busy);
  trial.sent(to('large.example', '192.0.2.3'), 2_000_000);
  assert.throws(() => trial.admit(to('other.example', '192.0.2.3')), busy);
});

test('however much was sent to an address on trial, it is asked again within a minute', () => {
  const trial = new AddressTrial();
  trial.sent(to('large.example', '192.0.2.4'), 100_000_000);
  assert.throws(
    () => trial.admit(to('large.example', '192.0.2.4')),
    (error: unknown) => error instanceof AddressBusyError && error.seconds > 50 && error.seconds <= 60,
  );
});
