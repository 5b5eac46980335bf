import type { Operation } from '../../http/operation.ts';
import { meAnswer, rotateAnswer, rotateBody, usageAnswer, usageQuery } from './schemas.ts';

/** The account itself. */
export const accountOperations: Operation[] = [
  {
    id: 'readAccount',
    method: 'get',
    path: '/v1/me',
    tag: 'Account',
    summary: 'Your account, credits and webhook secret',
    access: 'account',
    answers: { 200: { description: 'The account.', schema: meAnswer } },
  },
  {
    id: 'rotateSecret',
    method: 'post',
    path: '/v1/me/webhook-secret/rotate',
    tag: 'Account',
    summary: 'Get a new webhook secret',
    description:
      'The previous one stops at once, or, with `overlap_seconds`, signs beside the new one for a while.',
    access: 'account',
    body: rotateBody,
    example: { overlap_seconds: 3600 },
    answers: { 200: { description: 'The new secret.', schema: rotateAnswer } },
  },
  {
    id: 'readUsage',
    method: 'get',
    path: '/v1/me/usage',
    tag: 'Account',
    summary: 'Credits by day',
    access: 'account',
    query: usageQuery,
    answers: { 200: { description: 'The days on which jobs were created.', schema: usageAnswer } },
  },
];
