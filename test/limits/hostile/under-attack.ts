import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createAccount } from '../../../src/accounts/accounts.ts';
import { createSecretBox } from '../../../src/accounts/secrets.ts';
import { openDatabase } from '../../../src/database/connect/connection.ts';
import { createApi, type Api } from '../../support/api.ts';
import { createTestDatabase } from '../../support/database.ts';
import { startDns, type FakeDns } from '../../support/net/dns.ts';
import { startProcess } from '../../support/process.ts';
import { startReceiver, type Receiver } from '../../support/receiver.ts';
import { page, startSite, type Site } from '../../support/site.ts';
import { quantile } from '../../support/measure/quantile.ts';
import { familyMiB, residentMiB } from '../../support/measure/resident.ts';

/** The timeout of callbacks and attacked pages. */
export const TIMEOUT_MS = 2000;
/** How long after its timeout an attack may end. */
const MARGIN_MS = 1000;
/** What the service may take with all its readers. */
const LIMIT_MIB = 512;
/** How far above its idle memory the service may be SETTLED_MS after an attack. */
const LEFT_MIB = 64;
const SETTLED_MS = 10_000;
/**
 * What a bystander may wait for an answer of the API, and for a page. A machine that is busy with
 * other work makes everything wait: there, so many times as long as just before the attack, or as
 * for a bare server meanwhile. An answer passes three processes, a page some ten.
 */
const API = { p99Ms: 100, ofRest: 3, ofBare: 5 };
const PAGE = { p99Ms: 1000, ofRest: 3, ofBare: 20 };
/**
 * How long it is measured before an attack what a bystander waits, and for how long that is known:
 * measured before each of a hundred pages, it took longer than they.
 */
const REST_MS = 2000;
const REST_KNOWN_MS = 30_000;
/** Other work on the machine also makes others wait: a round over the limit is repeated. */
const TRIES = 3;

/** Of the account that is attacked. */
export const ATTACKED_KEY = 'ok_test_key_of_the_attacked';

/** For a test of attacks, and for what they start with. */
export const TEST_TIMEOUT_MS = 300_000;

/**
 * Starts an attacked service before the tests of a file, which `begin` receives; ends it after
 * them.
 */
export function stageTests(begin: (stage: UnderAttack) => void): void {
  let stage: UnderAttack;
  const start = async () => {
    stage = await startUnderAttack();
    begin(stage);
  };
  before(start, { timeout: TEST_TIMEOUT_MS });
  after(() => stage[Symbol.asyncDispose]());
}

/** A service in its own process, servers that attack it, and an unrelated account. */
export interface UnderAttack extends AsyncDisposable {
  /** The account whose pages and callbacks are attacked. */
  attacked: Api;
  bystander: Api;
  /** Another account. */
  account(name: string): Promise<Api>;
  /** The ports of the attackers. */
  hostile: { pages: number; crawls: number; callbacks: number };
  dns: FakeDns;
  /** The bystander's. */
  site: Site;
  receiver: Receiver;
  /**
   * Runs `attack` while a bystander works, up to three times until the bystander stays within the
   * limits. Reports the cost.
   */
  unnoticed(t: TestContext, attack: (round: number) => Promise<void>): Promise<void>;
  /**
   * Asserts that the service has returned, ten seconds from now at the latest, what attacks took.
   */
  returnsMemory(t: TestContext): Promise<void>;
}

export async function startUnderAttack(): Promise<UnderAttack> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const attackers = new Worker(new URL('./servers.ts', import.meta.url));
  stack.defer(async () => void (await attackers.terminate()));
  const [hostile] = (await once(attackers, 'message')) as [UnderAttack['hostile']];
  const bareServer = new Worker(new URL('./bare-server.ts', import.meta.url));
  stack.defer(async () => void (await bareServer.terminate()));
  const bare = `http://127.0.0.1:${String((await once(bareServer, 'message'))[0])}/`;
  const large = page('Large', '<a href="/">words</a> of a page. '.repeat(15_000));
  const site = stack.use(await startSite({ '/': page('Home', 'Hello.'), '/large': large }));
  const receiver = stack.use(await startReceiver());
  const dns = stack.use(await startDns());
  const service = stack.use(
    startProcess({
      DNS_SERVERS: dns.server,
      DATABASE_URL: database.url,
      OLLAGRAPH_API_KEY: ATTACKED_KEY,
      ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
      ALLOW_PRIVATE_WEBHOOKS: '127.0.0.0/8',
      WEBHOOK_TIMEOUT_MS: String(TIMEOUT_MS),
      WEBHOOK_RETRY_SCHEDULE: '600',
      RATE_LIMIT_PER_MINUTE: '0',
      FREE_CREDITS: '100000',
      HOST_CONCURRENCY: '16',
    }),
  );
  const origin = `http://127.0.0.1:${await service.ready()}`;
  const attacked = createApi(origin, ATTACKED_KEY);
  const account = async (name: string): Promise<Api> => {
    await using open = openDatabase(database.url, { max: 1, onError: () => {} });
    const { key } = await createAccount(open.db, createSecretBox(undefined), { name, credits: 100_000 });
    return createApi(origin, key);
  };
  const bystander = await account('bystander');
  // Warmed up with pages of up to half a megabyte, so that only the attacks' cost is measured.
  const urls = Array.from({ length: 100 }, (_, n) => site.url(n % 50 === 0 ? '/large' : '/'));
  await bystander.finished(await bystander.queue('/v1/scrape/batch/async', { urls }));
  for (let round = 0; round < 50; round++) await bystander('POST', '/v1/scrape', { url: site.url('/') });

  await sleep(SETTLED_MS);
  const idleMiB = await familyMiB(service.pid);
  const returnsMemory: UnderAttack['returnsMemory'] = async (t) => {
    const until = performance.now() + SETTLED_MS;
    for (;;) {
      const nowMiB = await familyMiB(service.pid);
      const report = `memory ${nowMiB.toFixed(0)} MiB, idle ${idleMiB.toFixed(0)} MiB`;
      if (nowMiB <= idleMiB + LEFT_MIB) return t.diagnostic(report);
      assert.ok(performance.now() < until, report);
      await sleep(100);
    }
  };

  const watched = { pid: service.pid, bystander, url: site.url('/'), bare };
  let known: { rest: Cost; until: number } | null = null;
  const measureRest = async () => {
    const rest = await costOf(async () => await sleep(REST_MS), watched);
    known = { rest, until: performance.now() + REST_KNOWN_MS };
    return rest;
  };
  const unnoticed: UnderAttack['unnoticed'] = async (t, attack) => {
    const beforeMiB = await residentMiB(service.pid);
    for (let round = 1; ; round++) {
      const isKnown = round === 1 && known !== null && performance.now() < known.until;
      const rest = isKnown ? known!.rest : await measureRest();
      const cost = await costOf(async () => await attack(round), watched);
      const report = `${reportOf(cost, beforeMiB)}; before it, API ${waits(rest.answers)}, a page ${waits(rest.pages)}`;
      t.diagnostic(report);
      assert.ok(cost.withReadersMiB < LIMIT_MIB, report);
      const isSoon = (kind: 'answers' | 'pages', { p99Ms, ofRest, ofBare }: typeof API) =>
        p99(cost[kind]) < Math.max(p99Ms, ofRest * p99(rest[kind]), ofBare * p99(cost.bare));
      if (isSoon('answers', API) && isSoon('pages', PAGE)) return;
      assert.ok(round < TRIES, report);
    }
  };
  const owned = stack.move();
  return {
    attacked,
    bystander,
    account,
    hostile,
    dns,
    site,
    receiver,
    unnoticed,
    returnsMemory,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface Watched {
  pid: number;
  bystander: Api;
  /** The bystander's page. */
  url: string;
  /** A server that does nothing else. */
  bare: string;
}

/** The waits of a bystander and those for a bare server, in ms, and the process's peak memory. */
type Cost = Awaited<ReturnType<typeof costOf>>;

async function costOf(attack: () => Promise<void>, { pid, bystander, url, bare: bareUrl }: Watched) {
  const state = { over: false };
  const answers: number[] = [];
  const pages: number[] = [];
  const bare: number[] = [];
  let [mostMiB, withReadersMiB] = [0, 0];
  const timed = async (times: number[], work: () => Promise<void>, pauseMs: number) => {
    while (!state.over) {
      const begun = performance.now();
      await work();
      times.push(performance.now() - begun);
      await sleep(pauseMs);
    }
  };
  const watch = [
    timed(answers, async () => assert.equal((await bystander('GET', '/v1/me')).status, 200), 5),
    timed(bare, async () => void (await (await fetch(bareUrl)).text()), 5),
    timed(
      pages,
      async () => {
        const { json } = await bystander('POST', '/v1/scrape', { url });
        assert.equal(json.status, 'ok', JSON.stringify(json.error));
      },
      100,
    ),
    timed(
      [],
      async () => {
        mostMiB = Math.max(mostMiB, await residentMiB(pid));
        withReadersMiB = Math.max(withReadersMiB, await familyMiB(pid));
      },
      50,
    ),
  ];
  const attacking = attack().finally(() => (state.over = true));
  await Promise.all([attacking, ...watch]);
  return { mostMiB, withReadersMiB, answers, pages, bare };
}

const p99 = (times: number[]): number => quantile(times, 0.99);
const waits = (times: number[]): string =>
  `p50 ${quantile(times, 0.5).toFixed(0)} p99 ${p99(times).toFixed(0)} ms of ${times.length}`;

function reportOf({ mostMiB, withReadersMiB, answers, pages, bare }: Cost, beforeMiB: number): string {
  const memory = `memory +${(mostMiB - beforeMiB).toFixed(0)} MiB, with readers ${withReadersMiB.toFixed(0)} MiB`;
  return `${memory}; API ${waits(answers)}; a bystander's page ${waits(pages)}; a bare server ${waits(bare)}`;
}

/** Asserts that an attack ended with an allowed code, at most a second after its timeout. */
export function assertEnd(
  name: string,
  ends: string[],
  end: string,
  durationMs: number,
  timeoutMs: number,
): void {
  assert.ok(ends.includes(end), `${name}: ${end}`);
  assert.ok(durationMs < timeoutMs + MARGIN_MS, `${name}: ${durationMs} ms of ${timeoutMs}`);
}
