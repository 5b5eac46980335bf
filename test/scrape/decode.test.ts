import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from '../../src/scrape/decode/index.ts';

/** Encoding, text, and the bytes that iconv makes of it. */
const SAMPLES: [encoding: string, text: string, hex: string][] = [
  [
    'gbk',
    '欢迎访问我们的网站。这里有最新的新闻和服务信息，请您随时与我们联系。',
    'bbb6d3adb7c3cecaced2c3c7b5c4cdf8d5bea1a3d5e2c0efd3d0d7eed0c2b5c4d0c2cec5bacdb7fecef1d0c5cfa2a3acc7ebc4facbe6cab1d3ebced2c3c7c1aacfb5a1a3',
  ],
  [
    'big5',
    '歡迎來到我們的網站。這裡有最新的新聞和服務資訊，請您隨時與我們聯繫。',
    'c577aaefa8d3a8eca7daadccaababaf4afb8a143b36fb8cca6b3b3ccb773aabab773bb44a94daa41b0c8b8eab054a141bdd0b17ac048aec9bb50a7daadccc170c3b4a143',
  ],
  [
    'shift_jis',
    'このページでは、日本語の文字コードについて説明しています。',
    '82b182cc8379815b835782c582cd814193fa967b8cea82cc95b68e9a8352815b836882c982c282a282c490e096be82b582c482a282dc82b78142',
  ],
  [
    'euc-jp',
    'このページでは、日本語の文字コードについて説明しています。',
    'a4b3a4cea5daa1bca5b8a4c7a4cfa1a2c6fccbdcb8eca4cecab8bbfaa5b3a1bca5c9a4cba4c4a4a4a4c6c0e2ccc0a4b7a4c6a4a4a4dea4b9a1a3',
  ],
  [
    'euc-kr',
    '이 페이지에서는 새로운 소식과 서비스에 대한 정보를 제공합니다.',
    'c0cc20c6e4c0ccc1f6bfa1bcadb4c220bbf5b7cebfee20bcd2bdc4b0fa20bcadbaf1bdbabfa120b4ebc7d120c1a4bab8b8a620c1a6b0f8c7d5b4cfb4d92e',
  ],
  [
    'windows-1251',
    'На этой странице вы найдёте последние новости.',
    'cde020fdf2eee920f1f2f0e0ede8f6e520e2fb20ede0e9e4b8f2e520efeef1ebe5e4ede8e520edeee2eef1f2e82e',
  ],
  [
    'koi8-r',
    'На этой странице вы найдёте последние новости.',
    'eec120dcd4cfca20d3d4d2c1cec9c3c520d7d920cec1cac4a3d4c520d0cfd3ccc5c4cec9c520cecfd7cfd3d4c92e',
  ],
  [
    'windows-1250',
    'Příliš žluťoučký kůň úpěl ďábelské ódy a každý český čtenář to pozná.',
    '50f8ed6c699a209e6c759d6f75e86bfd206bf9f220fa70ec6c20efe162656c736be920f364792061206b619e64fd20e865736bfd20e874656ee1f820746f20706f7a6ee12e',
  ],
  [
    'iso-8859-2',
    'Příliš žluťoučký kůň úpěl ďábelské ódy a každý český čtenář to pozná.',
    '50f8ed6c69b920be6c75bb6f75e86bfd206bf9f220fa70ec6c20efe162656c736be920f364792061206b61be64fd20e865736bfd20e874656ee1f820746f20706f7a6ee12e',
  ],
  [
    'windows-1252',
    'Le garçon a mangé une crème brûlée à la fête – “c’était délicieux”, naïve idée.',
    '4c6520676172e76f6e2061206d616e67e920756e65206372e86d65206272fb6ce96520e0206c612066ea7465209620936392e9746169742064e96c696369657578942c206e61ef7665206964e9652e',
  ],
  [
    'windows-1253',
    'Σε αυτή τη σελίδα θα βρείτε τα τελευταία νέα και χρήσιμες πληροφορίες.',
    'd3e520e1f5f4de20f4e720f3e5ebdfe4e120e8e120e2f1e5dff4e520f4e120f4e5ebe5f5f4e1dfe120eddde120eae1e920f7f1def3e9ece5f220f0ebe7f1eff6eff1dfe5f22e',
  ],
  [
    'windows-1254',
    'Bu sayfada en güncel haberleri ve şirketimizin çalışmalarını bulabilirsiniz.',
    '4275207361796661646120656e2067fc6e63656c2068616265726c65726920766520fe69726b6574696d697a696e20e7616cfdfe6d616c6172fd6efd2062756c6162696c697273696e697a2e',
  ],
  [
    'windows-1255',
    'בעמוד זה תוכלו למצוא את החדשות האחרונות ומידע שימושי על העבודה שלנו.',
    'e1f2eee5e320e6e420fae5ebece520eceef6e5e020e0fa20e4e7e3f9e5fa20e4e0e7f8e5f0e5fa20e5eee9e3f220f9e9eee5f9e920f2ec20e4f2e1e5e3e420f9ecf0e52e',
  ],
  [
    'windows-1256',
    'في هذه الصفحة تجدون آخر الأخبار والمعلومات المفيدة عن عملنا في المدينة.',
    'dded20e5d0e520c7e1d5ddcdc920cacccfe6e420c2ced120c7e1c3cec8c7d120e6c7e1e3dae1e6e3c7ca20c7e1e3ddedcfc920dae420dae3e1e4c720dded20c7e1e3cfede4c92e',
  ],
  [
    'iso-8859-6',
    'في هذه الصفحة تجدون آخر الأخبار والمعلومات المفيدة عن عملنا في المدينة.',
    'e1ea20e7d0e720c7e4d5e1cdc920cacccfe8e620c2ced120c7e4c3cec8c7d120e8c7e4e5d9e4e8e5c7ca20c7e4e5e1eacfc920d9e620d9e5e4e6c720e1ea20c7e4e5cfeae6c92e',
  ],
  [
    'macintosh',
    'Le garçon a mangé une crème brûlée à la fête, naïve idée. Où êtes-vous ?',
    '4c65206761728d6f6e2061206d616e678e20756e652063728f6d652062729e6c8e652088206c6120669074652c206e619576652069648e652e204f9d20907465732d766f7573203f',
  ],
  [
    'macintosh',
    'Die Straße führt über schöne Brücken; Öl für größere Häuser.',
    '4469652053747261a76520669f687274209f626572207363689a6e652042729f636b656e3b20856c20669f722067729aa765726520488a757365722e',
  ],
  [
    'x-mac-cyrillic',
    'На этой странице вы найдёте последние новости.',
    '8de020fdf2eee920f1f2f0e0ede8f6e520e2fb20ede0e9e4def2e520efeef1ebe5e4ede8e520edeee2eef1f2e82e',
  ],
  [
    'windows-1257',
    'Šajā lapā jūs atradīsiet jaunākās ziņas un noderīgu informāciju par mūsu darbu.',
    'd0616ae2206c6170e2206afb73206174726164ee73696574206a61756ee26be273207a69f2617320756e206e6f646572ee677520696e666f726de263696a7520706172206dfb73752064617262752e',
  ],
  [
    'windows-874',
    'ในหน้านี้คุณจะพบข่าวล่าสุดและข้อมูลที่เป็นประโยชน์เกี่ยวกับงานของเรา',
    'e3b9cbb9e9d2b9d5e9a4d8b3a8d0bebaa2e8d2c7c5e8d2cad8b4e1c5d0a2e9cdc1d9c5b7d5e8e0bbe7b9bbc3d0e2c2aab9ece0a1d5e8c2c7a1d1baa7d2b9a2cda7e0c3d2',
  ],
];

const html = (head: string, hex: string): Buffer =>
  Buffer.concat([
    Buffer.from(`<html><head>${head}</head><p>`),
    Buffer.from(hex, 'hex'),
    Buffer.from('</p></html>'),
  ]);
const body = (text: string): string => /<p>([^]*)<\/p>/.exec(text)![1]!;
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

for (const [encoding, text, hex] of SAMPLES) {
  test(`${encoding} by the header`, () => {
    assert.equal(body(decode(html('', hex), { charset: encoding }).text), text);
  });
  test(`${encoding} by <meta charset>`, () => {
    assert.equal(body(decode(html(`<meta charset="${encoding}">`, hex), { markup: true }).text), text);
  });
  test(`${encoding} by http-equiv`, () => {
    const meta = `<meta http-equiv=Content-Type content='text/html; charset=${encoding}'>`;
    assert.equal(body(decode(html(meta, hex), { markup: true }).text), text);
  });
  test(`${encoding} by its letters`, () => {
    assert.equal(body(decode(html('', hex), { markup: true }).text), text);
  });
}

test('a byte order mark is stronger than the header, and is not part of the text', () => {
  assert.deepEqual(decode(Buffer.from('\ufeffé'), { charset: 'windows-1252' }), {
    text: 'é',
    encoding: 'utf-8',
  });
  assert.deepEqual(decode(Buffer.from('\ufeffhé', 'utf16le'), { charset: 'utf-8' }), {
    text: 'hé',
    encoding: 'utf-16le',
  });
  assert.deepEqual(decode(utf16be('\ufeffhé'), { charset: 'utf-8' }), { text: 'hé', encoding: 'utf-16be' });
});

test('the header is stronger than <meta>', () => {
  const bytes = Buffer.from('3c6d65746120636861727365743d6b6f69382d723e', 'hex');
  const text = decode(Buffer.concat([bytes, Buffer.from('cfeef7f2e0', 'hex')]), {
    charset: 'windows-1251',
    markup: true,
  });
  assert.equal(text.text, '<meta charset=koi8-r>Почта');
});

test('<meta> is found beyond 1,024 bytes, and not in a comment', () => {
  const padding = `<style>${'a{} '.repeat(2000)}</style>`;
  const head = `<!-- <meta charset=koi8-r> -->${padding}<meta charset=macintosh>`;
  assert.equal(body(decode(html(head, '6361668e'), { markup: true }).text), 'café');
});

test('<meta> in plain text declares nothing', () => {
  assert.equal(decode(latin1('<meta charset=koi8-r> caf\xe9'), {}).text, '<meta charset=koi8-r> café');
});

test('an XML declaration', () => {
  const xml = Buffer.concat([
    Buffer.from('<?xml version="1.0" encoding="windows-1251"?><p>'),
    Buffer.from(SAMPLES[5]![2], 'hex'),
  ]);
  assert.ok(decode(xml, { markup: true }).text.endsWith(SAMPLES[5]![1]));
});

test('UTF-16 without a mark, with and without a header', () => {
  const page = '<html><body><p>Καλημέρα, 世界 and more text</p></body></html>';
  assert.equal(decode(Buffer.from(page, 'utf16le'), {}).text, page);
  assert.equal(decode(utf16be(page), {}).text, page);
  assert.equal(decode(utf16be(page), { charset: 'utf-16be' }).text, page);
  assert.equal(
    decode(Buffer.from(`<?xml version="1.0"?>${page}`, 'utf16le'), { markup: true }).text,
    `<?xml version="1.0"?>${page}`,
  );
});

test('UTF-16 that is only claimed', () => {
  assert.equal(decode(Buffer.from('<p>plain é</p>'), { charset: 'utf-16' }).text, '<p>plain é</p>');
  assert.equal(
    decode(Buffer.from('<meta charset=utf-16><p>plain é</p>'), { markup: true }).encoding,
    'utf-8',
  );
});

test('valid UTF-8 overrules a wrong header', () => {
  for (const charset of ['iso-8859-1', 'windows-1252', 'koi8-r', 'us-ascii']) {
    assert.deepEqual(decode(Buffer.from('un café'), { charset }), { text: 'un café', encoding: 'utf-8' });
  }
  assert.equal(decode(Buffer.from('你好，世界'), { charset: 'gbk' }).text, '你好，世界');
});

test('a few characters of a double-byte encoding that happen to be valid UTF-8 stay what the header says', () => {
  const bytes = Buffer.from('d0a1c2a1', 'hex');
  assert.equal(decode(bytes, { charset: 'gbk' }).text, new TextDecoder('gbk').decode(bytes));
});

test('a header that says UTF-8 over bytes that are not gives way to <meta>, then to the letters', () => {
  const [, text, hex] = SAMPLES[0]!;
  assert.equal(body(decode(html('<meta charset=gbk>', hex), { charset: 'utf-8', markup: true }).text), text);
  assert.equal(
    body(decode(html('<meta charset=utf-8>', hex), { charset: 'utf-8', markup: true }).text),
    text,
  );
  assert.equal(decode(latin1('it\x92s'), { charset: 'utf-8' }).text, 'it’s');
});

test('UTF-8 with a broken byte stays UTF-8', () => {
  const bytes = Buffer.concat([Buffer.from('Ελληνικά και άλλα'), Buffer.from([0xff])]);
  assert.deepEqual(decode(bytes, { charset: 'utf-8' }), {
    text: 'Ελληνικά και άλλα\ufffd',
    encoding: 'utf-8',
  });
});

test('ISO-2022-JP, declared and by its escapes', () => {
  const bytes = Buffer.from('1b2442467c4b5c386c244e4a383b7a2533213c25491b2842', 'hex');
  assert.equal(decode(bytes, { charset: 'iso-2022-jp' }).text, '日本語の文字コード');
  assert.equal(decode(bytes, {}).text, '日本語の文字コード');
});

test('unknown, empty and dangerous labels count as none', () => {
  for (const charset of ['utf-7', 'none', '', 'hz-gb-2312', 'replacement', '"', 'x'.repeat(10_000), '\0']) {
    assert.equal(decode(Buffer.from('né'), { charset }).text, 'né', charset.slice(0, 20));
    assert.equal(decode(latin1('caf\xe9 cr\xe8me'), { charset }).text, 'café crème', charset.slice(0, 20));
  }
});

test('the bytes 0x80 to 0x9f of ISO-8859-1 are those of windows-1252', () => {
  assert.equal(decode(latin1('\x93a\x94 \x80'), { charset: 'iso-8859-1' }).text, '“a” €');
});

test('U+0000 and lone surrogates never leave', () => {
  assert.equal(decode(Buffer.from('a\0b'), { charset: 'utf-8' }).text, 'ab');
  assert.equal(decode(Buffer.from('a\ud800b', 'utf16le'), { charset: 'utf-16le' }).text.isWellFormed(), true);
});

test('any bytes under any label give well-formed text', () => {
  let seed = 7;
  const next = (): number => (seed = (seed * 1103515245 + 12345) % 2147483648) >> 8;
  for (const charset of [
    ...SAMPLES.map(([encoding]) => encoding),
    'utf-8',
    'utf-16le',
    'utf-16be',
    'iso-2022-jp',
    'x-user-defined',
    null,
  ]) {
    const bytes = Buffer.from(Array.from({ length: 3000 }, () => next() & 0xff));
    const { text } = decode(bytes, { charset, markup: true });
    assert.ok(text.isWellFormed() && !text.includes('\0'), String(charset));
  }
});

test('nothing decodes to nothing', () => {
  assert.equal(decode(Buffer.alloc(0), { charset: 'utf-8' }).text, '');
  assert.equal(decode(Buffer.alloc(0), {}).text, '');
});

test('text declared as UTF-8 stays so with some bad bytes in it, and not where it is another encoding', () => {
  const bad = Buffer.concat([
    Buffer.from('<p>café “open” '),
    Buffer.from([0x96]),
    Buffer.from(' every day</p>'),
  ]);
  for (const hints of [{ charset: 'utf-8' }, { charset: 'utf-8', markup: true }])
    assert.equal(body(decode(bad, hints).text), 'café “open” \ufffd every day');
  const meta = Buffer.concat([Buffer.from('<meta charset="utf-8">'), bad]);
  assert.equal(body(decode(meta, { markup: true }).text), 'café “open” \ufffd every day');
  const wrong = decode(latin1('<p>Grüße aus Köln für alle</p>'), { charset: 'utf-8' });
  assert.deepEqual([body(wrong.text), wrong.encoding], ['Grüße aus Köln für alle', 'windows-1252']);
});

test('text that declares nothing is UTF-8 where one of many characters is broken', () => {
  const words = 'Grüße aus Köln, für alle, übermäßig schön, größer und süßer. ';
  const bad = Buffer.concat([Buffer.from(words), Buffer.from([0x96]), Buffer.from(words)]);
  assert.equal(decode(bad).text, `${words}\ufffd${words}`);
});

test('a label that is misspelt is the one that it is like', () => {
  const latin9 = latin1('<p>5 \xa4, \xbduvre</p>');
  for (const charset of ['latin9', 'Latin-9', 'ISO 8859–15', 'iso8859_15', '8859-15'])
    assert.equal(decode(latin9, { charset }).text, '<p>5 €, œuvre</p>', charset);
  const page = latin1('<meta charset="latin-9"><p>5 \xa4</p>');
  assert.equal(decode(page, { markup: true }).encoding, 'iso-8859-15');
  for (const [charset, encoding] of [
    ['win1251', 'windows-1251'],
    ['CP-932', 'shift_jis'],
    ['utf8mb4', 'utf-8'],
    ['euc_kr', 'euc-kr'],
  ] as const) {
    const [, text, hex] = SAMPLES.find(([name]) => name === encoding) ?? ['', 'é', 'c3a9'];
    assert.deepEqual(decode(Buffer.from(hex, 'hex'), { charset }), { text, encoding }, charset);
  }
});

test('a label of UTF-16 on text without zeros says nothing', () => {
  const german = latin1('<p>Die Grüße aus Köln, für München</p>');
  for (const charset of ['unicode', 'utf-16', 'ucs-2'])
    assert.equal(decode(german, { charset }).text, '<p>Die Grüße aus Köln, für München</p>');
});

test('characters that a database wrote as two surrogates are characters of UTF-8', () => {
  const bytes = Buffer.from('Gr\u00fc\u00dfe \u00ed', 'utf8');
  const pair = Buffer.from('eda0bdedb880', 'hex');
  const joined = Buffer.concat([pair, bytes, pair, Buffer.from('!'), pair]);
  for (const charset of ['utf-8', null])
    assert.deepEqual(decode(joined, { charset }), { text: '😀Grüße í😀!😀', encoding: 'utf-8' });
  const alone = Buffer.concat([pair.subarray(0, 3), Buffer.from(' äöü äöü')]);
  assert.equal(decode(alone, { charset: 'utf-8' }).text.slice(-8), ' äöü äöü');
});

test('a label of text that only a script understands counts as none', () => {
  assert.equal(decode(Buffer.from('4772fcdf65', 'hex'), { charset: 'x-user-defined' }).text, 'Grüße');
});

test('encodings that browsers do not read are read where they are declared', () => {
  const rows: [charset: string, encoding: string, hex: string, text: string][] = [
    [
      'cp437',
      'ibm437',
      '4469652046846872656e2066616872656e206681722064696520677294e174656e204784737465',
      'Die Fähren fahren für die größten Gäste',
    ],
    [
      'IBM850',
      'ibm850',
      '4469652046846872656e2066616872656e206681722064696520677294e174656e204784737465',
      'Die Fähren fahren für die größten Gäste',
    ],
    [
      'csPC8CodePage850',
      'ibm850',
      '4469652046846872656e2066616872656e206681722064696520677294e174656e204784737465',
      'Die Fähren fahren für die größten Gäste',
    ],
    [
      'cp852',
      'ibm852',
      '5261646120706f72747520706f7374616e6f77698861206f646275646f776186206d6f6c6f',
      'Rada portu postanowiła odbudować molo',
    ],
    [
      'dos-855',
      'ibm855',
      'e4d6eba8e520d8d6e1e5a020e1a8f5b7d020d8a8e1a8e3e5e1d6b7e5ed20e3a8eba8e1d4f1bd20d8b7e1e3',
      'Совет порта решил перестроить северный пирс',
    ],
    [
      'x-mac-ce',
      'x-mac-ce',
      '5261646120706f72747520706f7374616e6f7769b861206f646275646f77618d206d6f6c6f',
      'Rada portu postanowiła odbudować molo',
    ],
    ['iso-2022-kr', 'iso-2022-kr', '1b2429430e475738380f200e40273f7848380f', '항만 위원회'],
    ['hz-gb-2312', 'hz-gb-2312', '7e7b385b4e714e2f54313b617e7d207e7e207e7b4d2c52627e7d', '港务委员会 ~ 同意'],
  ];
  for (const [charset, encoding, hex, text] of rows) {
    const bytes = Buffer.from(hex, 'hex');
    assert.deepEqual(decode(bytes, { charset }), { text, encoding }, charset);
    const page = Buffer.concat([Buffer.from(`<meta charset="${charset}">`), bytes]);
    assert.equal(decode(page, { markup: true }).text.split('>')[1], text, charset);
  }
});

test('UTF-7 is not read', () => {
  const bytes = Buffer.from('+ADw-script+AD4-');
  assert.equal(decode(bytes, { charset: 'utf-7' }).text, '+ADw-script+AD4-');
});

test('the zeros of UTF-16 and UTF-32 say more than their labels', () => {
  const text = '<p>Совет порта, 😀 é</p>';
  const utf16 = Buffer.from(text, 'utf16le').swap16();
  assert.deepEqual(decode(utf16, { charset: 'utf-16' }), { text, encoding: 'utf-16be' });
  const points = Array.from(text, (char) => char.codePointAt(0)!);
  for (const isLittle of [true, false])
    for (const marks of [[0xfeff], []]) {
      const view = new DataView(new ArrayBuffer(4 * (marks.length + points.length)));
      [...marks, ...points].forEach((point, i) => view.setUint32(4 * i, point, isLittle));
      const encoding = isLittle ? 'utf-32le' : 'utf-32be';
      assert.deepEqual(decode(Buffer.from(view.buffer), { charset: 'latin1' }), { text, encoding });
    }
});

test('a page is believed before a server that calls everything Latin-1, where its letters agree', () => {
  const hex = 'd1eee2e5f220efeef0f2e020f0e5f8e8eb20efe5f0e5f1f2f0eee8f2fc20f1e5e2e5f0edfbe920efe8f0f1';
  const page = (charset: string) =>
    Buffer.concat([latin1(`<meta charset="${charset}"><p>`), Buffer.from(hex, 'hex')]);
  const read = (charset: string) => decode(page(charset), { charset: 'iso-8859-1', markup: true }).encoding;
  assert.equal(read('windows-1251'), 'windows-1251');
  assert.equal(decode(page('koi8-r'), { charset: 'windows-1251', markup: true }).encoding, 'windows-1251');
  const german = latin1('<meta charset="windows-1251"><p>Die Grüße aus Köln, für München und süße Äpfel</p>');
  assert.equal(decode(german, { charset: 'iso-8859-1', markup: true }).encoding, 'windows-1252');
});

/** English pages whose only bytes beyond ASCII are signs of windows-1252. */
const SIGNS = [
  'It\x92s here \xb7 it\x92s there \xb7 \x93well\x94 \x97 now \xb7 then',
  'The deposit\x92s \xa35, or \xa37.50 with tea. \xa9 2024',
  'Part 1 \xb6 Part 2 \xb6 He said\x97and meant it\x97no. \xb6',
  'x\xa0\xa0\xa0\xa0y\xa0\xa0 z\xae',
  '\xbd cup of milk, \xbc cup of caf\xe9 cr\xe8me, 3 \xd7 4\xb0',
  'Es\xadp\xe8ce de mo\xadtif\xad',
];
for (const bytes of SIGNS)
  test(`signs are not letters of another alphabet: ${JSON.stringify(bytes)}`, () => {
    assert.equal(decode(Buffer.from(bytes, 'latin1')).encoding, 'windows-1252');
  });
