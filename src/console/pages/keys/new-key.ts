import type { Response } from 'express';
import { z } from 'zod';
import type { KeyLimits } from '../../../accounts/keys/keys.ts';
import { KEY_SCOPES, type KeyScope } from '../../../database/enumerations.ts';
import { html, type Html } from '../../../http/html/html.ts';
import { field, postForm, select } from '../../view/forms.ts';

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

/** The form itself. */
export function newKey(res: Response): Html {
  const name = { label: 'Name of the new key', name: 'name', required: true, placeholder: 'production' };
  const limit = { label: 'Credit limit', name: 'credit_limit', placeholder: 'none' };
  const fields = html`<div class="row">
      ${field({ ...name, className: 'grow' })} ${select('Expires', 'expires', LIFETIMES)}
      ${field({ ...limit, type: 'number' })}
      <button class="button primary">Make a key</button>
    </div>
    <fieldset class="checks">
      <legend>It may use</legend>
      ${KEY_SCOPES.map(
        (scope) =>
          html`<label class="check"
            ><input type="checkbox" name="${boxOf(scope)}" checked /> <code>${scope}</code>
            <span class="quiet">${SCOPES[scope]}</span></label
          >`,
      )}
    </fieldset>`;
  return postForm(res, '/console/keys', fields, 'card');
}
