import { route } from '../../../http/route/route.ts';
import { notFound } from '../../../service-error.ts';
import { listKeys, revokeKey as revoke } from '../../keys/keys.ts';
import type { AccountContext } from '../context.ts';
import { keyAnswer } from './schemas.ts';
import { showKey } from './show-key.ts';

export const revokeKey = route({
  id: 'revokeKey',
  method: 'post',
  path: '/v1/keys/{key_id}/revoke',
  tag: 'Account',
  summary: 'End a key, at once and for good',
  description: 'Requests with it are refused from then on. Its jobs go on.',
  access: 'account',
  audit: 'key.revoke',
  answers: { 200: { description: 'The key, revoked.', schema: keyAnswer } },
  async handle({ account, params }, { db }: AccountContext) {
    await revoke(db, account.id, params.key_id);
    const key = (await listKeys(db, account.id)).find(({ id }) => id === params.key_id);
    if (!key) throw notFound('key');
    return { json: showKey(key) };
  },
});
