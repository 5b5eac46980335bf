import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { JSON_LINES, readResult, resultLength } from '../../src/database/result-bytes.ts';
import type { TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';
import { gate, page, startSite, type Site } from '../support/site.ts';

let service: TestService;
let site: Site;
let api: TestService['api'];
before(async () => {
  service = await shareTestService();
  site = await startSite({
    '/one': page('One, "two"', 'Text.'),
    '/formula': page('=1+1', 'Text.'),
    '/two': page('Zwei', 'Schöner Text.'),
  });
  ({ api } = service);
});
after(async () => {
  await site[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

async function ended(urls: string[]): Promise<string> {
  const job_id = await api.queue('/v1/scrape/batch/async', { urls });
  await api.finished(job_id);
  return job_id;
}

test('a result is downloaded as JSON, JSON lines and CSV', async () => {
  const job_id = await ended([site.url('/one'), 'http://10.0.0.1/', site.url('/formula')]);
  const { result } = (await api('GET', `/v1/jobs/${job_id}`)).json;
  const read = async (format: string) => {
    const answer = await api('GET', `/v1/jobs/${job_id}/result?format=${format}`);
    const disposition = answer.headers.get('content-disposition');
    assert.equal(disposition, `attachment; filename="${job_id}.${format}"`);
    return { text: answer.text, type: answer.headers.get('content-type') };
  };
  const json = await read('json');
  assert.deepEqual(JSON.parse(json.text), result);
  const jsonl = await read('jsonl');
  assert.equal(jsonl.type, 'application/jsonl');
  assert.deepEqual(
    jsonl.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    result.pages,
  );
  const csv = await read('csv');
  assert.equal(csv.type, 'text/csv; charset=utf-8');
  assert.deepEqual(csv.text.split('\r\n'), [
    'url,final_url,status,http_status,error,title',
    `${site.url('/one')},${site.url('/one')},ok,200,,"One, ""two"""`,
    'http://10.0.0.1/,,failed,,blocked_target,',
    `${site.url('/formula')},${site.url('/formula')},ok,200,,'=1+1`,
    '',
  ]);
});

test('the columns of a CSV have different names, whatever the fields are called', async () => {
  const urls = [site.url('/two')];
  const fields = { title: { css: 'p' }, n: { css: 'h1' }, url: { css: 'h1' } };
  const job_id = await api.queue('/v1/scrape/batch/async', { urls, fields });
  await api.finished(job_id);
  const { text } = await api('GET', `/v1/jobs/${job_id}/result?format=csv`);
  assert.deepEqual(text.split('\r\n'), [
    'url,final_url,status,http_status,error,title,data.title,n,data.url',
    `${urls[0]},${urls[0]},ok,200,,Zwei,Schöner Text.,Zwei,Zwei`,
    '',
  ]);
});

test('fields come in the order of the request, in a CSV, in data and in the options', async () => {
  const names = ['zebra', 'b', 'aa', 'a'];
  const fields = Object.fromEntries(names.map((name) => [name, { css: 'h1' }]));
  const job_id = await api.queue('/v1/scrape/batch/async', { urls: [site.url('/two')], fields });
  const { options, result } = await api.finished(job_id);
  const { text } = await api('GET', `/v1/jobs/${job_id}/result?format=csv`);
  assert.match(text, /^[^\r]*,title,zebra,b,aa,a\r/);
  assert.deepEqual(Object.keys(result.pages[0].data), names);
  assert.deepEqual(Object.keys(options.fields), names);
});

for (const format of ['json', 'jsonl', 'csv'])
  test(`a result is read in parts, with its digest, as ${format}`, async () => {
    const path = `/v1/jobs/${await ended([site.url('/one'), 'http://10.0.0.1/', site.url('/two')])}/result?format=${format}`;
    const read = async (headers: Record<string, string>, method = 'GET') =>
      await api(method, path, undefined, headers);
    const whole = await read({});
    const bytes = Buffer.from(whole.text);
    const etag = whole.headers.get('etag')!;
    const digest = `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`;
    assert.match(etag, /^"[^"]+"$/);
    assert.equal(whole.headers.get('content-length'), String(bytes.length));
    assert.deepEqual(
      [whole.headers.get('content-digest'), whole.headers.get('repr-digest')],
      [digest, digest],
    );
    assert.equal((await read({ 'if-none-match': etag })).status, 304);
    assert.equal((await read({ 'if-none-match': '"other"' })).status, 200);
    const head = await read({}, 'HEAD');
    assert.deepEqual([head.text, head.headers.get('content-length')], ['', String(bytes.length)]);
    // Each part begins in another piece: the head, a page, what is between two, the tail.
    for (let start = 0; start < bytes.length; start += 37) {
      const end = Math.min(start + 50, bytes.length - 1);
      const part = await fetch(api.origin + path, {
        headers: {
          authorization: `Bearer ${service.account.key}`,
          range: `bytes=${start}-${end}`,
          'if-range': etag,
        },
      });
      assert.equal(part.status, 206);
      assert.equal(part.headers.get('content-range'), `bytes ${start}-${end}/${bytes.length}`);
      assert.equal(part.headers.get('repr-digest'), digest);
      assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(start, end + 1), `${start}`);
    }
    const ofHead = await read({ range: 'bytes=0-4' }, 'HEAD');
    assert.deepEqual([ofHead.status, ofHead.headers.get('content-length')], [200, String(bytes.length)]);
    assert.equal(ofHead.headers.get('content-range'), null);
    const matching = async (tags: string) => (await read({ 'if-match': tags, range: 'bytes=0-4' })).status;
    assert.deepEqual(
      [await matching(etag), await matching(`"other", ${etag}`), await matching('*')],
      [206, 206, 206],
    );
    assert.deepEqual([await matching('"other"'), await matching(`W/${etag}`)], [412, 412]);
    const beyond = await read({ range: `bytes=${bytes.length}-` });
    assert.deepEqual([beyond.status, beyond.json.code], [416, 'range_not_satisfiable']);
  });

test('the bytes of a result are counted without reading them, wherever a part begins', async () => {
  const job_id = await ended(Array.from({ length: 130 }, () => site.url('/two')));
  const job = { account_id: service.account.id, id: job_id };
  for (const layout of [JSON_LINES, { head: '<é', separator: '--', end: '', tail: '>>>' }]) {
    const whole = Buffer.concat(await Array.fromAsync(readResult(service.db, job, layout)));
    assert.equal(await resultLength(service.db, job, layout), whole.length);
    const last = whole.length - 1;
    for (const start of [
      0,
      1,
      2,
      3,
      whole.length >> 1,
      last - 5,
      last - 4,
      last - 3,
      last - 2,
      last - 1,
      last,
    ]) {
      const part = await Array.fromAsync(readResult(service.db, job, layout, { start, end: last }));
      assert.deepEqual(Buffer.concat(part), whole.subarray(start), `from ${start}`);
    }
  }
});

test('a job that runs has no result yet, and another account none at all', async () => {
  const held = gate(page('Held', 'text'));
  site.routes.set('/held', held.route);
  const job_id = await api.queue('/v1/scrape/batch/async', { urls: [site.url('/held')] });
  await held.entered;
  const early = await api('GET', `/v1/jobs/${job_id}/result`);
  assert.deepEqual([early.status, early.json.code], [409, 'not_finished']);
  held.open();
  const stranger = await service.createAccount();
  assert.equal((await stranger.api('GET', `/v1/jobs/${job_id}/result`)).status, 404);
});

test('pages are listed by status', async () => {
  const job_id = await ended([site.url('/one'), 'http://10.0.0.1/', site.url('/formula')]);
  const statuses = async (status: string) => {
    const { data } = (await api('GET', `/v1/jobs/${job_id}/pages?status=${status}`)).json;
    return data.map((block: { url: string }) => block.url);
  };
  assert.deepEqual(await statuses('failed'), ['http://10.0.0.1/']);
  assert.deepEqual(await statuses('ok'), [site.url('/one'), site.url('/formula')]);
  assert.equal((await api('GET', `/v1/jobs/${job_id}/pages?status=pending`)).status, 422);
});
