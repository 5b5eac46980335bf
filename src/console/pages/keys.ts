import { Router, type Response } from 'express';
import { z } from 'zod';
import { createKey, listKeys, revokeKey } from '../../accounts/keys.ts';
import { parseValue } from '../../http/route/validate.ts';
import { notFound } from '../../service-error.ts';
import type { Context } from '../../context.ts';
import { confirmed, field, postForm } from '../view/forms.ts';
import { html, type Html } from '../../http/html/html.ts';
import { sendPage } from '../view/layout.ts';
import { time } from '../view/format.ts';
import { badge, copyable } from '../view/parts.ts';
import { table } from '../view/table.ts';
import { sessionOf } from '../session/browser-session.ts';

const keyForm = z.object({ name: z.string().trim().min(1, 'must not be empty').max(100) });

/** Lists, makes and revokes the account's API keys. A key is shown once. */
export function keyPages({ db }: Context): Router {
  const router = Router();

  async function show(res: Response, made: Html | null, status = 200): Promise<void> {
    const { account_id, key_id } = sessionOf(res);
    const keys = await listKeys(db, account_id);
    const own = (id: string) => id === key_id;
    const list = table(
      'API keys, newest first',
      [
        {
          label: 'Name',
          head: true,
          cell: (key) =>
            html`${key.name} <span class="sub">${key.id}${own(key.id) && ', this session'}</span>`,
        },
        { label: 'Status', cell: (key) => badge(key.revoked_at === null ? 'works' : 'revoked') },
        { label: 'Made', cell: (key) => time(key.created_at) },
        { label: 'Last used', cell: (key) => time(key.last_used_at) },
        { label: 'Revoked', cell: (key) => time(key.revoked_at) },
        { label: '', cell: (key) => key.revoked_at === null && revocation(res, key.id, own(key.id)) },
      ],
      keys,
      html`<p>No key.</p>`,
    );
    const form = html`<div class="row">
      ${field({
        label: 'Name of the new key',
        name: 'name',
        required: true,
        placeholder: 'production',
        className: 'grow',
      })}
      <button class="button primary">Make a key</button>
    </div>`;
    const body = html`${made} ${postForm(res, '/console/keys', form, 'card')}
      <section>
        <h2>Your keys</h2>
        ${list}
      </section>`;
    sendPage(res, { title: 'API keys', section: 'Keys', body }, status);
  }

  router.get('/keys', async (_req, res) => {
    await show(res, null);
  });

  router.post('/keys', async (req, res) => {
    const { name } = parseValue(req.body, keyForm);
    const { key } = await createKey(db, sessionOf(res).account_id, name);
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
    res.redirect(303, '/console/keys?notice=revoked');
  });

  return router;
}

function revocation(res: Response, id: string, own: boolean): Html {
  const warning = own
    ? 'Requests with it are refused at once, and you are signed out.'
    : 'Requests with it are refused at once.';
  return confirmed(
    'Revoke',
    warning,
    postForm(res, `/console/keys/${id}/revoke`, html`<button class="button danger">Revoke the key</button>`),
  );
}
