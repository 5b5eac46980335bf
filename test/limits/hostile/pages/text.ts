import { counted, filled, MIB, type HostilePage } from './page.ts';

const ALL = { formats: ['markdown', 'html', 'text', 'links', 'metadata'] };

const text = (body: () => Buffer | string, options = {}): HostilePage => ({
  type: 'text/plain; charset=utf-8',
  body,
  options,
});

/** Plain text, in its characters and its encodings. */
export const TEXT_PAGES: Record<string, HostilePage> = {
  'line breaks': text(() => filled('\n')),
  'line breaks in all formats': text(() => filled('\n'), ALL),
  'opening brackets': text(() => filled('<'), { formats: ['html'] }),
  'quotes and backslashes': text(() => filled('"\\'), ALL),
  'control characters': text(() => filled('\u0001')),
  zeros: text(() => filled('a\0')),
  'lone surrogates in UTF-16': {
    type: 'text/plain; charset=utf-16le',
    body: () => Buffer.from(filled('\ud800', 4 * MIB), 'utf16le'),
  },
  'spaces on one line': text(() => filled(' ')),
  fences: text(() => filled('```````` \n'), ALL),
  'URLs without end': text(() => counted((n) => `https://a.example/${n} `), ALL),
  'one URL of nine megabytes': text(() => `https://a.example/${filled('a/')}`, ALL),
  'nothing but http': text(() => filled('http://'), ALL),
  emoji: text(() => filled('👩‍👩‍👧‍👦'), ALL),
  'bytes of no encoding': { type: 'text/plain', body: () => Buffer.alloc(9 * MIB, 0x9d) },
  'GB 18030': {
    type: 'text/plain; charset=gb18030',
    body: () => Buffer.alloc(9 * MIB, Buffer.from([0x81, 0x30, 0x81, 0x30])),
  },
  'escapes of ISO-2022-JP': { type: 'text/plain', body: () => filled('\u001b$B!!\u001b(B') },
};
