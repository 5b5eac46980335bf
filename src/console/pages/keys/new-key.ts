import type { Response } from 'express';
import { z } from 'zod';
import type { KeyLimits } from '../../../accounts/keys/keys.ts';
import { KEY_SCOPES, type KeyScope } from '../../../database/enumerations.ts';
import { html, type Html } from '../../../http/html/html.ts';
import { checkbox, field, postForm, select } from '../../view/forms.ts';
import { otherProblems, type FormProblems } from '../../view/problems.ts';

const DAY_MS = 86_400_000;
const LIFETIMES = [
  ['', 'never'],
  ['1', 'in a day'],
  ['7', 'in a week'],
  ['30', 'in 30 days'],
  ['90', 'in 90 days'],
  ['365', 'in a year'],
] as const;

/** What each scope opens, in a few words. */
const SCOPES: Record<KeyScope, string> = {
  scrape: 'start and cancel jobs',
  'jobs:read': 'read jobs and their pages',
  webhooks: 'deliveries and endpoints',
  account: 'the account, its secret and its keys',
};
const boxOf = (scope: KeyScope) => `may_${scope.replace(':', '_')}`;
const boxes = Object.fromEntries(KEY_SCOPES.map((scope) => [boxOf(scope), z.string().optional()]));

/** The form of a new key: its name, and what it may do. Throws where it may do nothing. */
export const keyForm = z
  .object({
    name: z.string().trim().min(1, 'must not be empty').max(100),
    expires: z.enum(LIFETIMES.map(([days]) => days)).default(''),
    credit_limit: z
      .string()
      .trim()
      .regex(/^\d{0,12}$/, 'must be a whole number')
      .default(''),
    ...boxes,
  })
  .transform((form) => ({ name: form.name, limits: limitsOf(form) }))
  .refine(({ limits }) => limits.scopes.length > 0, { path: ['scopes'], message: 'choose at least one' });

function limitsOf(form: { expires: string; credit_limit: string; [box: string]: unknown }): KeyLimits {
  const days = Number(form.expires);
  return {
    scopes: KEY_SCOPES.filter((scope) => form[boxOf(scope)] !== undefined),
    expires_at: days === 0 ? null : new Date(Date.now() + days * DAY_MS),
    credit_limit: form.credit_limit === '' ? null : Number(form.credit_limit),
  };
}

/** What the form sent. */
export type TriedKey = Record<string, unknown>;

/** The form itself, with what was written, and what was wrong with it. */
export function newKey(res: Response, tried: TriedKey | null, problems: FormProblems): Html {
  const { fields: wrong } = problems;
  const fields = html`${otherProblems(problems)}
    <div class="row top">${limitFields(tried ?? {}, wrong)}</div>
    <fieldset class="checks">
      <legend>It may use</legend>
      ${KEY_SCOPES.map((scope) =>
        checkbox(html`<code>${scope}</code> <span class="quiet">${SCOPES[scope]}</span>`, boxOf(scope), {
          checked: tried === null || boxOf(scope) in tried,
        }),
      )}
      ${wrong.scopes && html`<p class="wrong" role="alert">${wrong.scopes.join(' ')}</p>`}
    </fieldset>
    <div class="actions"><button class="button primary">Make a key</button></div>`;
  return postForm(res, '/console/keys', fields, 'card');
}

function limitFields(tried: TriedKey, wrong: FormProblems['fields']): Html {
  const value = (name: string) => (typeof tried[name] === 'string' ? tried[name] : '');
  return html`${field({
    label: 'Name of the new key',
    name: 'name',
    value: value('name'),
    required: true,
    placeholder: 'production',
    problems: wrong.name,
    className: 'grow',
  })}
  ${select({
    label: 'Expires',
    name: 'expires',
    options: LIFETIMES,
    value: value('expires'),
    problems: wrong.expires ?? wrong.expires_at,
  })}
  ${field({
    label: 'Credit limit',
    name: 'credit_limit',
    value: value('credit_limit'),
    type: 'number',
    placeholder: 'none',
    min: 1,
    problems: wrong.credit_limit,
  })}`;
}
