import { Router, type Response } from 'express';
import { z } from 'zod';
import { grantCredits } from '../../accounts/credits.ts';
import { parseValue } from '../../http/validate.ts';
import type { Db } from '../../database/tables.ts';
import { confirmed, field, postForm } from '../view/forms.ts';
import { html, type Html } from '../../http/html.ts';
import { sendPage } from '../view/layout.ts';
import { count, table } from '../view/parts.ts';
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

interface Usage {
  account_id: string;
  name: string;
  plan: string;
  credits: number;
  jobs_30d: number;
  credits_30d: number;
}

/** Accounts with what they use, and giving them credits. */
export function accountPages(db: Db): Router {
  const router = Router();

  router.get('/accounts', async (_req, res) => {
    const { rows } = await readView(db, 'usage_by_account');
    const list = table(
      'Accounts, the most active first',
      [
        { label: 'Name', head: true, cell: (a) => a.name },
        { label: 'Id', cell: (a) => html`<code>${a.account_id}</code>` },
        { label: 'Plan', cell: (a) => a.plan },
        { label: 'Credits', numeric: true, cell: (a) => count(a.credits) },
        { label: 'Jobs, 30 days', numeric: true, cell: (a) => count(a.jobs_30d) },
        { label: 'Pages, 30 days', numeric: true, cell: (a) => count(a.credits_30d) },
        { label: '', cell: (a) => grant(res, a) },
      ],
      rows as unknown as Usage[],
      html`<p>No account.</p>`,
    );
    sendPage(res, { title: 'Accounts', section: 'Accounts', body: list });
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
    html`${field({ label: 'How many', name: 'amount', type: 'number', required: true, id: `amount-${account.account_id}` })}
      ${field({ label: 'Note for the ledger', name: 'note', id: `note-${account.account_id}` })}
      <button class="button primary">Give credits</button>`,
    'stack',
  );
  return confirmed('Credits', `For ${account.name}. A negative number takes them back.`, form);
}
