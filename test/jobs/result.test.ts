import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startTestService } from '../support/service.ts';
import { gate, page, startSite } from '../support/site.ts';

const service = await startTestService();
const site = await startSite({
  '/one': page('One, "two"', 'Text.'),
  '/formula': page('=1+1', 'Text.'),
});
after(async () => {
  await site[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});
const { api } = service;

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
