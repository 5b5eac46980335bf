import { deflateSync } from 'node:zlib';
import { MIB, type HostilePage } from './page.ts';

/**
 * A PDF of these objects, the first of which is the catalogue. Readers mend the missing table of
 * references.
 */
function pdf(makeObjects: () => (string | Buffer)[]): HostilePage {
  const body = () => {
    const objects = makeObjects();
    return Buffer.concat([
      Buffer.from('%PDF-1.7\n'),
      ...objects.flatMap((object, n) => [
        Buffer.from(`${n + 1} 0 obj\n`),
        Buffer.from(object),
        Buffer.from('\nendobj\n'),
      ]),
      Buffer.from(`trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\n%%EOF\n`),
    ]);
  };
  return { type: 'application/pdf', body };
}

/** A stream, deflated again as many times as there are filters. */
function stream(content: Buffer, entries = '', times = 1): Buffer {
  let data = content;
  for (let n = 0; n < times; n++) data = deflateSync(data);
  const filters = '/FlateDecode '.repeat(times);
  return Buffer.concat([
    Buffer.from(`<< /Length ${data.length} /Filter [ ${filters}] ${entries} >>\nstream\n`),
    data,
    Buffer.from('\nendstream'),
  ]);
}

const CATALOG = '<< /Type /Catalog /Pages 2 0 R >>';
const pagesOf = (count: number, first: number): string =>
  `<< /Type /Pages /Count ${count} /Kids [ ${Array.from({ length: count }, (_, n) => `${first + n} 0 R`).join(' ')} ] >>`;
const page = (contents: string, resources = ''): string =>
  `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << ${resources} >> /Contents ${contents} >>`;
const FONT = '/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>';
const words = (bytes: number): Buffer =>
  Buffer.from(`BT /F1 12 Tf ${'(some words of a page) Tj 0 -14 Td '.repeat(Math.ceil(bytes / 35))} ET`);
const one = (contents: () => Buffer): HostilePage =>
  pdf(() => [CATALOG, pagesOf(1, 3), page('4 0 R', FONT), contents()]);
/** A page whose font refers to the stream, object 5, by these entries. */
const withFont = (font: string, fontStream: () => Buffer): HostilePage =>
  pdf(() => [
    CATALOG,
    pagesOf(1, 3),
    page('4 0 R', `/Font << /F1 << /Type /Font ${font} >> >>`),
    stream(Buffer.from('BT /F1 12 Tf <0001000200030004> Tj ET')),
    fontStream(),
  ]);
const descriptor = (file: string): string =>
  `/FontDescriptor << /Type /FontDescriptor /FontName /A /Flags 4 ${file} 5 0 R >>`;
const toUnicode = (entries: number): Buffer =>
  Buffer.from(
    `begincmap 1 begincodespacerange <0000> <ffff> endcodespacerange\n${'1 beginbfrange <0000> <ffff> <0041> endbfrange\n'.repeat(entries)}endcmap`,
  );

/** PDFs: what inflates, what repeats, and what refers to itself. */
export const PDF_PAGES: Record<string, HostilePage> = {
  'a PDF whose content inflates to 900 MB': one(() => stream(Buffer.alloc(900 * MIB, ' '))),
  'a PDF of 150 MB of content': one(() => stream(words(150 * MIB))),
  'a PDF that was deflated five times': one(() => stream(Buffer.alloc(256 * MIB, ' '), '', 5)),
  'a PDF whose pages share 50 MB': pdf(() => [
    CATALOG,
    pagesOf(500, 4),
    stream(words(50 * MIB)),
    ...Array.from({ length: 500 }, () => page('3 0 R', FONT)),
  ]),
  'a PDF of 80,000 pages': pdf(() => [
    CATALOG,
    pagesOf(80_000, 4),
    stream(words(100)),
    ...Array.from({ length: 80_000 }, () => '<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 3 0 R>>'),
  ]),
  'a PDF whose pages contain themselves': pdf(() => [
    CATALOG,
    '<< /Type /Pages /Count 1000000 /Kids [ 2 0 R 2 0 R 2 0 R ] >>',
  ]),
  'a PDF whose form draws itself': pdf(() => [
    CATALOG,
    pagesOf(1, 3),
    page('4 0 R', '/XObject << /X 4 0 R >>'),
    stream(
      Buffer.from('/X Do '.repeat(1000)),
      '/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << /X 4 0 R >> >>',
    ),
  ]),
  'a PDF whose forms double': pdf(() => [
    CATALOG,
    pagesOf(1, 3),
    page('4 0 R', '/XObject << /X 5 0 R >>'),
    stream(Buffer.from('/X Do')),
    ...Array.from({ length: 30 }, (_, n) =>
      stream(
        Buffer.from('/X Do /X Do'),
        `/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << /X ${6 + n} 0 R >> >>`,
      ),
    ),
    stream(words(1000), `/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << ${FONT} >>`),
  ]),
  'a font file that inflates': withFont(`/Subtype /TrueType /BaseFont /A ${descriptor('/FontFile2')}`, () =>
    stream(Buffer.alloc(500 * MIB)),
  ),
  'a Type 1 font of garbage': withFont(`/Subtype /Type1 /BaseFont /A ${descriptor('/FontFile')}`, () =>
    stream(Buffer.alloc(100 * MIB, 'eexec '), '/Length1 100 /Length2 1000000'),
  ),
  'a CFF font that inflates': withFont(`/Subtype /Type1 /BaseFont /A ${descriptor('/FontFile3')}`, () =>
    stream(Buffer.alloc(200 * MIB, 1), '/Subtype /Type1C'),
  ),
  'a font whose map is long': withFont(
    '/Subtype /Type0 /BaseFont /A /Encoding /Identity-H /ToUnicode 5 0 R /DescendantFonts [ << /Type /Font /Subtype /CIDFontType2 /BaseFont /A >> ]',
    () => stream(toUnicode(2000)),
  ),
  'a font whose encoding inflates': withFont(
    '/Subtype /Type0 /BaseFont /A /Encoding 5 0 R /DescendantFonts [ << /Type /Font /Subtype /CIDFontType2 /BaseFont /A >> ]',
    () => stream(Buffer.alloc(300 * MIB, '<00> '), '/Type /CMap'),
  ),
  'a PDF of a large image': pdf(() => [
    CATALOG,
    pagesOf(1, 3),
    page('4 0 R', '/XObject << /X 5 0 R >>'),
    stream(Buffer.from('/X Do')),
    stream(
      Buffer.alloc(500 * MIB),
      '/Type /XObject /Subtype /Image /Width 20000 /Height 25000 /BitsPerComponent 8 /ColorSpace /DeviceGray',
    ),
  ]),
  'a PDF whose objects inflate': pdf(() => [
    CATALOG,
    pagesOf(1, 3),
    page('4 0 R'),
    stream(Buffer.alloc(500 * MIB, '1 0 '), '/Type /ObjStm /N 1000000 /First 100000000'),
  ]),
  'a PDF of annotations': pdf(() => [
    CATALOG,
    pagesOf(1, 3),
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Annots [ ${'<< /Type /Annot /Subtype /Link /Rect [0 0 1 1] /A << /S /URI /URI (http://a.example/) >> >> '.repeat(80_000)} ] >>`,
  ]),
};
