import { z } from 'zod';

/** What a browser's field for a date and a time sends. All times here are UTC. */
export const localTime = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/, 'must be a date and a time')
  .transform((text) => new Date(`${text}Z`))
  .refine((at) => !Number.isNaN(at.getTime()), 'must be a date and a time');

/** A time as the value of such a field, to the second. */
export const fieldTime = (at: Date) => at.toISOString().slice(0, 19);
