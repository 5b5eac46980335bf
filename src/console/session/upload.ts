import type { Request, Response } from 'express';
import type { BodyBudget } from '../../http/body/budget.ts';
import { readParts, type FormPart } from '../../http/body/multipart.ts';
import { readBody } from '../../http/body/read.ts';
import { utf8OrNull } from '../../utf8.ts';
import { ServiceError } from '../../service-error.ts';

/** A file that came with a form. */
export interface Upload {
  name: string;
  bytes: Buffer;
}

interface Uploads {
  /** Where forms with files may go. */
  paths: (string | RegExp)[];
  /** Most bytes of one form. */
  bytes: number;
  /** Of all bodies that are held at once. */
  budget: BodyBudget;
}

/** Reads the form of a request that may carry files; of any other it reads nothing. */
export type UploadReader = (req: Request, res: Response, accountId: string) => Promise<void>;

/**
 * Makes the reader of forms with files. Only those to `paths` are read: what comes to elsewhere has
 * no fields, so that its token is missing.
 */
export function createUploadReader({ paths, bytes, budget }: Uploads): UploadReader {
  return async (req, res, accountId) => {
    const isTaken = paths.some((one) => (typeof one === 'string' ? one === req.path : one.test(req.path)));
    if (!isTaken || !req.is('multipart/form-data')) return;
    let reserved = 0;
    res.once('close', () => budget.release(accountId, reserved));
    const body = await readBody(req, {
      limit: bytes,
      onChunk(chunk) {
        budget.reserve(accountId, chunk.length);
        reserved += chunk.length;
      },
    });
    const parts = readParts(body, req.headers['content-type']!);
    req.body = fieldsOf(parts.filter(({ filename }) => filename === null));
    res.locals.uploads = parts.filter(({ filename }) => filename !== null && filename !== '');
  };
}

/** The file that was chosen in a field; null where none was. */
export function uploadOf(res: Response, name: string): Upload | null {
  const parts = (res.locals.uploads ?? []) as FormPart[];
  const part = parts.find((one) => one.name === name);
  return part ? { name: part.filename!, bytes: part.bytes } : null;
}

/** Fields as a form without files has them: several of one name are a list. */
function fieldsOf(parts: FormPart[]): Record<string, string | string[]> {
  const texts = parts.map(({ name, bytes }) => ({ name, text: textOf(bytes) }));
  const byName = Map.groupBy(texts, ({ name }) => name);
  return Object.fromEntries(
    byName
      .entries()
      .map(([name, all]) => [name, all.length === 1 ? all[0]!.text : all.map(({ text }) => text)]),
  );
}

function textOf(bytes: Buffer): string {
  const text = utf8OrNull(bytes);
  if (text === null) throw new ServiceError('bad_request', 'The form must be in UTF-8.');
  return text;
}
