import { z } from 'zod';
import { named, timestamp } from '../../http/schemas.ts';

const day = z.iso
  .date('must be a date like 2026-01-31')
  .transform((text) => new Date(`${text}T00:00:00Z`))
  .optional();

export const rotateBody = named(
  'RotateRequest',
  z.strictObject({
    overlap_seconds: z
      .int()
      .min(0)
      .max(7 * 86_400)
      .default(0)
      .describe(
        'For this time deliveries also carry a signature of the previous secret. The oldest secret ' +
          'signs last.',
      ),
  }),
);
export const usageQuery = z.strictObject({
  from: day.describe('The first day (UTC); by default 29 days before `to`.'),
  to: day.describe('The last day; by default today.'),
});

const webhookSecret = z
  .string()
  .describe('Signs your deliveries: `whsec_…`. Keep it secret: whoever has it can sign in our name.');
const previousUntil = timestamp.nullable().describe('Until when the previous secret signs too.');

export const meAnswer = named(
  'Account',
  z.strictObject({
    account_id: z.string(),
    name: z.string(),
    plan: z.string(),
    credits: z.int().min(0).describe('Credits left, without those that open jobs hold.'),
    webhook_secret: webhookSecret,
    previous_secret_until: previousUntil,
    created_at: timestamp,
  }),
);
export const rotateAnswer = named(
  'RotatedSecret',
  z.strictObject({ webhook_secret: webhookSecret, previous_secret_until: previousUntil }),
);
export const usageAnswer = named(
  'Usage',
  z.strictObject({
    data: z
      .array(z.strictObject({ date: z.iso.date(), credits: z.int().min(0), jobs: z.int().min(0) }))
      .describe(
        'What ended jobs cost, by the day on which they were created; days without one are left out.',
      ),
    total: z.int().min(0),
  }),
);
