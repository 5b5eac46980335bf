import assert from 'node:assert/strict';
import { test } from 'node:test';
import express from 'express';
import { createServer } from 'node:http';
import { openApiDocument } from '../../src/api/openapi.ts';
import { ROUTES } from '../../src/api/routes.ts';
import { BodyBudget } from '../../src/http/body/budget.ts';
import { createBodyReader } from '../../src/http/body/json-body.ts';
import { registerRoutes } from '../../src/http/route/register.ts';
import { route } from '../../src/http/route/route.ts';
import { listen } from '../support/net/listen.ts';

const deprecation = { since: '2026-01-31', until: '2027-01-31', successor: '/v2/jobs' };

const ANY = { method: 'get', tag: 'Jobs', summary: 'A job', access: 'anyone', answers: {} } as const;
const old = route({
  ...ANY,
  id: 'old',
  path: '/jobs/{job_id}',
  deprecation,
  handle({ params }) {
    if (params.job_id === 'broken') throw new Error('broken');
    return { json: params };
  },
});
const current = route({ ...ANY, id: 'current', path: '/jobs', handle: () => ({ json: {} }) });

test('every answer of a deprecated route says since when, until when and what replaces it', async () => {
  const app = express();
  registerRoutes(
    app,
    [old, current],
    {},
    {
      anyone: [],
      account: [],
      link: [],
      operator: [],
      readBody: createBodyReader(new BodyBudget()),
      audit: async () => {},
    },
  );
  app.use(((_error, _req, res, _next) => res.status(500).end()) as express.ErrorRequestHandler);
  const server = createServer(app);
  const origin = `http://127.0.0.1:${await listen(server)}`;
  try {
    for (const [method, path, status] of [
      ['GET', '/jobs/one', 200],
      ['HEAD', '/jobs/one', 200],
      ['GET', '/jobs/broken', 500],
    ] as const) {
      const answer = await fetch(origin + path, { method });
      assert.equal(answer.status, status);
      assert.equal(answer.headers.get('deprecation'), '@1769817600');
      assert.equal(answer.headers.get('sunset'), 'Sun, 31 Jan 2027 00:00:00 GMT');
      assert.equal(answer.headers.get('link'), '</v2/jobs>; rel="successor-version"');
    }
    assert.equal((await fetch(`${origin}/jobs`)).headers.get('deprecation'), null);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('the document marks a deprecated route, and names the headers', () => {
  const routes = ROUTES.map((declared) =>
    declared.id === 'readJob' ? { ...declared, deprecation } : declared,
  );
  // oxlint-disable-next-line typescript/no-explicit-any -- a document is read as it comes
  const { paths } = openApiDocument(routes, {}) as any;
  const { deprecated, responses } = paths['/v1/jobs/{job_id}'].get;
  assert.equal(deprecated, true);
  for (const status of [200, 404])
    for (const name of ['Deprecation', 'Sunset', 'Link'])
      assert.ok(responses[status].headers[name], `${status} ${name}`);
  assert.equal(paths['/v1/jobs'].get.deprecated, undefined);
});
