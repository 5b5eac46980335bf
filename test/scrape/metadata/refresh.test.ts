import assert from 'node:assert/strict';
import { test } from 'node:test';
import { immediateRefresh, parseRefresh } from '../../../src/scrape/decode/refresh.ts';

test('the value of a refresh names seconds and an address, in all the forms that browsers take', () => {
  const values: [string, string | null, number?][] = [
    ['0; url=/next', '/next', 0],
    ['5;URL=https://a.example/b', 'https://a.example/b', 5],
    [" 2 , url = 'a b' rest", 'a b', 2],
    ['0;url="/a;b"', '/a;b', 0],
    ['0.5; url=/next', '/next', 0],
    ['3 /next', '/next', 3],
    ['0;/next', '/next', 0],
    ['.5;url=/next', '/next', 0],
    ['30', null],
    ['0;', null],
    ['0; url=', null],
    ['url=/next', null],
    ['', null],
  ];
  for (const [value, reference, seconds] of values)
    assert.deepEqual(parseRefresh(value), reference === null ? null : { reference, seconds }, value);
});

const page = (html: string, headers: Record<string, string> = {}, contentType = 'text/html') =>
  immediateRefresh({ headers, contentType, body: Buffer.from(html) });
const go = (address: string) => `<script>location.replace("${address}")</script>`;
const meta = (content: string) => `<meta http-equiv="refresh" content="${content}">`;

test('a page that sends its visitor on at once is passed through, by header or by meta', () => {
  assert.equal(page(`<html><head>${meta('0; url=en/')}</head><body>${'word '.repeat(1000)}`), 'en/');
  assert.equal(page('<META HTTP-EQUIV=Refresh CONTENT="1;URL=/b">'), '/b');
  assert.equal(page('<p>moved', { refresh: '0;url=/c' }), '/c');
  assert.equal(page('%PDF-1.4', { refresh: '0;url=/c' }, 'application/pdf'), '/c');
});

test('one that waits is passed through only where it says next to nothing, and for seconds', () => {
  assert.equal(page(`${meta('3; url=/b')}<p>You will be redirected in a moment.`), '/b');
  assert.equal(page(`${meta('3; url=/b')}<p>${'word '.repeat(1000)}`), null);
  assert.equal(page(`${meta('60; url=/b')}<p>Short`), null);
});

test('what a browser that runs scripts does not obey is no refresh', () => {
  for (const html of [
    `<noscript>${meta('0; url=/nojs')}</noscript><p>page`,
    `<!-- ${meta('0; url=/b')} --><p>page`,
    `<script>document.write('${meta('0; url=/b')}')</script><p>page`,
    `<template>${meta('0; url=/b')}</template><p>page`,
    `<textarea>${meta('0; url=/b')}</textarea><p>page`,
    `<iframe>${meta('0; url=/b')}</iframe><p>page`,
    '<meta name=refresh content="0;url=/b"><p>http-equiv refresh',
  ])
    assert.equal(page(html), null, html);
  assert.equal(page(meta('0; url=/b'), {}, 'text/plain'), null);
});

test('the refresh of those without scripts counts where a script goes to the same address', () => {
  const unscripted = `<noscript>${meta('0; url=https://e.org/a?b=1&amp;c')}</noscript>`;
  assert.equal(page(unscripted + go('https:\\/\\/e.org\\/a?b=1&c')), 'https://e.org/a?b=1&c');
  assert.equal(page(unscripted + go('https://e.org/b')), null);
});

test('comments end where browsers end them', () => {
  for (const comment of ['<!-- a --!>', '<!>', '<!-->', '</>'])
    assert.equal(page(`${comment}${meta('0; url=/b')}`), '/b', comment);
});

test('a refresh made to be slow to read takes no time', () => {
  for (const value of [`0;${' '.repeat(100_000)}`, '0'.repeat(100_000), `0;url=${' '.repeat(100_000)}`])
    assert.equal(parseRefresh(value), null, value.slice(0, 10));
  assert.equal(page('http-equiv '.repeat(10_000)), null);
});
