import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseJson, verbatimText } from '../../src/http/body/parse.ts';
import { JsonScanner, type ScanLimits } from '../../src/http/body/scan.ts';
import { ServiceError } from '../../src/service-error.ts';

const LIMITS: ScanLimits = { maxTokens: 200_000, verbatim: { metadata: 16 * 1024 } };

/** Reads a body as a request does, in chunks of `size` bytes. */
async function read(text: string | Buffer, size = Infinity, limits = LIMITS) {
  const bytes = Buffer.from(text);
  const scanner = new JsonScanner(limits);
  for (let from = 0; from < bytes.length; from += size)
    scanner.write(bytes.subarray(from, Math.min(bytes.length, from + size)));
  return { value: await parseJson(bytes, scanner), metadata: verbatimText(bytes, scanner, 'metadata') };
}

const refusal = async (text: string | Buffer, limits = LIMITS) => {
  const error = await read(text, 1024, limits).then(
    () => assert.fail('accepted'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ServiceError, String(error));
  return `${error.code} ${error.message}`;
};

test('a body is what JSON.parse makes of it, however it arrives', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.constantFrom('urls', 'metadata', 'other', 'a"b', 'é'), fc.jsonValue({ maxDepth: 4 })),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(0, 1, 3),
      async (body, size, indent) => {
        const text = JSON.stringify(body, null, indent);
        fc.pre(!/"(?:__proto__|constructor|prototype)"/.test(text));
        const { value, metadata } = await read(text, size);
        assert.deepEqual(value, JSON.parse(text));
        assert.equal(metadata, 'metadata' in body ? JSON.stringify(body.metadata) : undefined);
      },
    ),
    { numRuns: 300 },
  );
});

test('metadata keeps its numbers, key order and escapes; white space is dropped', async () => {
  const text = String.raw`{ "2": 820982911946154508, "10":1.0e2 ,"a" : "\u00e9 \"  x\" ","1":[ -0 , 1E400 ] }`;
  const kept = String.raw`{"2":820982911946154508,"10":1.0e2,"a":"\u00e9 \"  x\" ","1":[-0,1E400]}`;
  for (const name of ['"metadata"', String.raw`"meta\u0064ata"`])
    assert.equal((await read(`{"url":"x",\n ${name} :\t${text} , "after": 1}`, 7)).metadata, kept);
  assert.equal((await read('{"metadata":1,"metadata":2}')).metadata, '2', 'the last one counts');
  assert.equal((await read('{"other":{"metadata":1}}')).metadata, undefined, 'only at the top');
  assert.equal((await read('[{"metadata":1},"metadata"]')).metadata, undefined);
});

test('a field within an object is kept as well', async () => {
  const limits = { ...LIMITS, verbatim: { 'job.metadata': 64 } };
  const metadataIn = async (text: string, size = 3) => {
    const bytes = Buffer.from(text);
    const scanner = new JsonScanner(limits);
    for (let from = 0; from < bytes.length; from += size) scanner.write(bytes.subarray(from, from + size));
    JSON.parse(text);
    return verbatimText(bytes, scanner, 'job.metadata');
  };
  const kept = '{"2":820982911946154508,"1":[{"metadata":1.0}]}';
  const spaced = '{ "2": 820982911946154508 , "1" :[ {"metadata":1.0}]}';
  for (const text of [
    `{"job":{"metadata":${spaced}}}`,
    `{"a":[1,{}],"job": {"urls":["x","y"],"a":{"metadata":2},"metadata" : ${spaced} ,"b":[{}]} ,"metadata":3}`,
    `{"job":{"metadata":1},"job":{"metadata":2,"metadata":${spaced}}}`,
    `{"jobs":{"metadata":1},"job":{"\\u006detadata":${spaced}},"z":{}}`,
  ])
    assert.equal(await metadataIn(text), kept, text);
  for (const text of [
    '{"job":{}}',
    '{"job":{"metadata":1},"job":{}}',
    '{"job":{"metadata":1},"job":2}',
    '{"job":[{"metadata":1}]}',
    '[{"job":{"metadata":1}}]',
    '{"other":{"job":{"metadata":1}}}',
    '{"metadata":1,"other":{"metadata":1}}',
  ])
    assert.equal(await metadataIn(text), undefined, text);
  const long = `{"job":{"a":"${'x'.repeat(200)}","metadata":"${'x'.repeat(63)}"}}`;
  assert.match(await refusal(long, limits), /^validation_failed job\.metadata: must have at most 0.0625 KiB/);
});

test('limits hold before anything is built', async () => {
  const many = `{"metadata":[${'{},'.repeat(5_000_000)}{}]}`;
  assert.match(await refusal(many), /^validation_failed metadata: must have at most 16 KiB as JSON/);
  assert.match(await refusal(`{"urls":[${'{},'.repeat(5_000_000)}{}]}`), /urls: has too many values/);
  assert.match(await refusal(`{"x":${'['.repeat(5_000_000)}`), /x: must not be nested deeper than 32/);
  assert.match(await refusal('['.repeat(33)), /must not be nested deeper than 32/);
  const largest = JSON.stringify('x'.repeat(16 * 1024 - 2));
  assert.equal((await read(`{"metadata":   ${largest}   }`)).metadata, largest);
  assert.match(await refusal(`{"metadata":"x${largest.slice(1)}}`), /metadata: must have at most 16 KiB/);
});

test('a long array is built in pieces, and is the same array', async () => {
  const urls = Array.from({ length: 20_000 }, (_, n) => `https://a.example/${n}/é,"]${'x'.repeat(60)}`);
  const { value } = await read(JSON.stringify({ before: 1, urls, after: [2] }), 65_536);
  assert.deepEqual(value, { before: 1, urls, after: [2] });
  const twice = `{"urls":${JSON.stringify(urls)},"urls":["last"]}`;
  assert.deepEqual((await read(twice)).value, { urls: ['last'] });
  const blank = ' '.repeat(600_000);
  for (const broken of [
    `{"urls":["a",${blank},"b"]}`,
    `{"urls":["a"${blank},]}`,
    `{"urls":["a"${blank}"b","c"]}`,
    `{"urls":["a"${blank},"b"}`,
    `{"urls":["a"${blank},"\u0000"]}`,
  ])
    assert.match(await refusal(broken), /^invalid_json/, broken.replaceAll(' ', ''));
});

test('what is not UTF-8 or cannot be stored is refused in every piece', async () => {
  const padding = JSON.stringify('x'.repeat(300_000));
  for (const text of [String.raw`"\u0000"`, String.raw`"\ud800"`, '{"__proto__":1}'])
    assert.match(await refusal(`{"urls":[${padding},${padding},${text}]}`), /^validation_failed urls/);
  const bytes = Buffer.from(`{"urls":[${padding},${padding},"?"]}`);
  bytes[bytes.length - 4] = 0xff;
  assert.match(await refusal(bytes), /^invalid_json/);
});
