import { TextDecoder } from 'node:util';
import { codePageDecoder, type Decoder } from '../../../decode/code-pages.ts';

/** Encodings of fonts by the number of their charset. */
const FONT_CHARSETS: Record<number, string> = {
  77: 'macintosh',
  128: 'shift_jis',
  129: 'euc-kr',
  134: 'gbk',
  136: 'big5',
  161: 'windows-1253',
  162: 'windows-1254',
  163: 'windows-1258',
  177: 'windows-1255',
  178: 'windows-1256',
  186: 'windows-1257',
  204: 'windows-1251',
  222: 'windows-874',
  238: 'windows-1250',
};
const CODE_PAGES: Record<number, string> = {
  866: 'ibm866',
  932: 'shift_jis',
  936: 'gbk',
  949: 'euc-kr',
  950: 'big5',
  10000: 'macintosh',
  10007: 'x-mac-cyrillic',
  65001: 'utf-8',
};

/** The characters that controls stand for. */
export const CHARACTERS: Record<string, string> = {
  '~': '\u00a0',
  '-': '\u00ad',
  _: '\u2011',
  tab: ' ',
  emdash: '—',
  endash: '–',
  bullet: '•',
  lquote: '‘',
  rquote: '’',
  ldblquote: '“',
  rdblquote: '”',
  emspace: ' ',
  enspace: ' ',
  nestcell: ' ',
};

/** The charsets of a document and of its fonts. */
export class Charsets {
  readonly #fonts = new Map<number, string>();
  readonly #decoders = new Map<string, Decoder>();
  #usual = 'windows-1252';

  /** The code page of the document. */
  setCodePage(page: number): void {
    this.#usual = CODE_PAGES[page] ?? `windows-${page}`;
  }

  setFont(font: number, charset: number): void {
    const encoding = FONT_CHARSETS[charset];
    if (encoding !== undefined) this.#fonts.set(font, encoding);
  }

  /** The text of bytes in a font, one character a byte. */
  decode(bytes: string, font: number | null): string {
    const encoding = (font === null ? undefined : this.#fonts.get(font)) ?? this.#usual;
    return this.#decoder(encoding).decode(Buffer.from(bytes, 'latin1'));
  }

  #decoder(encoding: string): Decoder {
    const known = this.#decoders.get(encoding);
    if (known !== undefined) return known;
    const decoder = decoderFor(encoding);
    this.#decoders.set(encoding, decoder);
    return decoder;
  }
}

/** A code page that has no decoder is read as the usual one. */
function decoderFor(encoding: string): Decoder {
  try {
    return new TextDecoder(encoding);
  } catch {
    return codePageDecoder(encoding.replace('windows-', '')) ?? new TextDecoder('windows-1252');
  }
}
