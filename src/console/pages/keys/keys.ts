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
import { NO_PROBLEMS, problemsOf, type FormProblems } from '../../view/problems.ts';
import { auditPage, sessionOf } from '../../session/browser-session.ts';
import { keyActions } from './actions.ts';
import { keyTable } from './key-table.ts';
import { keyForm, newKey, type TriedKey } from './new-key.ts';

const query = z.strictObject({
  before: z
    .string()
    .regex(/^aud_[0-9a-f]{24}$/, 'must be from a link of this page')
    .optional(),
  notice: z.string().optional(),
});

/**
 * Lists, makes and revokes the account's API keys, and shows what was done. A key is shown once.
 */
export function keyPages({ db }: Context): Router {
  const router = Router();

  async function show(
    res: Response,
    { made = null, tried = null, problems = NO_PROBLEMS }: Shown = {},
  ): Promise<void> {
    const { account_id, key_id } = sessionOf(res);
    const { before } = parseQuery(res.req, query);
    const revocation = (key: KeyRow) => revokeButton(res, key.id, key.id === key_id);
    const body = html`${made} ${newKey(res, tried, problems)}
      <section>
        <h2>Your keys</h2>
        ${keyTable(await listKeys(db, account_id), { own: key_id, revocation })}
      </section>
      ${await keyActions(db, account_id, before)}`;
    sendPage(res, { title: 'API keys', section: 'Keys', body }, made ? 201 : problems.status);
  }

  async function makeKey(form: unknown, res: Response): Promise<string> {
    const { name, limits } = parseValue(form, keyForm);
    const { account_id, key_id } = sessionOf(res);
    await checkGrant(db, key_id, limits);
    const { id, key } = await createKey(db, account_id, name, limits);
    await auditPage(db, res, 'key.create', id);
    return key;
  }

  router.get('/keys', async (_req, res) => {
    await show(res);
  });

  router.post('/keys', async (req, res) => {
    let key: string;
    try {
      key = await makeKey(req.body, res);
    } catch (error) {
      const names = ['name', 'credit_limit', 'scopes', 'expires', 'expires_at'];
      await show(res, { tried: req.body as TriedKey, problems: problemsOf(error, { names }) });
      return;
    }
    await show(res, { made: madeKey(key) });
  });

  router.post('/keys/:id/revoke', async (req, res) => {
    if (!(await revokeKey(db, sessionOf(res).account_id, req.params.id))) throw notFound('key');
    await auditPage(db, res, 'key.revoke', req.params.id);
    res.redirect(303, '/console/keys?notice=revoked');
  });

  return router;
}

interface Shown {
  made?: Html | null;
  tried?: TriedKey | null;
  problems?: FormProblems;
}

function madeKey(key: string): Html {
  return html`<div class="card made" role="status">
    <p><strong>Your new key, shown only this once:</strong></p>
    <p>${copyable(key, 'the key')}</p>
  </div>`;
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
