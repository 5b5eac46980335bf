import { Router, type Response } from 'express';
import { z } from 'zod';
import { checkGrant } from '../../../accounts/keys/grant.ts';
import { createKey, listKeys, revokeKey, type KeyRow } from '../../../accounts/keys/keys.ts';
import { parseQuery, parseValue } from '../../../http/route/validate.ts';
import { notFound } from '../../../service-error.ts';
import type { Context } from '../../../context.ts';
import { confirmed, postForm } from '../../view/forms.ts';
import { html, type Html } from '../../../http/html/html.ts';
import { sendPage } from '../../view/layout.ts';
import { copyable } from '../../view/parts.ts';
import { auditPage, sessionOf } from '../../session/browser-session.ts';
import { keyActions } from './actions.ts';
import { keyTable } from './key-table.ts';
import { keyForm, newKey } from './new-key.ts';

const query = z.object({ before: z.string().max(40).optional() });

/**
 * Lists, makes and revokes the account's API keys, and shows what was done. A key is shown once.
 */
export function keyPages({ db }: Context): Router {
  const router = Router();

  async function show(res: Response, made: Html | null, status = 200): Promise<void> {
    const { account_id, key_id } = sessionOf(res);
    const { before } = parseQuery(res.req, query.catch({}));
    const revocation = (key: KeyRow) => revokeButton(res, key.id, key.id === key_id);
    const body = html`${made} ${newKey(res)}
      <section>
        <h2>Your keys</h2>
        ${keyTable(await listKeys(db, account_id), { own: key_id, revocation })}
      </section>
      ${await keyActions(db, account_id, before)}`;
    sendPage(res, { title: 'API keys', section: 'Keys', body }, status);
  }

  router.get('/keys', async (_req, res) => {
    await show(res, null);
  });

  router.post('/keys', async (req, res) => {
    const { name, limits } = parseValue(req.body, keyForm);
    const { account_id, key_id } = sessionOf(res);
    await checkGrant(db, key_id, limits);
    const { id, key } = await createKey(db, account_id, name, limits);
    await auditPage(db, res, 'key.create', id);
    await show(
      res,
      html`<div class="card made" role="status">
        <p><strong>Your new key, shown only this once:</strong></p>
        <p>${copyable(key, 'the key')}</p>
      </div>`,
      201,
    );
  });

  router.post('/keys/:id/revoke', async (req, res) => {
    if (!(await revokeKey(db, sessionOf(res).account_id, req.params.id))) throw notFound('key');
    await auditPage(db, res, 'key.revoke', req.params.id);
    res.redirect(303, '/console/keys?notice=revoked');
  });

  return router;
}

function revokeButton(res: Response, id: string, own: boolean): Html {
  const warning = own
    ? 'Requests with it are refused at once, and you are signed out.'
    : 'Requests with it are refused at once.';
  return confirmed(
    'Revoke',
    warning,
    postForm(res, `/console/keys/${id}/revoke`, html`<button class="button danger">Revoke the key</button>`),
  );
}
