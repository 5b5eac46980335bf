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
      { label: 'Status', cell: (key) => badge(keyStatus(key)) },
      { label: 'May use', cell: scopesOf },
      { label: 'Credits', cell: creditsOf },
      { label: 'Made', cell: (key) => time(key.created_at) },
      { label: 'Last used', cell: (key) => time(key.last_used_at) },
      { label: 'Ends', cell: (key) => time(key.revoked_at ?? key.expires_at) },
      { label: '', cell: (key) => key.revoked_at === null && revocation(key) },
    ],
    keys,
    html`<p>No key.</p>`,
  );
}

function scopesOf({ scopes }: KeyRow): string {
  return scopes.length === KEY_SCOPES.length ? 'everything' : scopes.join(', ');
}

function creditsOf({ credit_limit, credits_used }: KeyRow): Html {
  const limit = credit_limit !== null && html` <span class="quiet">of ${count(credit_limit)}</span>`;
  return html`${count(credits_used)}${limit}`;
}
