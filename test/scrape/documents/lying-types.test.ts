import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentKind, isReadable } from '../../../src/scrape/decode/content-kind.ts';
import { readCsv } from '../../../src/scrape/documents/csv.ts';

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const CSV = 'Name,Age\nAnn,31\nBob,45\n';

test('what a type that stands for no text covers is known by its first bytes', () => {
  const bodies: [type: string, body: string, kind: string, url?: string][] = [
    ['image/png', '<!doctype html><p>a', 'html'],
    ['video/mp4', 'plain words', 'text'],
    ['application/zip', '{"a": 1}', 'json'],
    ['application/vnd.ms-excel', CSV, 'csv'],
    ['application/vnd.ms-excel', 'a;b\r\n1;2\r\n3;4', 'csv'],
    ['application/vnd.ms-excel', '<table><tr><td>1</table>', 'html'],
    ['application/vnd.ms-excel', CSV, 'csv', 'https://a.example/ages.csv'],
    ['application/octet-stream', 'a\tb\n1\t2\n3\t4\n', 'csv'],
    ['application/x-msdownload', '<html><title>Setup</title>', 'html'],
    ['image/jpeg', '%PDF-1.7\n', 'pdf'],
    ['application/json', '<!DOCTYPE html><p>Sorry', 'html'],
    ['text/csv', '<!DOCTYPE html><p>Sorry', 'html'],
    ['application/pdf', '<html><p>Not found', 'html'],
    ['application/octet-stream', 'Dear all,\nplain words, and more.\n', 'text'],
  ];
  for (const [type, body, kind, url = 'https://a.example/x'] of bodies) {
    assert.equal(contentKind(type, url, Buffer.from(body)), kind, `${type}: ${body}`);
    assert.ok(isReadable(type) || isReadable(type, Buffer.from(body)), `${type}: ${body}`);
  }
  for (const type of ['image/png', 'video/mp4', 'application/vnd.ms-excel', 'application/zip']) {
    assert.equal(isReadable(type, PNG), false);
    assert.equal(isReadable(type, Buffer.from([0, 1, 2, 3, 200, 201])), false);
    assert.equal(isReadable(type, Buffer.alloc(0)), false);
  }
});

const head = (source: string) => readCsv(source).markdown().split('\n')[0];

test('the delimiter of a table is the one that makes even rows, quotes respected', () => {
  assert.equal(
    head('"Name, first";"Age, years, full";Town\nAnn;31;Kiel\nBob;45;Husum\n'),
    '| Name, first | Age, years, full | Town |',
  );
  assert.equal(head('Town;Price\nKiel;1,5\nHusum;2,5\n'), '| Town | Price |');
  assert.equal(head('a\tb, c, d\n1\t2\n'), '| a | b, c, d |');
  assert.equal(head('sep=;\na,b;c\n1;2\n'), '| a,b | c |');
  assert.equal(head('Name, "Last, first", Age\nAnn, "Bo, Al", 3\n'), '| Name | Last, first | Age |');
  assert.equal(head('a,b\r1,2\r3,4'), '| a | b |');
  assert.equal(head('only one column\nwith two rows\n'), '| only one column |');
  assert.equal(head('a|b|c\n1|2|3\n'), '| a | b | c |');
});
