import { load } from 'cheerio/slim';
import type { Document, Element } from 'domhandler';
import { isElement } from '../dom/index.ts';
import { toHtml } from '../formats/html.ts';
import { resolveUrl } from '../formats/links.ts';
import { toMarkdown } from '../markdown/index.ts';
import { isRecord } from '../metadata/structured-data.ts';
import { storable } from '../storable.ts';
import { PageError } from '../types.ts';
import { readDate } from './date.ts';
import { textFor } from './element-text.ts';
import type { Field, Fields } from './field.ts';
import type { DataProblem, DataValue, PageData } from './page-data.ts';
import { readNumber } from './number.ts';

/** Maximum number of values of a page, and of problems that are named. */
const MAX_VALUES = 50_000;
const MAX_PROBLEMS = 100;

interface Source {
  base: string;
  language: string | null;
  /** The JSON-LD objects of the page. */
  jsonLd: Record<string, unknown>[];
}

class FieldReader {
  readonly #select: ReturnType<typeof load>;
  readonly #source: Source;
  readonly problems: DataProblem[] = [];
  #values = 0;

  constructor(document: Document, source: Source) {
    this.#select = load(document);
    this.#source = source;
  }

  read(fields: Fields, around: Element | null, path: string): { [name: string]: DataValue } {
    const data: { [name: string]: DataValue } = {};
    for (const [name, field] of Object.entries(fields)) {
      const here = path === '' ? name : `${path}.${name}`;
      data[name] =
        field.from === 'json_ld' ? this.#fromJsonLd(name, field, here) : this.#fromPage(field, around, here);
    }
    return data;
  }

  #fromPage(field: Field, around: Element | null, path: string): DataValue {
    const elements = this.#matching(field, around);
    if (field.all) {
      if (elements.length === 0) this.#missing(field, path);
      return elements.map((element, i) => this.#valueOf(field, element, `${path}.${i}`));
    }
    const [first] = elements;
    return first === undefined ? this.#missing(field, path) : this.#valueOf(field, first, path);
  }

  #matching({ css }: Field, around: Element | null): Element[] {
    if (css === undefined) return around === null ? [] : [around];
    const found = around === null ? this.#select(css) : this.#select(around).find(css);
    return found.get().filter(isElement);
  }

  #valueOf(field: Field, element: Element, path: string): DataValue {
    if (++this.#values > MAX_VALUES) throw new PageError('too_large');
    if (field.fields !== undefined) return this.read(field.fields, element, path);
    const { base } = this.#source;
    if (field.attr === undefined && field.as === 'html') return storable(toHtml([element], base));
    if (field.attr === undefined && field.as === 'markdown') return storable(toMarkdown([element], base));
    const text = textFor(field, element, base);
    return text === null || text === '' ? this.#missing(field, path) : this.#converted(field, text, path);
  }

  #converted(field: Field, text: string, path: string): DataValue {
    const { base, language } = this.#source;
    const converted = { number: readNumber, date: readDate, url: (it: string) => resolveUrl(it, base) };
    if (field.as !== 'number' && field.as !== 'date' && field.as !== 'url') return text;
    const value = converted[field.as](text, language);
    if (value === null) this.#report(path, 'invalid', `is no ${field.as}: ${text.slice(0, 100)}`);
    return value;
  }

  #fromJsonLd(name: string, field: Field, path: string): DataValue {
    const steps = (field.path ?? name).split('.');
    const found = this.#source.jsonLd.flatMap((entry) => valuesAt(entry, steps, field));
    if (found.length === 0) return field.all ? (this.#missing(field, path), []) : this.#missing(field, path);
    const values = (field.all ? found : found.slice(0, 1)).map((value, i) =>
      this.#converted(field, value, field.all ? `${path}.${i}` : path),
    );
    return field.all ? values : values[0]!;
  }

  #missing({ required }: Field, path: string): null {
    if (required) this.#report(path, 'missing', 'is not on the page');
    return null;
  }

  #report(path: string, code: DataProblem['code'], message: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ path, code, message: storable(message) });
  }
}

/** The properties that an object is named by, or found at. */
const NAMES = ['@value', 'value', 'name', '@id'];
const PLACES = ['@value', 'url', 'contentUrl', '@id'];

/**
 * The texts, numbers and truths at a path of a JSON-LD value; lists are looked through, and an
 * object stands for its value, its name or its address.
 */
function valuesAt(value: unknown, steps: string[], field: Field): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => valuesAt(item, steps, field));
  const [step, ...others] = steps;
  if (step !== undefined)
    return isRecord(value) && Object.hasOwn(value, step) ? valuesAt(value[step], others, field) : [];
  if (isRecord(value)) {
    const name = (field.as === 'url' ? PLACES : NAMES).find((key) => Object.hasOwn(value, key));
    return name === undefined ? [] : valuesAt(value[name], [], field);
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? [String(value)]
    : [];
}

/** Reads the fields of a page. Throws PageError `too_large` where it has too many values. */
export function readFields(document: Document, fields: Fields, source: Source): PageData {
  const reader = new FieldReader(document, source);
  const data = reader.read(fields, null, '');
  return { data, errors: reader.problems };
}
