import { z } from 'zod';
import { headerName, headerValue } from '../../http/header-fields.ts';

const OUR_HEADERS: ReadonlySet<string> = new Set(['content-type', 'user-agent', 'traceparent', 'tracestate']);

/** Headers of a callback that receivers rely on. */
const isOurHeader = (name: string) =>
  name.startsWith('x-ollagraph-') || name.startsWith('webhook-') || OUR_HEADERS.has(name);

/** Headers that a caller may add to its callbacks. */
export const webhookHeaders = z
  .record(
    headerName.refine((name) => !isOurHeader(name.toLowerCase()), 'is set by the service'),
    headerValue,
  )
  .refine((all) => Object.keys(all).length <= 20, 'must have at most 20 headers')
  .optional()
  .describe('Extra headers of the callback.');
