import { route } from '../../http/route/route.ts';
import { rotateWebhookSecret } from '../accounts.ts';
import type { AccountContext } from './context.ts';
import { rotateAnswer, rotateBody } from './schemas.ts';

export const rotateSecret = route({
  id: 'rotateSecret',
  method: 'post',
  path: '/v1/me/webhook-secret/rotate',
  tag: 'Account',
  summary: 'Get a new webhook secret',
  description:
    'The previous secret stops at once. With `overlap_seconds` it signs beside the new one for that ' +
    'time, and so do those whose overlaps have not ended.',
  access: 'account',
  audit: 'secret.rotate',
  body: rotateBody,
  limits: { bytes: 1024 },
  example: { overlap_seconds: 3600 },
  answers: { 200: { description: 'The new secret.', schema: rotateAnswer } },
  problems: ['too_many_secrets'],
  async handle({ account, body }, { db, box }: AccountContext) {
    return {
      headers: { 'Cache-Control': 'no-store' },
      json: await rotateWebhookSecret(db, box, account.id, body.overlap_seconds),
    };
  },
});
