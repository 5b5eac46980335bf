import { z } from 'zod';
import { KEY_SCOPES, KEY_STATUSES } from '../../../database/enumerations.ts';
import { listOf, named, timestamp } from '../../../http/schemas.ts';

const scopes = z.array(z.enum(KEY_SCOPES)).describe('What it may do: each route of this document names its.');
const creditsUsed = z.int().min(0).describe('What its jobs have used, and what those under way hold.');

const keyFields = {
  key_id: z.string(),
  name: z.string(),
  status: z.enum(KEY_STATUSES),
  scopes,
  expires_at: timestamp.nullable(),
  credit_limit: z.int().min(0).nullable(),
  credits_used: creditsUsed,
  created_at: timestamp,
  last_used_at: timestamp.nullable().describe('To the minute.'),
  revoked_at: timestamp.nullable(),
};

export const keyAnswer = named('ApiKey', z.strictObject(keyFields));
export const keyList = named('ApiKeyList', listOf(keyAnswer));
export const newKeyAnswer = named(
  'NewApiKey',
  z.strictObject({ ...keyFields, key: z.string().describe('The key itself: it is not shown again.') }),
);

export const newKeyBody = named(
  'NewApiKeyRequest',
  z.strictObject({
    name: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .regex(/^[^\p{Cc}]*$/u, 'must be one line'),
    scopes: scopes.min(1).optional().describe('Default: those of the key that makes it. None that it lacks.'),
    expires_at: z.iso
      .datetime({ offset: true, message: 'must be a time like 2026-01-31T12:00:00Z' })
      .transform((text) => new Date(text))
      .refine((time) => time > new Date(), 'must be to come')
      .optional()
      .describe('When it stops working. Default: never.'),
    credit_limit: z
      .int()
      .min(1)
      .max(1_000_000_000_000)
      .optional()
      .describe('The most credits that its jobs may use, ever. Default: no limit.'),
  }),
);
