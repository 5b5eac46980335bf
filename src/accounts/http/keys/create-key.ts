import { route } from '../../../http/route/route.ts';
import { checkGrant } from '../../keys/grant.ts';
import { createKey as create, listKeys } from '../../keys/keys.ts';
import type { AccountContext } from '../context.ts';
import { newKeyAnswer, newKeyBody } from './schemas.ts';
import { showKey } from './show-key.ts';

export const createKey = route({
  id: 'createKey',
  method: 'post',
  path: '/v1/keys',
  tag: 'Account',
  summary: 'Make a key',
  description:
    'For some routes only, for a time, for so many credits. It may do no more than the key that makes it; ' +
    'a key with a credit limit makes none.',
  access: 'account',
  audit: 'key.create',
  body: newKeyBody,
  limits: { bytes: 16 * 1024 },
  example: { name: 'agent', scopes: ['scrape', 'jobs:read'], credit_limit: 1000 },
  answers: { 201: { description: 'The key, shown only this once.', schema: newKeyAnswer } },
  problems: ['forbidden'],
  async handle({ account, body }, { db }: AccountContext) {
    const limits = {
      scopes: body.scopes ?? account.scopes,
      expires_at: body.expires_at ?? null,
      credit_limit: body.credit_limit ?? null,
    };
    await checkGrant(db, account.keyId, limits);
    const { id, key } = await create(db, account.id, body.name, limits);
    const made = (await listKeys(db, account.id)).find((row) => row.id === id)!;
    const headers = { 'Cache-Control': 'no-store' };
    return { status: 201, headers, json: { ...showKey(made), key }, audited: id };
  },
});
