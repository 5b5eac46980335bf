import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { Webhook } from 'standardwebhooks';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { page, startSite, type Site } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

/** The address under which a proxy of the operator's would be. */
const PUBLIC_URL = 'https://scrape.example.com/under';

let service: TestService;
let site: Site;
let receiver: Receiver;
before(async () => {
  service = await startTestService({ PUBLIC_URL: `${PUBLIC_URL}/`, WEBHOOK_RETRY_SCHEDULE: '0,0,3600' });
  site = await startSite({ '/a': page('Ä', 'Text of ä.'), '/b': page('B', 'Text of b.') });
  receiver = await startReceiver();
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

interface Linked {
  job_id: string;
  result: { url: string; length: number; sha256: string; expires_at: string; format: string; total: number };
  [name: string]: unknown;
}

/** The path of a link at this service. */
const pathOf = (url: string) => url.slice(PUBLIC_URL.length);
const sha256 = (text: string) => createHash('sha256').update(text).digest();

/** Reads without a key. */
async function read(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const answer = await service.api(method, path, undefined, { authorization: '', ...headers });
  return answer;
}

/** The job of a batch, and its callback. */
async function linked(more: object = {}): Promise<Linked> {
  const job_id = await service.api.queue('/v1/scrape/batch/async', {
    urls: [site.url('/a'), 'http://10.0.0.1/', site.url('/b')],
    webhook_url: receiver.url(`/${Math.random()}`),
    webhook_payload: 'link',
    ...more,
  });
  const callback = await eventually(() => {
    const bodies = receiver.callbacks.map(({ body }) => JSON.parse(body.toString()) as Linked);
    return bodies.find((body) => body.job_id === job_id);
  });
  return callback;
}

test('a callback links to the pages, which are read without a key', async () => {
  const { json: me } = await service.api('GET', '/v1/me');
  const { job_id, status, cut_short, metadata, result } = await linked({ metadata: { order: 7 } });
  const { url, length, sha256: digest, expires_at, format, ...counts } = result;
  assert.deepEqual(
    { status, cut_short, metadata },
    { status: 'completed', cut_short: false, metadata: { order: 7 } },
  );
  assert.deepEqual(counts, { total: 3, succeeded: 2, failed: 1, skipped: 0, cancelled: 0, blocked: 0 });
  assert.equal(format, 'jsonl');
  const sent = receiver.callbacks.find(({ body }) => body.includes(job_id))!;
  new Webhook(me.webhook_secret).verify(sent.body, sent.headers as Record<string, string>);
  assert.ok(url.startsWith(`${PUBLIC_URL}/results/${job_id}?`), url);

  const lines = await read(pathOf(url));
  assert.equal(lines.status, 200);
  assert.equal(lines.headers.get('content-type'), 'application/jsonl');
  assert.equal(Buffer.byteLength(lines.text), length);
  assert.equal(sha256(lines.text).toString('hex'), digest);
  assert.equal(lines.headers.get('content-digest'), `sha-256=:${sha256(lines.text).toString('base64')}:`);
  const job = (await service.api('GET', `/v1/jobs/${job_id}`)).json;
  const blocks = lines.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  assert.deepEqual(blocks, job.result.pages);
  const keyed = await service.api('GET', `/v1/jobs/${job_id}/result?format=jsonl`);
  assert.equal(keyed.text, lines.text);

  // The day of the job is dropped when RETENTION_DAYS more days have begun after it.
  const end = Date.parse(expires_at);
  assert.equal(end % 86_400_000, 0);
  assert.ok(end - Date.parse(job.created_at) > 30 * 86_400_000);
  assert.ok(end - Date.parse(job.created_at) <= 31 * 86_400_000);
});

test('one page, and a crawl, are linked to as well', async () => {
  for (const [path, body] of [
    ['/v1/scrape/async', { url: site.url('/a') }],
    ['/v1/crawl', { url: site.url('/a'), max_pages: 2 }],
  ] as const) {
    const hook = receiver.url(`/of${path}`);
    await service.api.queue(path, { ...body, webhook_url: hook, webhook_payload: 'link' });
    const [callback] = await receiver.received(1, `/of${path}`);
    const { result } = JSON.parse(callback!.body.toString()) as Linked;
    const { text } = await read(pathOf(result.url));
    assert.equal(JSON.parse(text).url, site.url('/a'), path);
    assert.equal(result.total, 1);
  }
});

test('every attempt carries the same link', async () => {
  receiver.answers = [500, 500];
  const { job_id } = await linked();
  const attempts = await eventually(() => {
    const found = receiver.callbacks.filter(({ body }) => body.includes(job_id));
    return found.length === 3 ? found : null;
  });
  assert.deepEqual(
    attempts.map(({ headers }) => headers['x-ollagraph-attempt']),
    ['1', '2', '3'],
  );
  for (const { body } of attempts) assert.deepEqual(body, attempts[0]!.body);
});

test('a link is read in parts, resumed, and asked for changes', async () => {
  const { result } = await linked();
  const path = pathOf(result.url);
  const whole = await read(path);
  const etag = whole.headers.get('etag')!;
  const bytes = Buffer.from(whole.text);
  for (const [range, start, end] of [
    ['bytes=0-0', 0, 0],
    ['bytes=10-', 10, bytes.length - 1],
    ['bytes=-5', bytes.length - 5, bytes.length - 1],
    ['bytes=1-1000000', 1, bytes.length - 1],
  ] as const) {
    const part = await fetch(service.api.origin + path, { headers: { range } });
    assert.equal(part.status, 206, range);
    assert.equal(part.headers.get('content-range'), `bytes ${start}-${end}/${bytes.length}`);
    assert.equal(part.headers.get('repr-digest'), whole.headers.get('repr-digest'));
    assert.equal(part.headers.get('content-digest'), null, 'the digest would be that of the part');
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(start, end + 1), range);
  }
  const beyond = await read(path, { range: `bytes=${bytes.length}-` });
  assert.deepEqual([beyond.status, beyond.json.code], [416, 'range_not_satisfiable']);
  assert.equal(beyond.headers.get('content-range'), `bytes */${bytes.length}`);
  assert.equal((await read(path, { range: 'bytes=0-4', 'if-range': etag })).status, 206);
  assert.equal((await read(path, { range: 'bytes=0-4', 'if-range': '"other"' })).status, 200);
  assert.equal((await read(path, { 'if-none-match': etag })).status, 304);
  const head = await read(path, {}, 'HEAD');
  assert.deepEqual([head.status, head.text], [200, '']);
  assert.equal(head.headers.get('content-length'), String(bytes.length));
});

test('a link that was changed is refused, and one that is none does not exist', async () => {
  const { result } = await linked();
  const other = await linked();
  const link = new URL(result.url);
  const changed = (name: string, value: string) => {
    const url = new URL(link);
    url.searchParams.set(name, value);
    return pathOf(url.href);
  };
  const signature = link.searchParams.get('signature')!;
  const stranger = await service.createAccount();
  for (const path of [
    changed('bytes', String(result.length - 1)),
    changed('expires', String(Number(link.searchParams.get('expires')) + 86_400)),
    changed('sha256', '0'.repeat(64)),
    changed('account', stranger.id),
    changed('account', 'acct_000000000000000000000000'),
    changed(
      'signature',
      signature.replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
    ),
    pathOf(result.url).replace(/job_\w+/, other.job_id),
  ]) {
    const answer = await read(path);
    assert.deepEqual([answer.status, answer.json.code], [403, 'forbidden'], path);
  }
  for (const path of [
    `/results/${result.url.slice(-20)}`,
    pathOf(result.url).split('?')[0]!,
    changed('signature', signature.slice(1)),
    changed('bytes', '1e3'),
  ]) {
    const answer = await read(path);
    assert.deepEqual([answer.status, answer.json.code], [404, 'not_found'], path);
  }
  assert.equal((await read(pathOf(result.url), {}, 'POST')).status, 405);
});

test('a link works after a rotation, ends with its pages, and rests while the account is suspended', async () => {
  const { job_id, result } = await linked();
  const path = pathOf(result.url);
  await service.api('POST', '/v1/me/webhook-secret/rotate');
  assert.equal((await read(path)).status, 200);
  const { db, account } = service;
  await db.updateTable('accounts').set({ suspended_at: new Date() }).where('id', '=', account.id).execute();
  assert.equal((await read(path)).status, 403);
  await db.updateTable('accounts').set({ suspended_at: null }).where('id', '=', account.id).execute();
  await sql`delete from pages where job_id = ${job_id} and ordinal = 2`.execute(db);
  const cut = await read(path);
  assert.deepEqual([cut.status, cut.json.code], [410, 'gone']);
  await db
    .updateTable('accounts')
    .set({ link_key: Buffer.alloc(32, 7) })
    .execute();
  assert.equal((await read(path)).status, 403, 'another key ends all links');
});

test('a link expires', async () => {
  const { job_id, result } = await linked();
  const { link_key } = await service.db.selectFrom('accounts').select('link_key').executeTakeFirstOrThrow();
  const { signedUrl } = await import('../../src/accounts/result-links.ts');
  const facts = { account_id: service.account.id, job_id, bytes: result.length, sha256: result.sha256 };
  assert.equal(link_key.length, 32);
  const now = Math.floor(Date.now() / 1000);
  const late = await read(await signedUrl(service.db, '', { ...facts, expires: now - 1 }));
  assert.deepEqual([late.status, late.json.code], [410, 'gone']);
  const early = await read(await signedUrl(service.db, '', { ...facts, expires: now + 3600 }));
  assert.equal(early.status, 200);
});

test('an endpoint that is paused gets the link once it is resumed, and the console shows it before', async () => {
  const endpoint = new URL(receiver.origin).host;
  await service.api('POST', `/v1/endpoints/${endpoint}/pause`);
  const earlier = receiver.callbacks.length;
  const job_id = await service.api.queue('/v1/scrape/async', {
    url: site.url('/b'),
    webhook_url: receiver.url('/paused'),
    webhook_payload: 'link',
  });
  const { delivery } = await service.api.finished(job_id);
  const shown = (await service.api('GET', `/v1/callbacks/${delivery.id}`)).json;
  assert.equal(receiver.callbacks.length, earlier);
  await service.api('POST', `/v1/endpoints/${endpoint}/resume`);
  const [callback] = await receiver.received(1, '/paused');
  assert.equal(callback!.body.toString(), shown.body);
});

test('an address that guesses signatures waits, and what it sent is in no log', async () => {
  const { result } = await linked();
  const path = pathOf(result.url);
  assert.equal((await read(path)).status, 200);
  const guess = (n: number) => path.replace(/signature=.*/, `signature=${String(n).padStart(64, '0')}`);
  let refused = await read(guess(0));
  for (let n = 1; refused.status === 403 && n < 1000; n++) refused = await read(guess(n));
  assert.deepEqual([refused.status, refused.json.code], [429, 'rate_limited']);
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.equal((await read(path)).status, 200, 'a link that has worked is let through');
  const signature = new URL(result.url).searchParams.get('signature')!;
  assert.ok(service.logs.length > 100);
  const line = service.logs.find((one) => JSON.stringify(one).includes(signature));
  assert.equal(line, undefined);
});

test('a link cannot be asked for where nobody has said where the service is', async () => {
  await using other = await startTestService({ ROLES: 'web' });
  const body = { url: site.url('/a'), webhook_url: receiver.url(), webhook_payload: 'link' };
  const refused = await other.api('POST', '/v1/scrape/async', body);
  assert.equal(refused.status, 422);
  assert.match(refused.json.detail, /^webhook_payload: .*PUBLIC_URL/);
  const job = { kind: 'scrape', ...body };
  const schedule = await other.api('POST', '/v1/schedules', { name: 's', every_seconds: 3600, job });
  assert.equal(schedule.status, 422);
  assert.equal(schedule.json.errors[0].path, 'job.webhook_payload');
});
