import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { startTestService, type TestService } from '../support/service.ts';
import { page, startSite, type Site } from '../support/site.ts';

let service: TestService;
let site: Site;
before(async () => {
  service = await startTestService();
  site = await startSite();
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

/** Where in the transaction that settles pages its connection breaks: at the statement, or at the commit. */
for (const [where, kind] of [
  ['in the middle', 'trigger'],
  ['at its commit', 'constraint trigger'],
] as const) {
  test(`a settlement whose connection breaks ${where} is tried again, and no page scraped again`, async () => {
    const { db } = service.context;
    const name = kind === 'trigger' ? 'break_statement' : 'break_commit';
    await sql`create sequence ${sql.ref(name)}`.execute(db);
    // A sequence counts on where a transaction is rolled back.
    await sql`create function ${sql.ref(name)}() returns trigger language plpgsql as ${sql.lit(`begin
      if nextval('${name}') <= 3 then perform pg_terminate_backend(pg_backend_pid()); end if;
      return null; end`)}`.execute(db);
    await sql`create ${sql.raw(kind)} ${sql.ref(name)} after update on pages
      ${sql.raw(kind === 'trigger' ? '' : 'deferrable initially deferred')} for each row execute function ${sql.ref(name)}()`.execute(
      db,
    );
    const paths = Array.from({ length: 5 }, (_, n) => `/${name}/${n}`);
    for (const path of paths) site.routes.set(path, page(path, 'Words.'));
    const urls = paths.map((path) => site.url(path));
    const job = await service.api.finished(await service.api.queue('/v1/scrape/batch/async', { urls }));
    assert.deepEqual([job.status, job.succeeded], ['completed', 5]);
    const asked = site.requests.map((request) => request.path).filter((path) => path.startsWith(`/${name}/`));
    assert.deepEqual(asked.toSorted(), paths);
    const { rows } = await sql<{ last_value: number }>`select last_value from ${sql.ref(name)}`.execute(db);
    assert.ok(rows[0]!.last_value > 3, 'it did break');
    await sql`drop trigger ${sql.ref(name)} on pages`.execute(db);
  });
}
