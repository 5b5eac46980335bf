import { Router, type Request, type Response } from 'express';
import { accountOf } from '../../http/auth.ts';
import { parseNothing, rawBody } from '../../http/json-body.ts';
import { notFound } from '../../http/problem.ts';
import type { Context } from '../../context.ts';
import {
  cancelPending,
  knowsEndpoint,
  listEndpoints,
  pauseEndpoint,
  resumeEndpoint,
} from '../endpoints/endpoints.ts';

/** How the account's endpoints do, and holding, resuming and emptying them. An endpoint is named by its host and port. */
export function endpointRoutes({ db }: Context): Router {
  const router = Router();

  async function endpointIn(req: Request, res: Response): Promise<string> {
    parseNothing(req);
    const endpoint = String(req.params.endpoint).toLowerCase();
    // Postgres knows no U+0000, so there is no such endpoint.
    if (endpoint.includes('\0') || !(await knowsEndpoint(db, accountOf(res), endpoint)))
      throw notFound('endpoint');
    return endpoint;
  }

  async function answer(res: Response, endpoint: string, more: object = {}): Promise<void> {
    const view = (await listEndpoints(db, accountOf(res))).find((e) => e.endpoint === endpoint);
    res.json({ ...(view ?? { endpoint, status: 'active' }), ...more });
  }

  router.get('/v1/endpoints', async (_req, res) => {
    res.json({ data: await listEndpoints(db, accountOf(res)), next_cursor: null });
  });

  router.post('/v1/endpoints/:endpoint/pause', rawBody('1kb'), async (req, res) => {
    const endpoint = await endpointIn(req, res);
    await pauseEndpoint(db, accountOf(res), endpoint);
    await answer(res, endpoint);
  });

  router.post('/v1/endpoints/:endpoint/resume', rawBody('1kb'), async (req, res) => {
    const endpoint = await endpointIn(req, res);
    await resumeEndpoint(db, accountOf(res), endpoint);
    await answer(res, endpoint);
  });

  router.post('/v1/endpoints/:endpoint/cancel-pending', rawBody('1kb'), async (req, res) => {
    const endpoint = await endpointIn(req, res);
    const cancelled = await cancelPending(db, accountOf(res), endpoint);
    await answer(res, endpoint, { cancelled });
  });

  return router;
}
