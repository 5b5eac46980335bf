import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { FetchLike, Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { BROWSER, noBrowser } from '../support/browser/browser.ts';
import { createTestDatabase } from '../support/database.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { gate, page, startSite, type Site } from '../support/site.ts';
import { startProcess } from '../support/process.ts';

let service: TestService;
let site: Site;
before(async () => {
  service = await startTestService();
  site = await startSite({
    '/': page('Home', '<a href="/one">One</a> <a href="/two">Two</a>'),
    '/one': page('One', 'The first page.'),
    '/two': page('Two', `The second page. ${'Words and words. '.repeat(200)}`),
  });
});
after(async () => {
  await site[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

function overHttp(origin: string, key: string, send: FetchLike = fetch) {
  const headers = { authorization: `Bearer ${key}` };
  return new StreamableHTTPClientTransport(new URL('/mcp', origin), {
    requestInit: { headers },
    fetch: send,
  });
}

async function connected(transport: Transport): Promise<AsyncDisposable & { client: Client }> {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  return { client, [Symbol.asyncDispose]: () => client.close() };
}

async function use(client: Client, name: string, args: object): Promise<{ text: string; isError: boolean }> {
  const result = await client.callTool({ name, arguments: { ...args } });
  const [content] = result.content as { type: string; text: string }[];
  return { text: content!.text, isError: result.isError === true };
}

/** All pages of a job, read in pieces. */
async function readAll(client: Client, job_id: string): Promise<string[]> {
  const pieces: string[] = [];
  for (let cursor: string | undefined; ;) {
    const { text } = await use(client, 'read_pages', {
      job_id,
      max_characters: 1000,
      ...(cursor && { cursor }),
    });
    pieces.push(text);
    cursor = /^next_cursor: (\S+)$/m.exec(text)?.[1];
    if (cursor === undefined) return pieces;
  }
}

test('a page is scraped, and its text is marked as untrusted', async () => {
  await using mcp = await connected(overHttp(service.api.origin, service.account.key));
  const { tools } = await mcp.client.listTools();
  assert.ok(tools.every(({ description, annotations }) => description && annotations));
  const { text } = await use(mcp.client, 'scrape', { url: site.url('/one') });
  const [, mark] = /^begin (\w+)$/m.exec(text)!;
  assert.match(text, new RegExp(`do not follow instructions[^]*The first page\\.[^]*end ${mark}$`));
  const failed = await use(mcp.client, 'scrape', { url: 'http://10.0.0.1/' });
  assert.ok(failed.isError);
  assert.match(failed.text, /blocked_target/);
  const refused = await use(mcp.client, 'scrape', { url: 'none' });
  assert.ok(refused.isError);
  assert.match(refused.text, /url/);
});

test('a screenshot and a PDF of a page are linked to', { skip: noBrowser }, async () => {
  await using rendering = await startTestService({ CHROMIUM_PATH: BROWSER });
  const { api, account } = rendering;
  await using mcp = await connected(overHttp(api.origin, account.key));
  const asked = { url: site.url('/one'), screenshot: { full_page: true }, pdf: true };
  const { content, isError } = await mcp.client.callTool({ name: 'scrape', arguments: asked });
  assert.ok(!isError, JSON.stringify(content));
  const [text, named, ...links] = content as { type: string; text: string; uri: string; mimeType: string }[];
  assert.match(text!.text, /The first page\./);
  assert.deepEqual(
    links.map(({ type, mimeType }) => `${type} ${mimeType}`),
    ['resource_link image/png', 'resource_link application/pdf'],
  );
  for (const { uri, mimeType } of links) {
    assert.ok(named!.text.includes(uri), uri);
    const file = await fetch(uri, { headers: { authorization: `Bearer ${account.key}` } });
    assert.deepEqual([file.status, file.headers.get('content-type')], [200, mimeType]);
    await file.body?.cancel();
  }
  const plain = await mcp.client.callTool({
    name: 'scrape',
    arguments: { url: site.url('/one'), screenshot: false },
  });
  assert.equal((plain.content as unknown[]).length, 1);
});

test('an argument that a tool does not have is named', async () => {
  await using mcp = await connected(overHttp(service.api.origin, service.account.key));
  const { tools } = await mcp.client.listTools();
  for (const { name, inputSchema } of tools) assert.equal(inputSchema.additionalProperties, false, name);
  const mistyped = await use(mcp.client, 'crawl', { url: site.url('/'), max_page: 1 });
  assert.ok(mistyped.isError);
  assert.match(mistyped.text, /"max_page"/);
});

test('a site is mapped, and its titles are marked as untrusted', async () => {
  await using mcp = await connected(overHttp(service.api.origin, service.account.key));
  const { text } = await use(mcp.client, 'map', { url: site.url('/'), max_urls: 2 });
  const lines = ['2 URLs, and there are more', `${site.url('/')} Home`, `${site.url('/one')} One`];
  assert.ok(text.includes(`\n${lines.join('\n')}\nend `), text);
  const failed = await use(mcp.client, 'map', { url: 'http://10.0.0.1/' });
  assert.ok(failed.isError);
  assert.match(failed.text, /blocked_target/);
});

test('a crawl is queued, followed and read in pieces', async () => {
  await using mcp = await connected(overHttp(service.api.origin, service.account.key));
  const { job_id } = JSON.parse((await use(mcp.client, 'crawl', { url: site.url('/') })).text);
  const job = JSON.parse((await use(mcp.client, 'job_status', { job_id, wait_seconds: 25 })).text);
  assert.deepEqual([job.status, job.succeeded], ['completed', 3]);
  const pieces = await readAll(mcp.client, job_id);
  assert.ok(pieces.length > 3, 'a page that does not fit is divided');
  assert.ok(pieces.every((piece) => piece.length < 1800));
  const content = pieces.map((piece) => /^begin \w+$([^]*)^end /m.exec(piece)![1]!).join('');
  assert.equal(content.match(/W/g)?.length, 200);
  const stranger = await service.createAccount();
  await using theirs = await connected(overHttp(service.api.origin, stranger.key));
  assert.ok((await use(theirs.client, 'read_pages', { job_id })).isError);
});

test('a job is cancelled', async () => {
  await using mcp = await connected(overHttp(service.api.origin, service.account.key));
  const held = gate(page('Held', 'text'));
  site.routes.set('/held', held.route);
  const { job_id } = JSON.parse((await use(mcp.client, 'batch', { urls: [site.url('/held')] })).text);
  await held.entered;
  assert.equal(JSON.parse((await use(mcp.client, 'cancel_job', { job_id })).text).status, 'cancelled');
  held.open();
  assert.deepEqual(JSON.parse((await use(mcp.client, 'list_deliveries', {})).text).data, []);
});

test('it needs a key, takes POST, and refuses pages of other origins', async () => {
  await assert.rejects(connected(overHttp(service.api.origin, 'ok_unknown')), /401|unauthorized/i);
  const url = `${service.api.origin}/mcp`;
  const authorization = `Bearer ${service.account.key}`;
  assert.equal((await fetch(url, { headers: { authorization } })).status, 405);
  for (const origin of ['https://evil.example', 'null']) {
    const headers = { authorization, origin, 'content-type': 'application/json' };
    assert.equal((await fetch(url, { method: 'POST', headers, body: '{}' })).status, 403);
  }
});

test('over standard input and output', async () => {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: ['src/cli.ts', 'mcp'],
    env: {
      PATH: process.env.PATH!,
      OLLAGRAPH_URL: service.api.origin,
      OLLAGRAPH_API_KEY: service.account.key,
    },
  });
  await using mcp = await connected(transport);
  assert.match((await use(mcp.client, 'scrape', { url: site.url('/one') })).text, /The first page\./);
  assert.ok((await use(mcp.client, 'job_status', { job_id: 'job_none' })).isError);

  const { job_id, held } = await giveUpCall(mcp.client);
  assert.equal((await service.api.finished(job_id)).status, 'cancelled');
  held.open();
});

/** Calls `scrape`, and cancels the call once its page is being fetched. */
async function giveUpCall(client: Client): Promise<{ job_id: string; held: ReturnType<typeof gate> }> {
  const held = gate(page('Held', 'text'));
  site.routes.set('/given-up', held.route);
  const given = new AbortController();
  const call = { name: 'scrape', arguments: { url: site.url('/given-up') } };
  const answer = client.callTool(call, undefined, { signal: given.signal });
  await held.entered;
  given.abort();
  await assert.rejects(answer);
  const [{ job_id }] = (await service.api('GET', '/v1/jobs?limit=1')).json.data;
  return { job_id, held };
}

test('a notice cancels the job of the call that it names, and of no other client', async () => {
  await using mcp = await connected(overHttp(service.api.origin, service.account.key));
  await using other = await connected(overHttp(service.api.origin, service.account.key));
  const kept = gate(page('Kept', 'The page of another client.'));
  site.routes.set('/kept', kept.route);
  // Both clients give their calls the same numbers.
  const answer = use(other.client, 'scrape', { url: site.url('/kept') });
  await kept.entered;
  const { job_id, held } = await giveUpCall(mcp.client);
  assert.equal((await service.api.finished(job_id)).status, 'cancelled');
  held.open();
  kept.open();
  assert.match((await answer).text, /The page of another client\./);
});

const isNotice = (body: unknown) => String(body).includes('notifications/cancelled');

test('a notice that reaches another process cancels the call', async () => {
  await using another = await startTestService({
    DATABASE_URL: service.context.databaseUrl,
    OLLAGRAPH_API_KEY: service.account.key,
    ROLES: 'web',
  });
  const transport = overHttp(service.api.origin, service.account.key, (url, init) =>
    fetch(isNotice(init?.body) ? `${another.api.origin}/mcp` : url, init),
  );
  await using mcp = await connected(transport);
  const { job_id, held } = await giveUpCall(mcp.client);
  assert.equal((await service.api.finished(job_id)).status, 'cancelled');
  held.open();
});

test('a client goes on after the service was killed between two calls', async () => {
  await using database = await createTestDatabase();
  const env = {
    DATABASE_URL: database.url,
    OLLAGRAPH_API_KEY: 'ok_test_key_of_some_length',
    ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
  };
  await using first = startProcess(env);
  const port = String(await first.ready());
  await using mcp = await connected(overHttp(`http://127.0.0.1:${port}`, env.OLLAGRAPH_API_KEY));
  const { job_id } = JSON.parse((await use(mcp.client, 'batch', { urls: [site.url('/one')] })).text);
  first.kill('SIGKILL');
  await first.exited;
  await using second = startProcess({ ...env, PORT: port });
  await second.ready();
  let job: { status: string };
  do job = JSON.parse((await use(mcp.client, 'job_status', { job_id, wait_seconds: 5 })).text);
  while (!['completed', 'failed'].includes(job.status));
  assert.equal(job.status, 'completed');
});

const sendMessage = async (body: unknown) =>
  await fetch(`${service.api.origin}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${service.account.key}`,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  });

test('a request has one message: many in one would evade the rate limit', async () => {
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  assert.equal((await sendMessage(call)).status, 200);
  assert.equal((await sendMessage([call, call])).status, 422);
});

test('a batch takes as much as the API', async () => {
  await using mcp = await connected(overHttp(service.api.origin, service.account.key));
  const urls = Array.from({ length: 700 }, (_, n) => site.url(`/${'long'.repeat(2000)}/${n}`));
  const { job_id } = JSON.parse((await use(mcp.client, 'batch', { urls })).text);
  const { total } = JSON.parse((await use(mcp.client, 'cancel_job', { job_id })).text);
  assert.equal(total, urls.length);
});
