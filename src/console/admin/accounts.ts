import { Router, type Response } from 'express';
import { sql } from 'kysely';
import { z } from 'zod';
import { createAccount } from '../../accounts/accounts.ts';
import type { SecretBox } from '../../accounts/secrets.ts';
import { parseQuery, parseValue } from '../../http/route/validate.ts';
import type { Db } from '../../database/tables.ts';
import { field, postForm } from '../view/forms.ts';
import { html, type Html } from '../../http/html/html.ts';
import { sendPage } from '../view/layout.ts';
import { count } from '../view/format.ts';
import { badge, copyable } from '../view/parts.ts';
import { table } from '../view/table.ts';
import { auditOperator } from './audit.ts';
import { VIEW_ROWS } from './views.ts';

/** What an account may be called. */
export const accountName = z.string().trim().min(1, 'must not be empty').max(100);

/** Where an account's page is. */
export const accountPath = (id: string) => `/console/admin/accounts/${encodeURIComponent(id)}`;

const accountForm = z.object({
  name: accountName,
  credits: z
    .string()
    .trim()
    .regex(/^\d{1,9}$/, 'must be a whole number of at most nine digits')
    .transform(Number),
});

const search = z.strictObject({
  find: z.string().trim().max(200).default(''),
  notice: z.string().optional(),
});

interface Usage {
  account_id: string;
  name: string;
  plan: string;
  credits: number;
  jobs_30d: number;
  credits_30d: number;
  suspended: boolean;
}

interface Options {
  db: Db;
  box: SecretBox;
  /** The credits that a new account gets unless the form says otherwise. */
  freeCredits: number;
}

/** Lists and finds accounts with their usage, and makes accounts. */
export function accountPages({ db, box, freeCredits }: Options): Router {
  const router = Router();

  async function show(res: Response, made: Html | null, status = 200): Promise<void> {
    const { find } = parseQuery(res.req, search);
    const accounts = await findAccounts(db, find);
    const body = html`${made} ${newAccount(res, freeCredits)}
      <section>
        <form class="filters" action="/console/admin/accounts" role="search" aria-label="Accounts">
          ${field({ label: 'Name or id', name: 'find', value: find, className: 'grow' })}
          <button class="button">Find</button>
        </form>
        ${accountTable(accounts)}
        ${accounts.length === VIEW_ROWS && html`<p class="quiet">The first ${VIEW_ROWS} are shown.</p>`}
      </section>`;
    sendPage(res, { title: 'Accounts', section: 'Accounts', body }, status);
  }

  router.get('/accounts', async (_req, res) => {
    await show(res, null);
  });

  router.post('/accounts', async (req, res) => {
    const { name, credits } = parseValue(req.body, accountForm);
    const { id, key } = await createAccount(db, box, { name, credits });
    await auditOperator(db, res, { account_id: id, action: 'account.create', target: id });
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

  return router;
}

/** The accounts of that id, or with that text in their names, the most active first. */
async function findAccounts(db: Db, find: string): Promise<Usage[]> {
  const { rows } = await sql<Usage>`
    select u.*, a.suspended_at is not null as suspended
    from admin.usage_by_account u join accounts a on a.id = u.account_id
    where ${find} = '' or a.id = ${find} or position(lower(${find}) in lower(a.name)) > 0
    order by u.credits_30d desc, a.id limit ${VIEW_ROWS}`.execute(db);
  return rows;
}

function accountTable(accounts: Usage[]): Html {
  return table(
    'Accounts, the most active first',
    [
      {
        label: 'Account',
        head: true,
        cell: (a) =>
          html`<a href="${accountPath(a.account_id)}">${a.name}</a> <span class="sub">${a.account_id}</span>`,
      },
      { label: 'Status', cell: (a) => badge(a.suspended ? 'suspended' : 'active') },
      { label: 'Plan', minor: true, cell: (a) => a.plan },
      { label: 'Credits', numeric: true, cell: (a) => count(a.credits) },
      { label: 'Jobs, 30 days', numeric: true, cell: (a) => count(a.jobs_30d) },
      { label: 'Pages, 30 days', numeric: true, cell: (a) => count(a.credits_30d) },
    ],
    accounts,
    html`<p>No account.</p>`,
  );
}

function newAccount(res: Response, freeCredits: number): Html {
  const credits = { label: 'Credits', name: 'credits', type: 'number', required: true } as const;
  const fields = html`<div class="row">
    ${field({ label: 'Name of the new account', name: 'name', required: true, className: 'grow' })}
    ${field({ ...credits, value: String(freeCredits) })}
    <button class="button primary">Make an account</button>
  </div>`;
  return postForm(res, '/console/admin/accounts', fields, 'card');
}
