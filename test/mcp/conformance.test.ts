import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { listen } from '../support/net/listen.ts';
import { startTestService, type TestService } from '../support/service.ts';

const run = promisify(execFile);
const SUITE = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol/conformance/dist/index.js');
const EXPECTED = join(import.meta.dirname, 'conformance.yaml');

/** Adds the key to every request, which the suite cannot, and changes nothing else. */
async function startKeyed({ api, account }: TestService): Promise<AsyncDisposable & { origin: string }> {
  const server = createServer((req, res) => {
    const headers = { ...req.headers, authorization: `Bearer ${account.key}` };
    const passed = request(api.origin + req.url, { method: req.method, headers }, (answer) => {
      res.writeHead(answer.statusCode!, answer.headers);
      pipeline(answer, res).catch(() => res.destroy());
    });
    pipeline(req, passed).catch(() => res.destroy());
  });
  return {
    origin: `http://127.0.0.1:${await listen(server)}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

test("the protocol's conformance suite passes", async (t) => {
  await using service = await startTestService();
  await using keyed = await startKeyed(service);
  const asked = ['server', '--url', `${keyed.origin}/mcp`, '--suite', 'all', '--expected-failures', EXPECTED];
  const { stdout } = await run(process.execPath, [SUITE, ...asked]).catch(({ stdout: said, stderr }) =>
    assert.fail(`${said}\n${stderr}`),
  );
  const summary = stdout.slice(stdout.indexOf('=== SUMMARY ==='));
  // A scenario without a check says nothing.
  const passed = summary.match(/^.*: [1-9]\d* passed, 0 failed$/gm) ?? [];
  for (const name of ['server-initialize', 'ping', 'tools-list', 'dns-rebinding-protection'])
    assert.ok(
      passed.some((line) => line.includes(name)),
      stdout,
    );
  t.diagnostic(passed.join(', '));
});
