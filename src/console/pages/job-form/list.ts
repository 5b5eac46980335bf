import { createHash } from 'node:crypto';
import type { Response } from 'express';
import { utf8OrNull } from '../../../utf8.ts';
import type { IdempotencyClaim } from '../../../jobs/idempotency.ts';
import { invalidField } from '../../../service-error.ts';
import { uploadOf } from '../../session/upload.ts';
import { problemsOf, type FormProblems } from '../../view/problems.ts';
import { readUrlList, type UrlList } from './url-list.ts';

/** The list of URLs that came with a form, written in it or as a file. */
export class FormList {
  readonly #res: Response;
  #field: 'urls' | 'file' = 'urls';
  #text = '';
  #list: UrlList | null = null;

  constructor(res: Response) {
    this.#res = res;
  }

  /**
   * The URLs of the chosen file, or else those that were written. Throws ServiceError
   * `validation_failed`, also where there are both.
   */
  async read(written: string): Promise<unknown[]> {
    const file = uploadOf(this.#res, 'file');
    if (file !== null && written.trim() !== '') throw invalidField('file', 'give a list or a file, not both');
    if (file !== null) this.#field = 'file';
    this.#text = file === null ? written : textOf(file.bytes);
    this.#list = await readUrlList(this.#text, file?.name);
    return this.#list.urls;
  }

  /** Whether a file was chosen. */
  get hasFile(): boolean {
    return uploadOf(this.#res, 'file') !== null;
  }

  /** The problems of a form with these fields; those of the list by the place of each URL. */
  problemsOf(error: unknown, fields: readonly string[]): FormProblems {
    return problemsOf(error, {
      names: [...fields, 'file'],
      fieldOf: (name) => (name === 'urls' ? this.#field : name),
      placeOf: (name, n) => (name === 'urls' && this.#list ? this.#list.placeOf(n) : ''),
    });
  }

  /**
   * A form that is sent twice, by a second press say, makes one thing; changed, it makes another.
   */
  sentOnce(form: { once: string; urls: string }): IdempotencyClaim | null {
    if (form.once === '') return null;
    const rest = JSON.stringify({ ...form, urls: '' });
    const digest = createHash('sha256').update(rest).update(this.#text).digest();
    return { key: `console ${digest.toString('hex')}`, request_sha256: digest };
  }
}

function textOf(bytes: Buffer): string {
  const text = utf8OrNull(bytes);
  if (text === null || text.includes('\0')) throw invalidField('file', 'must be text in UTF-8');
  return text;
}
