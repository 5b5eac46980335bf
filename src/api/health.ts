import { sql } from 'kysely';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { route } from '../http/route/route.ts';
import { named } from '../http/schemas.ts';

const DATABASE_PATIENCE_MS = 2000;

/** What the process says of itself besides the database. */
export interface Health {
  /** Set when the process begins to stop: a router sends it no new requests then. */
  stopping: boolean;
  /** The parts that run here, each with whether it works. */
  parts: Record<string, () => boolean>;
}

export const healthz = route({
  id: 'healthz',
  method: 'get',
  path: '/healthz',
  tag: 'Service',
  summary: 'Whether the process answers',
  description: 'For a supervisor that restarts a process which does not.',
  access: 'anyone',
  answers: {
    200: { description: 'It does.', schema: named('Liveness', z.strictObject({ status: z.literal('ok') })) },
  },
  handle: () => ({ json: { status: 'ok' } }),
});

const readiness = named(
  'Readiness',
  z.strictObject({
    status: z.enum(['ready', 'not ready']),
    checks: z.record(z.string(), z.boolean()).describe('Each part of the process, with whether it works.'),
    rendering: z
      .enum(['here', 'elsewhere', 'off'])
      .describe('Where the browser is that renders pages: on this machine, at BROWSER_URL, or nowhere.'),
  }),
);

export const readyz = route({
  id: 'readyz',
  method: 'get',
  path: '/readyz',
  tag: 'Service',
  summary: 'Whether the process can do its work',
  description: 'For a router that sends requests only to processes which can.',
  access: 'anyone',
  answers: {
    200: { description: 'It can.', schema: readiness },
    503: { description: 'It cannot; `checks` says why.', schema: readiness },
  },
  async handle(_request, { config, db, health }: Pick<Context, 'config' | 'db'> & { health: Health }) {
    const checks: Record<string, boolean> = {
      accepting: !health.stopping,
      ...(await checkDatabase(db)),
    };
    for (const [name, works] of Object.entries(health.parts)) checks[name] = works();
    const ready = Object.values(checks).every(Boolean);
    const { browser } = config;
    const rendering = browser === null ? 'off' : 'path' in browser ? 'here' : 'elsewhere';
    return { status: ready ? 200 : 503, json: { status: ready ? 'ready' : 'not ready', checks, rendering } };
  },
});

/** `database`: it answers in time. `writable`: it is a primary that takes changes. */
async function checkDatabase(db: Context['db']): Promise<{ database: boolean; writable: boolean }> {
  const answer = sql<{ writable: boolean }>`
    select not pg_is_in_recovery() and not current_setting('transaction_read_only')::boolean as writable`
    .execute(db)
    .then(
      ({ rows }) => ({ database: true, writable: rows[0]!.writable }),
      () => ({ database: false, writable: false }),
    );
  const late = new Promise<{ database: boolean; writable: boolean }>((resolve) => {
    setTimeout(resolve, DATABASE_PATIENCE_MS, { database: false, writable: false }).unref();
  });
  return await Promise.race([answer, late]);
}
