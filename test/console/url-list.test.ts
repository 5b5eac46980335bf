import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readUrlList } from '../../src/console/pages/job-form/url-list.ts';
import { ServiceError } from '../../src/service-error.ts';

const A = 'https://a.test/';
const B = 'https://b.test/?x=1,2;3';

async function read(text: string, filename?: string): Promise<[unknown[], string[]]> {
  const { urls, placeOf } = await readUrlList(text, filename);
  return [urls, urls.map((_, n) => placeOf(n))];
}

test('a list has a URL a line, without comments and empty lines', async () => {
  const lines = ['Line 2', 'Line 5'];
  assert.deepEqual(await read(`# mine\r\n ${A} \r\n\r\n#\r\n${B}\r\n`), [[A, B], lines]);
  assert.deepEqual(await read(`#\n${A}\n\n\n${B}`, 'list.txt'), [[A, B], lines]);
  assert.deepEqual(await read(' \n'), [[], []]);
});

test('of a table the first column is taken, without its heading', async () => {
  assert.deepEqual(await read(`Page URL,title\n${A},One\n"${B}","Two, three"\n`, 'x.CSV'), [
    [A, B],
    ['Line 2', 'Line 3'],
  ]);
  assert.deepEqual((await read(`${A};One\r\n${A};Two`, 'x.csv'))[0], [A, A]);
  assert.deepEqual((await read(`url\tn\n${B}\t1\n`, 'x.tsv'))[0], [B]);
  assert.deepEqual((await read(`url\n${A}\nno url\n`, 'x.csv'))[0], [A, 'no url'], 'one heading');
});

test('a JSON array is taken as it is', async () => {
  assert.deepEqual(await read(`[\n"${A}", 7, ""]`), [
    [A, 7, ''],
    ['Entry 1', 'Entry 2', 'Entry 3'],
  ]);
  for (const text of ['[', `["${A}"`, `["${A}",]`, `["${A}"] and more`])
    await assert.rejects(
      readUrlList(text),
      (error) => error instanceof ServiceError && error.errors?.[0]?.path === 'urls',
      text,
    );
});

test('of a list that is too long no more is read than says so', async () => {
  assert.equal((await readUrlList(`${A}\n`.repeat(100_005))).urls.length, 100_001);
  await assert.rejects(readUrlList(JSON.stringify(Array.from({ length: 100_020 }, () => A))), /too many/);
});
