import { Router } from 'express';
import { sql } from 'kysely';
import type { Context } from '../context.ts';

/** What the process says of itself besides the database. */
export interface Health {
  /** Set when the process begins to stop: it takes no new requests from a router then. */
  stopping: boolean;
  /** The parts that run here, each with whether it works. */
  parts: Record<string, () => boolean>;
}

/** `/healthz`: the process answers. `/readyz`: it can do its work; 503 with the reason otherwise. */
export function healthRoutes({ db }: Context, health: Health): Router {
  const router = Router();
  router.get('/healthz', (_req, res) => {
    res.json({ status: 'ok' });
  });
  router.get('/readyz', async (_req, res) => {
    const checks: Record<string, boolean> = {
      accepting: !health.stopping,
      database: await databaseAnswers(db),
    };
    for (const [name, works] of Object.entries(health.parts)) checks[name] = works();
    const ready = Object.values(checks).every(Boolean);
    res.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not ready', checks });
  });
  return router;
}

async function databaseAnswers(db: Context['db']): Promise<boolean> {
  const answer = sql`select 1`.execute(db).then(
    () => true,
    () => false,
  );
  return await Promise.race([answer, new Promise<boolean>((late) => setTimeout(late, 2000, false).unref())]);
}
