import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { createServer } from 'node:https';
import { test } from 'node:test';
import type { PageResult } from '../../src/jobs/progress/page-result.ts';
import { lockJob, settlePages } from '../../src/jobs/progress/settle.ts';
import { readCertificate } from '../support/net/certificates.ts';
import { testRun } from '../support/environment.ts';
import { listen } from '../support/net/listen.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';

const PAGES = 64;
const PAGE_BYTES = 1024 * 1024;

function largePage(ordinal: number): PageResult {
  const url = `https://example.com/${ordinal}`;
  const text = `${ordinal} äöü `
    .repeat(Math.ceil(PAGE_BYTES / `${ordinal} äöü `.length))
    .slice(0, PAGE_BYTES);
  return {
    ordinal,
    url,
    status: 'ok',
    fragment: JSON.stringify({ url, status: 'ok', text }),
    http_status: 200,
    error_code: null,
    duration_ms: 1,
    fetched_at: new Date(),
    links: null,
    aliases: [],
    answered: null,
  };
}

/**
 * Settles the job as a worker does, a few pages at a time. Returns the digest of the expected
 * callback.
 */
async function settle({ context, account }: TestService, jobId: string): Promise<string> {
  const expected = createHash('sha256').update(
    `{"job_id":"${jobId}","status":"completed","result":{"pages":[`,
  );
  for (let from = 0; from < PAGES; from += 8) {
    const results = Array.from({ length: 8 }, (_, n) => largePage(from + n));
    await context.db.transaction().execute(async (tx) => {
      const job = await lockJob(tx, account.id, jobId);
      await settlePages({ tx, boss: context.boss }, job!, results);
    });
    for (const { ordinal, fragment } of results) expected.update(ordinal === 0 ? '' : ',').update(fragment);
  }
  expected.update(
    `],"total":${PAGES},"succeeded":${PAGES},"failed":0,"skipped":0,"cancelled":0,"blocked":0},"cut_short":false}`,
  );
  return expected.digest('hex');
}

const mb = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MB`;

interface Received {
  bytes: number;
  length: string | undefined;
  sha256: string;
  signature: string;
  expectedSignature: string;
}

test('a body of 64 MB arrives whole and signed, in constant memory', async (t) => {
  await using service = await startTestService({ ROLES: 'web,dispatcher', WEBHOOK_RETRY_SCHEDULE: '0,0,0' });
  const { webhook_secret } = (await service.api('GET', '/v1/me')).json;
  const received: Received[] = [];
  const server = createServer(await readCertificate(testRun().directory), (req, res) => {
    const signature = String(req.headers['x-ollagraph-signature']);
    const hash = createHash('sha256');
    const hmac = createHmac('sha256', webhook_secret).update(`${/^t=(\d+),/.exec(signature)?.[1]}.`);
    let bytes = 0;
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      hash.update(chunk);
      hmac.update(chunk);
    });
    req.on('end', () => {
      received.push({
        bytes,
        length: req.headers['content-length'],
        sha256: hash.digest('hex'),
        signature: signature.replace(/^.*v1=/, ''),
        expectedSignature: hmac.digest('hex'),
      });
      // The test call is accepted. The callback's first attempt fails, so that there is a retry to
      // compare.
      res.writeHead(received.length === 2 ? 500 : 200).end();
    });
  });
  try {
    const webhook_url = `https://127.0.0.1:${await listen(server)}/large`;
    const urls = Array.from({ length: PAGES }, (_, n) => `https://example.com/${n}`);
    await service.api('POST', '/v1/me/webhooks/test', { webhook_url });
    const job_id = await service.api.queue('/v1/scrape/batch/async', { urls, webhook_url });
    const before = process.memoryUsage().rss;
    let most = before;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20);
    t.after(() => clearInterval(watch));
    const sha256 = await settle(service, job_id);
    await eventually(() => received.length >= 3, 60_000);
    const callbacks = received.slice(1);
    t.diagnostic(
      `${callbacks.length} times ${mb(callbacks[0]!.bytes)}; the process had ${mb(before)} and at most ${mb(most)}`,
    );

    for (const callback of callbacks) {
      assert.ok(callback.bytes > 64 * 1024 * 1024);
      assert.equal(callback.length, String(callback.bytes));
      assert.equal(callback.sha256, sha256);
      assert.equal(callback.signature, callback.expectedSignature);
    }
    // Sender, receiver and the test's own pages are in this one process.
    assert.ok(most - before < 300 * 1024 * 1024, `grew by ${mb(most - before)}`);
    const [delivery] = (await service.api('GET', `/v1/deliveries?job_id=${job_id}`)).json.data;
    assert.equal(delivery.body_bytes, callbacks[0]!.bytes);

    const shown = await fetch(`${service.api.origin}/v1/jobs/${job_id}`, {
      headers: { authorization: `Bearer ${service.account.key}` },
    });
    let shownBytes = 0;
    for await (const chunk of shown.body!) shownBytes += chunk.length;
    assert.ok(shownBytes > 64 * 1024 * 1024);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
