import { keyStatus, type KeyRow } from '../../../accounts/keys/keys.ts';
import { KEY_SCOPES } from '../../../database/enumerations.ts';
import { html, type Html } from '../../../http/html/html.ts';
import { count, time } from '../../view/format.ts';
import { badge } from '../../view/parts.ts';
import { table } from '../../view/table.ts';

interface Shown {
  /** The key of this session. */
  own?: string;
  /** The way to revoke a key that still works. */
  revocation: (key: KeyRow) => Html;
}

/** The keys of an account, newest first, with what they may do. */
export function keyTable(keys: KeyRow[], { own, revocation }: Shown): Html {
  return table(
    'API keys, newest first',
    [
      {
        label: 'Name',
        head: true,
        cell: (key) =>
          html`${key.name} <span class="sub">${key.id}${key.id === own && ', this session'}</span>`,
      },
      { label: 'Status', cell: statusOf },
      {
        label: 'May use',
        cell: (key) => html`${scopesOf(key)} <span class="sub">${creditsOf(key)}</span>`,
      },
      {
        label: 'Last used',
        cell: (key) => html`${time(key.last_used_at)} <span class="sub">made ${time(key.created_at)}</span>`,
      },
      { label: '', cell: (key) => key.revoked_at === null && revocation(key) },
    ],
    keys,
    html`<p>No key.</p>`,
  );
}

/** The status, and since or until when. */
function statusOf(key: KeyRow): Html {
  const end = key.revoked_at ?? key.expires_at;
  return html`${badge(keyStatus(key))} ${end !== null && html`<span class="sub">${time(end)}</span>`}`;
}

function scopesOf({ scopes }: KeyRow): string {
  return scopes.length === KEY_SCOPES.length ? 'everything' : scopes.join(', ');
}

/** What it has used, and what it may use. */
function creditsOf({ credit_limit, credits_used }: KeyRow): string {
  const limit = credit_limit === null ? '' : ` of ${count(credit_limit)}`;
  return `${count(credits_used)}${limit} credits`;
}
