import assert from 'node:assert/strict';
import { test } from 'node:test';
import express from 'express';
import { announceDeprecations } from '../../src/http/deprecation.ts';
import { openApiDocument } from '../../src/api/openapi.ts';
import { OPERATIONS } from '../../src/api/operations.ts';
import { listen } from '../support/listen.ts';
import { createServer } from 'node:http';

const DEPRECATION = { since: '2026-01-31', until: '2027-01-31', successor: '/v2/jobs' };
const operations = OPERATIONS.map((operation) =>
  operation.id === 'readJob' ? { ...operation, deprecation: DEPRECATION } : operation,
);

test('the answers of a deprecated route say since when, until when and what takes its place; others do not', async () => {
  const app = express()
    .use(announceDeprecations(operations))
    .use((req, res) => res.status(req.path.endsWith('none') ? 404 : 200).end());
  const server = createServer(app);
  const origin = `http://127.0.0.1:${await listen(server)}`;
  try {
    for (const [method, path] of [
      ['GET', '/v1/jobs/job_1'],
      ['HEAD', '/v1/jobs/job_1'],
      ['GET', '/v1/jobs/none'],
    ]) {
      const { headers } = await fetch(origin + path, { method: method! });
      assert.equal(headers.get('deprecation'), '@1769817600');
      assert.equal(headers.get('sunset'), 'Sun, 31 Jan 2027 00:00:00 GMT');
      assert.equal(headers.get('link'), '</v2/jobs>; rel="successor-version"');
    }
    for (const path of ['/v1/jobs', '/v1/jobs/job_1/pages'])
      assert.equal((await fetch(origin + path)).headers.get('deprecation'), null);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('the document marks it, and names the headers', () => {
  // oxlint-disable-next-line typescript/no-explicit-any -- a document is read as it comes
  const { paths } = openApiDocument(operations) as any;
  const { deprecated, responses } = paths['/v1/jobs/{job_id}'].get;
  assert.equal(deprecated, true);
  for (const status of [200, 404])
    for (const name of ['Deprecation', 'Sunset', 'Link'])
      assert.ok(responses[status].headers[name], `${status} ${name}`);
  assert.equal(paths['/v1/jobs'].get.deprecated, undefined);
});
