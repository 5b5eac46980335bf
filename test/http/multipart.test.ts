import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readParts } from '../../src/http/body/multipart.ts';
import { ServiceError } from '../../src/service-error.ts';

const BOUNDARY = '----WebKitFormBoundaryABC';
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`;
const part = (head: string, body: string) => `--${BOUNDARY}\r\n${head}\r\n\r\n${body}\r\n`;
const field = (name: string, value: string) => part(`Content-Disposition: form-data; name="${name}"`, value);
const body = (...parts: string[]) => Buffer.from(`${parts.join('')}--${BOUNDARY}--\r\n`);
const read = (bytes: Buffer, type = TYPE) =>
  readParts(bytes, type).map(({ bytes: content, ...names }) => ({ ...names, text: content.toString() }));

test('fields and files come with their names and their bytes', async () => {
  const form = new FormData();
  form.append('csrf', 'secret');
  form.append('formats', 'markdown');
  form.append('formats', 'html');
  form.append('empty', '');
  form.append('file', new File(['a\r\nb\r\n--c', new Uint8Array([0, 255])], 'päge "1".txt'));
  const request = new Request('http://x.test', { method: 'POST', body: form });
  const bytes = Buffer.from(await request.arrayBuffer());
  const parts = readParts(bytes, request.headers.get('content-type')!);
  assert.deepEqual(
    parts.map(({ name, filename }) => [name, filename]),
    [
      ['csrf', null],
      ['formats', null],
      ['formats', null],
      ['empty', null],
      ['file', 'päge %221%22.txt'],
    ],
  );
  assert.deepEqual(
    parts.map((one) => one.bytes.toString('latin1')),
    ['secret', 'markdown', 'html', '', 'a\r\nb\r\n--c\0ÿ'],
  );
});

test('a field where no file was chosen has an empty name of a file', () => {
  const head =
    'Content-Disposition: form-data; name="file"; filename=""\r\nContent-Type: application/octet-stream';
  assert.deepEqual(read(body(part(head, ''))), [{ name: 'file', filename: '', text: '' }]);
});

test('what is no form is refused, and so is a form of too many parts', () => {
  const good = body(field('a', '1'));
  const refused: [string, Buffer, string?][] = [
    ['no boundary in its type', good, 'multipart/form-data'],
    ['another boundary', good, 'multipart/form-data; boundary=other'],
    ['nothing', Buffer.alloc(0)],
    ['it breaks off', good.subarray(0, good.length - 6)],
    ['no end of a head', Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n`)],
    ['a head without a name', body(part('Content-Disposition: form-data', 'x'))],
    ['a long head', body(part(`Content-Disposition: form-data; name="a"\r\nX: ${'x'.repeat(5000)}`, 'x'))],
    ['101 parts', body(...Array.from({ length: 101 }, () => field('a', '1')))],
  ];
  for (const [what, bytes, type] of refused)
    assert.throws(
      () => read(bytes, type),
      (error) => error instanceof ServiceError && error.code === 'bad_request',
      what,
    );
  assert.equal(read(body(...Array.from({ length: 100 }, () => field('a', '1')))).length, 100);
});
