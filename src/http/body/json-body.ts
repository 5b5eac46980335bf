import type { RequestHandler, Response } from 'express';
import { z } from 'zod';
import { callerOf } from '../locals.ts';
import { validate } from '../route/validate.ts';
import type { BodyBudget } from './budget.ts';
import { parseJson, verbatimText } from './parse.ts';
import { readBody } from './read.ts';
import { JsonScanner } from './scan.ts';

/** What a route says of the body that it takes. */
export interface BodyLimits {
  /** The most bytes, decompressed. */
  bytes: number;
  /** The most values: strings, numbers, literals, objects and arrays. */
  values: number;
  /**
   * Fields that are kept as they came, each with its most bytes as JSON: `a`, or `a.b` within an
   * object.
   */
  verbatim: Record<string, number>;
}

/** A body that passed its limits and its schema. */
export interface JsonBody {
  /** The body as the schema returns it. */
  value: unknown;
  /** The exact bytes, decompressed; empty when there was none. */
  bytes: Buffer;
  /** The verbatim fields as they came, without white space between tokens. */
  verbatim: Record<string, string | undefined>;
}

const NOTHING = z.strictObject({});

/** The body that `jsonBody` has read. */
export function bodyOf(res: Response): JsonBody {
  return res.locals.body as JsonBody;
}

/** Makes middleware that reads the bodies of a route. */
export type BodyReader = (limits: BodyLimits, schema?: z.ZodType) => RequestHandler;

/** Makes a reader of bodies within a budget of memory, which all routes that it serves share. */
export function createBodyReader(budget: BodyBudget): BodyReader {
  /**
   * Reads the body as JSON, whatever its Content-Type says; a missing body counts as `{}`, and
   * without a schema it may have no field. Throws what `readBody`, the scanner, the budget,
   * `parseJson` and the schema throw.
   */
  return function jsonBody({ bytes: limit, values, verbatim }, schema = NOTHING) {
    return async (req, res, next) => {
      const account = callerOf(res).id;
      const scanner = new JsonScanner({ maxTokens: values, verbatim });
      let reserved = 0;
      res.once('close', () => budget.release(account, reserved));
      const bytes = await readBody(req, {
        limit,
        onChunk(chunk) {
          budget.reserve(account, chunk.length);
          reserved += chunk.length;
          scanner.write(chunk);
        },
      });
      const parsed = bytes.length === 0 ? {} : await parseJson(bytes, scanner);
      const texts = Object.keys(verbatim).map((name) => [name, verbatimText(bytes, scanner, name)] as const);
      const body: JsonBody = {
        value: validate(schema, parsed),
        bytes,
        verbatim: Object.fromEntries(texts),
      };
      res.locals.body = body;
      next();
    };
  };
}
