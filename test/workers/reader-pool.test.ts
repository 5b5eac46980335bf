import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { ScrapeOptions } from '../../src/jobs/options.ts';
import type { PageReading, ReadRequest } from '../../src/workers/reading/page-reading.ts';
import { LARGEST_READING_BYTES } from '../../src/workers/reading/page-weight.ts';
import { ReaderPool } from '../../src/workers/reading/reader-pool.ts';
import { ReadingMemory } from '../../src/workers/reading/reading-memory.ts';
import { testRun } from '../support/environment.ts';
import { eventually } from '../support/wait.ts';
import { readRequest } from '../support/read-request.ts';

const request = (html: string, options: Partial<ScrapeOptions> = {}): ReadRequest =>
  readRequest({ contentType: 'text/html', body: Buffer.from(html) }, { formats: ['text'], ...options });

interface Limits {
  spareMs?: number;
  accountReaders?: number;
  readersOfHeavy?: number;
  memory?: ReadingMemory;
  urgent?: boolean;
}

const createPool = (limits: Limits = {}) =>
  new ReaderPool({
    compileCache: join(testRun().directory, 'compiled'),
    niceness: 0,
    readers: 4,
    accountReaders: 4,
    memory: new ReadingMemory(),
    urgent: true,
    readersOfHeavy: 1,
    spareMs: 60_000,
    ...limits,
  });

const textOf = ({ fragment }: PageReading): string =>
  (JSON.parse(Buffer.from(fragment).toString()) as { text: string }).text;
const until = (signal: AbortSignal) => ({ signal, onWaited: () => {} });
const never = () => until(new AbortController().signal);

/** The readers that this process has started. */
async function readerPids(): Promise<string[]> {
  const threads = await readdir('/proc/self/task');
  const lists = await Promise.all(
    threads.map(async (thread) => await readFile(`/proc/self/task/${thread}/children`, 'utf8')),
  );
  const readers = await Promise.all(
    lists
      .flatMap((list) => list.split(' ').filter((pid) => pid !== ''))
      .map(async (pid) => {
        const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
        return command.includes('reading/child/reader.ts') ? [pid] : [];
      }),
  );
  return readers.flat();
}

test(
  'pages that come at once wait for one reader to start',
  { skip: platform() !== 'linux' && 'only Linux lists children' },
  async () => {
    await using pool = createPool();
    const before = (await readerPids()).length;
    const readings = ['one', 'two', 'three', 'four'].map((word) =>
      pool.read('acct_1', request(`<p>${word}</p>`), never()),
    );
    await setImmediate();
    assert.equal((await readerPids()).length - before, 1);
    assert.deepEqual((await Promise.all(readings)).map(textOf), ['one', 'two', 'three', 'four']);
  },
);

test(
  'a reader that large pages have grown returns their memory, and reads the next',
  { skip: platform() !== 'linux' && 'only Linux lists children' },
  async () => {
    await using pool = createPool();
    await pool.read('acct_1', request('<p>small</p>'), never());
    const before = await readerPids();
    const large = request('<div><p>text <a href="/a">a link</a></p></div>'.repeat(10_000));
    for (let n = 0; n < 4; n++) {
      const body = Buffer.from(large.page.body);
      await pool.read('acct_1', { ...large, page: { ...large.page, body } }, never());
      assert.deepEqual(await readerPids(), before);
    }
  },
);

test('a page that takes long holds up no other, and one that is given up frees its reader', async () => {
  await using pool = createPool();
  const slow = new AbortController();
  const long = request(`<main>${'<p>a</p>'.repeat(20_000)}</main>`, { exclude_selectors: ['p:has(+ q)'] });
  const ended = assert.rejects(pool.read('acct_1', long, until(slow.signal)));
  assert.equal(textOf(await pool.read('acct_1', request('<p>quick</p>'), never())), 'quick');
  slow.abort();
  await ended;
  assert.equal(textOf(await pool.read('acct_1', request('<p>next</p>'), never())), 'next');
});

test(
  'an idle reader stays while a long page is read, and ends soon after it',
  { skip: platform() !== 'linux' && 'only Linux lists children' },
  async () => {
    await using pool = createPool({ spareMs: 0 });
    const before = (await readerPids()).length;
    const started = async () => (await readerPids()).length - before;
    const slow = new AbortController();
    const long = request(`<main>${'<p>a</p>'.repeat(20_000)}</main>`, { exclude_selectors: ['p:has(+ q)'] });
    const begun = Promise.withResolvers<void>();
    const turn = { ...until(slow.signal), onWaited: () => begun.resolve() };
    const ended = assert.rejects(pool.read('acct_1', long, turn));
    await begun.promise;
    await pool.read('acct_1', request('<p>quick</p>'), never());
    await sleep(3500);
    assert.equal(await started(), 2);
    slow.abort();
    await ended;
    await eventually(async () => (await started()) === 0);
  },
);

test('a page is given up while it waits for a reader, and the reader reads the next', async () => {
  await using pool = createPool();
  const gone = new AbortController();
  const ended = assert.rejects(pool.read('acct_1', request('<p>gone</p>'), until(gone.signal)), {
    name: 'AbortError',
  });
  const next = pool.read('acct_1', request('<p>next</p>'), never());
  await setImmediate();
  gone.abort();
  await ended;
  assert.equal(textOf(await next), 'next');
});

test('readings fail when the pool ends', async () => {
  const pool = createPool();
  const reading = assert.rejects(pool.read('acct_1', request('<p>late</p>'), never()), /readers have ended/);
  await setImmediate();
  await pool[Symbol.asyncDispose]();
  await reading;
});

test('a page that may take much memory is read alone among those of its account', async () => {
  await using pool = createPool({ accountReaders: 2, readersOfHeavy: 2 });
  const order: string[] = [];
  const read = async (account: string, name: string, html: string) => {
    await pool.read(account, request(html), never());
    order.push(name);
  };
  const readings = [read('a', 'heavy', '<p>text</p>'.repeat(30_000))];
  await setImmediate();
  readings.push(read('a', 'light', '<p>text</p>'), read('b', 'other', '<p>text</p>'));
  await Promise.all(readings);
  assert.ok(order.indexOf('light') > order.indexOf('heavy'), order.join());
});

test('many heavy pages of one account leave the next turn to another', async () => {
  await using pool = createPool();
  const order: string[] = [];
  const read = async (account: string, name: string) => {
    // What may be packed is read alone, whatever its size.
    const page = { contentType: 'application/octet-stream', body: Buffer.from('text') };
    await pool.read(account, readRequest(page), never());
    order.push(name);
  };
  const many = ['a1', 'a2', 'a3', 'a4'].map((name) => read('a', name));
  await setImmediate();
  await Promise.all([...many, read('b', 'b1')]);
  assert.ok(order.indexOf('b1') <= 1, order.join());
});

test('a heavy page of a batch gives way to a single one, and is read again from the same bytes', async () => {
  const memory = new ReadingMemory();
  await using batches = createPool({ memory, urgent: false });
  const order: string[] = [];
  const begun = Promise.withResolvers<void>();
  const onWaited = () => {
    order.push('begun');
    begun.resolve();
  };
  // Reading it takes more than the second for which a single page waits.
  const html = `<main><p>word</p>${'<p>a</p>'.repeat(10_000)}<!--${' '.repeat(9_000_000)}--></main>`;
  const heavy = request(html, { exclude_selectors: ['p:has(+ q)'] });
  const batch = batches.read('a', heavy, { ...never(), onWaited });
  await begun.promise;
  const single = await memory.enter(
    { bytes: LARGEST_READING_BYTES, urgent: true, yields: false },
    never().signal,
  );
  order.push('single');
  single[Symbol.dispose]();
  assert.ok(textOf(await batch).startsWith('word'));
  assert.deepEqual(order, ['begun', 'single', 'begun']);
});
