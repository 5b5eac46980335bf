import { route } from '../../http/route/route.ts';
import { readAccount as read } from '../accounts.ts';
import type { AccountContext } from './context.ts';
import { meAnswer } from './schemas.ts';

export const readAccount = route({
  id: 'readAccount',
  method: 'get',
  path: '/v1/me',
  tag: 'Account',
  summary: 'Your account, credits and webhook secret',
  description: 'Also shows until when a secret that was rotated still signs.',
  access: 'account',
  answers: { 200: { description: 'The account.', schema: meAnswer } },
  async handle({ account }, { db, box }: AccountContext) {
    const { id, ...rest } = await read(db, box, account.id);
    return { headers: { 'Cache-Control': 'no-store' }, json: { account_id: id, ...rest } };
  },
});
