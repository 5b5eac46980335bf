import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { ROUTES } from '../../src/api/routes.ts';
import { VARIABLES } from '../../src/config/index.ts';
import { PROBLEMS } from '../../src/http/problem.ts';
import { PAGE_ERRORS } from '../../src/scrape/types.ts';
import { ATTEMPT_ERRORS } from '../../src/webhooks/send/attempt-errors.ts';
import { startTestService, type TestService } from '../support/service.ts';

/** The tables of the documents name what the code has, no more and no less. */
const root = new URL('../../', import.meta.url);

/** The rows, as cells, of the table of a document whose head begins so. */
async function table(document: string, ...head: string[]): Promise<string[][]> {
  const text = await readFile(new URL(document, root), 'utf8');
  const rows = text.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const start = rows.findIndex((cells) => head.every((name, n) => cells[n] === name));
  assert.notEqual(start, -1, `${document} has no table with the head ${head.join(', ')}`);
  const length = rows.slice(start).findIndex((cells) => cells.length === 0);
  return rows.slice(start + 2, start + length);
}

const manual = (chapter: string) => `src/docs/manual/${chapter}.md`;

/** What is written as code in the first cell of each row. */
const namesOf = (rows: string[][]): string[] =>
  rows.flatMap(([first]) => [...first!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)).toSorted();

let service: TestService;
before(async () => {
  service = await startTestService({ ROLES: 'web' });
});
after(() => service[Symbol.asyncDispose]());

test('every route is in the table of the README and of the manual', async () => {
  const routes = ROUTES.map(({ method, path }) => `${method.toUpperCase()} ${path}`).toSorted();
  for (const document of ['README.md', manual('api')]) {
    const rows = await table(document, 'method and path', 'does');
    const named = rows.flatMap(([path]) => /`([^`]+)`/.exec(path!)?.[1] ?? []).toSorted();
    assert.deepEqual(named, routes, document);
  }
});

test('every option of a request is in the tables of the manual', async () => {
  const { paths } = (await service.api('GET', '/openapi.json')).json;
  const scraping = ROUTES.filter(({ tag }) => tag === 'Scraping');
  const bodies = scraping.map(({ path }) => paths[path].post.requestBody.content['application/json'].schema);
  const options = new Set(bodies.flatMap(({ properties }) => Object.keys(properties)));
  const documented = [
    ...namesOf(await table(manual('api'), 'option', 'default', 'meaning')),
    ...namesOf(await table(manual('crawling'), 'option', 'default', 'meaning')),
    ...namesOf(await table(manual('rendering'), 'option', 'default', 'meaning')),
  ];
  assert.deepEqual([...new Set([...documented, 'url', 'urls'])].toSorted(), [...options].toSorted());
});

test('every environment variable is in the table of the manual', async () => {
  // Set by Heroku, by tests, and read by Node and by libpq.
  const unlisted = ['DYNO', 'CRASH_POINT'];
  const foreign = ['NODE_EXTRA_CA_CERTS', 'PGSSLMODE'];
  const documented = namesOf(await table(manual('configuration'), 'variable', 'default', 'meaning'));
  assert.deepEqual(
    documented.filter((name) => !foreign.includes(name)),
    VARIABLES.filter((name) => !unlisted.includes(name)).toSorted(),
  );
});

test('every error code is in the tables of the manual, with its sentence', async () => {
  const pages = await table(manual('api'), '`error.code`', 'meaning');
  assert.deepEqual(Object.fromEntries(pages.map(([code, text]) => [code!.slice(1, -1), text])), PAGE_ERRORS);
  const attempts = await table(manual('receiving'), '`error`', 'meaning');
  assert.deepEqual(
    Object.fromEntries(attempts.map(([code, text]) => [code!.slice(1, -1), text])),
    ATTEMPT_ERRORS,
  );
  const problems = await table(manual('api'), 'status', '`code`', 'meaning');
  assert.deepEqual(
    Object.fromEntries(
      problems.map(([status, code, title]) => [code!.slice(1, -1), [Number(status), title]]),
    ),
    PROBLEMS,
  );
});
