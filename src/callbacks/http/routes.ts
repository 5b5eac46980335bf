import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Router } from 'express';
import type { SecretBox } from '../../accounts/secrets.ts';
import { accountOf } from '../../http/auth.ts';
import { untilClosed } from '../../http/closed.ts';
import { parseQuery } from '../../http/json-body.ts';
import { decodeCursor, encodeCursor } from '../../http/pagination.ts';
import { notFound } from '../../http/problem.ts';
import type { Context } from '../../context.ts';
import { listCallbacks } from '../list.ts';
import { readRequest, type CallbackRequest } from '../request.ts';
import { callbackListQuery } from './schemas.ts';

const PLACE = /^\d{1,17} (?:job|dlv)_[0-9a-f]{24}$/;

/** Reading callbacks instead of receiving them: for a receiver on a machine that the service cannot reach. */
export function callbackRoutes({ db }: Context, box: SecretBox): Router {
  const router = Router();

  router.get('/v1/callbacks', async (req, res) => {
    const { since, limit, cursor } = parseQuery(req, callbackListQuery);
    const [moment, id] = decodeCursor(cursor, PLACE)?.split(' ') ?? [];
    const after = moment === undefined || id === undefined ? null : { moment: BigInt(moment), id };
    const found = await listCallbacks(db, accountOf(res), since, limit + 1, after);
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    res.json({
      data: shown.map(({ place: _place, ...callback }) => callback),
      next_cursor: found.length > limit && last ? encodeCursor(`${last.place.moment} ${last.id}`) : null,
    });
  });

  router.get('/v1/callbacks/:id', async (req, res) => {
    const gone = untilClosed(res);
    const request = await readRequest(db, box, accountOf(res), req.params.id, gone);
    if (gone.aborted) return;
    if (!request) throw notFound('callback');
    res.type('application/json').set('Cache-Control', 'no-store');
    await pipeline(Readable.from(asJson(request)), res);
  });

  return router;
}

/** `{"headers":{…},"body":"…"}`, written piece by piece: the memory does not depend on the body's size. */
async function* asJson({ headers, body }: CallbackRequest): AsyncGenerator<Buffer> {
  yield Buffer.from(`{"headers":${JSON.stringify(headers)},"body":"`);
  // Each chunk is whole characters: it was encoded from text.
  for await (const chunk of body()) yield Buffer.from(JSON.stringify(chunk.toString('utf8')).slice(1, -1));
  yield Buffer.from('"}');
}
