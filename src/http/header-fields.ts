import { z } from 'zod';
import { headerRefusal } from '../egress/headers.ts';

/** The name of a header that a caller may have sent. */
export const headerName = z
  .string()
  .max(100)
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is not a header name')
  .superRefine((name, context) => {
    const refusal = headerRefusal(name);
    if (refusal !== null) context.addIssue(refusal);
  });

export const headerValue = z
  .string()
  .max(4096)
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'is not a header value');
