import { Router, type Response } from 'express';
import { z } from 'zod';
import { createAccount } from '../../accounts/accounts.ts';
import { grantCredits } from '../../accounts/credits.ts';
import type { SecretBox } from '../../accounts/secrets.ts';
import { parseValue } from '../../http/route/validate.ts';
import type { Db } from '../../database/tables.ts';
import { confirmed, field, postForm } from '../view/forms.ts';
import { html, type Html } from '../../http/html/html.ts';
import { sendPage } from '../view/layout.ts';
import { count } from '../view/format.ts';
import { copyable } from '../view/parts.ts';
import { table } from '../view/table.ts';
import { readView } from './views.ts';

const grantForm = z.object({
  amount: z
    .string()
    .trim()
    .regex(/^-?\d{1,9}$/, 'must be a whole number of at most nine digits')
    .transform(Number)
    .refine((n) => n !== 0, 'must not be 0'),
  note: z.string().trim().max(200).default(''),
});

const accountForm = z.object({
  name: z.string().trim().min(1, 'must not be empty').max(100),
  credits: z
    .string()
    .trim()
    .regex(/^\d{1,9}$/, 'must be a whole number of at most nine digits')
    .transform(Number),
});

interface Usage {
  account_id: string;
  name: string;
  plan: string;
  credits: number;
  jobs_30d: number;
  credits_30d: number;
}

interface Options {
  db: Db;
  box: SecretBox;
  /** The credits that a new account gets unless the form says otherwise. */
  freeCredits: number;
}

/** Lists accounts with their usage, makes accounts, and gives credits. */
export function accountPages({ db, box, freeCredits }: Options): Router {
  const router = Router();

  async function show(res: Response, made: Html | null, status = 200): Promise<void> {
    const { rows } = await readView(db, 'usage_by_account');
    const list = table(
      'Accounts, the most active first',
      [
        {
          label: 'Account',
          head: true,
          cell: (a) =>
            html`<span id="${a.account_id}">${a.name}</span> <span class="sub">${a.account_id}</span>`,
        },
        { label: 'Plan', minor: true, cell: (a) => a.plan },
        { label: 'Credits', numeric: true, cell: (a) => count(a.credits) },
        { label: 'Jobs, 30 days', numeric: true, cell: (a) => count(a.jobs_30d) },
        { label: 'Pages, 30 days', numeric: true, cell: (a) => count(a.credits_30d) },
        { label: '', cell: (a) => grant(res, a) },
      ],
      rows as unknown as Usage[],
      html`<p>No account.</p>`,
    );
    const fields = html`<div class="row">
      ${field({ label: 'Name of the new account', name: 'name', required: true, className: 'grow' })}
      ${field({
        label: 'Credits',
        name: 'credits',
        type: 'number',
        value: String(freeCredits),
        required: true,
      })}
      <button class="button primary">Make an account</button>
    </div>`;
    const body = html`${made} ${postForm(res, '/console/admin/accounts', fields, 'card')}
      <section>${list}</section>`;
    sendPage(res, { title: 'Accounts', section: 'Accounts', body }, status);
  }

  router.get('/accounts', async (_req, res) => {
    await show(res, null);
  });

  router.post('/accounts', async (req, res) => {
    const { name, credits } = parseValue(req.body, accountForm);
    const { id, key } = await createAccount(db, box, { name, credits });
    await show(
      res,
      html`<div class="card made" role="status">
        <p><strong>The key of ${name}, shown only this once:</strong></p>
        <p>${copyable(key, 'the key')}</p>
        <p class="quiet">${id}</p>
      </div>`,
      201,
    );
  });

  router.post('/accounts/:id/grant', async (req, res) => {
    const { amount, note } = parseValue(req.body, grantForm);
    await db
      .transaction()
      .execute((tx) => grantCredits(tx, req.params.id, amount, note === '' ? 'by an operator' : note));
    res.redirect(303, `/console/admin/accounts?notice=granted&n=${amount}`);
  });

  return router;
}

function grant(res: Response, account: Usage): Html {
  const form = postForm(
    res,
    `/console/admin/accounts/${account.account_id}/grant`,
    html`${field({
        label: 'How many',
        name: 'amount',
        type: 'number',
        required: true,
        id: `amount-${account.account_id}`,
      })}
      ${field({ label: 'Note for the ledger', name: 'note', id: `note-${account.account_id}` })}
      <button class="button primary">Give credits</button>`,
    'stack',
  );
  return confirmed('Credits', `For ${account.name}. A negative number takes them back.`, form);
}
