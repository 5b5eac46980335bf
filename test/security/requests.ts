import fc from 'fast-check';

/** A JSON Schema of the API's document, as far as it uses the language. */
export interface Schema {
  $ref?: string;
  type?: string;
  enum?: string[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  format?: string;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  schema: Schema;
}

export interface DocumentedOperation {
  operationId: string;
  parameters: Parameter[];
  security: Record<string, unknown>[];
  requestBody?: { content: { 'application/json': { schema: Schema } } };
}

export interface ApiDocument {
  paths: Record<string, Record<string, DocumentedOperation>>;
  components: { schemas: Record<string, Schema> };
}

export interface FuzzRequest {
  path: string;
  body: string | Buffer | undefined;
  headers: Record<string, string>;
}

const PROTOTYPE_KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];
const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);

const HOSTILE_TEXTS = [
  '',
  '\0',
  'a\0b',
  '\ud800',
  'a\udfff',
  '\u202e\u200b\ufeff',
  '../../etc/passwd',
  "'; drop table jobs; --",
  '%00',
  '%',
  '${7*7}',
  'a\r\nX-Injected: yes',
  '[]'.repeat(2000),
  '('.repeat(400),
  'é'.repeat(3000),
  '1e999',
  '-1',
  '0x10',
  '9'.repeat(400),
  '2026-02-31T25:61:61Z',
  '+275760-09-13T00:00:00.001Z',
  '0000-01-01T00:00:00Z',
  ...PROTOTYPE_KEYS,
];

/** Strings that fit into the head of a request. */
const SHORT_TEXTS = HOSTILE_TEXTS.filter((text) => encode(text).length < 5000);

const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(...HOSTILE_TEXTS),
  fc.constantFrom<unknown>(null, true, 0, -0, -1, 0.5, 1e308, 5e-324, 2 ** 31, 2 ** 53, -(2 ** 63), [], {}),
  fc.constantFrom<unknown>(
    ...[20, 31, 33, 500].map((depth) => JSON.parse(nested(depth, '[', ']')) as unknown),
  ),
  fc.constantFrom<unknown>(...PROTOTYPE_KEYS.map((key) => JSON.parse(`{"${key}":{"a":1}}`) as unknown)),
  fc.constant(Array.from({ length: 2000 }, (_, n) => n)),
  fc.constant(Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [`key${n}`, n]))),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.jsonValue({ maxDepth: 3 }),
);

/**
 * Changes to a body's text: duplicate and prototype keys, overflowing numbers, depth, invalid
 * UTF-8.
 */
const CORRUPTIONS: ((text: string) => string | Buffer)[] = [
  (text) => text.replace('{', '{"url":"http://10.0.0.1/","url":7,'),
  (text) => text.replace('{', '{"timeout_ms":1000,"timeout_ms":1e400,'),
  ...PROTOTYPE_KEYS.map((key) => (text: string) => text.replace('{', `{"${key}":{"polluted":true},`)),
  (text) => text.replace(/:\s*\d+/, ':1e400'),
  (text) => text.replace(/:\s*\d+/, ':99999999999999999999999999'),
  (text) => text.replace(/:\s*\d+/, ':-0'),
  (text) => text.replace('{', `{"metadata":${nested(40_000, '[', ']')},`),
  (text) => text.replace('{', `{"metadata":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)},`),
  (text) => text.replace('{', '{"metadata":"\\ud800",'),
  (text) => text.replace('{', '{"metadata":{"\\u0000":"\\u0000"},'),
  (text) => text.slice(0, text.length / 2),
  (text) => `\ufeff${text}`,
  (text) => `${text}${text}`,
  (text) => Buffer.from(text, 'utf16le'),
  (text) =>
    Buffer.concat([
      Buffer.from(text.slice(0, 5)),
      Buffer.from([0xff, 0xc0, 0x80]),
      Buffer.from(text.slice(5)),
    ]),
  (text) => Buffer.concat([Buffer.from(text), Buffer.from([0])]),
  () => 'null',
  () => '[]',
  () => '"text"',
  () => '{',
  () => `{"url":"http://10.0.0.1/${'a'.repeat(1_200_000)}"}`,
];

const headers: fc.Arbitrary<Record<string, string>> = fc.record(
  {
    'idempotency-key': fc
      .oneof(fc.string({ minLength: 1, maxLength: 300 }), fc.constant('a\u00e9'))
      .filter(isSendable),
    'content-type': fc.constantFrom(
      'text/plain',
      'application/xml; charset=utf-7',
      'multipart/form-data',
      '*/*',
    ),
    'content-encoding': fc.constantFrom('gzip', 'br', 'identity', 'rot13', 'gzip, gzip'),
    'x-request-id': fc.constantFrom('ok', 'x'.repeat(3000), '"><script>', '../..'),
    'if-none-match': fc.constantFrom('*', '"'.repeat(500), 'W/""'),
    accept: fc.constantFrom('text/html', 'x'.repeat(2000)),
    'x-forwarded-for': fc.constantFrom('127.0.0.1', 'x'.repeat(2000)),
    'x-http-method-override': fc.constantFrom('DELETE', 'GET'),
  },
  { requiredKeys: [] },
);

const headerName = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('X-One', 'x-two', 'Cookie', 'Authorization') },
  fc.constantFrom('Host', 'a b', '', '__proto__', 'é'),
);

function isSendable(value: string): boolean {
  return /^[\x21-\x7e\xa0-\xff]([\t\x20-\x7e\xa0-\xff]*[\x21-\x7e\xa0-\xff])?$/.test(value);
}

const MAX_LEVELS = 3;

/**
 * Generates requests for the operations of a document. `strings` gives values for fields by name.
 */
export class RequestArbitraries {
  readonly #document: ApiDocument;
  readonly #strings: Record<string, fc.Arbitrary<string>>;
  /** References that are being followed. */
  #level = 0;

  constructor(document: ApiDocument, strings: Record<string, fc.Arbitrary<string>>) {
    this.#document = document;
    this.#strings = strings;
  }

  /** Requests for an operation: some fit its schema, most are spoilt in one place. */
  requestFor(path: string, operation: DocumentedOperation): fc.Arbitrary<FuzzRequest> {
    const query = operation.parameters.filter((p) => p.in === 'query');
    const inPath = operation.parameters.filter((p) => p.in === 'path');
    return fc.record({
      path: fc
        .tuple(this.#segments(inPath), this.#query(query))
        .map(
          ([segments, search]) =>
            segments.reduce((all, [name, text]) => all.replace(`{${name}}`, text), path) + search,
        ),
      body: this.#body(operation),
      headers: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: headers }),
    });
  }

  #segments(parameters: Parameter[]): fc.Arbitrary<[string, string][]> {
    return fc.tuple(
      ...parameters.map(({ name }) =>
        fc
          .oneof(
            this.#strings[name] ?? fc.constant('none'),
            fc.constantFrom(...SHORT_TEXTS.filter((text) => text !== '')),
          )
          .map((text): [string, string] => [name, encode(text)]),
      ),
    );
  }

  #query(parameters: Parameter[]): fc.Arbitrary<string> {
    const pair = fc.oneof(
      ...parameters.map(({ name, schema }) => {
        const text = fc.oneof(this.#value(schema, name).map(String), fc.constantFrom(...SHORT_TEXTS));
        return text.map((value) => `${name}=${encode(value)}`);
      }),
      fc.constantFrom(
        'unknown=1',
        '__proto__=1',
        'limit[]=1',
        'cursor[a]=b',
        '%ff=%ff',
        '=',
        '&&',
        'limit=1&limit=2',
      ),
    );
    return fc.array(pair, { maxLength: 4 }).map((pairs) => (pairs.length === 0 ? '' : `?${pairs.join('&')}`));
  }

  #body({ requestBody }: DocumentedOperation): fc.Arbitrary<FuzzRequest['body']> {
    const schema = requestBody?.content['application/json'].schema;
    if (!schema) return fc.constant(undefined);
    const fitting = this.#value(schema, '');
    const spoilt = fc
      .tuple(fitting, hostileValue, fc.nat(), fc.boolean())
      .map(([body, value, place, add]) => spoil(body, value, place, add));
    const text = fc.oneof({ weight: 1, arbitrary: fitting }, { weight: 3, arbitrary: spoilt }).map(stringify);
    const corrupt = fc
      .tuple(fitting.map(stringify), fc.constantFrom(...CORRUPTIONS))
      .map(([body, change]) => change(body));
    return fc.oneof({ weight: 2, arbitrary: text }, { weight: 1, arbitrary: corrupt });
  }

  #value(schema: Schema, name: string): fc.Arbitrary<unknown> {
    if (schema.$ref !== undefined) return this.#referred(schema.$ref, name);
    if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => this.#value(one, name)));
    if (schema.enum) return fc.constantFrom(...schema.enum);
    if (schema.type === 'boolean') return fc.boolean();
    if (schema.type === 'integer' || schema.type === 'number') return this.#number(schema);
    if (schema.type === 'string') return this.#string(schema, name);
    if (schema.type === 'array')
      return fc.array(this.#value(schema.items ?? {}, name), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 5, 5),
      });
    if (schema.type === 'object') return this.#object(schema);
    return fc.jsonValue({ maxDepth: 3 });
  }

  /** A schema may refer to itself: its values end at a few levels. */
  #referred(reference: string, name: string): fc.Arbitrary<unknown> {
    if (this.#level === MAX_LEVELS) return fc.jsonValue({ maxDepth: 1 });
    this.#level++;
    const found = this.#document.components.schemas[reference.split('/').at(-1)!]!;
    const value = this.#value(found, name);
    this.#level--;
    return value;
  }

  #number({ minimum = -10, maximum = 10 }: Schema): fc.Arbitrary<number> {
    return fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: minimum, max: maximum }) },
      fc.constantFrom(minimum, maximum, minimum - 1, maximum + 1),
    );
  }

  #string({ maxLength = 50, format }: Schema, name: string): fc.Arbitrary<string> {
    if (this.#strings[name]) return this.#strings[name];
    if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
    if (format === 'date')
      return fc.date({ noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10));
    return fc.oneof(fc.string({ maxLength: Math.min(maxLength, 30) }), fc.constantFrom(...HOSTILE_TEXTS));
  }

  #object({ properties = {}, required = [], additionalProperties }: Schema): fc.Arbitrary<unknown> {
    if (typeof additionalProperties === 'object')
      return fc.dictionary(headerName, this.#value(additionalProperties, 'header value'), { maxKeys: 3 });
    const fields: Record<string, fc.Arbitrary<unknown>> = {};
    for (const [name, schema] of Object.entries(properties)) fields[name] = this.#value(schema, name);
    const optional = Object.keys(fields).filter((name) => !required.includes(name));
    // A few at a time, since all together would mask each other.
    return fc
      .subarray(optional, { maxLength: Math.min(4, optional.length) })
      .chain((chosen) =>
        fc.record(Object.fromEntries([...required, ...chosen].map((name) => [name, fields[name]!]))),
      );
  }
}

/** JSON text; null for values without one. */
function stringify(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}

/** Sets one field of a body to a value, or adds one. */
function spoil(body: unknown, value: unknown, place: number, add: boolean): unknown {
  if (typeof body !== 'object' || body === null) return value;
  const keys = Object.keys(body);
  if (add || keys.length === 0)
    return { ...body, [['no_such_field', 'metadata', 'headers'][place % 3]!]: value };
  const key = keys[place % keys.length]!;
  const inner = (body as Record<string, unknown>)[key];
  return {
    ...body,
    [key]: place % 2 === 0 && typeof inner === 'object' ? spoil(inner, value, place >> 1, add) : value,
  };
}

function encode(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : '%ed%a0%80';
}
