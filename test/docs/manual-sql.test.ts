import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startTestService, type TestService } from '../support/service.ts';

const RECIPE = /```sh\nnpm run -s ollagraph -- sql "([^"]+)"\n```\n\n```text\n(.+)\n/g;
const chapter = readFileSync(new URL('../../src/docs/manual/sql.md', import.meta.url), 'utf8');
const recipes = [...chapter.matchAll(RECIPE)].map(([, query, heads]) => ({ query: query!, heads: heads! }));

let service: TestService;
before(async () => {
  service = await startTestService({ ROLES: 'web' });
});
after(() => service[Symbol.asyncDispose]());

test('the chapter has recipes, and the pattern finds every one of them', () => {
  assert.ok(recipes.length > 5);
  assert.equal(recipes.length, chapter.split('ollagraph -- sql "').length - 1 - MENTIONS);
});
/** The first paragraph names the command without a query. */
const MENTIONS = 1;

for (const { query, heads } of recipes) {
  test(`it runs, and prints the columns that the manual shows: ${query.trim().split('\n')[0]}`, async () => {
    const { fields } = await service.context.pool.query(query.replace('$JOB', 'job_1'));
    assert.deepEqual(
      fields.map(({ name }) => name),
      heads.trim().split(/\s+/),
    );
  });
}
