import { Router, type Response } from 'express';
import { sql } from 'kysely';
import { z } from 'zod';
import { deleteAccount, renameAccount, suspendAccount } from '../../accounts/administer.ts';
import { grantCredits } from '../../accounts/credits.ts';
import { OutOfCreditsError } from '../../accounts/out-of-credits.ts';
import { listKeys, revokeKey, type KeyRow } from '../../accounts/keys/keys.ts';
import { parseValue } from '../../http/route/validate.ts';
import type { AuditAction } from '../../database/enumerations.ts';
import type { Db } from '../../database/tables.ts';
import { html, type Html } from '../../http/html/html.ts';
import { invalidField, notFound, ServiceError } from '../../service-error.ts';
import { count, time } from '../view/format.ts';
import { confirmed, field, postForm } from '../view/forms.ts';
import { sendPage } from '../view/layout.ts';
import { badge, copyable, facts } from '../view/parts.ts';
import { keyTable } from '../pages/keys/key-table.ts';
import { accountName, accountPath } from './accounts.ts';
import { auditOperator } from './audit.ts';

const grantForm = z.object({
  amount: z
    .string()
    .trim()
    .regex(/^-?\d{1,9}$/, 'must be a whole number of at most nine digits')
    .transform(Number)
    .refine((n) => n !== 0, 'must not be 0'),
  note: z.string().trim().max(200).default(''),
});

const nameForm = z.object({ name: accountName });

interface Shown {
  id: string;
  name: string;
  plan: string;
  credits: number;
  created_at: Date;
  suspended_at: Date | null;
  jobs_30d: number;
  credits_30d: number;
}

/**
 * The page of one account: its figures and keys, credits, another name, suspension and deletion.
 */
export function accountPage(db: Db): Router {
  const router = Router();

  router.get('/accounts/:id', async (req, res) => {
    const { rows } = await sql<Shown>`
      select a.id, a.name, a.plan, a.credits, a.created_at, a.suspended_at, u.jobs_30d, u.credits_30d
      from accounts a join admin.usage_by_account u on u.account_id = a.id
      where a.id = ${req.params.id}`.execute(db);
    const account = rows[0];
    if (!account) throw notFound('account');
    const body = html`${figures(account)}
      <div class="actions">
        ${grant(res, account)} ${rename(res, account)} ${suspension(res, account)}
        ${account.suspended_at && deletion(res, account)}
      </div>
      <section>
        <h2>API keys</h2>
        ${keyTable(await listKeys(db, account.id), { revocation: (key) => keyRevocation(res, account, key) })}
      </section>`;
    const back = { href: '/console/admin/accounts', label: 'Accounts' };
    sendPage(res, { title: account.name, section: 'Accounts', back, body });
  });

  router.post('/accounts/:id/grant', async (req, res) => {
    const { amount, note } = parseValue(req.body, grantForm);
    const { id } = req.params;
    const account = await db.selectFrom('accounts').select('id').where('id', '=', id).executeTakeFirst();
    if (!account) throw notFound('account');
    try {
      await db
        .transaction()
        .execute((tx) => grantCredits(tx, id, amount, note === '' ? 'by an operator' : note));
    } catch (error) {
      if (!(error instanceof OutOfCreditsError)) throw error;
      throw invalidField('amount', 'takes back more credits than the account has');
    }
    await audit(res, id, 'account.credit', String(amount));
    res.redirect(303, `${accountPath(id)}?notice=granted&n=${amount}`);
  });

  router.post('/accounts/:id/rename', async (req, res) => {
    const { name } = parseValue(req.body, nameForm);
    if (!(await renameAccount(db, req.params.id, name))) throw notFound('account');
    await audit(res, req.params.id, 'account.rename', req.params.id);
    res.redirect(303, `${accountPath(req.params.id)}?notice=renamed`);
  });

  router.post('/accounts/:id/keys/:key_id/revoke', async (req, res) => {
    const { id, key_id } = req.params;
    if (!(await revokeKey(db, id, key_id))) throw notFound('key');
    await audit(res, id, 'key.revoke', key_id);
    res.redirect(303, `${accountPath(id)}?notice=revoked`);
  });

  async function audit(res: Response, account_id: string, action: AuditAction, target: string) {
    await auditOperator(db, res, { account_id, action, target });
  }

  for (const [verb, suspended, notice] of [
    ['suspend', true, 'suspended'],
    ['resume', false, 'account-resumed'],
  ] as const)
    router.post(`/accounts/:id/${verb}`, async (req, res) => {
      if (!(await suspendAccount(db, req.params.id, suspended))) throw notFound('account');
      await audit(res, req.params.id, `account.${verb}`, req.params.id);
      res.redirect(303, `${accountPath(req.params.id)}?notice=${notice}`);
    });

  router.post('/accounts/:id/delete', async (req, res) => {
    const outcome = await deleteAccount(db, req.params.id);
    if (outcome === 'missing') throw notFound('account');
    if (outcome === 'active')
      throw new ServiceError(
        'not_finished',
        'The account is in use. Suspend it first, and wait until its jobs have ended.',
      );
    res.redirect(303, '/console/admin/accounts?notice=deleted');
  });

  return router;
}

function figures(account: Shown): Html {
  const { suspended_at } = account;
  return facts([
    ['Account', copyable(account.id, 'the account')],
    ['Status', badge(suspended_at === null ? 'active' : 'suspended')],
    ...(suspended_at === null ? [] : ([['Suspended', time(suspended_at)]] as const)),
    ['Plan', account.plan],
    ['Credits', count(account.credits)],
    ['Jobs, 30 days', count(account.jobs_30d)],
    ['Pages, 30 days', count(account.credits_30d)],
    ['Made', time(account.created_at)],
  ]);
}

function keyRevocation(res: Response, { id }: Shown, key: KeyRow): Html {
  return confirmed(
    'Revoke',
    'Requests with it are refused at once.',
    postForm(
      res,
      `${accountPath(id)}/keys/${key.id}/revoke`,
      html`<button class="button danger">Revoke the key</button>`,
    ),
  );
}

function grant(res: Response, { id, name }: Shown): Html {
  const fields = html`${field({ label: 'How many', name: 'amount', type: 'number', required: true })}
    ${field({ label: 'Note for the ledger', name: 'note' })}
    <button class="button primary">Give credits</button>`;
  const form = postForm(res, `${accountPath(id)}/grant`, fields, 'stack');
  return confirmed('Credits', `For ${name}. A negative number takes them back.`, form);
}

function rename(res: Response, { id, name }: Shown): Html {
  const fields = html`${field({ label: 'New name', name: 'name', value: name, required: true })}
    <button class="button primary">Rename it</button>`;
  const form = postForm(res, `${accountPath(id)}/rename`, fields, 'stack');
  return confirmed('Rename', 'Its id, keys and jobs stay as they are.', form);
}

function suspension(res: Response, { id, suspended_at }: Shown): Html {
  if (suspended_at !== null) {
    const button = html`<button class="button primary">Resume it</button>`;
    return confirmed('Resume', 'Its keys work again.', postForm(res, `${accountPath(id)}/resume`, button));
  }
  return confirmed(
    'Suspend',
    'Its keys are refused and its console sessions end. Its jobs and deliveries go on.',
    postForm(res, `${accountPath(id)}/suspend`, html`<button class="button danger">Suspend it</button>`),
  );
}

function deletion(res: Response, { id }: Shown): Html {
  return confirmed(
    'Delete',
    'Its keys, jobs, pages, deliveries and ledger are deleted for good.',
    postForm(res, `${accountPath(id)}/delete`, html`<button class="button danger">Delete it</button>`),
  );
}
