import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { ROBOTS_MAX_BYTES } from '../../../src/crawl/robots.ts';
import { createEgress, type Egress } from '../../../src/egress/index.ts';
import { fetchRobots } from '../../../src/workers/hosts/robots.ts';
import { failure } from '../../support/checks/failure.ts';
import { coded, redirect, response, startOrigin, type Origin } from '../../support/net/origin.ts';

let egress: Egress;
before(() => {
  egress = createEgress({ allowTargets: ['127.0.0.0/8'], allowWebhooks: [] });
});
after(() => egress.close());

async function robotsOf(origin: Origin) {
  return await fetchRobots(
    (request) => egress.fetchPage(request),
    `http://127.0.0.1:${origin.port}/robots.txt`,
  );
}

test('the beginning of a robots.txt counts, if the rest is too long, cut off or broken', async () => {
  const text = Buffer.from(Array.from({ length: 60_000 }, (_, n) => `Disallow: /${n}\n`).join(''));
  const codings = { gzip: gzipSync, deflate: deflateSync };
  for (const [coding, compress] of Object.entries(codings)) {
    const whole = compress(text);
    const answers = async (body: Buffer) => {
      await using origin = await startOrigin(
        (socket) => void socket.write(coded(body, coding, 'text/plain')),
      );
      return (await robotsOf(origin)).body;
    };
    assert.ok((await answers(whole)).equals(text.subarray(0, ROBOTS_MAX_BYTES + 1)), coding);
    const some = await answers(whole.subarray(0, whole.length / 2));
    assert.ok(some.length > 50_000 && some.equals(text.subarray(0, some.length)), `${coding} ${some.length}`);
  }
  await using broken = await startOrigin(
    (socket) => void socket.write(coded(Buffer.from('no such coding'), 'deflate', 'text/plain')),
  );
  await failure(robotsOf(broken), 'invalid_response');
});

test('a redirect loop counts as missing, and a refusal says when to ask again', async () => {
  await using around = await startOrigin((socket) => void socket.write(redirect('/robots.txt')));
  assert.deepEqual([(await robotsOf(around)).status, (await robotsOf(around)).body.length], [404, 0]);
  await using busy = await startOrigin(response(503, 'Disallow: /', 'Retry-After: 7'));
  const { status, body, retryAfterSeconds } = await robotsOf(busy);
  assert.deepEqual([status, body.length, retryAfterSeconds], [503, 0, 7]);
});
